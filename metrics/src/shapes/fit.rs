//! Which shape, and in which box: the template that agrees best with a silhouette.

use gentron_suites::shapes::Shape;

use super::silhouette::Silhouette;
use super::template::{Window, cover};

/// The best box of each shape.
#[derive(Clone, Debug)]
pub struct Fits {
    /// Agreement of each shape, in the order of [`Shape::ALL`]: soft intersection over union on known pixels, 0 to 1,
    /// less for stretched boxes.
    pub similarity: [f32; 6],
    /// The box of each shape.
    pub bbox: [[f32; 4]; 6],
}

impl Fits {
    /// Agrees with nothing.
    pub fn none() -> Self {
        Self { similarity: [0.0; 6], bbox: [[0.0; 4]; 6] }
    }

    /// The best shape.
    pub fn best(&self) -> usize {
        (0..6).max_by(|&a, &b| self.similarity[a].total_cmp(&self.similarity[b])).unwrap_or(0)
    }

    /// Its agreement.
    pub fn quality(&self) -> f32 {
        self.similarity[self.best()]
    }

    /// Probability of each shape if it is one of the six: agreement differs by 0.1 or more where there is no doubt.
    pub fn posterior(&self) -> [f64; 6] {
        const SHARPNESS: f32 = 110.0;
        let best = self.quality();
        let weight = self.similarity.map(|s| f64::from((SHARPNESS * (s - best)).exp()));
        let total: f64 = weight.iter().sum();
        weight.map(|w| w / total)
    }
}

/// Shapes that start this far behind the best are not refined: a box that is right to a pixel or two costs less.
const HOPELESS: f32 = 0.25;

/// Where even the best shape starts lower, this is no object, and noise is full of such.
const UNLIKE: f32 = 0.4;

/// Finds the best box of each shape by coordinate search from the box of the solid pixels. Of a partly hidden object
/// that box may be too small, so the search starts from the squares that contain it, too.
pub fn fit(silhouette: &Silhouette, partly_hidden: bool) -> Fits {
    let mut scratch = Vec::new();
    let mut fits = Fits { similarity: [0.0; 6], bbox: [silhouette.bbox; 6] };
    let starts = if partly_hidden { squares(silhouette.bbox) } else { vec![silhouette.bbox] };
    for shape in Shape::ALL {
        let at = shape as usize;
        for &start in &starts {
            let value = agreement(silhouette, shape, start, &mut scratch);
            if value > fits.similarity[at] {
                (fits.similarity[at], fits.bbox[at]) = (value, start);
            }
        }
    }
    if fits.quality() < UNLIKE {
        return fits;
    }
    // The best first: the better it becomes, the fewer others are worth the effort.
    let mut order: [usize; 6] = std::array::from_fn(|at| at);
    order.sort_by(|&a, &b| fits.similarity[b].total_cmp(&fits.similarity[a]));
    for at in order {
        if fits.similarity[at] >= fits.quality() - HOPELESS {
            let start = (fits.similarity[at], fits.bbox[at]);
            (fits.similarity[at], fits.bbox[at]) = refine(silhouette, Shape::ALL[at], start, &mut scratch);
        }
    }
    fits
}

/// The box itself and the squares that share two or three of its edges.
fn squares([x1, y1, x2, y2]: [f32; 4]) -> Vec<[f32; 4]> {
    let side = (x2 - x1).max(y2 - y1);
    let mut starts = vec![[x1, y1, x2, y2]];
    for more in [0.0, 2.0, 5.0] {
        let side = side + more;
        let (left, right) = ((x1, x1 + side), (x2 - side, x2));
        let (upper, lower) = ((y1, y1 + side), (y2 - side, y2));
        for (x, y) in [(left, upper), (right, upper), (left, lower), (right, lower)] {
            starts.push([x.0, y.0, x.1, y.1]);
        }
    }
    starts
}

/// Moves of the box, in units of the step: each edge, then all of it.
const MOVES: [[f32; 4]; 14] = [
    [-1.0, 0.0, 0.0, 0.0],
    [0.0, -1.0, 0.0, 0.0],
    [0.0, 0.0, 1.0, 0.0],
    [0.0, 0.0, 0.0, 1.0],
    [1.0, 0.0, 0.0, 0.0],
    [0.0, 1.0, 0.0, 0.0],
    [0.0, 0.0, -1.0, 0.0],
    [0.0, 0.0, 0.0, -1.0],
    [-1.0, -1.0, 1.0, 1.0],
    [1.0, 1.0, -1.0, -1.0],
    [1.0, 0.0, 1.0, 0.0],
    [-1.0, 0.0, -1.0, 0.0],
    [0.0, 1.0, 0.0, 1.0],
    [0.0, -1.0, 0.0, -1.0],
];

fn refine(silhouette: &Silhouette, shape: Shape, start: (f32, [f32; 4]), scratch: &mut Vec<f32>) -> (f32, [f32; 4]) {
    let (mut best, mut bbox) = start;
    for step in [1.0_f32, 0.4] {
        // Six rounds move an edge by six pixels: what needs more is not this object.
        for _ in 0..6 {
            let before = best;
            for mv in MOVES {
                let moved: [f32; 4] = std::array::from_fn(|edge| bbox[edge] + step * mv[edge]);
                if moved[2] - moved[0] < 4.0 || moved[3] - moved[1] < 4.0 {
                    continue;
                }
                let value = agreement(silhouette, shape, moved, scratch);
                if value > best {
                    (best, bbox) = (value, moved);
                }
            }
            if best - before < 1e-3 {
                break;
            }
        }
    }
    (best, bbox)
}

/// Soft intersection over union on known pixels, times a factor for boxes that are not square, as all in this world
/// are.
fn agreement(silhouette: &Silhouette, shape: Shape, bbox: [f32; 4], scratch: &mut Vec<f32>) -> f32 {
    let wider = (silhouette.softness - 1) as f32 / 2.0;
    let window =
        Window::around([bbox[0] - wider, bbox[1] - wider, bbox[2] + wider, bbox[3] + wider]).union(silhouette.window);
    cover(shape, bbox, silhouette.softness, window, scratch);
    let (mut shared, mut either) = (0.0_f32, 0.0_f32);
    let columns = window.x1 - window.x0;
    for (row, template) in scratch.chunks_exact(columns).enumerate() {
        let start = (window.y0 + row) * super::pixels::SIDE + window.x0;
        let (inside, known) = (&silhouette.inside[start..start + columns], &silhouette.known[start..start + columns]);
        for ((&t, &s), &w) in template.iter().zip(inside).zip(known) {
            shared += w * t.min(s);
            either += w * t.max(s);
        }
    }
    let stretch = ((bbox[2] - bbox[0]) / (bbox[3] - bbox[1])).ln() / 0.5;
    if either > 0.0 { shared / either * (-stretch * stretch).exp() } else { 0.0 }
}
