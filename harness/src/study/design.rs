//! What a study is: frozen in `study.json` before the first vote, and never changed.

use serde::{Deserialize, Serialize};

/// The layout that this version reads and writes.
pub const FORMAT: u32 = 1;

/// A frozen study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// Layout of the folder.
    pub format: u32,
    /// What people read at the top of the form. It names no arm.
    pub title: String,
    /// The votes come from a program, not from people; shown wherever the study shows.
    pub simulated: bool,
    /// Version of gentron that froze it.
    pub made_by: String,
    /// The run or the folders that the pictures come from, with a digest.
    pub source: Source,
    /// Seed of sides, orders and gold.
    pub seed: u64,
    /// What is compared.
    pub arms: Vec<StudyArm>,
    /// What was asked to be drawn.
    pub prompts: Vec<StudyPrompt>,
    /// What people are asked about each pair.
    pub questions: Vec<Question>,
    /// Width and height of every picture.
    pub size: [u32; 2],
    /// Its frames, where every picture is a clip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// Length of every picture as served, in bytes.
    pub bytes: usize,
    /// Every picture that can be served.
    pub pictures: Vec<Picture>,
    /// The pairs that are voted on: every prompt with every two arms.
    pub items: Vec<Item>,
    /// Pairs whose answer is known.
    pub gold: Vec<Gold>,
    /// Rules fixed before the first vote.
    pub plan: Plan,
}

/// How every clip of a study runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clip {
    /// Frames, over and over.
    pub frames: u32,
    /// Frames a second.
    pub fps: u16,
}

/// Where the pictures come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Name of the run, or of each folder.
    pub run: String,
    /// SHA-256 of its manifest, or over the digests of all files.
    pub manifest: String,
}

/// One arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyArm {
    /// Id, as in the run.
    pub id: String,
    /// Label for people who read the result.
    pub label: String,
}

/// One prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyPrompt {
    /// Id, as in the run.
    pub id: String,
    /// Suite.
    pub suite: String,
    /// Category.
    pub category: String,
    /// The text, shown to the rater.
    pub text: String,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// `quality` or `alignment`.
    pub id: String,
    /// As it is asked.
    pub text: String,
}

/// One picture: `pictures/<file>`, nothing but pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Name below `pictures/`, which says nothing about the arm.
    pub file: String,
    /// Index of the arm; none for practice.
    pub arm: Option<usize>,
    /// Index of the prompt; none for practice.
    pub prompt: Option<usize>,
    /// SHA-256 of the file as served.
    pub sha256: String,
}

/// A pair to vote on, in the order of the arms; which is left is decided per rater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Index of the prompt.
    pub prompt: usize,
    /// Indices of the arms.
    pub arms: [usize; 2],
    /// Indices of the pictures.
    pub pictures: [usize; 2],
}

/// Why the answer to a pair is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoldKind {
    /// One picture twice: a tie.
    Identical,
    /// The second picture is of another prompt: the first follows the text better.
    WrongPrompt,
    /// The second is the first, spoilt: the first looks better.
    Degraded,
}

/// A pair whose answer is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gold {
    /// Why.
    pub kind: GoldKind,
    /// Index of the prompt.
    pub prompt: usize,
    /// Indices of the pictures, the better one first.
    pub pictures: [usize; 2],
}

/// Rules fixed before the first vote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Raters that each pair gets.
    pub votes_per_pair: u32,
    /// Pairs that a rater gets at most, gold included.
    pub pairs_per_rater: u32,
    /// Every how many pairs one is gold or a mirrored repeat; 0 is never.
    pub gold_every: u32,
    /// Minutes after which an unanswered pair goes to somebody else.
    pub lease_minutes: u32,
    /// Anybody with the address may take part; else an invitation is needed.
    pub open: bool,
    /// Raters at most.
    pub most_raters: u32,
    /// When a rater is flagged. Flags never delete: results are shown with and without.
    pub flags: FlagRules,
    /// What is analysed, in words that bind the analyst.
    pub analysis: String,
}

/// When a rater is flagged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlagRules {
    /// Share of gold pairs answered wrongly, from two such pairs on.
    pub gold_wrong_share: f64,
    /// Median seconds a pair below which nobody can have looked.
    pub least_median_seconds: f64,
    /// Share of one side among the answers of a rater with at least `straight_votes` votes.
    pub straight_share: f64,
    /// Votes from which on straight-lining is judged.
    pub straight_votes: u32,
}

impl Default for FlagRules {
    fn default() -> Self {
        Self { gold_wrong_share: 0.5, least_median_seconds: 2.0, straight_share: 0.95, straight_votes: 12 }
    }
}

/// What the analyst promises.
pub const ANALYSIS: &str = "Primary: net preference (win - lose, ties counted) per question and pair of arms, 95 % interval clustered \
by prompt and by rater, over all complete votes on pairs that are not gold. Secondary: Davidson strengths with side effect and bootstrap \
over prompts and raters; Krippendorff's alpha; the same without flagged raters. Stopping early only by the confidence sequence.";

impl Study {
    /// Index of the picture whose answer to practice is known: first the better one.
    pub fn practice(&self) -> [usize; 2] {
        let of: Vec<usize> = (0..self.pictures.len()).filter(|&index| self.pictures[index].arm.is_none()).collect();
        [of.first().copied().unwrap_or(0), of.get(1).copied().unwrap_or(0)]
    }
}
