//! A training state on disk: everything that makes a resumed training equal to an uninterrupted one.

use super::TrainError;
use super::card::CurvePoint;
use super::optimizer::{Optimizer, Slot};
use super::recipe::Fall;
use crate::checkpoint::digest;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

/// What a state file says beside its tensors.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct StateHeader {
    /// Digest of recipe, data and network; a state of another training is refused.
    pub(super) identity: String,
    /// Steps done.
    pub(super) step: u64,
    /// Steps at which the optimiser's moments started anew; see [`Beginning::Exported`](super::Beginning).
    #[serde(default)]
    pub(super) restarts: Vec<u64>,
    /// The fall of the learning rate, once it has begun.
    #[serde(default)]
    pub(super) fall: Option<Fall>,
    /// Seconds of training so far, over all sessions.
    pub(super) wall_seconds: f64,
    pub(super) curve: Vec<CurvePoint>,
    /// Losses since the curve's last point.
    pub(super) stretch: Vec<f64>,
}

type Part = (&'static str, fn(&Slot) -> &Vec<f32>, fn(&mut Slot) -> &mut Vec<f32>);

const PARTS: [Part; 4] = [
    ("value", |s| &s.value, |s| &mut s.value),
    ("first", |s| &s.first, |s| &mut s.first),
    ("second", |s| &s.second, |s| &mut s.second),
    ("average", |s| &s.average, |s| &mut s.average),
];

/// Writes `bytes` so that a crash leaves either the old file or the new one.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let fail = |source| TrainError::File { action: "write", path: path.to_owned(), source };
    let temporary = path.with_extension("tmp");
    let mut file = std::fs::File::create(&temporary).map_err(fail)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fail)?;
    std::fs::rename(&temporary, path).map_err(fail)?;
    // The rename itself is durable only once the folder is.
    if let Some(folder) = path.parent().and_then(|folder| std::fs::File::open(folder).ok()) {
        folder.sync_all().map_err(fail)?;
    }
    Ok(())
}

/// SHA-256 of a folder's exported weights.
pub(super) fn digest_of_weights(folder: &Path) -> Result<String, TrainError> {
    Ok(digest(&[folder.join("model.safetensors")])?)
}

pub(super) fn save(path: &Path, header: &StateHeader, optimizer: &Optimizer) -> Result<(), TrainError> {
    let json = serde_json::to_string(header).map_err(|e| fault(path, &e))?;
    let mut views = Vec::with_capacity(PARTS.len() * optimizer.slots.len());
    for slot in &optimizer.slots {
        for (part, get, _) in PARTS {
            let bytes = bytemuck::cast_slice(get(slot));
            let view = TensorView::new(Dtype::F32, slot.var.dims().to_vec(), bytes).map_err(|e| fault(path, &e))?;
            views.push((format!("{part}.{}", slot.name), view));
        }
    }
    let metadata = Some(HashMap::from([("state".to_owned(), json)]));
    let bytes = safetensors::serialize(views, metadata).map_err(|e| fault(path, &e))?;
    write_atomically(path, &bytes)
}

/// Restores `optimizer` (and the variables of the network) from `path`.
pub(super) fn load(path: &Path, identity: &str, optimizer: &mut Optimizer) -> Result<StateHeader, TrainError> {
    let bytes =
        std::fs::read(path).map_err(|source| TrainError::File { action: "read", path: path.to_owned(), source })?;
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| fault(path, &e))?;
    let json = metadata.metadata().as_ref().and_then(|m| m.get("state"));
    let json = json.ok_or_else(|| fault(path, &"it has no training header"))?;
    let header: StateHeader = serde_json::from_str(json).map_err(|e| fault(path, &e))?;
    if header.identity != identity {
        return Err(fault(path, &"it belongs to another recipe, seed or data; move it away to train anew"));
    }
    let tensors = SafeTensors::deserialize(&bytes).map_err(|e| fault(path, &e))?;
    for slot in &mut optimizer.slots {
        for (part, _, get_mut) in PARTS {
            let name = format!("{part}.{}", slot.name);
            let view = tensors.tensor(&name).map_err(|e| fault(path, &e))?;
            if view.shape() != slot.var.dims() {
                return Err(fault(path, &format!("{name} has shape {:?}, not {:?}", view.shape(), slot.var.dims())));
            }
            get_mut(slot).copy_from_slice(&bytemuck::pod_collect_to_vec::<u8, f32>(view.data()));
        }
        slot.publish()?;
    }
    Ok(header)
}

fn fault(path: &Path, reason: &dyn std::fmt::Display) -> TrainError {
    TrainError::State { path: path.to_owned(), reason: reason.to_string() }
}
