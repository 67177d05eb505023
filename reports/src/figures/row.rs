//! The frame that bars, splits and forest share: rows with a label, marks and a value, one axis at the foot.
//!
//! Long labels (arms) stand above their marks, short ones (categories) to the left of them.

use super::canvas::{Anchor, Canvas, Ink};
use super::scale::Scale;
use crate::analysis::ArmKey;
use crate::error::Result;
use crate::text::percent;

/// Width of every panel.
pub(super) const WIDTH: f64 = 400.0;
/// Room above the first row.
const TOP: f64 = 6.0;
const FOOT: f64 = 22.0;
const LEFT: f64 = 8.0;
const RIGHT: f64 = 56.0;

/// A column of rows in one of the two layouts.
pub(super) struct Rows {
    count: usize,
    height: f64,
    /// Where marks begin.
    left: f64,
    above: bool,
}

impl Rows {
    /// Labels above their marks.
    pub fn with_labels_above(count: usize) -> Self {
        Self { count, height: 40.0, left: LEFT, above: true }
    }

    /// Labels to the left of their marks.
    pub fn with_labels_left(count: usize) -> Self {
        Self { count, height: 25.0, left: LEFT + 86.0, above: false }
    }

    /// Size of the panel.
    pub fn size(&self) -> (f64, f64) {
        (WIDTH, self.bottom() + FOOT)
    }

    /// A vertical through all rows; where labels stand above their marks it leaves them room.
    pub fn vertical(&self, canvas: &Canvas, x: f64, ink: Ink, width: f64) -> Result<()> {
        if !self.above {
            return canvas.line((x, TOP), (x, self.bottom()), ink, width);
        }
        (0..self.count).try_for_each(|row| {
            let middle = self.middle(row);
            canvas.line((x, middle - 9.0), (x, middle + 9.0), ink, width)
        })
    }

    fn bottom(&self) -> f64 {
        TOP + self.height * self.count as f64
    }

    /// The horizontal scale.
    pub fn scale(&self, values: (f64, f64)) -> Scale {
        Scale { values, pixels: (self.left, WIDTH - RIGHT) }
    }

    /// The middle height of a row's marks.
    pub fn middle(&self, index: usize) -> f64 {
        TOP + self.height * index as f64 + if self.above { 27.0 } else { self.height / 2.0 }
    }

    /// Grid lines and tick labels.
    pub fn axis(&self, canvas: &Canvas, scale: &Scale, label: impl Fn(f64) -> String) -> Result<()> {
        for tick in scale.ticks(4) {
            let x = scale.at(tick);
            self.vertical(canvas, x, Ink::Grid, 1.0)?;
            canvas.text(&label(tick), (x, self.bottom() + 12.0), 11.0, Ink::Muted, Anchor::Middle)?;
        }
        Ok(())
    }

    /// A row's label and the value at its right end.
    pub fn label(&self, canvas: &Canvas, index: usize, text: &str, value: &str) -> Result<()> {
        let middle = self.middle(index);
        let y = if self.above { middle - 16.0 } else { middle };
        canvas.text(text, (LEFT, y), 12.0, Ink::Text, Anchor::Start)?;
        canvas.text(value, (WIDTH - 2.0, middle), 12.0, Ink::Text, Anchor::End)
    }

    /// The same for an arm: its letter in its colour, then its name.
    pub fn arm(&self, canvas: &Canvas, index: usize, arm: &ArmKey, value: &str) -> Result<()> {
        let y = self.middle(index) - 16.0;
        canvas.text(&arm.letter, (LEFT, y), 12.0, Ink::Arm(index), Anchor::Start)?;
        let indent = 8.0 + 8.0 * arm.letter.chars().count() as f64;
        canvas.text(&arm.label, (LEFT + indent, y), 12.0, Ink::Text, Anchor::Start)?;
        canvas.text(value, (WIDTH - 2.0, self.middle(index)), 12.0, Ink::Text, Anchor::End)
    }
}

/// Percent without decimals where it is whole, as on axes.
pub(super) fn tick(value: f64) -> String {
    let text = percent(value);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
