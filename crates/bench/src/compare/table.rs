//! Tables in Markdown.

use super::bars::{self, BARS, Bar, Bound, Of};
use super::cases::{Case, Group, in_group};
use super::figure_text::{number, of_figure, plain, spread};
use super::results::{Figure, Results, Subject};
use crate::spread::Spread;

const SUBJECTS: [Subject; 4] = [Subject::Ottla, Subject::Kafka, Subject::Echo, Subject::Loop];

/// Where there is nothing.
const NOTHING: &str = "–";

/// What a group's table shows.
const fn columns(group: Group) -> &'static [Figure] {
    use Figure::*;
    match group {
        Group::Limit => &[CpuPerGib, BytesPerSecond],
        Group::Produce | Group::Shapes | Group::Producers => &[
            CpuPerGib,
            CpuPerMillion,
            BytesPerSecond,
            RecordsPerSecond,
            Peak,
            Generator,
        ],
        Group::Consume => &[
            CpuPerGib,
            CpuPerGibConsumed,
            BytesPerSecond,
            ConsumedBytesPerSecond,
            Peak,
            Generator,
        ],
        Group::Flush => &[RecordsPerSecond, CpuPerMillion, P50, P99, P999, Generator],
        Group::Latency => &[P50, P99, P999, P9999, CpuPerMillion],
        Group::Groups => &[
            ArriveSeconds,
            ArriveCpu,
            JoinSeconds,
            JoinCpu,
            LeaveSeconds,
            LeaveCpu,
            ArrivePauses,
            ResidentPerMember,
            ArriveGenerator,
        ],
        Group::Start => &[FirstAck, Resident],
        Group::Connections => &[Resident, Peak],
        Group::Restart => &[
            CleanFirstAck,
            CleanReady,
            UncleanFirstAck,
            UncleanReady,
            Resident,
            CleanResident,
        ],
        Group::Flood => &[
            RecordsPerSecond,
            BytesPerSecond,
            CpuPerMillion,
            P99,
            Peak,
            Generator,
        ],
    }
}

/// Every bar, what was measured of it, and whether it is met.
pub(super) fn bars(results: &Results) -> String {
    let mut text = row([
        "what is asked",
        "bar",
        "median (least–most)",
        "rounds",
        "met",
    ]);
    text += &row(["---", "---:", "---:", "---:", "---"]);
    for bar in BARS {
        let standing = bar.standing(results);
        let (figure, rounds, met) = match &standing {
            Some(standing) => (
                spread(&standing.spread, number),
                standing.rounds.to_string(),
                if standing.met { "yes" } else { "**no**" },
            ),
            None => (NOTHING.to_owned(), NOTHING.to_owned(), "not measured"),
        };
        text += &row([
            &format!("{} (`{}`)", bar.what, bar.case),
            &bound(bar),
            &figure,
            &rounds,
            met,
        ]);
    }
    text
}

fn bound(bar: &Bar) -> String {
    let (sign, bound) = match bar.bound {
        Bound::AtMost(bound) => ('≤', bound),
        Bound::AtLeast(bound) => ('≥', bound),
    };
    let unit = match bar.of {
        Of::Ottla(figure) => figure
            .title()
            .rsplit_once(", ")
            .map_or(figure.title(), |(_, unit)| unit),
        Of::RatioToKafka(_) | Of::AddedToEcho(_) => "× Kafka's",
        Of::RatioToLoop(_) => "× the loop's",
    };
    format!("{sign} {} {unit}", plain(bound))
}

/// `None` of a group of which nothing was measured.
pub(super) fn group(results: &Results, group: Group) -> Option<String> {
    let columns = columns(group);
    let rows: Vec<_> = in_group(group)
        .flat_map(|case| case_rows(results, case, columns))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let titles = columns.iter().map(|figure| figure.title());
    let mut text = row(["load", ""].into_iter().chain(titles));
    text += &row(["---", "---"]
        .into_iter()
        .chain(columns.iter().map(|_| "---:")));
    for cells in rows {
        text += &row(cells.iter().map(String::as_str));
    }
    Some(text)
}

