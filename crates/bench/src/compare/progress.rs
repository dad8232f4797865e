//! What is shown while a comparison runs: a bar on a terminal, and a line for whatever is measured.

use indicatif::{ProgressBar, ProgressStyle};

use super::cases::Case;
use super::figure_text::with_unit;
use super::results::{Figure, Subject};

/// What a line shows of a case, as far as it is measured: the most telling first.
const TELLING: [Figure; 10] = [
    Figure::CpuPerGibConsumed,
    Figure::CpuPerGib,
    Figure::BytesPerSecond,
    Figure::P99,
    Figure::ArriveSeconds,
    Figure::ArriveCpu,
    Figure::FirstAck,
    Figure::CleanReady,
    Figure::UncleanReady,
    Figure::Resident,
];
const SHOWN: usize = 3;

pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template(
            "{wide_bar} {pos}/{len}  {elapsed} of about {duration}\n{wide_msg}",
        );
        Self {
            bar: ProgressBar::no_length()
                .with_style(style.expect("the template is one of indicatif's language")),
        }
    }

    pub(super) fn begin(&self, steps: u64) {
        self.bar.set_length(steps);
    }

    pub(super) fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    pub(super) fn step(&self, round: u64, case: &Case, subject: Subject) {
        self.say(&format!(
            "round {round}: {}, {}",
            subject.title(),
            case.title
        ));
    }

    pub(super) fn measured(
        &self,
        round: u64,
        case: &Case,
        subject: Subject,
        figures: &[(Figure, f64)],
    ) {
        let told: Vec<String> = TELLING
            .iter()
            .filter_map(|wanted| figures.iter().find(|(figure, _)| figure == wanted))
            .take(SHOWN)
            .map(|(figure, value)| with_unit(*figure, *value))
            .collect();
        self.line(round, case, subject, &told.join(", "));
    }

    pub(super) fn failed(&self, round: u64, case: &Case, subject: Subject, what: &str) {
        self.line(round, case, subject, &format!("FAILED: {what}"));
    }

    fn line(&self, round: u64, case: &Case, subject: Subject, text: &str) {
        // Also where there is no terminal for a bar.
        self.bar.suspend(|| {
            eprintln!(
                "{round:>3}  {:<18} {:<12}  {text}",
                case.name,
                subject.title()
            );
        });
        self.bar.inc(1);
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
