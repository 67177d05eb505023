//! ROIAlign.

use rayon::prelude::*;

use super::FeatureMap;

/// How boxes are pooled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pooling {
    /// Map pixels a picture pixel: 1/8 for P3.
    pub scale: f32,
    /// Rows and columns of the result.
    pub size: usize,
}

/// `boxes * C * size * size` values: the mean of samples in each cell of each box, as torchvision's `roi_align` with
/// `aligned=True, sampling_ratio=0` (`ROIAlignV2`): half a pixel is taken off, and a cell has as many samples a side as
/// it has map pixels, rounded up. Boxes are `[x1, y1, x2, y2]` in picture pixels.
#[must_use]
pub fn roi_align(map: &FeatureMap, boxes: &[[f32; 4]], pooling: Pooling) -> Vec<f32> {
    let mut pooled = vec![0f32; boxes.len() * map.channels * pooling.size * pooling.size];
    let each = (map.channels * pooling.size * pooling.size).max(1);
    pooled.par_chunks_mut(each).zip(boxes).for_each(|(pooled, bbox)| pool(map, *bbox, pooling, pooled));
    pooled
}

/// One box into `C * size * size` values. Where the samples lie is the same in every channel, and worked out once.
fn pool(map: &FeatureMap, bbox: [f32; 4], Pooling { scale, size }: Pooling, pooled: &mut [f32]) {
    let [x1, y1, x2, y2] = bbox.map(|edge| edge * scale - 0.5);
    let (rows, columns) = (Axis::new(y1, y2, size), Axis::new(x1, x2, size));
    let per_cell = rows.samples * columns.samples;
    let mut samples = Vec::with_capacity(size * size * per_cell);
    for row in 0..size {
        for column in 0..size {
            for down in 0..rows.samples {
                let y = rows.at(row, down);
                samples.extend((0..columns.samples).map(|right| Sample::new(map, y, columns.at(column, right))));
            }
        }
    }
    // A box without area has no sample; its cells are 0.
    let count = per_cell.max(1) as f32;
    for (channel, pooled) in pooled.chunks_exact_mut(size * size).enumerate() {
        let plane = map.plane(channel);
        for (cell, pooled) in pooled.iter_mut().enumerate() {
            let samples = &samples[cell * per_cell..][..per_cell];
            *pooled = samples.iter().map(|sample| sample.of(plane)).sum::<f32>() / count;
        }
    }
}

/// One side of a box, cut into cells and samples.
struct Axis {
    start: f32,
    cell: f32,
    samples: usize,
}

impl Axis {
    fn new(start: f32, end: f32, size: usize) -> Self {
        let cell = (end - start) / size as f32;
        Self { start, cell, samples: cell.ceil().max(0.0) as usize }
    }

    fn at(&self, cell: usize, sample: usize) -> f32 {
        self.start + cell as f32 * self.cell + (sample as f32 + 0.5) * self.cell / self.samples as f32
    }
}

/// A place between four pixels; nothing more than a pixel outside the map.
struct Sample {
    at: [usize; 4],
    weights: [f32; 4],
}

impl Sample {
    fn new(map: &FeatureMap, y: f32, x: f32) -> Self {
        if y < -1.0 || y > map.height as f32 || x < -1.0 || x > map.width as f32 {
            return Self { at: [0; 4], weights: [0.0; 4] };
        }
        let (top, bottom, down) = neighbours(y, map.height);
        let (left, right, across) = neighbours(x, map.width);
        let at = |row: usize, column: usize| row * map.width + column;
        Self {
            at: [at(top, left), at(top, right), at(bottom, left), at(bottom, right)],
            weights: [(1.0 - down) * (1.0 - across), (1.0 - down) * across, down * (1.0 - across), down * across],
        }
    }

    fn of(&self, plane: &[f32]) -> f32 {
        let [a, b, c, d] = self.at;
        let [wa, wb, wc, wd] = self.weights;
        wa * plane[a] + wb * plane[b] + wc * plane[c] + wd * plane[d]
    }
}

/// The two pixels around a place, and how far it is from the first.
fn neighbours(place: f32, count: usize) -> (usize, usize, f32) {
    let place = place.max(0.0);
    let low = place as usize;
    if low + 1 >= count { (count - 1, count - 1, 0.0) } else { (low, low + 1, place - low as f32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_map_pools_to_itself_and_an_empty_box_to_nothing() {
        let map = FeatureMap { channels: 2, height: 5, width: 7, values: vec![3.0; 70] };
        let pooling = Pooling { scale: 0.5, size: 2 };
        assert_eq!(roi_align(&map, &[[2.0, 2.0, 8.0, 6.0]], pooling), [3.0; 8]);
        assert_eq!(roi_align(&map, &[[2.0, 2.0, 2.0, 2.0]], pooling), [0.0; 8]);
    }
}
