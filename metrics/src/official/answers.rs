//! `vqa_result.json`: one answer an image.

use std::path::Path;

use serde_json::Value;

use super::python::repr;
use crate::error::{MetricError, Place};

/// An entry of a result file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// Position in the folder, or number of the image, by the script ([`super::ResultFile::counts_positions`]).
    pub question_id: u64,
    /// The image's score.
    pub answer: f64,
}

/// How a script writes a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `"0.4739"`.
    FourDecimals,
    /// `0.52`, but `0` where the script assigned the integer.
    Number,
    /// `0.52`, and `0.0`.
    Float,
}

impl Form {
    pub(super) fn write(self, value: f64) -> String {
        match self {
            Self::FourDecimals => format!("\"{value:.4}\""),
            Self::Number if value == 0.0 => "0".to_owned(),
            Self::Number | Self::Float => repr(value),
        }
    }
}

/// `json.dump` of the list.
pub(super) fn json(answers: &[Answer], form: Form) -> String {
    let entry = |a: &Answer| format!("{{\"question_id\": {}, \"answer\": {}}}", a.question_id, form.write(a.answer));
    format!("[{}]", answers.iter().map(entry).collect::<Vec<_>>().join(", "))
}

/// Reads a result file of the official scripts or of ours; answers are numbers, or numbers in quotes.
///
/// # Errors
/// The file cannot be read, is not such a list, or an entry has no number; the record is named, counted from 0.
pub fn read_answers(path: &Path) -> Result<Vec<Answer>, MetricError> {
    let text = std::fs::read_to_string(path).map_err(|source| MetricError::io(path, "read", source))?;
    let entries: Vec<Value> = serde_json::from_str(&text)
        .map_err(|error| MetricError::record(path, Place::Line(error.line() as u64), error.to_string()))?;
    // The parser's own f64 may be off by one unit in the last place, and averages are to agree to the last digit.
    let mut texts = text.split("\"answer\"").skip(1).map(number_text);
    let read = |(index, entry): (usize, Value)| {
        let wrong = |what: &str| MetricError::record(path, Place::Record(index as u64), what.to_owned());
        let question_id = entry["question_id"].as_u64().ok_or_else(|| wrong("`question_id` is not a whole number"))?;
        let number = texts.next().filter(|_| entry.get("answer").is_some()).and_then(|text| text.parse().ok());
        let answer = number.filter(|n: &f64| n.is_finite()).ok_or_else(|| wrong("`answer` is not a number"))?;
        Ok(Answer { question_id, answer })
    };
    entries.into_iter().enumerate().map(read).collect()
}

/// The number at the beginning of what follows a member's name, quoted or not.
fn number_text(rest: &str) -> &str {
    let rest = rest.trim_start().strip_prefix(':').unwrap_or_default().trim_start();
    let rest = rest.strip_prefix('"').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).unwrap_or(rest.len());
    &rest[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_to_the_last_digit() {
        assert_eq!(number_text(": 0.9110556691884996}, {"), "0.9110556691884996");
        assert_eq!(number_text(" : \"0.4739\"}"), "0.4739");
        assert_eq!(number_text(": null}"), "");
    }
}
