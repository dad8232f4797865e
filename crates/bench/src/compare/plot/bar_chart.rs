//! Bars from left to right, a row for each case.

use super::canvas::{Anchor, Canvas, Pen, Style};
use super::scale::{Scale, linear_ticks};
use crate::compare::figure_text::{number, plain};
use crate::compare::results::Subject;
use crate::spread::Spread;

pub(super) struct BarChart {
    pub(super) title: &'static str,
    /// Below it.
    pub(super) axis: &'static str,
    pub(super) rows: Vec<Row>,
    /// A value that all are held against.
    pub(super) reference: Option<(f64, &'static str)>,
}

pub(super) struct Row {
    pub(super) label: &'static str,
    pub(super) bars: Vec<Bar>,
    /// Where it is asked to lie.
    pub(super) bound: Option<f64>,
}

pub(super) struct Bar {
    pub(super) subject: Subject,
    pub(super) spread: Spread,
}

const WIDTH: f64 = 960.0;
const LEFT: f64 = 380.0;
/// Room for the number behind the longest bar.
const RIGHT: f64 = WIDTH - 70.0;
const TOP: f64 = 84.0;
const BAR: f64 = 13.0;
const BETWEEN_BARS: f64 = 2.0;
const BETWEEN_ROWS: f64 = 13.0;
/// About what a number takes.
const NUMBER: f64 = 40.0;

impl BarChart {
    pub(super) fn is_drawable(&self) -> bool {
        self.most() > 0.0
    }

    /// The most that there is room for.
    fn most(&self) -> f64 {
        let bars = self.rows.iter().flat_map(|row| &row.bars);
        let values = bars.map(|bar| bar.spread.most);
        let bounds = self.rows.iter().filter_map(|row| row.bound);
        let reference = self.reference.map(|(value, _)| value);
        let highest = values.chain(bounds).fold(0.0, f64::max);
        if highest > 0.0 {
            highest.max(reference.unwrap_or(0.0))
        } else {
            0.0
        }
    }

    /// There is something to draw.
    pub(super) fn draw(&self) -> String {
        let heights = self.rows.iter().map(Row::height);
        let bottom = TOP + heights.sum::<f64>();
        let mut canvas = Canvas::new(WIDTH, bottom + 56.0, self.title);
        canvas.text((20.0, 30.0), Anchor::Start, Style::Title, self.title);
        let subjects = self.subjects();
        if subjects.len() > 1 {
            canvas.legend(56.0, &subjects);
        }
        let ticks = linear_ticks(self.most());
        let scale = Scale::Linear {
            most: ticks.last().copied().unwrap_or(1.0),
            from: LEFT,
            to: RIGHT,
        };
        for tick in ticks {
            let x = scale.place(tick);
            canvas.line((x, TOP - 6.0), (x, bottom), Pen::Grid);
            canvas.text(
                (x, bottom + 18.0),
                Anchor::Middle,
                Style::Faint,
                &plain(tick),
            );
        }
        let middle = f64::midpoint(LEFT, RIGHT);
        canvas.text(
            (middle, bottom + 42.0),
            Anchor::Middle,
            Style::Faint,
            self.axis,
        );
        if let Some((value, name)) = self.reference {
            let x = scale.place(value);
            canvas.line((x, TOP - 6.0), (x, bottom), Pen::Ink);
            canvas.text((x, TOP - 12.0), Anchor::Middle, Style::Faint, name);
        }
        let mut y = TOP;
        for row in &self.rows {
            row.draw(&mut canvas, &scale, y);
            y += row.height();
        }
        canvas.finish()
    }

    /// Each once, in the order of the rows.
    fn subjects(&self) -> Vec<Subject> {
        let mut subjects = Vec::new();
        for bar in self.rows.iter().flat_map(|row| &row.bars) {
            if !subjects.contains(&bar.subject) {
                subjects.push(bar.subject);
            }
        }
        subjects
    }
}

impl Row {
    fn height(&self) -> f64 {
        self.bars.len() as f64 * (BAR + BETWEEN_BARS) + BETWEEN_ROWS
    }

    fn draw(&self, canvas: &mut Canvas, scale: &Scale, top: f64) {
        let bars = self.height() - BETWEEN_ROWS;
        canvas.text(
            (LEFT - 12.0, top + bars / 2.0 + 4.0),
            Anchor::End,
            Style::Label,
            self.label,
        );
        for (place, bar) in self.bars.iter().enumerate() {
            let y = top + place as f64 * (BAR + BETWEEN_BARS);
            let middle = y + BAR / 2.0;
            let (from, to) = (scale.place(0.0), scale.place(bar.spread.median));
            let (least, most) = (scale.place(bar.spread.least), scale.place(bar.spread.most));
            canvas.bar((from, y), (to - from, BAR), bar.subject);
            if least < most {
                canvas.line((least, middle), (most, middle), Pen::Ink);
                for end in [least, most] {
                    canvas.line((end, middle - 3.0), (end, middle + 3.0), Pen::Ink);
                }
            }
            let end = to.max(most);
            // Behind the mark of what is asked where it would be written across it.
            let mark = self.bound.map(|bound| scale.place(bound));
            let mark = mark.filter(|mark| (end..end + NUMBER).contains(mark));
            canvas.text(
                (mark.unwrap_or(end) + 7.0, y + BAR - 2.5),
                Anchor::Start,
                Style::Faint,
                &number(bar.spread.median),
            );
        }
        if let Some(bound) = self.bound {
            let x = scale.place(bound);
            canvas.line((x, top - 4.0), (x, top + bars + 2.0), Pen::Asked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(figures: &[f64]) -> BarChart {
        let rows = figures.iter().map(|figure| Row {
            label: "produce",
            bars: vec![Bar {
                subject: Subject::Ottla,
                spread: Spread::of([*figure]).unwrap(),
            }],
            bound: Some(0.25),
        });
        BarChart {
            title: "a title",
            axis: "an axis",
            rows: rows.collect(),
            reference: Some((1.0, "Apache Kafka")),
        }
    }

    #[test]
    fn a_chart_names_all_that_it_shows() {
        let svg = chart(&[0.5, 0.125]).draw();
        for text in [
            "a title",
            "an axis",
            "produce",
            "0.50",
            "0.12",
            "Apache Kafka",
        ] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn nothing_is_not_drawn() {
        assert!(!chart(&[]).is_drawable());
        assert!(chart(&[0.5]).is_drawable());
    }
}
