//! Intervals and tests of plain counts.

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};

use crate::statistics::Interval;

/// Wilson's interval of `k` among `n` (JASA 22, 1927); `None` without trials. It assumes independent trials.
pub fn wilson(k: u64, n: u64, level: f64) -> Option<Interval> {
    if n == 0 || k > n {
        return None;
    }
    let z = normal_quantile(0.5 + level / 2.0)?;
    let (count, share) = (n as f64, k as f64 / n as f64);
    let shrink = 1.0 + z * z / count;
    let centre = (share + z * z / (2.0 * count)) / shrink;
    let half = z / shrink * (share * (1.0 - share) / count + z * z / (4.0 * count * count)).sqrt();
    Some(Interval { low: (centre - half).max(0.0), high: (centre + half).min(1.0) })
}

/// Two-sided exact test that two counts come from even odds (the sign test; McNemar's exact test of the discordant pairs).
pub fn sign_test(one: u64, other: u64) -> f64 {
    let total = one + other;
    let Ok(binomial) = Binomial::new(0.5, total) else { return 1.0 };
    (2.0 * binomial.cdf(one.min(other))).min(1.0)
}

/// Quantile of the normal distribution.
pub(super) fn normal_quantile(p: f64) -> Option<f64> {
    Some(Normal::new(0.0, 1.0).ok()?.inverse_cdf(p))
}
