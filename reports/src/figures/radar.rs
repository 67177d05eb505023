//! Categories around, scores outward: the shape of what each arm can do.

use super::Panel;
use super::canvas::{Anchor, Ink, Mark, draw};
use super::row::WIDTH;
use crate::analysis::Analysis;
use crate::error::Result;

const HEIGHT: f64 = 330.0;
const CENTRE: (f64, f64) = (WIDTH / 2.0, HEIGHT / 2.0);
const RADIUS: f64 = 118.0;
const FONT: f64 = 11.0;
/// Width of a letter over the font's size, on the safe side.
const WIDE: f64 = 0.62;
/// Labels stand this much further out than the outermost ring.
const OUTSIDE: f64 = 1.09;

/// One panel; none with fewer than three categories, which make no area.
pub(crate) fn radar(analysis: &Analysis) -> Result<Option<Panel>> {
    let count = analysis.categories.len();
    if count < 3 {
        return Ok(None);
    }
    let angle = |place: usize| std::f64::consts::TAU * place as f64 / count as f64;
    // The rings are as large as the longest labels at their sides let them be.
    let room = |(place, label): (usize, &str)| {
        let label = label.chars().count() as f64 * WIDE * FONT;
        (CENTRE.0 - label) / (OUTSIDE * angle(place).sin().abs()).max(f64::EPSILON)
    };
    let radius = analysis.categories.iter().map(|c| c.label.as_str()).enumerate().map(room).fold(RADIUS, f64::min);
    let point = |place: usize, value: f64| {
        let angle = angle(place);
        let r = radius * value.clamp(0.0, 1.0);
        (CENTRE.0 + r * angle.sin(), CENTRE.1 - r * angle.cos())
    };
    let closed = |values: &dyn Fn(usize) -> f64| -> Vec<(f64, f64)> {
        (0..=count).map(|place| point(place % count, values(place % count))).collect()
    };
    let description = "Headline scores of every arm by category; the numbers are in the table below";
    let svg = draw((WIDTH, HEIGHT), description, |canvas| {
        for ring in [0.25, 0.5, 0.75, 1.0] {
            canvas.path(&closed(&|_| ring), Ink::Grid, 1.0)?;
        }
        for (place, category) in analysis.categories.iter().enumerate() {
            canvas.line(CENTRE, point(place, 1.0), Ink::Grid, 1.0)?;
            let (x, y) = point(place, 1.0);
            let anchor = match x - CENTRE.0 {
                d if d > 20.0 => Anchor::Start,
                d if d < -20.0 => Anchor::End,
                _ => Anchor::Middle,
            };
            let out = |v: f64, c: f64| c + (v - c) * OUTSIDE;
            canvas.text(&category.label, (out(x, CENTRE.0), out(y, CENTRE.1)), FONT, Ink::Text, anchor)?;
        }
        for (index, arm) in analysis.arms.iter().enumerate() {
            let scores: Option<Vec<f64>> =
                analysis.categories.iter().map(|c| analysis.headline(&arm.id, c).and_then(|e| e.mean)).collect();
            let Some(scores) = scores else { continue };
            canvas.path(&closed(&|place| scores[place]), Ink::Arm(index), 2.0)?;
            for (place, score) in scores.iter().enumerate() {
                canvas.mark(Mark::Circle, point(place, *score), 3.0, Ink::Arm(index), true)?;
            }
        }
        canvas.text("100", (CENTRE.0 + 4.0, CENTRE.1 - radius + 9.0), 10.0, Ink::Muted, Anchor::Start)?;
        canvas.text("50", (CENTRE.0 + 4.0, CENTRE.1 - radius / 2.0 + 9.0), 10.0, Ink::Muted, Anchor::Start)
    })?;
    Ok(Some(Panel { title: "All categories".into(), svg }))
}
