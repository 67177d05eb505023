//! What a training leaves beside its weights, for readers.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `card.json` beside exported weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingCard {
    /// Name of the weights' folder.
    pub name: String,
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
