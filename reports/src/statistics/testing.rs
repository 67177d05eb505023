//! Two-sided tests of "no difference", and an interval for a share.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal, StudentsT};

use super::interval::Interval;

/// Probability of a |t| at least this large with `degrees` degrees of freedom if there is no difference.
pub fn t_test(t: f64, degrees: f64) -> Option<f64> {
    let distribution = StudentsT::new(0.0, 1.0, degrees).ok()?;
    t.is_finite().then(|| (2.0 * distribution.cdf(-t.abs())).min(1.0))
}

/// The sign test of `clusters` differences that all point one way: 2 · 2⁻ᶜ.
pub fn unanimous_test(clusters: usize) -> f64 {
    (2.0 * 0.5f64.powi(i32::try_from(clusters).unwrap_or(i32::MAX))).min(1.0)
}

/// Wilcoxon's signed-rank test by its normal limit, zeros dropped, mid-ranks and the tie correction of the variance, without
/// correction for continuity (Wilcoxon 1945; Conover, "Practical nonparametric statistics", 1999, section 5.7).
pub fn wilcoxon(differences: &[f64]) -> Option<f64> {
    let mut ordered: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    ordered.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let n = ordered.len() as f64;
    let (mut positive, mut ties, mut start) = (0.0, 0.0, 0);
    while start < ordered.len() {
        let same = ordered[start..].iter().take_while(|d| d.abs() == ordered[start].abs()).count();
        let rank = start as f64 + (same as f64 + 1.0) / 2.0;
        positive += rank * ordered[start..start + same].iter().filter(|d| **d > 0.0).count() as f64;
        ties += (same as f64).powi(3) - same as f64;
        start += same;
    }
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    let z = (positive - n * (n + 1.0) / 4.0) / variance.sqrt();
    z.is_finite().then(|| 2.0 * normal().cdf(-z.abs()))
}

/// McNemar's exact test for paired yes-or-no scores: `first` pairs have a yes on the first side alone, `second` on the second.
pub fn mcnemar_exact(first: u64, second: u64) -> f64 {
    match Binomial::new(0.5, first + second) {
        Ok(coin) if first + second > 0 => (2.0 * coin.cdf(first.min(second))).min(1.0),
        _ => 1.0,
    }
}

/// Wilson's interval of a share, `successes` of `trials` (Journal of the American Statistical Association 22, 1927).
pub fn wilson(successes: u64, trials: u64, level: f64) -> Option<Interval> {
    if trials == 0 || successes > trials {
        return None;
    }
    let (z, n) = (normal_quantile(0.5 + level / 2.0), trials as f64);
    let p = successes as f64 / n;
    let (middle, width) = (p + z * z / (2.0 * n), z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt());
    let scale = 1.0 + z * z / n;
    Some(Interval { low: ((middle - width) / scale).max(0.0), high: ((middle + width) / scale).min(1.0) })
}

/// The quantile of the standard normal distribution.
pub fn normal_quantile(p: f64) -> f64 {
    normal().inverse_cdf(p)
}

fn normal() -> Normal {
    Normal::standard()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_without_information_decide_nothing() {
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        assert_eq!(wilcoxon(&[0.0, 0.0]), None);
        assert_eq!(t_test(f64::NAN, 3.0), None);
        assert_eq!(unanimous_test(1), 1.0);
        assert_eq!(wilson(1, 0, 0.95), None);
    }

    /// Six heads of six: 2 / 2⁶.
    #[test]
    fn exact_tests_match_their_closed_forms() {
        assert!((mcnemar_exact(6, 0) - 2.0 / 64.0).abs() < 1e-12);
        assert!((unanimous_test(6) - 2.0 / 64.0).abs() < 1e-15);
        // t with one degree of freedom is Cauchy: P(|t| > 1) = 1/2.
        assert!((t_test(1.0, 1.0).unwrap() - 0.5).abs() < 1e-9);
    }
}
