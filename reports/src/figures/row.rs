//! The frame that bars, splits and forest share: a heading line per row, marks below it, one axis at the foot.

use super::canvas::{Anchor, Canvas, Ink};
use super::scale::Scale;
use crate::error::Result;
use crate::text::percent;

/// Width of every panel.
pub(super) const WIDTH: f64 = 400.0;
/// Height of a row: its label and its marks.
pub(super) const ROW: f64 = 40.0;
/// Room above the first row.
pub(super) const TOP: f64 = 6.0;
const FOOT: f64 = 22.0;
const LEFT: f64 = 4.0;
const RIGHT: f64 = 56.0;

/// Height of a panel of so many rows.
pub(super) fn height(rows: usize) -> f64 {
    TOP + ROW * rows as f64 + FOOT
}

/// The horizontal scale of a panel.
pub(super) fn scale(values: (f64, f64)) -> Scale {
    Scale { values, pixels: (LEFT + 4.0, WIDTH - RIGHT) }
}

/// Top of a row and the middle height of its marks.
pub(super) fn row(index: usize) -> (f64, f64) {
    let top = TOP + ROW * index as f64;
    (top, top + 27.0)
}

/// Grid lines and tick labels in percent.
pub(super) fn axis(canvas: &Canvas, scale: &Scale, rows: usize, label: impl Fn(f64) -> String) -> Result<()> {
    let bottom = TOP + ROW * rows as f64;
    for tick in scale.ticks(4) {
        let x = scale.at(tick);
        canvas.line((x, TOP), (x, bottom), Ink::Grid, 1.0)?;
        canvas.text(&label(tick), (x, bottom + 12.0), 11.0, Ink::Muted, Anchor::Middle)?;
    }
    Ok(())
}

/// A row's label above its marks and a text at its right end.
pub(super) fn label(canvas: &Canvas, index: usize, text: &str, value: &str) -> Result<()> {
    let (top, middle) = row(index);
    canvas.text(text, (LEFT + 4.0, top + 11.0), 12.0, Ink::Text, Anchor::Start)?;
    canvas.text(value, (WIDTH - 2.0, middle), 12.0, Ink::Text, Anchor::End)
}

/// Percent without decimals where it is whole, as on axes.
pub(super) fn tick(value: f64) -> String {
    let text = percent(value);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
