//! Boxes `[x1, y1, x2, y2]`: anchors, what a network moves them by, and the picture's edges.

/// Levels of the pyramid.
pub(super) const STRIDES: [usize; 5] = [8, 16, 32, 64, 128];

/// Most that a side is stretched by: `exp` of it is 1000 / 16.
const MOST: f64 = 4.135_166_556_742_356;

/// Nine shapes around the origin: three sizes by three ratios of height to width, as detectron2's
/// `DefaultAnchorGenerator` orders and rounds them.
pub(super) fn cell_anchors(level: usize) -> [[f32; 4]; 9] {
    let base = 4.0 * STRIDES[level] as f64;
    std::array::from_fn(|i| {
        let (size, ratio) = (base * 2f64.powf((i / 3) as f64 / 3.0), [0.5, 1.0, 2.0][i % 3]);
        let width = (size * size / ratio).sqrt();
        let height = ratio * width;
        [-width / 2.0, -height / 2.0, width / 2.0, height / 2.0].map(|edge| edge as f32)
    })
}

/// The anchor number `index` of a level `columns` wide, counted by row, column, shape.
pub(super) fn anchor(shapes: &[[f32; 4]; 9], level: usize, columns: usize, index: usize) -> [f32; 4] {
    let (cell, shape) = (index / 9, shapes[index % 9]);
    let (x, y) = ((cell % columns * STRIDES[level]) as f32, (cell / columns * STRIDES[level]) as f32);
    [x + shape[0], y + shape[1], x + shape[2], y + shape[3]]
}

/// `Box2BoxTransform.apply_deltas`: the box moved and stretched by `deltas` over `weights`.
pub(super) fn moved(bbox: [f32; 4], deltas: [f32; 4], weights: [f32; 4]) -> [f32; 4] {
    let (width, height) = (bbox[2] - bbox[0], bbox[3] - bbox[1]);
    let (x, y) = (bbox[0] + 0.5 * width, bbox[1] + 0.5 * height);
    let by = |i: usize| deltas[i] / weights[i];
    let (x, y) = (by(0) * width + x, by(1) * height + y);
    let (width, height) = (by(2).min(MOST as f32).exp() * width, by(3).min(MOST as f32).exp() * height);
    [x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height]
}

/// The part within the picture.
pub(super) fn clipped(bbox: [f32; 4], [width, height]: [u32; 2]) -> [f32; 4] {
    let (width, height) = (width as f32, height as f32);
    let [x1, y1, x2, y2] = bbox;
    [x1.clamp(0.0, width), y1.clamp(0.0, height), x2.clamp(0.0, width), y2.clamp(0.0, height)]
}

/// Whether there is anything in it.
pub(super) fn has_area(bbox: [f32; 4]) -> bool {
    bbox[2] - bbox[0] > 0.0 && bbox[3] - bbox[1] > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_have_the_area_of_their_size_and_the_ratio_of_height_to_width() {
        for (i, [x1, y1, x2, y2]) in cell_anchors(2).into_iter().enumerate() {
            let (width, height) = (f64::from(x2 - x1), f64::from(y2 - y1));
            assert!((width * height / (128.0 * 2f64.powf((i / 3) as f64 / 3.0)).powi(2) - 1.0).abs() < 1e-6);
            assert!((height / width / [0.5, 1.0, 2.0][i % 3] - 1.0).abs() < 1e-6);
        }
        // Second row of a level three columns wide, shape 1 of cell 3 + 1.
        assert_eq!(anchor(&[[0.0; 4]; 9], 1, 3, 9 * 4 + 1), [16.0, 16.0, 16.0, 16.0]);
    }

    #[test]
    fn no_deltas_leave_a_box_and_large_ones_stretch_it_by_no_more_than_62() {
        assert_eq!(moved([2.0, 4.0, 6.0, 12.0], [0.0; 4], [10.0; 4]), [2.0, 4.0, 6.0, 12.0]);
        let [x1, _, x2, _] = moved([2.0, 4.0, 6.0, 12.0], [0.0, 0.0, 99.0, 0.0], [1.0; 4]);
        assert!((x2 - x1 - 4.0 * 62.5).abs() < 1e-3);
        assert_eq!(moved([0.0, 0.0, 4.0, 8.0], [5.0, 0.0, 0.0, 0.0], [10.0, 10.0, 5.0, 5.0]), [2.0, 0.0, 6.0, 8.0]);
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        assert_eq!(clipped([-3.0, 5.0, 99.0, 7.0], [40, 6]), [0.0, 5.0, 40.0, 6.0]);
        assert!(!has_area(clipped([41.0, 1.0, 99.0, 7.0], [40, 6])) && has_area([0.0, 0.0, 1.0, 0.5]));
    }
}
