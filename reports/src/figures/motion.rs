//! Metrics of clips against the weight of motion-free guidance, a line for each backbone.

use super::Panel;
use super::canvas::{Anchor, Canvas, Ink, Mark, draw};
use super::row::{WIDTH, tick};
use super::scale::{Scale, round_step};
use crate::analysis::{Analysis, MotionPoint, SPOKEN};
use crate::error::Result;
use crate::text::short;

const HEIGHT: f64 = 260.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = HEIGHT - 40.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = WIDTH - 24.0;

/// A panel for each metric that is spoken of, where a backbone was drawn from with two weights or more.
pub(crate) fn motion(analysis: &Analysis) -> Result<Vec<Panel>> {
    let mut panels = Vec::new();
    for (metric, words) in SPOKEN {
        let scored = |point: &&MotionPoint| point.metric == metric && point.mean.is_some();
        let points: Vec<&MotionPoint> = analysis.motion.iter().filter(scored).collect();
        let swept =
            points.iter().any(|one| points.iter().any(|p| p.backbone == one.backbone && p.weight != one.weight));
        if swept {
            panels.push(panel(analysis, &points, words)?);
        }
    }
    Ok(panels)
}

fn panel(analysis: &Analysis, points: &[&MotionPoint], words: &str) -> Result<Panel> {
    let ends = |p: &&MotionPoint| {
        let mean = p.mean.unwrap_or_default();
        p.interval.map_or([mean; 2], |i| [i.low, i.high])
    };
    let values = || points.iter().flat_map(ends);
    let (mut low, mut high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    // Where no mean is below 0 or above 1, no whisker needs to be: it is cut at the axis.
    let means = || points.iter().map(|p| p.mean.unwrap_or_default());
    if means().all(|mean| mean >= 0.0) {
        low = low.max(0.0);
    }
    if means().all(|mean| mean <= 1.0) {
        high = high.min(1.0);
    }
    let step = round_step(((high - low) / 4.0).max(1e-4));
    let weights = || points.iter().map(|p| p.weight);
    let (least, most) = (weights().fold(f64::INFINITY, f64::min), weights().fold(f64::NEG_INFINITY, f64::max));
    let room = (most - least) * 0.08;
    let x = Scale { values: (least - room, most + room), pixels: (LEFT, RIGHT) };
    let y = Scale { values: ((low / step).floor() * step, (high / step).ceil() * step), pixels: (BOTTOM, TOP) };
    let mut backbones: Vec<u32> = points.iter().map(|p| p.backbone).collect();
    backbones.sort_unstable();
    backbones.dedup();
    let description = format!("{words} against the weight of motion-free guidance; the numbers are in the table below");
    let svg = draw((WIDTH, HEIGHT), &description, |canvas| {
        for value in y.ticks(4) {
            canvas.line((LEFT, y.at(value)), (RIGHT, y.at(value)), Ink::Grid, 1.0)?;
            canvas.text(&tick(value), (LEFT - 6.0, y.at(value)), 11.0, Ink::Muted, Anchor::End)?;
        }
        let mut shown: Vec<f64> = weights().collect();
        shown.sort_by(f64::total_cmp);
        shown.dedup();
        for value in shown {
            canvas.text(&short(value), (x.at(value), BOTTOM + 13.0), 11.0, Ink::Muted, Anchor::Middle)?;
        }
        canvas.text("λ_M (1 is off)", ((LEFT + RIGHT) / 2.0, BOTTOM + 31.0), 11.0, Ink::Muted, Anchor::Middle)?;
        for (number, backbone) in backbones.iter().enumerate() {
            let mut line: Vec<&&MotionPoint> = points.iter().filter(|p| p.backbone == *backbone).collect();
            line.sort_by(|a, b| a.weight.total_cmp(&b.weight));
            // Beside one another, so that whiskers of one weight do not hide each other.
            let aside = (number as f64 - (backbones.len() as f64 - 1.0) / 2.0) * 9.0;
            let corner = |p: &&&MotionPoint| (x.at(p.weight) + aside, y.at(p.mean.unwrap_or_default()));
            canvas.path(&line.iter().map(corner).collect::<Vec<_>>(), Ink::Guide, 1.5)?;
            // Letters of the first backbone stand left of its marks, so that those of one weight do not lie over each other.
            let beside = if aside < 0.0 { -10.0 } else { 10.0 };
            line.iter().try_for_each(|point| mark(canvas, analysis, point, (corner(point), beside), &y))?;
        }
        Ok(())
    })?;
    Ok(Panel { title: words.to_owned(), svg })
}

fn mark(
    canvas: &Canvas,
    analysis: &Analysis,
    point: &MotionPoint,
    ((px, py), beside): ((f64, f64), f64),
    y: &Scale,
) -> Result<()> {
    let arm = analysis.arms.iter().position(|arm| arm.id == point.arm).unwrap_or_default();
    let ink = Ink::Arm(arm);
    if let Some(interval) = point.interval {
        let (low, high) = (interval.low.max(y.values.0), interval.high.min(y.values.1));
        canvas.line((px, y.at(low)), (px, y.at(high)), ink, 1.5)?;
    }
    canvas.mark(Mark::Circle, (px, py), 5.0, ink, true)?;
    canvas.text(&analysis.arms[arm].letter, (px + beside, py - 8.0), 12.0, ink, Anchor::Middle)
}
