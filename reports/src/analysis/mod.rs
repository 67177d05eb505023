//! From observations to conclusions: pure functions, and the [`Analysis`] that they fill.
//!
//! [`conclude`] reads nothing and writes nothing. What it makes is what `analysis.json` holds and the report draws; verdicts
//! and effects are judged in grids of their own (see [`Judged`]).

mod attribution;
mod cells;
mod challenges;
mod conclude;
mod contrast;
mod differences;
mod factors;
mod gallery;
mod lookup;
mod means;
mod missing;
mod motion;
mod order;
mod outside;
mod ranges;
mod runs;
mod summary;
mod types;
mod verdict;
mod verdicts;

pub use attribution::{CategoryEffect, Effect, Step};
pub use conclude::{BOOTSTRAP_REPLICATES, BOOTSTRAP_SEED, conclude};
pub use gallery::{PROMPTS_PER_CATEGORY, attach_shown};
pub use motion::{MotionChange, MotionPoint};
pub(crate) use motion::{SPOKEN, claim as motion_claim, sentences as motion_sentences};
pub use ranges::range_of;
pub(crate) use runs::contrast_runs;
pub use types::{
    Analysis, ArmKey, ByChallenge, ByThings, CategoryKey, Difference, Estimate, GalleryItem, MeanDifference, Method,
    Missing, OutsidePrompts, OverallMean, PaperPair, Picked, Shot, Standing,
};
pub use verdict::{ALPHA, Judged, MARGIN, Settle, SettledBy, Word};
pub use verdicts::Verdict;
