//! The Mean against what an arm costs, with the front of those that no cheaper arm beats.

use super::Panel;
use super::canvas::{Anchor, Canvas, Ink, Mark, draw};
use super::row::{WIDTH, tick};
use super::scale::{Scale, round_step, spread};
use crate::analysis::Analysis;
use crate::error::Result;
use crate::run_info::{ArmInfo, RunInfo};
use crate::statistics::Interval;
use crate::text::short;

const HEIGHT: f64 = 280.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = HEIGHT - 40.0;
const LEFT: f64 = 40.0;
const RIGHT: f64 = WIDTH - 24.0;

/// A kind of cost.
pub(crate) struct Cost {
    /// In words, with its unit.
    pub name: &'static str,
    /// Of an arm, where it is known.
    pub of: fn(&ArmInfo) -> Option<f64>,
}

/// The costs that are looked at.
pub(crate) const COSTS: [Cost; 3] = [
    Cost { name: "GFLOPs an image", of: |arm| arm.gflops_per_image },
    Cost { name: "seconds an image", of: |arm| arm.seconds_per_image },
    Cost { name: "million parameters", of: |arm| (arm.parameters > 0).then_some(arm.parameters as f64 / 1e6) },
];

/// An arm in a panel.
struct Point {
    arm: usize,
    cost: f64,
    mean: f64,
    interval: Option<Interval>,
}

/// A panel for each cost that at least two arms have, and that is not the same for all.
pub(crate) fn costs(analysis: &Analysis, info: &RunInfo) -> Result<Vec<Panel>> {
    let mut panels = Vec::new();
    for cost in &COSTS {
        let points: Vec<Point> = points(analysis, info, cost);
        if points.windows(2).any(|pair| pair[0].cost != pair[1].cost) {
            panels.push(panel(analysis, &points, cost.name, &front(&points))?);
        }
    }
    Ok(panels)
}

/// A panel for guidance and for steps, where three arms or more differ in nothing else.
pub(crate) fn sweeps(analysis: &Analysis, info: &RunInfo) -> Result<Vec<Panel>> {
    let sampler = |arm: &ArmInfo| arm.sampler.clone().unwrap_or_else(|| info.protocol.sampler.clone());
    let guidance: Cost = Cost { name: "guidance", of: |arm| arm.sampler.as_ref().map(|s| s.guidance) };
    let steps: Cost = Cost { name: "steps", of: |arm| arm.sampler.as_ref().map(|s| f64::from(s.steps)) };
    let mut panels = Vec::new();
    for (axis, swept) in [guidance, steps].iter().enumerate() {
        let rest = |arm: &ArmInfo| {
            let s = sampler(arm);
            let other = if axis == 0 { f64::from(s.steps) } else { s.guidance };
            format!("{}|{:?}|{}|{}|{other}", arm.conditioning, arm.text_encoders, arm.scale, s.kind)
        };
        let mut groups: Vec<(String, Vec<Point>)> = Vec::new();
        for point in points(analysis, info, swept) {
            let key = rest(&info.arms[point.arm]);
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, points)) => points.push(point),
                None => groups.push((key, vec![point])),
            }
        }
        for (_, mut points) in groups.into_iter().filter(|(_, points)| levels(points) > 2) {
            points.sort_by(|a, b| a.cost.total_cmp(&b.cost));
            let all: Vec<usize> = (0..points.len()).collect();
            panels.push(panel(analysis, &points, swept.name, &all)?);
        }
    }
    Ok(panels)
}

/// How many different costs there are: arms that differ in something else, such as motion-free guidance, are no sweep.
fn levels(points: &[Point]) -> usize {
    let mut costs: Vec<u64> = points.iter().map(|point| point.cost.to_bits()).collect();
    costs.sort_unstable();
    costs.dedup();
    costs.len()
}

fn points(analysis: &Analysis, info: &RunInfo, cost: &Cost) -> Vec<Point> {
    let point = |(arm, of): (usize, &ArmInfo)| {
        let mean = analysis.mean(&of.id)?;
        Some(Point { arm, cost: (cost.of)(of)?, mean: mean.mean?, interval: mean.interval })
    };
    info.arms.iter().enumerate().filter_map(point).collect()
}

/// The points that no other is at least as cheap and good as, from the cheapest.
fn front(points: &[Point]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| points[*a].cost.total_cmp(&points[*b].cost).then(points[*b].mean.total_cmp(&points[*a].mean)));
    let mut best = f64::NEG_INFINITY;
    order.retain(|index| {
        let better = points[*index].mean > best;
        best = best.max(points[*index].mean);
        better
    });
    order
}

