//! One image to be drawn, and what its identity is made of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gentron_suites::Split;
use serde::{Deserialize, Serialize};

use crate::recipe::{GeneratorKind, Sampler, WeightType};

/// Counts up whenever the same weights, sampler and draws come to give other bytes.
pub const GENERATION: u32 = 1;

/// One image of one arm: a line of `plan.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// SHA-256 of the arm's name and everything that changes the image's bytes.
    pub task: String,
    /// The arm's name.
    pub arm: String,
    /// The suite's registry key.
    pub suite: String,
    /// The category within the suite.
    pub category: String,
    /// Whether training has seen the combination.
    pub split: Split,
    /// The prompt's stable, path-safe id.
    pub prompt_id: String,
    /// What is drawn.
    pub prompt: String,
    /// How many objects the prompt asks for.
    pub things: u32,
    /// Which of the prompt's images.
    pub k: u32,
    /// Root of the draw's noise, the same in every arm.
    pub seed: u64,
    /// Which batch of the plan it is computed in.
    pub batch: u32,
    /// Which journal records it.
    pub shard: u32,
    /// Frames of a clip; absent of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
}

impl Task {
    /// Where the image is, relative to the run's folder: ids only, never a prompt. The frames of a clip stand in it side by side.
    pub fn image(&self) -> PathBuf {
        PathBuf::from("images").join(&self.arm).join(&self.prompt_id).join(format!("{}.png", self.k))
    }

    /// [`Self::image`] as the run's files spell it, with `/` on every system.
    pub fn image_text(&self) -> String {
        format!("images/{}/{}/{}.png", self.arm, self.prompt_id, self.k)
    }
}

/// What an arm's images depend on, besides the draws themselves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmIdentity {
    /// What draws.
    pub generator: GeneratorKind,
    /// Digests of all files that it computes with, by path inside the weights folder.
    pub weights: BTreeMap<String, String>,
    /// How latents are drawn; null for what is not sampled.
    pub sampler: Option<Sampler>,
    /// Tokens that T5's texts are padded to, which may change the last bits; null where no T5 is read.
    pub t5_length: Option<usize>,
    /// Type in which weights are held; left out where it is f32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtype: Option<WeightType>,
    /// Whether texts are encoded one by one, which may change the last bits; left out where the recipe does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_embeddings: Option<bool>,
    /// Digest of an import, or of a program; left out where there is none, so that other arms' tasks are what they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<String>,
}
