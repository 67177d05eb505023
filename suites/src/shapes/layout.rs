//! Where things stand: clusters of boxes, placed by rejection sampling.
//!
//! All boxes lie on whole pixels. Tries are bounded; then a scan over all places with the smallest sizes decides, so that
//! the outcome is a function of the random stream alone.

use super::Shape;
use super::cluster::{Cluster, EDGE, GAP, Group, Placed, ROOM, cluster};
use super::scene::CANVAS;
use crate::rng::Rng;

/// Boxes of all objects: `shapes[i]` gets the i-th. More than five objects are made smaller than any text asks for, and
/// objects that do not fit at all overlap in the middle.
pub fn arrange(groups: &[Group], shapes: &[Shape], rng: &mut Rng) -> Vec<Placed> {
    const TRIES: usize = 24;
    for attempt in 0..=TRIES {
        let tight = attempt > TRIES / 3;
        let mut clusters: Vec<Cluster> = groups.iter().map(|group| cluster(*group, shapes, tight, rng)).collect();
        clusters.sort_by_key(|cluster| -(cluster.width * cluster.height));
        if let Some(boxes) = place(&clusters, shapes.len(), attempt == TRIES, rng) {
            return boxes;
        }
    }
    let size = 12;
    vec![Placed { x: (CANVAS as i32 - size) / 2, y: (CANVAS as i32 - size) / 2, size }; shapes.len()]
}

/// Puts clusters one after another where they keep their distance: at random, or by `scan` at the first place that fits.
fn place(clusters: &[Cluster], objects: usize, scan: bool, rng: &mut Rng) -> Option<Vec<Placed>> {
    const TRIES: usize = 40;
    let mut placed = vec![Placed { x: 0, y: 0, size: 0 }; objects];
    let mut taken: Vec<[i32; 4]> = Vec::new();
    for cluster in clusters {
        let (right, bottom) = (ROOM - cluster.width, ROOM - cluster.height);
        if right < 0 || bottom < 0 {
            return None;
        }
        let footprints = |x: i32, y: i32| -> Vec<[i32; 4]> {
            if cluster.solid {
                return vec![[x, y, x + cluster.width, y + cluster.height]];
            }
            cluster.boxes.iter().map(|(_, b)| [x + b.x, y + b.y, x + b.x + b.size, y + b.y + b.size]).collect()
        };
        let fits = |x: i32, y: i32| footprints(x, y).iter().all(|mine| taken.iter().all(|other| clear(mine, other)));
        let found = if scan {
            (0..=bottom).flat_map(|y| (0..=right).map(move |x| (EDGE + x, EDGE + y))).find(|&(x, y)| fits(x, y))
        } else {
            (0..TRIES).find_map(|_| {
                let (x, y) = if cluster.cornered {
                    (rng.pick(&[EDGE, EDGE + right]), rng.pick(&[EDGE, EDGE + bottom]))
                } else {
                    (rng.between(EDGE, EDGE + right), rng.between(EDGE, EDGE + bottom))
                };
                fits(x, y).then_some((x, y))
            })
        };
        let (x, y) = found?;
        taken.extend(footprints(x, y));
        for (index, b) in &cluster.boxes {
            placed[*index] = Placed { x: x + b.x, y: y + b.y, size: b.size };
        }
    }
    Some(placed)
}

/// Whether two rectangles `x1, y1, x2, y2` keep [`GAP`] pixels apart.
fn clear(one: &[i32; 4], other: &[i32; 4]) -> bool {
    one[2] + GAP <= other[0] || other[2] + GAP <= one[0] || one[3] + GAP <= other[1] || other[3] + GAP <= one[1]
}

#[cfg(test)]
mod tests;
