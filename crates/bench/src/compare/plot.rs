//! Plots of what was measured.

mod bar_chart;
mod canvas;
mod scale;
mod steps_chart;

use self::bar_chart::{Bar, BarChart, Row};
use self::steps_chart::{Curve, Panel};
use super::bars::{BARS, Bound, Of};
use super::cases::{CASES, Group, in_group};
use super::results::{Figure, Results, Subject};
use crate::spread::Spread;

pub(super) struct Plot {
    pub(super) file: &'static str,
    /// For who does not see it.
    pub(super) title: &'static str,
    pub(super) svg: String,
}

/// Those for which there are figures.
pub(super) fn all(results: &Results) -> Vec<Plot> {
    [ratios(results), cpu(results), latencies(results)]
        .into_iter()
        .flatten()
        .collect()
}

/// The loads whose CPU time per GiB lies within one order of magnitude: fifty producers of tiny requests would hide the others.
const COMPARABLE: [Group; 3] = [Group::Produce, Group::Shapes, Group::Consume];

fn ratios(results: &Results) -> Option<Plot> {
    let title = "CPU time of Ottla for each GiB, of which Apache Kafka's is 1";
    let groups = [
        Group::Produce,
        Group::Shapes,
        Group::Producers,
        Group::Consume,
        Group::Flush,
    ];
    let rows: Vec<Row> = groups
        .into_iter()
        .flat_map(in_group)
        .filter_map(|case| {
            let of = |figure| Of::RatioToKafka(figure);
            let consumed = Spread::of(of(Figure::CpuPerGibConsumed).values(case.name, results));
            let (of, spread) = match consumed {
                Some(spread) => (of(Figure::CpuPerGibConsumed), spread),
                None => {
                    let of = of(Figure::CpuPerGib);
                    (of, Spread::of(of.values(case.name, results))?)
                }
            };
            let bar = BARS
                .iter()
                .find(|bar| bar.case == case.name && bar.of == of);
            Some(Row {
                label: case.title,
                bars: vec![Bar {
                    subject: Subject::Ottla,
                    spread,
                }],
                bound: bar.map(|bar| match bar.bound {
                    Bound::AtMost(bound) | Bound::AtLeast(bound) => bound,
                }),
            })
        })
        .collect();
    let chart = BarChart {
        title,
        axis: "median of the rounds' ratios, with the least and the most; red: what is asked",
        rows,
        reference: Some((1.0, "Apache Kafka")),
    };
    chart.is_drawable().then(|| Plot {
        file: "ratios.svg",
        title,
        svg: chart.draw(),
    })
}

fn cpu(results: &Results) -> Option<Plot> {
    let title = "CPU seconds of the broker for each GiB";
    let rows = CASES
        .iter()
        .filter(|case| COMPARABLE.contains(&case.group))
        .filter_map(|case| {
            let bare_loop = BARS.iter().find_map(|bar| match bar.of {
                Of::RatioToLoop(bare_loop) if bar.case == case.name => Some(bare_loop),
                _ => None,
            });
            let measured = [
                (case.name, Subject::Ottla),
                (case.name, Subject::Kafka),
                (bare_loop.unwrap_or(case.name), Subject::Loop),
            ];
            let bars = measured.into_iter().filter_map(|(case, subject)| {
                let values = results.of(case, subject, Figure::CpuPerGib);
                Some(Bar {
                    subject,
                    spread: Spread::of(values.map(|(_, value)| value))?,
                })
            });
            let bars: Vec<_> = bars.collect();
            (!bars.is_empty()).then_some(Row {
                label: case.title,
                bars,
                bound: None,
            })
        })
        .collect();
    let chart = BarChart {
        title,
        axis: "CPU seconds per GiB: median of the rounds, with the least and the most",
        rows,
        reference: None,
    };
    chart.is_drawable().then(|| Plot {
        file: "cpu.svg",
        title,
        svg: chart.draw(),
    })
}

fn latencies(results: &Results) -> Option<Plot> {
    let title = "Latency at a fixed rate";
    let panels: Vec<Panel> = in_group(Group::Latency)
        .filter_map(|case| {
            let curves = [Subject::Kafka, Subject::Ottla, Subject::Echo].into_iter();
            let curves = curves.filter_map(|subject| {
                let points = Figure::PERCENTILES.map(|figure| {
                    let values = results.of(case.name, subject, figure);
                    Spread::of(values.map(|(_, value)| value / figure.scale()))
                });
                let points: Option<Vec<_>> = points.into_iter().collect();
                Some(Curve {
                    subject,
                    points: points?,
                })
            });
            let curves: Vec<_> = curves.collect();
            (!curves.is_empty()).then_some(Panel {
                title: case.title,
                curves,
            })
        })
        .collect();
    let steps = Figure::PERCENTILES.map(Figure::name);
    (!panels.is_empty()).then(|| Plot {
        file: "latency.svg",
        title,
        svg: steps_chart::draw(title, &steps, &panels),
    })
}
