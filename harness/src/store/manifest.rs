//! `manifest.json`: what a run is. Written once, before the first image.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gentron_reports::RunInfo;
use serde::{Deserialize, Serialize};

use super::difference;
use crate::generate::Outside;
use crate::recipe::Resolved;
use crate::score::ScorerPaths;

/// The layout of a run's folder that this version reads and writes.
pub const FORMAT: u32 = 1;

/// The content of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Layout of the run's folder.
    pub format: u32,
    /// The recipe with every choice explicit.
    pub recipe: Resolved,
    /// Digest of each weight file that images or scores are computed with, by path inside the weights folder.
    pub weights: BTreeMap<String, String>,
    /// Where the weights were, absolute, where the recipe itself names a folder of its own. They may have moved since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_place: Option<PathBuf>,
    /// Where the files of suites were, absolute, by suite; none for what is part of the program. They may have moved since.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub suite_places: BTreeMap<String, PathBuf>,
    /// Where the arms that are drawn outside of this program came from; they may have moved since.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outside: BTreeMap<String, Outside>,
    /// Where the scorers of photographs were, absolute. Another one may score the same images again.
    #[serde(default, skip_serializing_if = "is_none")]
    pub scorers: ScorerPaths,
    /// The plan, by its digest and size.
    pub plan: PlanSummary,
    /// What the report says about the run: protocol card, arms, categories, code, device.
    pub run_info: RunInfo,
}

fn is_none(paths: &ScorerPaths) -> bool {
    *paths == ScorerPaths::default()
}

/// `plan.jsonl` in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanSummary {
    /// SHA-256 of the file.
    pub digest: String,
    /// Images.
    pub tasks: usize,
    /// Batches that are computed whole.
    pub batches: usize,
    /// Logical shards: how finely journals are divided.
    pub shards: u32,
}

impl Manifest {
    /// What keeps a run of `self` from being continued as `wanted`; empty if nothing does. The code's version does not: the plan's digest
    /// has everything that changes an image.
    pub fn obstacles(&self, wanted: &Self) -> Vec<String> {
        let value = |manifest: &Self| {
            serde_json::json!({
                "format": manifest.format,
                "recipe": manifest.recipe,
                "weights": manifest.weights,
                "plan": manifest.plan.digest,
            })
        };
        difference::between(&value(self), &value(wanted))
    }
}
