//! Which training this is: what may go on from where.

use super::engine::Beginning;
use super::recipe::{Fall, LearningRate, MICRO_BATCHES, Optimisation};
use super::{TrainError, card, state};
use crate::ops::Precision;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Digest of the weights that a training began from. Drafts need not be kept: one that goes on from its own exported weights takes their
/// card's word for it.
pub(super) fn origin(initial: &Path, beginning: Beginning, weights: &Path) -> Result<String, TrainError> {
    let kept = initial.join("model.safetensors").exists();
    // A card of weights that are about to be replaced may be whatever it is.
    let said = if beginning == Beginning::Exported && !kept { card::origin(weights)? } else { None };
    said.map_or_else(|| state::digest_of_weights(initial), Ok)
}

/// Of a state: a learning rate that has begun to fall must go on as it began.
pub(super) fn check_fall(begun: Option<Fall>, recipe: &Optimisation, step: u64, path: &Path) -> Result<(), TrainError> {
    if begun.is_none() || begun == recipe.fall(step) {
        return Ok(());
    }
    let reason = "its learning rate has begun to fall, and the recipe's fall is another; restore the recipe's samples and schedule";
    Err(TrainError::State { path: path.to_owned(), reason: reason.into() })
}

/// A state may be continued with other intervals of checkpoints and evaluations, in another precision, in other micro-batches (which
/// change the order of a sum) and, until the learning rate depends on the end, to more samples; nothing else may change.
pub(super) fn identity(recipe: &Optimisation, objective: &serde_json::Value, data: &str) -> String {
    let (samples, schedule) =
        if recipe.is_open() { (0, LearningRate::Constant) } else { (recipe.samples, recipe.schedule) };
    let precision = Precision::F32;
    let fixed = Optimisation {
        samples,
        schedule,
        precision,
        micro_batches: MICRO_BATCHES,
        checkpoint_seconds: 0,
        evaluate_every: 1,
        ..recipe.clone()
    };
    let text = serde_json::json!({ "recipe": fixed, "objective": objective, "data": data }).to_string();
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
