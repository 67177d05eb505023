//! Training curves: the whole training, and its second half where arms part.

use super::Panel;
use super::canvas::{Anchor, Ink, draw};
use super::row::WIDTH;
use super::scale::{Scale, spread};
use crate::analysis::Analysis;
use crate::error::Result;
use crate::run_info::RunInfo;
use crate::text::short;

const HEIGHT: f64 = 280.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = HEIGHT - 40.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = WIDTH - 26.0;
/// Points kept of a curve: more than the panel has pixels for would only make the file large.
const POINTS: usize = 160;

type Curve = (usize, Vec<(f64, f64)>);

/// No panel if no arm has a curve.
pub(crate) fn curves(analysis: &Analysis, info: &RunInfo) -> Result<Vec<Panel>> {
    let mut curves: Vec<Curve> = Vec::new();
    for (index, arm) in info.arms.iter().enumerate() {
        let curve = arm.training.iter().flat_map(|card| &card.curve);
        let points: Vec<_> = curve.filter(|(_, l)| l.is_finite()).map(|(s, l)| (*s as f64, *l)).collect();
        if points.len() > 1 {
            curves.push((index, thinned(&points)));
        }
    }
    if curves.is_empty() {
        return Ok(Vec::new());
    }
    let end = curves.iter().flat_map(|(_, c)| c).map(|p| p.0).fold(1.0, f64::max);
    let second_half: Vec<Curve> =
        curves.iter().map(|(i, c)| (*i, c.iter().filter(|p| p.0 >= end / 2.0).copied().collect())).collect();
    let mut panels = vec![panel(analysis, "Whole training", &curves, (0.0, end))?];
    if second_half.iter().all(|(_, c)| c.len() > 1) {
        panels.push(panel(analysis, "Second half", &second_half, (end / 2.0, end))?);
    }
    Ok(panels)
}

/// Means of equal runs of points.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let size = points.len().div_ceil(POINTS);
    let mean = |chunk: &[(f64, f64)]| {
        let n = chunk.len() as f64;
        (chunk.iter().map(|p| p.0).sum::<f64>() / n, chunk.iter().map(|p| p.1).sum::<f64>() / n)
    };
    points.chunks(size).map(mean).collect()
}

fn panel(analysis: &Analysis, title: &str, curves: &[Curve], samples: (f64, f64)) -> Result<Panel> {
    let losses = || curves.iter().flat_map(|(_, c)| c).map(|p| p.1);
    let (low, high) = (losses().fold(f64::INFINITY, f64::min), losses().fold(f64::NEG_INFINITY, f64::max));
    let room = ((high - low) * 0.06).max(high.abs() * 1e-6).max(1e-12);
    let x = Scale { values: samples, pixels: (LEFT, RIGHT) };
    let y = Scale { values: (low - room, high + room), pixels: (BOTTOM, TOP) };
    let description = format!("Training loss against samples seen, {title}; the last values are in the table below");
    let svg = draw((WIDTH, HEIGHT), &description, |canvas| {
        for value in y.ticks(5) {
            canvas.line((LEFT, y.at(value)), (RIGHT, y.at(value)), Ink::Grid, 1.0)?;
            canvas.text(&short(value), (LEFT - 6.0, y.at(value)), 11.0, Ink::Muted, Anchor::End)?;
        }
        for value in x.ticks(4) {
            canvas.text(&samples_text(value), (x.at(value), BOTTOM + 13.0), 11.0, Ink::Muted, Anchor::Middle)?;
        }
        canvas.text("samples seen", ((LEFT + RIGHT) / 2.0, BOTTOM + 31.0), 11.0, Ink::Muted, Anchor::Middle)?;
        for (index, curve) in curves {
            let line: Vec<_> = curve.iter().map(|(s, l)| (x.at(*s), y.at(*l))).collect();
            canvas.path(&line, Ink::Arm(*index), 1.5)?;
        }
        let ends: Vec<f64> = curves.iter().map(|(_, c)| c.last().map_or(TOP, |p| y.at(p.1))).collect();
        for ((index, _), end) in curves.iter().zip(spread(&ends, 12.0, (TOP, BOTTOM))) {
            let letter = &analysis.arms[*index].letter;
            canvas.text(letter, (WIDTH - 14.0, end), 12.0, Ink::Arm(*index), Anchor::Middle)?;
        }
        Ok(())
    })?;
    Ok(Panel { title: title.to_owned(), svg })
}

/// "500 k", "1.5 M".
fn samples_text(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{} M", short(v / 1e6)),
        v if v >= 1e3 => format!("{} k", short(v / 1e3)),
        v => short(v),
    }
}
