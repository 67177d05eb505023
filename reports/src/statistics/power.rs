//! What a comparison can see, and what would decide it.

use super::cluster::{Cluster, ClusteredMean};
use super::interval::student_t_quantile;
use super::testing::normal_quantile;

/// The chance of a decision that plans aim for.
pub const POWER: f64 = 0.8;

/// The smallest true difference that a two-sided test at `alpha` finds with [`POWER`]: (t₁₋α/₂ + t_power) standard errors
/// (Bloom, "Minimum detectable effects", Evaluation Review 19, 1995).
pub fn detectable(standard_error: f64, degrees: f64, alpha: f64) -> Option<f64> {
    Some((student_t_quantile(1.0 - alpha / 2.0, degrees)? + student_t_quantile(POWER, degrees)?) * standard_error)
}

/// How often the prompts would have to be there for a difference of this size, if it is the true one, to be found with [`POWER`]
/// by a two-sided test at `alpha`: ((z₁₋α/₂ + z_power) · se / |d|)². The new prompts are taken to scatter as those at hand.
pub fn factor_to_find(difference: f64, standard_error: f64, alpha: f64) -> f64 {
    ((normal_quantile(1.0 - alpha / 2.0) + normal_quantile(POWER)) * standard_error / difference).powi(2)
}

/// The same for showing that it is smaller than `margin` by two one-sided tests at `alpha` (Schuirmann, Journal of
/// Pharmacokinetics and Biopharmaceutics 15, 1987); none if the difference is not below the margin.
pub fn factor_to_equate(difference: f64, standard_error: f64, margin: f64, alpha: f64) -> Option<f64> {
    let room = margin - difference.abs();
    // For a difference of zero both tests must succeed, which takes the power quantile of (1 + power) / 2; this is never too few.
    let quantiles = normal_quantile(1.0 - alpha) + normal_quantile((1.0 + POWER) / 2.0);
    (room > 0.0).then(|| (quantiles * standard_error / room).powi(2))
}

/// The variance of differences between prompts and that of images within a prompt, by one-way analysis of variance (Searle,
/// Casella and McCulloch, "Variance components", 1992, section 3.6). `squares` is the sum of all squared observations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Components {
    /// Between prompts, not below 0.
    pub between: f64,
    /// Between images of a prompt.
    pub within: f64,
}

/// None unless some prompt has several images.
pub fn components(clusters: &[Cluster], squares: f64, mean: &ClusteredMean) -> Option<Components> {
    let (n, g) = (mean.count as f64, mean.clusters as f64);
    let of_means: f64 = clusters.iter().filter(|c| c.count > 0).map(|c| c.sum * c.sum / f64::from(c.count)).sum();
    if n <= g || g < 2.0 {
        return None;
    }
    let within = ((squares - of_means) / (n - g)).max(0.0);
    let between = (of_means - n * mean.mean * mean.mean) / (g - 1.0);
    let sizes: f64 = clusters.iter().map(|c| f64::from(c.count).powi(2)).sum();
    let size = (n - sizes / n) / (g - 1.0);
    Some(Components { between: ((between - within) / size).max(0.0), within })
}

/// Images per prompt with which the present prompts reach a variance `factor` times smaller; none if no number does, because
/// what is left is the scatter between prompts.
pub fn images_needed(components: Components, images: f64, factor: f64) -> Option<f64> {
    let wanted = (components.between + components.within / images) / factor;
    (wanted > components.between).then(|| components.within / (wanted - components.between))
}

#[cfg(test)]
mod tests {
    use super::super::{clustered_mean, clusters_by};
    use super::*;

    /// A difference of exactly the detectable size needs as many prompts as there are (up to t against z).
    #[test]
    fn finding_and_detecting_agree() {
        let found = detectable(0.01, 1e5, 0.05).unwrap();
        assert!((found / 0.01 - 2.8016).abs() < 1e-3, "{found}");
        assert!((factor_to_find(found, 0.01, 0.05) - 1.0).abs() < 1e-3);
        assert_eq!(factor_to_equate(0.03, 0.01, 0.02, 0.05), None);
        assert!(factor_to_equate(0.0, 0.01, 0.02, 0.05).unwrap() > 2.0);
    }

    /// Clusters {0, 2}, {4, 6}: within 2 each; means 1 and 5 have variance 8 = between + within / 2.
    #[test]
    fn components_match_the_analysis_of_variance_by_hand() {
        let values = [(0, 0.0), (0, 2.0), (1, 4.0), (1, 6.0)];
        let clusters: Vec<Cluster> = clusters_by(values).into_values().collect();
        let mean = clustered_mean(&clusters).unwrap();
        let found = components(&clusters, 56.0, &mean).unwrap();
        assert!((found.within - 2.0).abs() < 1e-12 && (found.between - 7.0).abs() < 1e-12);
        assert_eq!(images_needed(found, 2.0, 1.2), None);
        assert!((images_needed(found, 2.0, 8.0 / 7.5).unwrap() - 4.0).abs() < 1e-9);
    }
}
