//! From values to pixels, and round numbers on axes.

/// A linear map of an interval of values to pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub values: (f64, f64),
    pub pixels: (f64, f64),
}

impl Scale {
    /// Pixel of a value; values outside end at the edge.
    pub fn at(&self, value: f64) -> f64 {
        let ((low, high), (from, to)) = (self.values, self.pixels);
        from + (value.clamp(low, high) - low) / (high - low) * (to - from)
    }

    /// Round values at about `count` places inside.
    pub fn ticks(&self, count: u32) -> Vec<f64> {
        let (low, high) = self.values;
        let step = round_step((high - low) / f64::from(count));
        let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
        (first..=last).map(|i| i as f64 * step).collect()
    }
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `raw`.
pub(super) fn round_step(raw: f64) -> f64 {
    let power = 10f64.powf(raw.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= raw * (1.0 - 1e-9)).unwrap_or(raw)
}

/// Moves labels apart to at least `gap`, keeping their order; the input is any order, the output is in the same.
pub(super) fn spread(wanted: &[f64], gap: f64, (top, bottom): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]).then(a.cmp(b)));
    let mut placed = wanted.to_vec();
    let mut floor = top;
    for index in &order {
        placed[*index] = placed[*index].max(floor);
        floor = placed[*index] + gap;
    }
    let mut ceiling = bottom;
    for index in order.iter().rev() {
        placed[*index] = placed[*index].min(ceiling);
        ceiling = placed[*index] - gap;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let scale = Scale { values: (0.0, 1.0), pixels: (10.0, 110.0) };
        assert_eq!(scale.ticks(4), vec![0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(scale.at(0.5), 60.0);
        assert_eq!(scale.at(7.0), 110.0);
        let skewed = Scale { values: (-0.13, 0.27), pixels: (0.0, 1.0) };
        assert_eq!(skewed.ticks(4), vec![-0.1, 0.0, 0.1, 0.2]);
    }

    #[test]
    fn labels_keep_their_distance_and_order() {
        let placed = spread(&[50.0, 49.0, 10.0], 12.0, (0.0, 100.0));
        assert_eq!(placed, vec![61.0, 49.0, 10.0]);
        let crowded = spread(&[99.0, 98.0], 12.0, (0.0, 100.0));
        assert_eq!(crowded, vec![100.0, 88.0]);
    }
}
