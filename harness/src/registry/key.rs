//! What a user types for a suite: `parti`, `t2i-compbench/color`, `parti:100@7`, `prompts.csv`.

use std::path::{Path, PathBuf};

use gentron_suites::subset::SubsetSpec;

use crate::failure::refuse;

/// Endings of files with a user's own prompts.
pub const ENDINGS: [&str; 5] = ["txt", "tsv", "csv", "jsonl", "ndjson"];

/// A suite, or a part of one, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuiteKey {
    /// The registry key, or for a file the name that its suite gets.
    pub suite: String,
    /// One category of it.
    pub category: Option<String>,
    /// How many prompts, and which draw.
    pub subset: Option<(u32, u64)>,
    /// The user's own file, where the word is one.
    pub file: Option<PathBuf>,
}

impl SuiteKey {
    /// Reads `SUITE[/CATEGORY][:COUNT[@SEED]]`, or a path with one of [`ENDINGS`].
    ///
    /// # Errors
    /// What stands behind the colon is no number of prompts.
    pub fn parse(word: &str) -> anyhow::Result<Self> {
        let (name, subset) = match word.rsplit_once(':') {
            None => (word, None),
            Some((name, _)) => {
                let count = |spec: &SubsetSpec| u32::try_from(spec.count).ok().map(|count| (count, spec.seed));
                let subset = word.parse::<SubsetSpec>().ok().and_then(|spec| count(&spec)).ok_or_else(|| {
                    let hint = "write SUITE:COUNT or SUITE:COUNT@SEED, as in parti:100";
                    refuse(format!("`{word}` does not name a subset of a suite"), hint)
                })?;
                (name, Some(subset))
            }
        };
        let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if ENDINGS.contains(&ending.to_lowercase().as_str()) {
            let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy();
            return Ok(Self { suite: own_id(&stem), category: None, subset, file: Some(name.into()) });
        }
        let (suite, category) = match name.split_once('/') {
            Some((suite, category)) => (suite, Some(category.to_owned())),
            None => (name, None),
        };
        Ok(Self { suite: suite.to_owned(), category, subset, file: None })
    }
}

/// A file's name as the id of a suite: lower-case letters, digits and `-`, all else one `_`.
pub fn own_id(stem: &str) -> String {
    let lower = stem.to_lowercase();
    let words = lower.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|word| !word.is_empty());
    let id = words.collect::<Vec<_>>().join("_");
    if id.is_empty() { "own".to_owned() } else { id }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(suite: &str, category: Option<&str>, subset: Option<(u32, u64)>, file: Option<&str>) -> SuiteKey {
        let (category, file) = (category.map(str::to_owned), file.map(PathBuf::from));
        SuiteKey { suite: suite.to_owned(), category, subset, file }
    }

    #[test]
    fn every_form_is_read() {
        for (word, read) in [
            ("parti", key("parti", None, None, None)),
            ("t2i-compbench/color:50@3", key("t2i-compbench", Some("color"), Some((50, 3)), None)),
            ("a/My Prompts.CSV:9", key("my_prompts", None, Some((9, 0)), Some("a/My Prompts.CSV"))),
        ] {
            assert_eq!(SuiteKey::parse(word).unwrap(), read);
        }
        for wrong in ["parti:", "parti:x", "parti:0", ":5", "parti:3@"] {
            assert!(SuiteKey::parse(wrong).is_err(), "{wrong}");
        }
    }
}
