//! From observations to conclusions: pure functions, and the [`Analysis`] that they fill.
//!
//! [`conclude`] reads nothing and writes nothing. What it makes is what `analysis.json` holds and the report draws; a verdict
//! corrected for multiplicity, attribution to factors and the like are further fields beside these.

mod cells;
mod conclude;
mod differences;
mod gallery;
mod lookup;
mod means;
mod missing;
mod order;
mod summary;
mod types;

pub use conclude::{BOOTSTRAP_REPLICATES, BOOTSTRAP_SEED, conclude};
pub use gallery::{PROMPTS_PER_CATEGORY, attach_shown};
pub use types::{
    Analysis, ArmKey, ByThings, CategoryKey, Difference, Estimate, GalleryItem, MeanDifference, Method, Missing,
    OverallMean, PaperPair, Picked, Shot, Standing,
};
