//! What each shape covers of each pixel, for any box, fast: a table of the world's own rendering.

use std::sync::LazyLock;

use gentron_suites::shapes::{Shape, shape_coverage};

use super::pixels::SIDE;

/// Cells of the unit box in each direction.
const CELLS: usize = 96;
const KNOTS: usize = CELLS + 1;

/// Area of a shape in its unit box to the upper left of each knot, so that the area in any rectangle takes four
/// look-ups.
struct Table {
    area: Vec<f32>,
}

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| Shape::ALL.iter().map(|&shape| table(shape)).collect());

fn table(shape: Shape) -> Table {
    let side = CELLS as f32;
    let coverage = shape_coverage(shape, [0.0, 0.0, side, side], CELLS as u32, CELLS as u32);
    let mut area = vec![0.0_f32; KNOTS * KNOTS];
    let cell = 1.0 / (CELLS * CELLS) as f64;
    for row in 1..KNOTS {
        let mut line = 0.0_f64;
        for column in 1..KNOTS {
            line += f64::from(coverage[(row - 1) * CELLS + column - 1]) * cell;
            area[row * KNOTS + column] = (f64::from(area[(row - 1) * KNOTS + column]) + line) as f32;
        }
    }
    Table { area }
}

/// A rectangle of whole pixels: first column, first row, end column, end row (exclusive).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First column.
    pub x0: usize,
    /// First row.
    pub y0: usize,
    /// One past the last column.
    pub x1: usize,
    /// One past the last row.
    pub y1: usize,
}

impl Window {
    /// All pixels that a box meets, within the picture.
    pub fn around(bbox: [f32; 4]) -> Self {
        let low = |edge: f32| (edge.floor().max(0.0) as usize).min(SIDE);
        let high = |edge: f32| (edge.ceil().max(0.0) as usize).min(SIDE);
        Self { x0: low(bbox[0]), y0: low(bbox[1]), x1: high(bbox[2]), y1: high(bbox[3]) }
    }

    /// The smallest window around both.
    pub fn union(self, other: Self) -> Self {
        Self {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }

    /// All its pixels as indices into the picture, row by row.
    pub fn indices(self) -> impl Iterator<Item = usize> {
        (self.y0..self.y1).flat_map(move |row| (self.x0..self.x1).map(move |column| row * SIDE + column))
    }
}

/// The widest square that [`cover`] gathers over, in pixels.
pub const SOFTEST: usize = 3;

/// Writes into `out` the share of each pixel of `window` that `shape` covers when it fills `bbox`, row by row. The box
/// must have area.
///
/// A pixel gathers what lies in a square of `softness` pixels (1 to [`SOFTEST`]) around its centre: 1 is a sharp
/// picture, 3 one that went through a 3 x 3 box blur.
pub fn cover(shape: Shape, bbox: [f32; 4], softness: usize, window: Window, out: &mut Vec<f32>) {
    let area = &TABLES[shape as usize].area;
    let (width, height) = (bbox[2] - bbox[0], bbox[3] - bbox[1]);
    let scale = width * height / (softness * softness) as f32;
    let columns = window.x1 - window.x0;
    let wider = (softness - 1) as f32 / 2.0;
    let knot = |edge: f32| {
        let at = (edge * CELLS as f32).clamp(0.0, CELLS as f32);
        let index = (at as usize).min(CELLS - 1);
        (index, at - index as f32)
    };
    // The square of pixel i spans knots i to i + softness, in both directions, so each knot is looked up once.
    let mut places = [(0, 0.0); SIDE + SOFTEST];
    for (i, place) in places.iter_mut().enumerate().take(columns + softness) {
        *place = knot(((window.x0 + i) as f32 - wider - bbox[0]) / width);
    }
    let line = |row: usize, sums: &mut [f32; SIDE + SOFTEST]| {
        let (v, part) = knot((row as f32 - wider - bbox[1]) / height);
        let (upper, lower) = (&area[v * KNOTS..(v + 1) * KNOTS], &area[(v + 1) * KNOTS..(v + 2) * KNOTS]);
        for (sum, &(u, along)) in sums.iter_mut().zip(&places[..columns + softness]) {
            let top = upper[u] + along * (upper[u + 1] - upper[u]);
            let bottom = lower[u] + along * (lower[u + 1] - lower[u]);
            *sum = top + part * (bottom - top);
        }
    };
    out.clear();
    let mut lines = [[0.0; SIDE + SOFTEST]; SOFTEST + 1];
    for (row, sums) in lines.iter_mut().enumerate().take(softness) {
        line(window.y0 + row, sums);
    }
    for row in window.y0..window.y1 {
        line(row + softness, &mut lines[(row - window.y0 + softness) % (SOFTEST + 1)]);
        let above = &lines[(row - window.y0) % (SOFTEST + 1)];
        let below = &lines[(row - window.y0 + softness) % (SOFTEST + 1)];
        out.extend((0..columns).map(|i| (below[i + softness] - below[i] - above[i + softness] + above[i]) * scale));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_the_renderer() {
        for shape in Shape::ALL {
            for bbox in [[10.0, 20.0, 26.0, 36.0], [3.0, 3.0, 43.0, 43.0], [30.25, 10.5, 51.0, 29.75]] {
                let window = Window { x0: 0, y0: 0, x1: SIDE, y1: SIDE };
                let mut ours = Vec::new();
                cover(shape, bbox, 1, window, &mut ours);
                let theirs = shape_coverage(shape, bbox, SIDE as u32, SIDE as u32);
                let mean =
                    ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).sum::<f32>() / theirs.iter().sum::<f32>();
                // The renderer anti-aliases with four lines a pixel, the table is exact.
                assert!(mean < 0.03, "{shape:?} {bbox:?}: {mean}");
            }
        }
    }
}
