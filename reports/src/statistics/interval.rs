//! Intervals, how they are read, and the Student-t quantile.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Confidence level of every interval in the report.
pub const LEVEL: f64 = 0.95;

/// A two-sided confidence interval, in the unit of the value it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end, not below `low`.
    pub high: f64,
}

impl Interval {
    /// Half of its width.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// The interval of the negated value.
    pub fn negated(&self) -> Self {
        Self { low: -self.high, high: -self.low }
    }
}

/// What an interval of a difference allows one to say. Not corrected for how many differences are read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reading {
    /// The whole interval is above zero.
    Higher,
    /// The whole interval is below zero.
    Lower,
    /// The interval holds zero, or there is none.
    Undecided,
}

impl Reading {
    /// Reads an interval of a difference; an end exactly at zero decides nothing.
    pub fn of(interval: Option<Interval>) -> Self {
        match interval {
            Some(i) if i.low > 0.0 => Self::Higher,
            Some(i) if i.high < 0.0 => Self::Lower,
            _ => Self::Undecided,
        }
    }

    /// Reads a difference that is the same for every one of `clusters` prompts, so that there is no spread to make an interval of:
    /// the two-sided sign test of all against none, 2 · 2⁻ᶜ below 5 %, which takes six prompts.
    pub fn unanimous(difference: f64, clusters: usize) -> Self {
        let decided = 2.0 * 0.5f64.powi(i32::try_from(clusters).unwrap_or(i32::MAX)) < 1.0 - LEVEL;
        match difference {
            d if decided && d > 0.0 => Self::Higher,
            d if decided && d < 0.0 => Self::Lower,
            _ => Self::Undecided,
        }
    }

    /// The reading of the negated difference.
    pub fn reversed(self) -> Self {
        match self {
            Self::Higher => Self::Lower,
            Self::Lower => Self::Higher,
            Self::Undecided => Self::Undecided,
        }
    }

    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Undecided => "undecided",
        }
    }
}

/// The `p`-quantile of Student's t with `degrees` degrees of freedom; `None` unless `0 < p < 1` and `degrees` is positive and finite.
pub fn student_t_quantile(p: f64, degrees: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    Some(StudentsT::new(0.0, 1.0, degrees).ok()?.inverse_cdf(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Closed forms: t1 is Cauchy, so its quantile is tan(π(p − ½)); t2's is (2p − 1)·√(2 / (4p(1 − p))).
    #[test]
    fn t_quantiles_match_the_closed_forms_for_one_and_two_degrees() {
        for p in [0.6, 0.9, 0.975, 0.995] {
            let cauchy = (std::f64::consts::PI * (p - 0.5)).tan();
            assert!((student_t_quantile(p, 1.0).unwrap() / cauchy - 1.0).abs() < 1e-9);
            let two = (2.0 * p - 1.0) * (2.0 / (4.0 * p * (1.0 - p))).sqrt();
            assert!((student_t_quantile(p, 2.0).unwrap() / two - 1.0).abs() < 1e-9);
        }
    }

    /// Values of printed tables (three decimals), and the normal limit.
    #[test]
    fn t_quantiles_match_the_tables() {
        for (degrees, want) in [(4.0, 2.776), (9.0, 2.262), (59.0, 2.001), (299.0, 1.968)] {
            assert!((student_t_quantile(0.975, degrees).unwrap() - want).abs() < 5e-4, "{degrees}");
        }
        // Cornish and Fisher's expansion z + (z³ + z) / 4ν. statrs loses digits slowly with ν; nobody has more prompts.
        let z = 1.959_963_984_5_f64;
        for degrees in [1e4, 1e5] {
            let expanded = z + (z.powi(3) + z) / (4.0 * degrees);
            assert!((student_t_quantile(0.975, degrees).unwrap() - expanded).abs() < 1e-5, "{degrees}");
        }
    }

    #[test]
    fn a_quantile_of_nonsense_is_none() {
        assert_eq!(student_t_quantile(0.0, 3.0), None);
        assert_eq!(student_t_quantile(0.5, 0.0), None);
        assert_eq!(student_t_quantile(f64::NAN, 3.0), None);
    }

    #[test]
    fn a_reading_needs_the_whole_interval_on_one_side() {
        let read = |low, high| Reading::of(Some(Interval { low, high }));
        assert_eq!(read(0.1, 0.2), Reading::Higher);
        assert_eq!(read(-0.2, -0.1), Reading::Lower);
        assert_eq!(read(-0.1, 0.2), Reading::Undecided);
        assert_eq!(read(0.0, 0.2), Reading::Undecided);
        assert_eq!(Reading::of(None), Reading::Undecided);
    }

    #[test]
    fn a_difference_without_spread_is_read_by_the_sign_test() {
        assert_eq!(Reading::unanimous(1.0, 6), Reading::Higher);
        assert_eq!(Reading::unanimous(-0.5, 60), Reading::Lower);
        assert_eq!(Reading::unanimous(1.0, 5), Reading::Undecided);
        assert_eq!(Reading::unanimous(0.0, 60), Reading::Undecided);
    }
}
