//! What a report must know about a run beside its observations. The harness writes it, this crate only reads it.
//!
//! It lives in the run's `manifest.json` under the key `run_info`. Everything that differs between two executions of one
//! run (dates, wall time) is optional: leave it out where runs must be byte-identical.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{ReportError, Result};
use crate::text::watt_hours;

/// The description of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The run's name, as in `runs/<name>`.
    pub name: String,
    /// When the run was created, as text of the writer's choice.
    #[serde(default)]
    pub created: Option<String>,
    /// The version that made the run.
    pub code: CodeVersion,
    /// The command line, as one would type it again.
    pub command: String,
    /// What it ran on ("2 CPU threads", a GPU's name).
    #[serde(default)]
    pub device: Option<String>,
    /// What energy is estimated with; none where nothing is assumed of the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
    /// All that makes two numbers comparable.
    pub protocol: Protocol,
    /// The arms, in the order of tables and figures.
    pub arms: Vec<ArmInfo>,
    /// Id of the arm that the others are compared with.
    pub baseline: String,
    /// The categories, in the order of tables and figures.
    pub categories: Vec<CategoryInfo>,
    /// What makes each prompt hard, by its id, where the suite says so: PartiPrompts' challenges.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub challenges: BTreeMap<String, String>,
    /// Images that the run will have when it is complete: arms × prompts × images per prompt.
    pub planned_tasks: u64,
    /// Images drawn and scored so far; `None`: count them in the observations.
    #[serde(default)]
    pub finished_tasks: Option<u64>,
}

/// The power that a busy thread is taken to draw: an assumption, no measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// Watts.
    pub watts: f64,
    /// What it stands for, in words.
    pub basis: String,
}

impl Power {
    /// The energy of so many thread-seconds, with its unit.
    pub fn energy(&self, thread_seconds: f64) -> String {
        watt_hours(self.watts * thread_seconds)
    }
}

/// A version of this project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeVersion {
    /// Version and commit, as `gentron --version` prints them.
    pub version: String,
    /// The working tree had changes that no commit holds. `None`: unknown, as in a build from an archive.
    #[serde(default)]
    pub dirty: Option<bool>,
}

/// The protocol card: where two cards differ, two numbers are not comparable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// The suites of prompts.
    pub suites: Vec<SuiteInfo>,
    /// Images drawn for each prompt by each arm.
    pub images_per_prompt: u32,
    /// Seed of the run, from which each image's noise is derived with its prompt id and index.
    pub seed: u64,
    /// How images were sampled.
    pub sampler: SamplerInfo,
    /// What scored them.
    pub scorers: Vec<ScorerInfo>,
    /// Noun phrases that headline scores ask for at most per prompt (official default 8, before December 2023: 2); `None`: not the same in
    /// all categories.
    #[serde(default)]
    pub np_num: Option<u32>,
    /// How images were resized before scoring, in words ("none").
    pub resize: String,
    /// Width and height of the generated images in pixels.
    pub image_size: [u32; 2],
}

/// A suite of prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuiteInfo {
    /// Id, as `shapes`.
    pub id: String,
    /// SHA-256 over ids and texts, in hexadecimal.
    pub digest: String,
    /// Prompts taken from it.
    pub prompts: u64,
    /// Under which licence its prompts are, in words; none: nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// The files that it was read from; none where it is part of the program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<SuiteFile>,
}

/// A file of prompts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteFile {
    /// Its name, without its folder.
    pub name: String,
    /// Which published version it is, in words ("current", "before 2025-09", "unknown revision", "own file").
    pub revision: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// A sampler and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplerInfo {
    /// Kind, as `dpm-solver++(2m)`.
    pub kind: String,
    /// Denoising steps.
    pub steps: u32,
    /// Scale of classifier-free guidance; 1 is none.
    pub guidance: f64,
    /// Of clips: the weight of motion-free guidance; none: off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion_guidance: Option<f64>,
}

/// A metric and what computed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScorerInfo {
    /// Metric id, as in the observations.
    pub metric: String,
    /// The model or program behind it.
    pub name: String,
    /// Its version, or the digest of its weights.
    pub version: String,
    /// Under which licence it is, in words; none: nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

/// One arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmInfo {
    /// Id, as in the observations and in the images' paths.
    pub id: String,
    /// Label for people, as short as it can be.
    pub label: String,
    /// `adaLN-Zero` or `cross-attention`.
    pub conditioning: String,
    /// The text encoders, as `CLIP`, `T5`.
    pub text_encoders: Vec<String>,
    /// Preset, as `gentron-shapes/2`.
    pub scale: String,
    /// Parameters of the backbone.
    pub parameters: u64,
    /// Cost of one image in units of 10⁹ floating-point operations.
    #[serde(default)]
    pub gflops_per_image: Option<f64>,
    /// Seconds an image took.
    #[serde(default)]
    pub seconds_per_image: Option<f64>,
    /// How this arm was sampled; none: as the protocol says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<SamplerInfo>,
    /// SHA-256 of the weights, in hexadecimal.
    pub weights_digest: String,
    /// How the weights were made, where known.
    #[serde(default)]
    pub training: Option<TrainingCard>,
    /// Id of the row of the paper's Table 2 or 3 that this arm corresponds to (see [`crate::paper::rows`]).
    #[serde(default)]
    pub paper_row: Option<String>,
    /// Frames that stand side by side in each of its images, where it draws clips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
    /// Of a backbone of clips: the share of its training samples that were motion-free, pictures whose frames did not see one another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion_free: Option<f64>,
}

/// How an arm was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingCard {
    /// Training samples seen, with repetition.
    pub samples: u64,
    /// Optimiser steps.
    pub steps: u64,
    /// Seed of weights, data order and noise.
    pub seed: u64,
    /// Samples per step.
    pub batch: u32,
    /// Time it took in seconds.
    pub wall_seconds: f64,
    /// Loss at the end, averaged as the trainer does.
    pub final_loss: f64,
    /// What it was trained on, with its licence, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// (samples seen, training loss), in order.
    pub curve: Vec<(u64, f64)>,
    /// The recipe as text.
    pub recipe: String,
}

/// One category of prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryInfo {
    /// The suite it belongs to.
    pub suite: String,
    /// Id, as in the observations (`2d_spatial`).
    pub id: String,
    /// Label for people (`2D-spatial`).
    pub label: String,
    /// Metric id of the score that stands for the category.
    pub headline_metric: String,
    /// Whether it counts in the overall Mean. The paper's Mean is over six: color, shape, texture, spatial, non-spatial, complex.
    pub in_mean: bool,
    /// The headline score of rendered ground truth: what a perfect drawing gets.
    #[serde(default)]
    pub ceiling: Option<f64>,
    /// The headline score of another prompt's ground truth: what luck gets.
    #[serde(default)]
    pub chance: Option<f64>,
}

impl RunInfo {
    /// Reads `run_info` of the folder's `manifest.json`.
    pub fn read(run_dir: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Manifest {
            run_info: RunInfo,
        }
        let path = run_dir.join("manifest.json");
        let text = std::fs::read(&path).map_err(ReportError::read(&path))?;
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|source| ReportError::Manifest { path, source })?;
        Ok(manifest.run_info)
    }

    /// The arm of this id.
    pub fn arm(&self, id: &str) -> Option<&ArmInfo> {
        self.arms.iter().find(|arm| arm.id == id)
    }
}
