//! What can happen in a study. The study's state is a fold of these, in order.

use serde::{Deserialize, Serialize};

use crate::store::digest;

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// The picture on the left.
    Left,
    /// Neither.
    Tie,
    /// The picture on the right.
    Right,
}

impl Choice {
    /// As a form sends it; an unknown word is no answer.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "left" => Some(Self::Left),
            "tie" => Some(Self::Tie),
            "right" => Some(Self::Right),
            _ => None,
        }
    }

    /// As a form sends it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Tie => "tie",
            Self::Right => "right",
        }
    }

    /// What it would be with the sides exchanged.
    pub fn mirrored(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Tie => Self::Tie,
            Self::Right => Self::Left,
        }
    }
}

/// What a ballot shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// A pair of the study, by its index.
    Item(usize),
    /// A pair whose answer is known, by its index.
    Gold(usize),
    /// An earlier ballot of the same rater with the sides exchanged.
    Repeat(usize),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Event {
    /// The study began.
    Opened {
        /// SHA-256 of `study.json`.
        design: String,
    },
    /// Somebody came.
    Joined {
        /// Number of the rater, from 0.
        rater: usize,
        /// SHA-256 of the rater's token.
        token: String,
        /// Name of the invitation.
        invitation: Option<String>,
    },
    /// Somebody read what the study is and agreed.
    Consented {
        /// The rater.
        rater: usize,
        /// Version of the text that was agreed to.
        text: String,
    },
    /// Somebody did the practice pair.
    Practised {
        /// The rater.
        rater: usize,
        /// Whether as expected; it has no consequence but help.
        right: bool,
    },
    /// A pair was given to a rater.
    Assigned {
        /// Number of the ballot, from 0.
        ballot: usize,
        /// The rater.
        rater: usize,
        /// What it shows.
        shown: Shown,
        /// The second picture is on the left.
        swapped: bool,
        /// Single-use name of the ballot.
        ticket: String,
        /// Single-use names of the pictures, left and right.
        pictures: [String; 2],
    },
    /// A pair came back unanswered.
    Returned {
        /// The ballot.
        ballot: usize,
    },
    /// A ballot was answered.
    Voted {
        /// The ballot.
        ballot: usize,
        /// How often it was undone before.
        revision: u32,
        /// An answer to each question, in order.
        answers: Vec<Choice>,
    },
    /// The rater took the answer back, to give another.
    Undone {
        /// The ballot.
        ballot: usize,
    },
    /// No more votes.
    Closed,
}

/// An event in the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Number, from 0.
    pub seq: u64,
    /// Milliseconds since 1970.
    pub at: u64,
    /// Hash of the record before; empty for the first.
    pub previous: String,
    /// What happened.
    pub event: Event,
    /// SHA-256 over all above.
    pub hash: String,
}

impl Record {
    /// The next record of a chain.
    pub fn new(seq: u64, at: u64, previous: &str, event: Event) -> Self {
        let hash = digest::of_value(&(seq, at, previous, &event));
        Self { seq, at, previous: previous.to_owned(), event, hash }
    }

    /// Whether its hash is that of its content.
    pub fn is_whole(&self) -> bool {
        self.hash == digest::of_value(&(self.seq, self.at, &self.previous, &self.event))
    }
}
