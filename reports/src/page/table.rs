//! Tables: every figure has its numbers in one, and protocol and provenance are nothing else.

use askama::Template;

use crate::statistics::Interval;
use crate::text::{ABSENT, percent, range, signed, signed_range};

/// A table with a heading for each row and column.
#[derive(Template)]
#[template(path = "table.html")]
pub(super) struct Table {
    pub caption: String,
    /// Headings; the first is of the column of row headings.
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

/// A row.
pub(super) struct Row {
    pub head: String,
    pub cells: Vec<Cell>,
}

/// A cell: a text and what stands smaller below it.
#[derive(Clone, Default)]
pub(super) struct Cell {
    pub text: String,
    pub note: String,
    pub class: &'static str,
    /// Printed, but not to be compared.
    pub struck: bool,
}

impl Table {
    /// A heading is aligned as the cells below it.
    fn heading_class(&self, column: &usize) -> &'static str {
        let cell = column.checked_sub(1).and_then(|place| self.rows.first()?.cells.get(place));
        if cell.is_some_and(|cell| cell.class.starts_with("words")) { "words" } else { "" }
    }
}

impl Cell {
    /// Words, aligned left.
    pub fn words(text: impl Into<String>) -> Self {
        Self { text: or_absent(text.into()), note: String::new(), class: "words", struck: false }
    }

    /// A number that is formatted already.
    pub fn number(text: impl Into<String>) -> Self {
        Self { text: text.into(), note: String::new(), class: "", struck: false }
    }

    /// A digest or path, set in a fixed-width face.
    pub fn code(text: impl Into<String>) -> Self {
        Self { text: or_absent(text.into()), note: String::new(), class: "words code", struck: false }
    }

    /// A score in percent with its interval below.
    pub fn score(mean: Option<f64>, interval: Option<Interval>) -> Self {
        let text = mean.map_or(ABSENT.to_owned(), percent);
        Self { text, note: mean.and(interval).map(range).unwrap_or_default(), class: "", struck: false }
    }

    /// A difference in points with its interval below.
    pub fn difference(difference: Option<f64>, interval: Option<Interval>) -> Self {
        let text = difference.map_or(ABSENT.to_owned(), signed);
        Self { text, note: difference.and(interval).map(signed_range).unwrap_or_default(), class: "", struck: false }
    }

    /// The same cell set off from the others.
    pub fn strong(mut self, strong: bool) -> Self {
        if strong {
            self.class = "strong";
        }
        self
    }

    /// The same cell struck through.
    pub fn struck(mut self, struck: bool) -> Self {
        self.struck = struck;
        self
    }
}

/// What the run does not say is marked, not left blank.
fn or_absent(text: String) -> String {
    if text.is_empty() { ABSENT.to_owned() } else { text }
}
