//! What a training leaves beside its weights, for readers.

use super::TrainError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// `card.json` beside exported weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingCard {
    /// Name of the weights' folder.
    pub name: String,
    /// Digest of recipe, data and network, by which a longer training knows that these weights are its own beginning.
    #[serde(default)]
    pub identity: String,
    /// What the network is.
    pub network: String,
    /// Exact number of parameters.
    pub parameters: u64,
    /// Identity of the training data.
    pub data: String,
    /// The whole recipe, as resolved.
    pub recipe: serde_json::Value,
    /// Seed of weights, data order, noise and dropout.
    pub seed: u64,
    /// Optimiser steps.
    pub steps: u64,
    /// Samples seen.
    pub samples: u64,
    /// Steps at which training went on from exported weights alone, with new moments in the optimiser.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restarts: Vec<u64>,
    /// Seconds of training, over all sessions.
    pub wall_seconds: f64,
    /// Mean training loss over the last stretch of the curve.
    pub final_loss: f64,
    /// Last evaluation, by name.
    pub evaluation: BTreeMap<String, f64>,
    /// Training loss against samples.
    pub curve: Vec<CurvePoint>,
}

/// One stretch of training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Samples seen at its end.
    pub samples: u64,
    /// Mean loss over it.
    pub loss: f64,
    /// Evaluations at its end, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evaluation: BTreeMap<String, f64>,
}

/// The card in a weights' folder, if there is one and it is of the training `identity`.
pub(super) fn of_training(weights: &Path, identity: &str) -> Result<Option<TrainingCard>, TrainError> {
    Ok(read(weights)?.filter(|card| card.identity == identity))
}

/// Of the weights that those in a folder began from, the digest that their card remembers.
pub(super) fn origin(weights: &Path) -> Result<Option<String>, TrainError> {
    Ok(read(weights)?.and_then(|card| card.recipe["initial"].as_str().map(str::to_owned)))
}

fn read(weights: &Path) -> Result<Option<TrainingCard>, TrainError> {
    let path = weights.join("card.json");
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(TrainError::File { action: "read", path, source }),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| TrainError::State { path, reason: e.to_string() })
}