/// A row for everybody of whom there are figures, and one for what the rounds' ratios are.
fn case_rows(results: &Results, case: &Case, columns: &[Figure]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut add = |who: &str, values: &dyn Fn(Figure) -> Vec<f64>, show: Show| {
        let spreads: Vec<_> = columns
            .iter()
            .map(|figure| Spread::of(values(*figure)))
            .collect();
        if spreads.iter().all(Option::is_none) {
            return;
        }
        let mut cells = vec![String::new(), who.to_owned()];
        cells.extend(
            spreads
                .iter()
                .zip(columns)
                .map(|(found, figure)| match found {
                    Some(found) => show(found, *figure),
                    None => NOTHING.to_owned(),
                }),
        );
        rows.push(cells);
    };
    let measured: Show = |found, figure| spread(found, |value| of_figure(figure, value));
    let ratio: Show = |found, _| format!("**{}**", spread(found, number));
    for subject in SUBJECTS {
        let values = |figure| {
            results
                .of(case.name, subject, figure)
                .map(|(_, value)| value)
        };
        add(
            subject.title(),
            &|figure| values(figure).collect(),
            measured,
        );
    }
    if case.is_beside_echo() {
        for subject in [Subject::Ottla, Subject::Kafka] {
            let who = format!("{} adds", subject.title());
            let added = |figure| bars::added(case.name, subject, figure, results);
            add(&who, &added, measured);
        }
        let values = |figure| Of::AddedToEcho(figure).values(case.name, results);
        add("**ratio of what is added**", &values, ratio);
    } else {
        let values = |figure| Of::RatioToKafka(figure).values(case.name, results);
        add("**ratio**", &values, ratio);
    }
    if let Some(first) = rows.first_mut() {
        first[0] = format!("{} (`{}`)", case.title, case.name);
    }
    rows
}

/// A cell of a table.
type Show = fn(&Spread, Figure) -> String;

fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::from("|");
    for cell in cells {
        text.push(' ');
        // What ends a cell must not stand in it.
        text += &cell.replace('|', "\\|");
        text += " |";
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::results::Measurement;

    fn results() -> Results {
        let one = |case: &str, subject, round, figure, value| Measurement {
            case: case.to_owned(),
            subject,
            round,
            figure,
            value,
        };
        let mib = f64::from(1 << 20);
        Results {
            measurements: vec![
                one("start", Subject::Ottla, 1, Figure::FirstAck, 0.02),
                one("start", Subject::Ottla, 1, Figure::Resident, 10.0 * mib),
                one("start", Subject::Kafka, 1, Figure::FirstAck, 4.0),
                one("start", Subject::Ottla, 2, Figure::FirstAck, 0.04),
                one("start", Subject::Kafka, 2, Figure::FirstAck, 5.0),
                one("base", Subject::Ottla, 1, Figure::CpuPerGib, 2.0),
                one("base", Subject::Kafka, 1, Figure::CpuPerGib, 4.0),
            ],
            ..Results::default()
        }
    }

    #[test]
    fn a_group_has_a_row_for_each_broker_and_one_for_their_ratio() {
        let text = group(&results(), Group::Start).unwrap();
        assert_eq!(
            text,
            "| load |  | exec to first ack, ms | resident, MiB |\n\
             | --- | --- | ---: | ---: |\n\
             | a node that holds nothing (`start`) | Ottla | 30.0 (20.0–40.0) | 10.0 |\n\
             |  | Apache Kafka | 4,500 (4,000–5,000) | – |\n\
             |  | **ratio** | **0.007 (0.005–0.008)** | – |\n"
        );
        assert_eq!(group(&results(), Group::Flush), None);
    }

    #[test]
    fn beside_the_echo_server_what_is_added_is_compared() {
        let one = |subject, value| Measurement {
            case: "latency-5k".to_owned(),
            subject,
            round: 1,
            figure: Figure::P99,
            value,
        };
        let results = Results {
            measurements: vec![
                one(Subject::Ottla, 0.003),
                one(Subject::Kafka, 0.009),
                one(Subject::Echo, 0.001),
            ],
            ..Results::default()
        };
        let text = group(&results, Group::Latency).unwrap();
        for cells in [
            "| Ottla adds | – | 2.00 |",
            "| Apache Kafka adds | – | 8.00 |",
            "| **ratio of what is added** | – | **0.25** |",
        ] {
            assert!(text.contains(cells), "{text}");
        }
    }

    #[test]
    fn bars_stand_beside_their_figures() {
        let text = bars(&results());
        let line = |what: &str| text.lines().find(|line| line.contains(what)).unwrap();
        assert_eq!(
            line("one librdkafka producer"),
            "| CPU per GiB produced, one librdkafka producer (`base`) | ≤ 0.25 × Kafka's | 0.50 | 1 | **no** |"
        );
        assert_eq!(
            line("exec to first"),
            "| exec to first acknowledged record (`start`) | ≤ 50 ms | 30.0 (20.0–40.0) | 2 | yes |"
        );
        assert!(line("flush.messages").ends_with("| – | – | not measured |"));
    }

    #[test]
    fn a_cell_ends_where_it_should() {
        assert_eq!(row(["a|b", ""]), "| a\\|b |  |\n");
    }
}
