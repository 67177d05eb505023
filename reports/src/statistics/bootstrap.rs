//! The stratified cluster bootstrap: whole prompts are drawn with replacement within each category, images stay together.
//!
//! Percentile interval (Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13), clusters as the resampling
//! unit (Davison and Hinkley, "Bootstrap methods and their application", 1997, section 3.8), strata because the number of prompts
//! per category is fixed by design. It assumes independent prompts and enough of them: with fewer than about 20 in a category
//! it is somewhat too narrow.

use super::interval::Interval;
use super::random::{below, philox4x32};

/// Draws the clusters of bootstrap replicates. A draw depends on (seed, stratum, replicate, position) alone: all arms see
/// the same resample, which is what makes their differences paired, and adding a category changes no other's draws.
#[derive(Clone, Copy, Debug)]
pub struct Resampler {
    /// Key of the generator.
    pub seed: u64,
}

impl Resampler {
    /// Calls `visit` with `clusters` indices drawn from `0..clusters` for this stratum (see [`super::stream_of`]) and replicate.
    pub fn draw(&self, stratum: u64, replicate: u32, clusters: u32, mut visit: impl FnMut(usize)) {
        let key = [self.seed as u32, (self.seed >> 32) as u32];
        for block in 0..clusters.div_ceil(4) {
            let words = philox4x32([block, replicate, stratum as u32, (stratum >> 32) as u32], key);
            let left = (clusters - block * 4).min(4) as usize;
            for word in &words[..left] {
                visit(below(*word, clusters) as usize);
            }
        }
    }
}

/// The central `level` of the replicates, which are sorted in place; quantiles by linear interpolation (type 7 of Hyndman and
/// Fan, The American Statistician 50, 1996). `None` with fewer than two replicates or where they are all (nearly) equal.
pub fn percentile_interval(replicates: &mut [f64], level: f64) -> Option<Interval> {
    if replicates.len() < 2 {
        return None;
    }
    replicates.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    let interval = Interval { low: quantile(replicates, tail), high: quantile(replicates, 1.0 - tail) };
    let scale = interval.low.abs().max(interval.high.abs()).max(1.0);
    (interval.high - interval.low > 1e-12 * scale).then_some(interval)
}

fn quantile(sorted: &[f64], p: f64) -> f64 {
    let position = p * (sorted.len() - 1) as f64;
    let (index, fraction) = (position.floor() as usize, position.fract());
    let next = sorted[(index + 1).min(sorted.len() - 1)];
    sorted[index] + fraction * (next - sorted[index])
}

#[cfg(test)]
mod tests {
    use super::super::{Cluster, clustered_mean, stream_of};
    use super::*;

    #[test]
    fn quantiles_interpolate_between_order_statistics() {
        let mut values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        let interval = percentile_interval(&mut values, 0.95).unwrap();
        assert!((interval.low - 2.5).abs() < 1e-12 && (interval.high - 97.5).abs() < 1e-12);
        assert_eq!(percentile_interval(&mut [1.0; 9], 0.95), None);
        assert_eq!(percentile_interval(&mut [1.0], 0.95), None);
    }

    #[test]
    fn draws_depend_on_their_address_alone() {
        let draw = |stratum, replicate| {
            let mut seen = Vec::new();
            Resampler { seed: 7 }.draw(stratum, replicate, 11, |i| seen.push(i));
            seen
        };
        assert_eq!(draw(1, 5), draw(1, 5));
        assert_ne!(draw(1, 5), draw(2, 5));
        assert_ne!(draw(1, 5), draw(1, 6));
        assert!(draw(1, 5).len() == 11 && draw(1, 5).iter().all(|i| *i < 11));
    }

    /// The bootstrap's standard deviation is the cluster-robust standard error times √((G−1)/G), up to Monte-Carlo error.
    #[test]
    fn bootstrap_and_formula_agree_on_the_standard_error() {
        let clusters: Vec<Cluster> =
            (0..60).map(|i| Cluster { sum: f64::from(i * 37 % 60) / 60.0, count: 1 }).collect();
        let formula = clustered_mean(&clusters).unwrap().standard_error.unwrap() * (59.0f64 / 60.0).sqrt();
        let sampler = Resampler { seed: 1 };
        let means: Vec<f64> = (0..4000)
            .map(|replicate| {
                let mut sum = 0.0;
                sampler.draw(stream_of("shapes/color"), replicate, 60, |i| sum += clusters[i].sum);
                sum / 60.0
            })
            .collect();
        let mean = means.iter().sum::<f64>() / 4000.0;
        let sd = (means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / 3999.0).sqrt();
        // Relative Monte-Carlo error of a standard deviation from 4000 draws is 1/√8000 = 1.1 %; three of them.
        assert!((sd / formula - 1.0).abs() < 0.034, "{sd} against {formula}");
    }
}
