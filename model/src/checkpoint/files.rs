//! Which files hold the weights.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::CheckpointError;

/// Reads a JSON file such as `config.json`.
///
/// # Errors
/// [`CheckpointError::Unreadable`] or [`CheckpointError::Configuration`].
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, CheckpointError> {
    let text = std::fs::read(path).map_err(|source| CheckpointError::Unreadable { path: path.to_owned(), source })?;
    serde_json::from_slice(&text).map_err(|source| CheckpointError::Configuration { path: path.to_owned(), source })
}

const WHOLE: [&str; 2] = ["model.safetensors", "diffusion_pytorch_model.safetensors"];

/// The safetensors files that `path` stands for, at least one.
pub(super) fn locate(path: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    for name in WHOLE {
        let (whole, index) = (path.join(name), path.join(format!("{name}.index.json")));
        if whole.is_file() {
            return Ok(vec![whole]);
        }
        if index.is_file() {
            #[derive(serde::Deserialize)]
            struct Index {
                weight_map: std::collections::BTreeMap<String, String>,
            }
            let index: Index = read_json(&index)?;
            let parts: BTreeSet<String> = index.weight_map.into_values().collect();
            if !parts.is_empty() {
                return Ok(parts.into_iter().map(|part| path.join(part)).collect());
            }
        }
    }
    let looked_for = WHOLE.iter().flat_map(|name| [(*name).to_owned(), format!("{name}.index.json")]).collect();
    Err(CheckpointError::NotFound { path: path.to_owned(), looked_for })
}
