//! Finished weights.

use super::TrainError;
use super::card::TrainingCard;
use super::engine::{Objective, averaged};
use super::optimizer::Optimizer;
use super::recipe::Optimisation;
use super::state::{StateHeader, write_atomically};
use candle_core::Device;
use std::path::Path;

/// Writes the averaged weights as f16, what belongs beside them, and their card, last.
pub(super) fn export<O: Objective>(
    objective: &O,
    recipe: &Optimisation,
    data: &str,
    described: serde_json::Value,
    header: &StateHeader,
    optimizer: &Optimizer,
    (device, folder): (&Device, &Path),
) -> Result<TrainingCard, TrainError> {
    objective.export(&averaged(objective, optimizer, device)?, folder)?;
    let mut views = Vec::with_capacity(optimizer.slots.len());
    let halves: Vec<Vec<u8>> = optimizer.slots.iter().map(|slot| to_f16(&slot.average)).collect();
    for (slot, bytes) in optimizer.slots.iter().zip(&halves) {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F16, slot.var.dims().to_vec(), bytes)
            .map_err(|e| TrainError::State { path: folder.to_owned(), reason: e.to_string() })?;
        views.push((slot.name.clone(), view));
    }
    let bytes = safetensors::serialize(views, None)
        .map_err(|e| TrainError::State { path: folder.to_owned(), reason: e.to_string() })?;
    write_atomically(&folder.join("model.safetensors"), &bytes)?;
    let tail = &header.curve[header.curve.len().saturating_sub(10)..];
    let card = TrainingCard {
        name: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        identity: header.identity.clone(),
        network: objective.describe(),
        parameters: optimizer.slots.iter().map(|slot| slot.value.len() as u64).sum(),
        data: data.to_owned(),
        recipe: described,
        seed: recipe.seed,
        steps: header.step,
        samples: header.step * recipe.batch as u64,
        restarts: header.restarts.clone(),
        wall_seconds: header.wall_seconds.round(),
        final_loss: tail.iter().map(|point| point.loss).sum::<f64>() / tail.len().max(1) as f64,
        evaluation: header.curve.last().map(|point| point.evaluation.clone()).unwrap_or_default(),
        curve: header.curve.clone(),
    };
    let json = serde_json::to_string_pretty(&card)
        .map_err(|e| TrainError::State { path: folder.to_owned(), reason: e.to_string() })?;
    write_atomically(&folder.join("card.json"), (json + "\n").as_bytes())?;
    Ok(card)
}

fn to_f16(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|&value| half::f16::from_f32(value).to_le_bytes()).collect()
}
