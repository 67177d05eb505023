//! Votes as the statistics read them, and as a run's folder keeps them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{ReportError, Result};
use crate::file::write_atomically;

/// The file of a run's folder that holds the votes on its images, a list of [`Input`].
pub const FILE: &str = "votes.json";

/// What a rater chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The picture on the left.
    Left,
    /// Neither.
    Tie,
    /// The picture on the right.
    Right,
}

/// One answer to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Index of the prompt.
    pub prompt: usize,
    /// Number of the rater.
    pub rater: usize,
    /// Index of the arm on the left.
    pub left: usize,
    /// Index of the arm on the right.
    pub right: usize,
    /// The choice.
    pub outcome: Outcome,
}

impl Vote {
    /// 1 where `first` was preferred to `second`, −1 the other way round, 0 for a tie; `None` for other pairs.
    pub fn net(&self, first: usize, second: usize) -> Option<i8> {
        let sign = match (self.left, self.right) {
            (left, right) if (left, right) == (first, second) => 1,
            (left, right) if (left, right) == (second, first) => -1,
            _ => return None,
        };
        Some(match self.outcome {
            Outcome::Left => sign,
            Outcome::Tie => 0,
            Outcome::Right => -sign,
        })
    }
}

/// An arm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Id, as in the run.
    pub id: String,
    /// Label for people.
    pub label: String,
}

/// A prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// Id, as in the run.
    pub id: String,
    /// Suite.
    pub suite: String,
    /// Category.
    pub category: String,
    /// Text.
    pub text: String,
}

/// A question with its votes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// `quality` or `alignment`.
    pub id: String,
    /// As it was asked.
    pub text: String,
    /// The answers.
    pub votes: Vec<Vote>,
}

/// A study's votes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Title of the study.
    pub title: String,
    /// A program voted.
    pub simulated: bool,
    /// No vote can come any more.
    pub closed: bool,
    /// SHA-256 of the frozen design; a study is known by it.
    pub design: String,
    /// Hash of the last record of the chain of votes.
    pub head: String,
    /// The arms.
    pub arms: Vec<Arm>,
    /// The prompts.
    pub prompts: Vec<Prompt>,
    /// The questions.
    pub questions: Vec<Question>,
    /// Raters that the study's own rules flag.
    pub flagged: Vec<usize>,
    /// Seed of the bootstrap.
    pub seed: u64,
}

/// The votes on a run's images; none where nobody was asked.
///
/// # Errors
/// The file is there and cannot be read.
pub fn read_votes(run_dir: &Path) -> Result<Vec<Input>> {
    let path = run_dir.join(FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ReportError::read(&path)(error)),
    };
    serde_json::from_slice(&bytes).map_err(|source| ReportError::Votes { path, source })
}

/// Puts a study's votes among those of the run, in place of what it said before.
///
/// # Errors
/// What is there cannot be read, or the disk fails.
pub fn keep_votes(run_dir: &Path, input: Input) -> Result<()> {
    let mut all = read_votes(run_dir)?;
    all.retain(|kept| kept.design != input.design);
    all.push(input);
    // In an order that does not depend on who was kept first.
    all.sort_by(|one, other| (&one.title, &one.design).cmp(&(&other.title, &other.design)));
    let path = run_dir.join(FILE);
    let mut bytes =
        serde_json::to_vec(&all).map_err(|source| ReportError::Write { path: path.clone(), source: source.into() })?;
    bytes.push(b'\n');
    write_atomically(&path, &bytes)
}
