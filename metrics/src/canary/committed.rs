//! Expectations that are part of this crate.

use super::reading::{CanaryMismatch, Readings, readings};
use crate::error::{MetricError, Place};
use crate::measure::Backends;

/// What `shapes-exact` says, as a question-answerer and as a detector.
static SHAPES_EXACT: &str = include_str!("shapes-exact.json");

/// Exact arithmetic in f64 and f32 on all machines, but for the last digits of `exp` and the like.
const TOLERANCE: f64 = 1e-6;

/// Holds every back-end that has committed expectations against them. Others pass: they are
/// [`check_recorded`](super::check_recorded)'s.
///
/// # Errors
/// The first back-end that says something else than is stored. A run must not begin then.
pub fn check(backends: &Backends<'_>) -> Result<(), CanaryMismatch> {
    let stored = stored()?;
    if !stored.iter().any(|of| [backends.vqa.id(), backends.detector.id()].contains(&of.backend.as_str())) {
        return Ok(());
    }
    // The first is the question-answerer, the second the detector; the image-text model has no committed expectation.
    let read = readings(&Backends { image_text: None, ..*backends })?;
    for (now, then) in read.iter().zip(&stored).filter(|(now, then)| now.backend == then.backend) {
        now.agree(then, TOLERANCE)?;
    }
    Ok(())
}

fn stored() -> Result<Vec<Readings>, MetricError> {
    serde_json::from_str(SHAPES_EXACT).map_err(|error| {
        MetricError::record("canary/shapes-exact.json".as_ref(), Place::Line(error.line() as u64), error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::perception::{Answer, Vqa};
    use crate::shapes::ShapesPerception;

    /// The exact scorer, a little too sure of itself.
    struct Drifted(ShapesPerception);

    impl Vqa for Drifted {
        fn id(&self) -> &str {
            "shapes-exact"
        }

        fn answer(&self, image: &RgbImage, phrase: &str) -> Result<Answer, MetricError> {
            let answer = self.0.answer(image, phrase)?;
            Ok(Answer { yes: answer.yes * 0.999, ..answer })
        }
    }

    #[test]
    fn the_exact_scorer_says_what_is_committed() {
        let eyes = ShapesPerception::new();
        let backends = Backends::new(&eyes, &eyes);
        check(&backends).unwrap_or_else(|mismatch| panic!("{mismatch}"));
    }

    #[test]
    fn a_scorer_that_drifted_is_found_out() {
        let (drifted, eyes) = (Drifted(ShapesPerception::new()), ShapesPerception::new());
        let mismatch = check(&Backends::new(&drifted, &eyes)).err();
        assert!(matches!(mismatch, Some(CanaryMismatch::Differs { .. })), "{mismatch:?}");
    }

    /// Run with `--ignored` after a change of the pictures or of the exact scorer that is meant.
    #[test]
    #[ignore = "writes the committed expectation anew"]
    fn write_what_is_committed() {
        let eyes = ShapesPerception::new();
        let read = readings(&Backends::new(&eyes, &eyes));
        let text = serde_json::to_string_pretty(&read.unwrap_or_default()).unwrap_or_default() + "\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/canary/shapes-exact.json");
        std::fs::write(path, text).unwrap_or_else(|e| panic!("{path}: {e}"));
    }
}
