//! Votes as the statistics read them.

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// Id.
    pub id: String,
    /// Category.
    pub category: String,
    /// Text.
    pub text: String,
}

/// A question with its votes.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// `quality` or `alignment`.
    pub id: String,
    /// As it was asked.
    pub text: String,
    /// The answers.
    pub votes: Vec<Vote>,
}

/// A study's votes.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Title of the study.
    pub title: String,
    /// A program voted.
    pub simulated: bool,
    /// No vote can come any more.
    pub closed: bool,
    /// Labels of the arms.
    pub arms: Vec<String>,
    /// The prompts.
    pub prompts: Vec<Prompt>,
    /// The questions.
    pub questions: Vec<Question>,
    /// Raters that the study's own rules flag.
    pub flagged: Vec<usize>,
    /// Seed of the bootstrap.
    pub seed: u64,
}
