//! The mean of clustered observations with a cluster-robust standard error.
//!
//! With observations `y_i` in clusters `g` (prompts), the plain mean `ȳ` over all `N` observations is the regression on a
//! constant, and its sandwich variance with the usual small-sample factor is
//!
//! ```text
//! Var(ȳ) = G/(G−1) · Σ_g ( Σ_{i∈g} (y_i − ȳ) )² / N²
//! ```
//!
//! (Liang and Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 73, 1986; Cameron and Miller,
//! "A practitioner's guide to cluster-robust inference", Journal of Human Resources 50, 2015, equations 10 to 12), referred to
//! Student's t with `G − 1` degrees of freedom. It assumes that prompts are independent draws, and nothing about the images
//! within a prompt. For clusters of equal size it is exactly the t interval of the prompts' means.

use std::collections::BTreeMap;

use super::interval::{Interval, student_t_quantile};

/// One cluster: all the estimator needs of a prompt's images.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cluster {
    /// Sum of the observations.
    pub sum: f64,
    /// How many they are.
    pub count: u32,
}

/// A mean with what is needed for its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClusteredMean {
    /// Mean over all observations.
    pub mean: f64,
    /// Cluster-robust standard error; `None` with a single cluster, or where nothing varies between clusters (a zero standard
    /// error says that the sample is too uniform to estimate one, not that the mean is known exactly).
    pub standard_error: Option<f64>,
    /// Clusters with at least one observation.
    pub clusters: usize,
    /// Observations.
    pub count: usize,
}

impl ClusteredMean {
    /// The Student-t interval at `level` (0.95 for 95 %) with `clusters − 1` degrees of freedom.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let quantile = student_t_quantile(0.5 + level / 2.0, self.clusters as f64 - 1.0)?;
        let half = quantile * self.standard_error?;
        Some(Interval { low: self.mean - half, high: self.mean + half })
    }
}

/// Groups values by a key; the order of the clusters is the keys' order, so sums never depend on a hash map.
pub fn clusters_by<K: Ord>(values: impl IntoIterator<Item = (K, f64)>) -> BTreeMap<K, Cluster> {
    let mut clusters = BTreeMap::<K, Cluster>::new();
    for (key, value) in values {
        let cluster = clusters.entry(key).or_default();
        cluster.sum += value;
        cluster.count += 1;
    }
    clusters
}

/// The mean over all observations; `None` if there is none. Empty clusters are passed over.
pub fn clustered_mean<'a>(clusters: impl IntoIterator<Item = &'a Cluster>) -> Option<ClusteredMean> {
    let clusters: Vec<Cluster> = clusters.into_iter().filter(|c| c.count > 0).copied().collect();
    let count: usize = clusters.iter().map(|c| c.count as usize).sum();
    if count == 0 {
        return None;
    }
    let n = count as f64;
    let mean = clusters.iter().map(|c| c.sum).sum::<f64>() / n;
    let groups = clusters.len() as f64;
    let squares: f64 = clusters.iter().map(|c| (c.sum - f64::from(c.count) * mean).powi(2)).sum();
    let error = (groups / (groups - 1.0) * squares).sqrt() / n;
    // Rounding of equal values leaves some 1e-17 behind; scores have no meaning below 1e-12.
    let varies = clusters.len() > 1 && error > 1e-12 * mean.abs().max(1.0);
    Some(ClusteredMean { mean, standard_error: varies.then_some(error), clusters: clusters.len(), count })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[(u32, f64)]) -> ClusteredMean {
        clustered_mean(clusters_by(values.iter().copied()).values()).unwrap()
    }

    /// One observation a cluster: the textbook t interval. 1..5 has mean 3, sd √2.5, se √0.5, t₄ = 2.776445.
    #[test]
    fn single_observations_give_the_textbook_interval() {
        let mean = of(&[(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (5, 5.0)]);
        assert!((mean.standard_error.unwrap() - 0.5f64.sqrt()).abs() < 1e-15);
        let interval = mean.interval(0.95).unwrap();
        assert!((interval.high - (3.0 + 2.776_445_105 * 0.5f64.sqrt())).abs() < 1e-8);
        assert!((interval.low + interval.high - 6.0).abs() < 1e-12);
    }

    /// Copies of an observation within its cluster add no information.
    #[test]
    fn repeating_every_observation_changes_nothing() {
        let once = of(&[(1, 0.2), (2, 0.9), (3, 0.4)]);
        let thrice: Vec<(u32, f64)> = (0..3).flat_map(|_| [(1, 0.2), (2, 0.9), (3, 0.4)]).collect();
        let thrice = of(&thrice);
        assert!((once.mean - thrice.mean).abs() < 1e-15);
        assert!((once.standard_error.unwrap() - thrice.standard_error.unwrap()).abs() < 1e-15);
        assert_eq!((thrice.clusters, thrice.count), (3, 9));
    }

    /// By hand: clusters {0, 1}, {1}, {0}: mean ½, cluster residuals 0, ½, −½, so Var = 3/2 · ½ / 16.
    #[test]
    fn unequal_clusters_match_the_formula_by_hand() {
        let mean = of(&[(1, 0.0), (1, 1.0), (2, 1.0), (3, 0.0)]);
        assert!((mean.mean - 0.5).abs() < 1e-15);
        assert!((mean.standard_error.unwrap() - (1.5f64 * 0.5 / 16.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn no_spread_and_one_cluster_have_no_interval() {
        assert_eq!(of(&[(1, 0.1), (2, 0.1), (3, 0.1)]).interval(0.95), None);
        assert_eq!(of(&[(1, 0.1), (1, 0.7)]).interval(0.95), None);
        assert_eq!(clustered_mean(&[]), None);
    }
}
