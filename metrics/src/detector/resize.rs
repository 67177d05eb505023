//! PyTorch's `interpolate` without antialiasing.

use rayon::prelude::*;

use super::FeatureMap;

/// How values between the old ones are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// `bilinear`, corners on corners: `align_corners=True`.
    BilinearCorners,
    /// `bilinear`, edges on edges: `align_corners=False`.
    Bilinear,
    /// `bicubic` with a = −0.75, edges on edges: `align_corners=False`.
    Bicubic,
}

/// Taps of one output row or column: positions and weights, two or four.
type Taps = Vec<(usize, f32)>;

/// The map at another size. `height`, `width` and the map's own sides are at least 1.
#[must_use]
pub fn interpolate(map: &FeatureMap, height: usize, width: usize, how: Interpolation) -> FeatureMap {
    let rows: Vec<Taps> = (0..height).map(|at| taps(at, map.height, height, how)).collect();
    let columns: Vec<Taps> = (0..width).map(|at| taps(at, map.width, width, how)).collect();
    let mut values = vec![0f32; map.channels * height * width];
    values.par_chunks_mut(height * width).enumerate().for_each(|(channel, values)| {
        let plane = map.plane(channel);
        for (row, values) in rows.iter().zip(values.chunks_exact_mut(width)) {
            for (column, value) in columns.iter().zip(values) {
                let along = |y: usize| column.iter().map(|&(x, weight)| plane[y * map.width + x] * weight).sum::<f32>();
                *value = row.iter().map(|&(y, weight)| along(y) * weight).sum();
            }
        }
    });
    FeatureMap { channels: map.channels, height, width, values }
}

fn taps(at: usize, from: usize, to: usize, how: Interpolation) -> Taps {
    let last = from - 1;
    let edges = || from as f32 / to as f32 * (at as f32 + 0.5) - 0.5;
    match how {
        Interpolation::BilinearCorners => {
            let scale = if to > 1 { last as f32 / (to - 1) as f32 } else { 0.0 };
            linear(scale * at as f32, last)
        }
        Interpolation::Bilinear => linear(edges().max(0.0), last),
        Interpolation::Bicubic => {
            let position = edges();
            let begin = position.floor();
            let weights = cubic(position - begin);
            let clamped = |offset: usize| (begin as isize + offset as isize - 1).clamp(0, last as isize) as usize;
            weights.into_iter().enumerate().map(|(offset, weight)| (clamped(offset), weight)).collect()
        }
    }
}

fn linear(position: f32, last: usize) -> Taps {
    let low = (position as usize).min(last);
    let part = position - low as f32;
    vec![(low, 1.0 - part), ((low + 1).min(last), part)]
}

/// Keys' kernel with a = −0.75 at distances 1 + t, t, 1 − t, 2 − t.
fn cubic(t: f32) -> [f32; 4] {
    const A: f32 = -0.75;
    let near = |x: f32| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f32| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> FeatureMap {
        FeatureMap { channels: 1, height: 2, width: 3, values: vec![0.0, 1.0, 2.0, 10.0, 11.0, 12.0] }
    }

    #[test]
    fn corners_stay_corners() {
        let large = interpolate(&ramp(), 3, 5, Interpolation::BilinearCorners);
        assert_eq!(large.values[..5], [0.0, 0.5, 1.0, 1.5, 2.0]);
        assert_eq!(large.values[14], 12.0);
    }

    #[test]
    fn the_same_size_is_the_same_map() {
        for how in [Interpolation::BilinearCorners, Interpolation::Bilinear, Interpolation::Bicubic] {
            assert_eq!(interpolate(&ramp(), 2, 3, how), ramp());
        }
    }
}
