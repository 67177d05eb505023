//! A training state on disk: everything that makes a resumed training equal to an uninterrupted one.

use super::TrainError;
use super::card::CurvePoint;
use super::optimizer::{Optimizer, Slot};
use super::recipe::Fall;
use crate::checkpoint::digest;
use crate::file;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
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
    file::write(path, bytes).map_err(|source| TrainError::File { action: "write", path: path.to_owned(), source })
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
    let bytes = sealed(views, "state", json).map_err(|e| fault(path, &e))?;
    write_atomically(path, &bytes)
}

/// The key under which a file's metadata have the digest of all else in it.
const SEAL: &str = "sha256";

/// Tensors and, under `key`, a header as a safetensors file that says the digest of both.
pub(super) fn sealed(
    mut views: Vec<(String, TensorView)>,
    key: &str,
    header: String,
) -> Result<Vec<u8>, safetensors::SafeTensorError> {
    views.sort_by(|(one, _), (other, _)| one.cmp(other));
    let metadata = HashMap::from([(SEAL.to_owned(), seal(&views, &header)), (key.to_owned(), header)]);
    safetensors::serialize(views, Some(metadata))
}

/// Whether a file that was made by [`sealed`] is as it was written; files of earlier versions say no digest, and pass.
pub(super) fn is_whole(tensors: &SafeTensors, metadata: &HashMap<String, String>, key: &str) -> bool {
    let mut views = tensors.tensors();
    views.sort_by(|(one, _), (other, _)| one.cmp(other));
    let header = metadata.get(key).map_or("", String::as_str);
    metadata.get(SEAL).is_none_or(|said| *said == seal(&views, header))
}

/// SHA-256 of a header and of tensors in the order of their names, as hexadecimal digits.
fn seal(views: &[(String, TensorView)], header: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(header);
    for (name, view) in views {
        hash.update(format!("\n{name} {:?} {:?}\n", view.dtype(), view.shape()));
        hash.update(view.data());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
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
    if !metadata.metadata().as_ref().is_some_and(|metadata| is_whole(&tensors, metadata, "state")) {
        return Err(fault(path, &"its digest is another: the disk has changed it"));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_of_tensors_or_header_is_noticed_and_a_file_without_a_digest_is_read() {
        let numbers: Vec<u8> = (0..24).collect();
        let view =
            |part: &'static str| (part.to_owned(), TensorView::new(Dtype::F32, vec![3], &numbers[..12]).unwrap());
        let bytes = sealed(vec![view("b"), view("a")], "state", "{}".to_owned()).unwrap();
        let whole = |bytes: &[u8]| {
            let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
            let tensors = SafeTensors::deserialize(bytes).ok()?;
            Some(is_whole(&tensors, metadata.metadata().as_ref()?, "state"))
        };
        assert_eq!(whole(&bytes), Some(true));
        for byte in bytes.len() - 24..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[byte] ^= 1 << bit;
                assert_eq!(whole(&damaged), Some(false), "byte {byte}");
            }
        }
        let header = bytes.windows(2).position(|pair| pair == b"{}").unwrap();
        let mut damaged = bytes.clone();
        damaged[header..header + 2].copy_from_slice(b"[]");
        assert_eq!(whole(&damaged), Some(false));
        let metadata = HashMap::from([("state".to_owned(), "{}".to_owned())]);
        assert_eq!(whole(&safetensors::serialize(vec![view("a")], Some(metadata)).unwrap()), Some(true));
    }
}
