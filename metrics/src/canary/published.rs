//! What published weights say, by their digest: the same file says it everywhere.

use std::collections::BTreeMap;

use super::reading::{CanaryMismatch, Readings};
use super::recorded::TOLERANCE;
use crate::error::{MetricError, Place};

/// Readings by the SHA-256 that the weights are known by. The same weights may be looked at as several back-ends.
pub type Published = BTreeMap<String, Vec<Readings>>;

/// What is committed of weights: of none so far, because the published files could not be had where this crate was written.
static PUBLISHED: &str = include_str!("published.json");

/// What is committed.
///
/// # Errors
/// [`MetricError::Record`]: it is not of the format, which a test excludes.
pub fn published() -> Result<Published, MetricError> {
    serde_json::from_str(PUBLISHED).map_err(|error| {
        MetricError::record("canary/published.json".as_ref(), Place::Line(error.line() as u64), error.to_string())
    })
}

/// Holds readings of weights against what `published` has of them; whether it has anything.
///
/// # Errors
/// The first difference.
pub fn check_published(now: &Readings, sha256: &str, published: &Published) -> Result<bool, CanaryMismatch> {
    let of_weights = published.get(sha256).map(Vec::as_slice).unwrap_or_default();
    let Some(then) = of_weights.iter().find(|then| then.backend == now.backend) else { return Ok(false) };
    now.agree(then, TOLERANCE).map(|()| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_held_against_what_is_committed_under_their_digest() {
        let of = |backend: &str, value: f64| Readings {
            backend: backend.to_owned(),
            values: [("waves, mean".to_owned(), value)].into(),
        };
        let known: Published = [("ab12".to_owned(), vec![of("clip", 0.25), of("pickscore", 20.0)])].into();
        assert!(matches!(check_published(&of("clip", 0.2505), "ab12", &known), Ok(true)));
        assert!(matches!(check_published(&of("pickscore", 20.01), "ab12", &known), Ok(true)));
        let drifted = check_published(&of("clip", 0.26), "ab12", &known);
        assert!(matches!(drifted, Err(CanaryMismatch::Differs { .. })), "{drifted:?}");
        // Other weights, and these as somebody else, are not known.
        assert!(matches!(check_published(&of("clip", 0.26), "cd34", &known), Ok(false)));
        assert!(matches!(check_published(&of("hpsv2.1", 0.26), "ab12", &known), Ok(false)));
    }

    #[test]
    fn what_is_committed_can_be_read() {
        assert!(published().is_ok());
    }
}
