//! Which source pixels make a target pixel, and with which weights.

/// A resampling kernel of Pillow's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Triangle, support 1.
    Bilinear,
    /// Keys' cubic with a = −0.5, support 2.
    Bicubic,
}

impl Filter {
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn value(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let x = x.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            // The order of operations is Pillow's: a last bit may decide a rounding.
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    }
}

/// Bits behind the point of a fixed-point weight: 32, less 8 of a grey level, less 2 for overshoot.
pub(super) const BITS: u32 = 32 - 8 - 2;

/// For each target pixel its first source pixel and its weights.
pub(super) struct Taps {
    starts: Vec<usize>,
    ends: Vec<usize>,
    weights: Vec<i32>,
}

impl Taps {
    /// Weights that lead from `from` to `to` pixels, as `precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow.
    pub(super) fn new(from: usize, to: usize, filter: Filter) -> Self {
        let mut taps = Self { starts: Vec::with_capacity(to), ends: Vec::with_capacity(to), weights: Vec::new() };
        each(from, to, filter, |first, weights| {
            taps.starts.push(first);
            taps.weights.extend(weights.iter().copied().map(fixed));
            taps.ends.push(taps.weights.len());
        });
        taps
    }

    /// First source pixel and weights of a target pixel.
    #[inline]
    pub(super) fn of(&self, target: usize) -> (usize, &[i32]) {
        let from = if target == 0 { 0 } else { self.ends[target - 1] };
        (self.starts[target], &self.weights[from..self.ends[target]])
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }
}

/// Calls `take` with the first source pixel and the weights, which add up to 1, of each target pixel.
pub(super) fn each(from: usize, to: usize, filter: Filter, mut take: impl FnMut(usize, &[f64])) {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let (support, inverse) = (filter.support() * stretch, 1.0 / stretch);
    let mut weights = Vec::new();
    for target in 0..to {
        let center = (target as f64 + 0.5) * scale;
        // Casts truncate and saturate: what lies left of the picture becomes 0.
        let first = (center - support + 0.5) as usize;
        let end = ((center + support + 0.5) as usize).min(from);
        weights.clear();
        weights.extend((first..end).map(|x| filter.value((x as f64 - center + 0.5) * inverse)));
        let sum: f64 = weights.iter().sum();
        if sum != 0.0 {
            weights.iter_mut().for_each(|weight| *weight /= sum);
        }
        take(first, &weights);
    }
}

fn fixed(weight: f64) -> i32 {
    let half = if weight < 0.0 { -0.5 } else { 0.5 };
    (half + weight * f64::from(1u32 << BITS)) as i32
}

/// A weighted sum back in grey levels.
#[inline(always)]
pub(super) fn grey(sum: i32) -> u8 {
    (sum >> BITS).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_every_target_add_up_to_one() {
        for (from, to) in [(512, 480), (37, 480), (1024, 224), (1, 7), (7, 1)] {
            for filter in [Filter::Bilinear, Filter::Bicubic] {
                let taps = Taps::new(from, to, filter);
                for target in 0..to {
                    let (first, weights) = taps.of(target);
                    let off = weights.iter().sum::<i32>() - (1 << BITS);
                    assert!(off.unsigned_abs() as usize <= weights.len(), "{from} -> {to} at {target}: {off}");
                    assert!(first + weights.len() <= from);
                }
            }
        }
    }

    #[test]
    fn doubling_is_a_quarter_and_three_quarters() {
        let taps = Taps::new(2, 4, Filter::Bilinear);
        assert_eq!(taps.of(1), (0, [3 << (BITS - 2), 1 << (BITS - 2)].as_slice()));
    }
}
