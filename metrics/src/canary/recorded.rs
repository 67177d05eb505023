//! Expectations that are written when weights are first used.

use std::fs;
use std::path::{Path, PathBuf};

use super::reading::{CanaryMismatch, Readings, readings};
use crate::error::{MetricError, Place};
use crate::measure::Backends;

/// Networks add in another order on another machine or with other threads; a probability moves by less than this, and a larger value by
/// less than this part of it.
pub(super) const TOLERANCE: f64 = 1e-3;

/// What [`check_recorded`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// These weights were not used before: what the back-ends say now is stored, and nothing was compared.
    Now,
    /// What was stored before is said again.
    Before,
}

/// Where the readings of weights with this digest are stored: beside them.
#[must_use]
pub fn record_path(weights: &Path, digest: &str) -> PathBuf {
    let letters: String = digest.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    weights.join(format!("canary-{letters}.json"))
}

/// Holds all back-ends against what they said when `file` was written, or writes it. `file` is
/// [`record_path`]'s, under a digest of all weights that the back-ends use.
///
/// # Errors
/// The first back-end that says something else than is stored, or the file cannot be read or written.
pub fn check_recorded(backends: &Backends<'_>, file: &Path) -> Result<Recorded, CanaryMismatch> {
    compare_recorded(&readings(backends)?, file)
}

/// [`check_recorded`] of readings that were made already, e.g. of one back-end alone.
///
/// # Errors
/// The first difference from what is stored, or the file cannot be read or written.
pub fn compare_recorded(now: &[Readings], file: &Path) -> Result<Recorded, CanaryMismatch> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            write(file, now)?;
            return Ok(Recorded::Now);
        }
        Err(error) => return Err(MetricError::io(file, "read", error).into()),
    };
    let stored: Vec<Readings> = serde_json::from_str(&text)
        .map_err(|error| MetricError::record(file, Place::Line(error.line() as u64), error.to_string()))?;
    if stored.len() != now.len() {
        let why = format!("{} back-ends are stored, {} are used", stored.len(), now.len());
        return Err(MetricError::record(file, Place::File, why).into());
    }
    now.iter().zip(&stored).try_for_each(|(now, then)| now.agree(then, TOLERANCE))?;
    Ok(Recorded::Before)
}

fn write(file: &Path, readings: &[Readings]) -> Result<(), MetricError> {
    let failed = |error| MetricError::io(file, "write", error);
    let text = serde_json::to_string_pretty(readings).map_err(|error| failed(error.into()))?;
    crate::file::write(file, (text + "\n").as_bytes()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::ShapesPerception;

    #[test]
    fn the_first_use_is_recorded_and_the_next_compared() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let file = record_path(folder.path(), "sha256:0123456789abcdef0123");
        assert!(file.ends_with("canary-sha2560123456789.json"), "{}", file.display());
        let eyes = ShapesPerception::new();
        let backends = Backends::new(&eyes, &eyes);
        assert_eq!(check_recorded(&backends, &file).ok(), Some(Recorded::Now));
        assert_eq!(check_recorded(&backends, &file).ok(), Some(Recorded::Before));
        let moved = fs::read_to_string(&file).unwrap_or_default().replace("\"color, boxes\": ", "\"color, boxes\": 1");
        fs::write(&file, moved).unwrap_or_else(|e| panic!("{e}"));
        assert!(matches!(check_recorded(&backends, &file), Err(CanaryMismatch::Differs { .. })));
        fs::write(&file, "[").unwrap_or_else(|e| panic!("{e}"));
        assert!(matches!(check_recorded(&backends, &file), Err(CanaryMismatch::Failed(_))));
    }
}