fn panel(analysis: &Analysis, points: &[Point], name: &str, line: &[usize]) -> Result<Panel> {
    let x = axis(points.iter().map(|p| (p.cost, p.cost)), (LEFT + 10.0, RIGHT - 14.0));
    let spans = points.iter().map(|p| p.interval.map_or((p.mean, p.mean), |i| (i.low, i.high)));
    let y = axis(spans, (BOTTOM, TOP));
    let letters = letters(points, &x, &y);
    let description = format!("Mean against {name} for each arm; the numbers are in the table below");
    let svg = draw((WIDTH, HEIGHT), &description, |canvas| {
        for value in y.ticks(4) {
            canvas.line((LEFT, y.at(value)), (RIGHT, y.at(value)), Ink::Grid, 1.0)?;
            canvas.text(&tick(value), (LEFT - 6.0, y.at(value)), 11.0, Ink::Muted, Anchor::End)?;
        }
        for value in x.ticks(4) {
            canvas.text(&short(value), (x.at(value), BOTTOM + 13.0), 11.0, Ink::Muted, Anchor::Middle)?;
        }
        canvas.text(name, ((LEFT + RIGHT) / 2.0, BOTTOM + 31.0), 11.0, Ink::Muted, Anchor::Middle)?;
        let corners: Vec<(f64, f64)> = line.iter().map(|i| (x.at(points[*i].cost), y.at(points[*i].mean))).collect();
        canvas.path(&corners, Ink::Guide, 1.5)?;
        points.iter().try_for_each(|point| mark(canvas, point, &x, &y))?;
        points.iter().zip(&letters).try_for_each(|(point, at)| {
            let letter = &analysis.arms[point.arm].letter;
            canvas.text(letter, *at, 12.0, Ink::Arm(point.arm), Anchor::Middle)
        })
    })?;
    Ok(Panel { title: format!("Mean against {name}"), svg })
}

/// Round values from below the lowest to above the highest; from zero, unless all lie far above it.
fn axis(spans: impl Iterator<Item = (f64, f64)>, pixels: (f64, f64)) -> Scale {
    let (lowest, highest) =
        spans.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), span| (low.min(span.0), high.max(span.1)));
    let low = if (0.0..highest / 2.0).contains(&lowest) { 0.0 } else { lowest };
    let step = round_step((highest - low).max(highest.abs() * 1e-3).max(1e-6) / 4.0);
    Scale { values: ((low / step + 1e-9).floor() * step, (highest / step - 1e-9).ceil() * step), pixels }
}

/// Where the letters stand: right of their points, and never over one another.
fn letters(points: &[Point], x: &Scale, y: &Scale) -> Vec<(f64, f64)> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| points[*a].cost.total_cmp(&points[*b].cost));
    let near = |a: &usize, b: &usize| (x.at(points[*a].cost) - x.at(points[*b].cost)).abs() < 24.0;
    let mut placed = vec![(0.0, 0.0); points.len()];
    for crowd in order.chunk_by(near) {
        let right = crowd.iter().map(|index| x.at(points[*index].cost)).fold(f64::NEG_INFINITY, f64::max) + 11.0;
        let wanted: Vec<f64> = crowd.iter().map(|index| y.at(points[*index].mean) - 8.0).collect();
        for (index, height) in crowd.iter().zip(spread(&wanted, 12.0, (TOP, BOTTOM))) {
            placed[*index] = (right, height);
        }
    }
    placed
}

fn mark(canvas: &Canvas, point: &Point, x: &Scale, y: &Scale) -> Result<()> {
    let (px, py, ink) = (x.at(point.cost), y.at(point.mean), Ink::Arm(point.arm));
    if let Some(interval) = point.interval {
        canvas.line((px, y.at(interval.low)), (px, y.at(interval.high)), ink, 1.5)?;
    }
    canvas.mark(Mark::Circle, (px, py), 5.0, ink, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_holds_whatever_nothing_cheaper_beats() {
        let point = |cost, mean| Point { arm: 0, cost, mean, interval: None };
        let points = [point(2.0, 0.5), point(1.0, 0.4), point(3.0, 0.45), point(2.0, 0.6), point(4.0, 0.7)];
        assert_eq!(front(&points), [1, 3, 4]);
    }

    #[test]
    fn arms_that_share_their_guidance_are_no_sweep_of_it() {
        let point = |cost| Point { arm: 0, cost, mean: 0.1, interval: None };
        assert_eq!(levels(&[point(3.0), point(3.0), point(3.0)]), 1);
        assert_eq!(levels(&[point(3.0), point(1.0), point(5.0), point(3.0)]), 3);
    }

    #[test]
    fn letters_of_near_points_stand_apart_and_axes_hold_all_points() {
        let point = |cost, mean| Point { arm: 0, cost, mean, interval: None };
        let points = [point(2.5, 0.138), point(3.0, 0.141), point(3.05, 0.14)];
        let x = axis(points.iter().map(|p| (p.cost, p.cost)), (0.0, 300.0));
        let y = axis(points.iter().map(|p| (p.mean, p.mean)), (240.0, 12.0));
        assert!(x.values.0 <= 2.5 && x.values.0 > 1.0 && x.values.1 >= 3.05, "{x:?}");
        let at = letters(&points, &x, &y);
        assert!((at[1].1 - at[2].1).abs() >= 12.0, "{at:?}");
        assert_eq!(axis([(0.0, 0.0), (1.0, 4.0)].into_iter(), (0.0, 1.0)).values, (0.0, 4.0));
        assert_eq!(axis([(-1.0, 3.0)].into_iter(), (0.0, 1.0)).values, (-1.0, 3.0));
    }
}
