//! Score against the number of things asked for: one panel per category that asks for different numbers.

use super::Panel;
use super::canvas::{Anchor, Ink, Mark, draw};
use super::row::{WIDTH, tick};
use super::scale::{Scale, spread};
use crate::analysis::{Analysis, ByThings, CategoryKey};
use crate::error::Result;

const HEIGHT: f64 = 250.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = HEIGHT - 40.0;

/// The panels, in the order of the categories.
pub(crate) fn things(analysis: &Analysis) -> Result<Vec<Panel>> {
    let graded = analysis.categories.iter().filter(|c| points(analysis, c).next().is_some());
    graded.map(|category| panel(analysis, category)).collect()
}

fn points<'a>(analysis: &'a Analysis, category: &'a CategoryKey) -> impl Iterator<Item = &'a ByThings> {
    analysis.by_things.iter().filter(|b| b.suite == category.suite && b.category == category.id)
}

fn panel(analysis: &Analysis, category: &CategoryKey) -> Result<Panel> {
    let mut counts: Vec<u32> = points(analysis, category).map(|b| b.things).collect();
    counts.sort_unstable();
    counts.dedup();
    let last = counts.len().saturating_sub(1) as f64;
    let x = Scale { values: (-0.35, last + 0.35), pixels: (34.0, WIDTH - 26.0) };
    let y = Scale { values: (0.0, 1.0), pixels: (BOTTOM, TOP) };
    let description = format!(
        "Score in {} against the number of things the prompt asks for; the numbers are in the table below",
        category.label
    );
    let svg = draw((WIDTH, HEIGHT), &description, |canvas| {
        for value in y.ticks(4) {
            canvas.line((34.0, y.at(value)), (WIDTH - 26.0, y.at(value)), Ink::Grid, 1.0)?;
            canvas.text(&tick(value), (28.0, y.at(value)), 11.0, Ink::Muted, Anchor::End)?;
        }
        for (place, count) in counts.iter().enumerate() {
            canvas.text(&count.to_string(), (x.at(place as f64), BOTTOM + 14.0), 12.0, Ink::Text, Anchor::Middle)?;
        }
        let middle = (34.0 + WIDTH - 26.0) / 2.0;
        canvas.text("things asked for", (middle, BOTTOM + 31.0), 11.0, Ink::Muted, Anchor::Middle)?;

        let arms = analysis.arms.len() as f64;
        let mut ends = Vec::new();
        for (index, arm) in analysis.arms.iter().enumerate() {
            // Side by side by a few pixels, so that whiskers do not hide each other.
            let shift = (index as f64 - (arms - 1.0) / 2.0) * 6.0;
            let mut line = Vec::new();
            for point in points(analysis, category).filter(|b| b.arm == arm.id) {
                let place = counts.iter().position(|c| *c == point.things).unwrap_or(0) as f64;
                let Some(mean) = point.mean else { continue };
                let at = (x.at(place) + shift, y.at(mean));
                if let Some(i) = point.interval {
                    canvas.line((at.0, y.at(i.low)), (at.0, y.at(i.high)), Ink::Arm(index), 1.5)?;
                }
                line.push(at);
            }
            canvas.path(&line, Ink::Arm(index), 1.25)?;
            for at in &line {
                canvas.mark(Mark::Circle, *at, 3.5, Ink::Arm(index), true)?;
            }
            ends.extend(line.last().map(|at| (index, at.1)));
        }
        let heights: Vec<f64> = ends.iter().map(|(_, y)| *y).collect();
        for ((index, _), y) in ends.iter().zip(spread(&heights, 12.0, (TOP, BOTTOM))) {
            let letter = &analysis.arms[*index].letter;
            canvas.text(letter, (WIDTH - 14.0, y), 12.0, Ink::Arm(*index), Anchor::Middle)?;
        }
        Ok(())
    })?;
    Ok(Panel { title: category.label.clone(), svg })
}
