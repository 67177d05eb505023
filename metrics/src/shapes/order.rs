//! Who lies in front of whom.

use super::pixels::{PIXELS, SIDE};
use super::reading::{Reading, Seen};
use crate::perception::DepthMap;

/// Where fewer pixels of two outlines overlap, neither lies upon the other.
const LEAST_OVERLAP: usize = 6;

/// For each object how many layers lie beneath it.
///
/// Where two outlines overlap, the one whose own pixels fill the overlap is in front. The clearest overlaps decide
/// first; one that would close a circle is ignored.
pub fn levels(objects: &[Seen]) -> Vec<u32> {
    let mut edges: Vec<(usize, usize, usize)> = Vec::new();
    for a in 0..objects.len() {
        for b in a + 1..objects.len() {
            let [mine, theirs] = visible_overlap(&objects[a], &objects[b]);
            if mine + theirs >= LEAST_OVERLAP && mine != theirs {
                let (front, back) = if mine > theirs { (a, b) } else { (b, a) };
                edges.push((mine.abs_diff(theirs), front, back));
            }
        }
    }
    edges.sort_unstable_by(|x, y| y.cmp(x));
    let mut above: Vec<Vec<usize>> = vec![Vec::new(); objects.len()];
    for (_, front, back) in edges {
        if !reaches(&above, front, back) {
            above[back].push(front);
        }
    }
    let mut level = vec![0; objects.len()];
    // The longest path has at most as many steps as there are objects.
    for _ in 0..objects.len() {
        for back in 0..objects.len() {
            for &front in &above[back] {
                level[front] = level[front].max(level[back] + 1);
            }
        }
    }
    level
}

/// How many pixels of the overlap of both outlines each object shows as its own.
pub fn visible_overlap(a: &Seen, b: &Seen) -> [usize; 2] {
    let shared = |at: &&u16| a.template[usize::from(**at)] > 0.5 && b.template[usize::from(**at)] > 0.5;
    [a.visible.iter().filter(shared).count(), b.visible.iter().filter(shared).count()]
}

fn reaches(above: &[Vec<usize>], from: usize, to: usize) -> bool {
    from == to || above[from].iter().any(|&next| reaches(above, next, to))
}

/// The depth of each pixel in the image's own size: 0 for the ground, 1 for the topmost layer.
///
/// Every object is drawn as a slab that fills its box. The official formula compares means over boxes; with outlines
/// alone a slender star upon a square would seem farther than the square, because its box shows mostly what is behind
/// it.
pub fn depth_map(reading: &Reading, width: u32, height: u32) -> DepthMap {
    let mut order: Vec<&Seen> = reading.objects.iter().collect();
    order.sort_by_key(|object| object.level);
    let top = order.last().map_or(0, |object| object.level) + 1;
    let mut values = vec![0.0; PIXELS];
    for object in order {
        let [x1, y1, x2, y2] = object.bbox;
        let inside = |low: f32, high: f32, at: usize| at as f32 + 0.5 >= low && at as f32 + 0.5 < high;
        for at in (0..PIXELS).filter(|at| inside(x1, x2, at % SIDE) && inside(y1, y2, at / SIDE)) {
            values[at] = (object.level + 1) as f32 / top as f32;
        }
    }
    DepthMap { width: SIDE as u32, height: SIDE as u32, values }.resized(width, height)
}
