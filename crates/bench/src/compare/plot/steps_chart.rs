//! Curves over a few named steps, on a logarithmic scale; panels below one another.

use super::canvas::{Anchor, Canvas, Pen, Style};
use super::scale::{Scale, logarithmic_ticks};
use crate::compare::figure_text::{number, plain};
use crate::compare::results::Subject;
use crate::spread::Spread;

pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) curves: Vec<Curve>,
}

pub(super) struct Curve {
    pub(super) subject: Subject,
    /// At each of the steps, in milliseconds.
    pub(super) points: Vec<Spread>,
}

const WIDTH: f64 = 900.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = WIDTH - 60.0;
const TOP: f64 = 84.0;
const PANEL: f64 = 200.0;
const BETWEEN_PANELS: f64 = 78.0;
/// Between the edge of a panel and its first and last step.
const INDENT: f64 = 90.0;
/// Between two lines of text.
const LABEL: f64 = 14.0;

/// There is a panel.
pub(super) fn draw(title: &str, steps: &[&str], panels: &[Panel]) -> String {
    let height = TOP + panels.len() as f64 * (PANEL + BETWEEN_PANELS);
    let mut canvas = Canvas::new(WIDTH, height, title);
    canvas.text((20.0, 30.0), Anchor::Start, Style::Title, title);
    let shown = [Subject::Ottla, Subject::Kafka, Subject::Echo];
    canvas.legend(30.0, &shown);
    let mut top = TOP;
    for panel in panels {
        panel.draw(&mut canvas, steps, top);
        top += PANEL + BETWEEN_PANELS;
    }
    canvas.finish()
}

impl Panel {
    fn draw(&self, canvas: &mut Canvas, steps: &[&str], top: f64) {
        let bottom = top + PANEL;
        canvas.text((20.0, top - 18.0), Anchor::Start, Style::Label, self.title);
        let values = || {
            let points = self.curves.iter().flat_map(|curve| &curve.points);
            points
                .flat_map(|point| [point.least, point.most])
                .filter(|value| *value > 0.0)
        };
        let (least, most) = (
            values().fold(f64::MAX, f64::min),
            values().fold(0.0, f64::max),
        );
        if most == 0.0 {
            return;
        }
        let ticks = logarithmic_ticks(least, most);
        let scale = Scale::Logarithmic {
            least: ticks[0],
            most: ticks[ticks.len() - 1],
            from: bottom,
            to: top,
        };
        for tick in ticks {
            let y = scale.place(tick);
            canvas.line((LEFT, y), (RIGHT, y), Pen::Grid);
            let label = format!("{} ms", plain(tick));
            canvas.text((LEFT - 10.0, y + 4.0), Anchor::End, Style::Faint, &label);
        }
        let between = (RIGHT - LEFT - 2.0 * INDENT) / (steps.len().max(2) - 1) as f64;
        let x = |step: usize| LEFT + INDENT + step as f64 * between;
        for (step, name) in steps.iter().enumerate() {
            canvas.text((x(step), bottom + 20.0), Anchor::Middle, Style::Label, name);
        }
        for (place, curve) in self.curves.iter().enumerate() {
            // Beside one another, or one spread would hide the next.
            let aside = (place as f64 - (self.curves.len() - 1) as f64 / 2.0) * 8.0;
            let places = curve.points.iter().enumerate();
            let places: Vec<_> = places
                .map(|(step, point)| (x(step) + aside, scale.place(point.median)))
                .collect();
            for ((x, _), point) in places.iter().zip(&curve.points) {
                let ends = (scale.place(point.least), scale.place(point.most));
                canvas.line((*x, ends.0), (*x, ends.1), Pen::Of(curve.subject));
            }
            canvas.curve(&places, curve.subject);
        }
        let lasts = self.curves.iter().filter_map(|curve| curve.points.last());
        let mut labels: Vec<_> = lasts
            .map(|last| {
                (
                    scale.place(last.median),
                    format!("{} ms", number(last.median)),
                )
            })
            .collect();
        set_apart(&mut labels);
        let right = x(steps.len().saturating_sub(1)) + 24.0;
        for (y, label) in labels {
            canvas.text((right, y + 4.0), Anchor::Start, Style::Faint, &label);
        }
    }
}

/// Sorts labels from top to bottom, and moves down those that would lie on the one above.
fn set_apart(labels: &mut [(f64, String)]) {
    labels.sort_by(|one, other| one.0.total_cmp(&other.0));
    for at in 1..labels.len() {
        labels[at].0 = labels[at].0.max(labels[at - 1].0 + LABEL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_do_not_lie_on_one_another() {
        let mut labels = [50.0, 10.0, 12.0].map(|y| (y, y.to_string()));
        set_apart(&mut labels);
        assert_eq!(labels.map(|(y, _)| y), [10.0, 24.0, 50.0]);
    }

    #[test]
    fn panels_have_their_steps_and_a_scale_in_milliseconds() {
        let points = [0.5, 20.0]
            .map(|value| Spread::of([value]).unwrap())
            .to_vec();
        let panel = Panel {
            title: "5,000 records/s",
            curves: vec![Curve {
                subject: Subject::Ottla,
                points,
            }],
        };
        let svg = draw("Latency", &["p50", "p99"], &[panel]);
        for text in [
            "Latency",
            "5,000 records/s",
            "p50",
            "p99",
            "0.1 ms",
            "100 ms",
            "20.0 ms",
        ] {
            assert!(svg.contains(text), "{text}");
        }
    }
}
