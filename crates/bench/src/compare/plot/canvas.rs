//! What all plots are drawn with: one paper, one pen, one set of colours.

use svg::Document;
use svg::node::element::{Circle, Line, Polyline, Rectangle, Text};

use crate::compare::results::Subject;

const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

const INK: &str = "#1f2933";
const FAINT_INK: &str = "#616e7c";
const GRID: &str = "#e4e7eb";
const ASKED: &str = "#c81e1e";

/// On white, told apart in shades of grey as well.
const fn colour(subject: Subject) -> &'static str {
    match subject {
        Subject::Ottla => "#0f609b",
        Subject::Kafka => "#b8bec6",
        Subject::Echo | Subject::Loop => "#e0a030",
    }
}

/// Which end of a text stands at its place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    Title,
    Label,
    Faint,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Pen {
    Grid,
    Ink,
    Asked,
    Of(Subject),
}

/// A white sheet; places are in its units, from its upper left corner.
pub(super) struct Canvas {
    document: Document,
    width: f64,
}

impl Canvas {
    /// `title` is what it is called for who does not see it.
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        let paper = Rectangle::new()
            .set("width", width)
            .set("height", height)
            .set("fill", "#ffffff");
        let document = Document::new()
            .set("viewBox", (0.0, 0.0, width, height))
            .set("width", width)
            .set("height", height)
            .set("role", "img")
            .set("aria-label", title)
            .set("font-family", FONT)
            .add(paper);
        Self { document, width }
    }

    pub(super) fn text(&mut self, at: (f64, f64), anchor: Anchor, style: Style, text: &str) {
        let (size, weight, ink) = match style {
            Style::Title => (17, 600, INK),
            Style::Label => (13, 400, INK),
            Style::Faint => (12, 400, FAINT_INK),
        };
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.add(
            Text::new(text)
                .set("x", at.0)
                .set("y", at.1)
                .set("text-anchor", anchor)
                .set("font-size", size)
                .set("font-weight", weight)
                // A white edge, so that it can be read on any line.
                .set("paint-order", "stroke")
                .set("stroke", "#ffffff")
                .set("stroke-width", 3)
                .set("fill", ink),
        );
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), pen: Pen) {
        let (ink, width) = match pen {
            Pen::Grid => (GRID, 1.0),
            Pen::Ink => (INK, 1.2),
            Pen::Of(subject) => (colour(subject), 1.6),
            Pen::Asked => (ASKED, 2.5),
        };
        self.add(
            Line::new()
                .set("x1", from.0)
                .set("y1", from.1)
                .set("x2", to.0)
                .set("y2", to.1)
                .set("stroke", ink)
                .set("stroke-width", width),
        );
    }

    pub(super) fn bar(&mut self, at: (f64, f64), size: (f64, f64), subject: Subject) {
        self.add(
            Rectangle::new()
                .set("x", at.0)
                .set("y", at.1)
                .set("width", size.0)
                .set("height", size.1)
                .set("rx", 2)
                .set("fill", colour(subject)),
        );
    }

    pub(super) fn curve(&mut self, points: &[(f64, f64)], subject: Subject) {
        let path: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        self.add(
            Polyline::new()
                .set("points", path.join(" "))
                .set("fill", "none")
                .set("stroke", colour(subject))
                .set("stroke-width", 2.5)
                .set("stroke-linejoin", "round"),
        );
        for (x, y) in points {
            self.add(
                Circle::new()
                    .set("cx", *x)
                    .set("cy", *y)
                    .set("r", 4)
                    .set("fill", colour(subject)),
            );
        }
    }

    /// Who is who, in a line that ends at the right edge.
    pub(super) fn legend(&mut self, y: f64, subjects: &[Subject]) {
        let mut right = self.width - 20.0;
        for subject in subjects.iter().rev() {
            // Text has no width here; a letter of this size takes about seven.
            let width = 7.0 * subject.title().len() as f64;
            self.text(
                (right - width, y),
                Anchor::Start,
                Style::Label,
                subject.title(),
            );
            self.bar((right - width - 18.0, y - 10.0), (12.0, 12.0), *subject);
            right -= width + 36.0;
        }
    }

    pub(super) fn finish(self) -> String {
        self.document.to_string()
    }

    fn add(&mut self, node: impl Into<Box<dyn svg::Node>>) {
        let document = std::mem::replace(&mut self.document, Document::new());
        self.document = document.add(node);
    }
}
