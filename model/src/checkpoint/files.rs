//! Which files hold the weights.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::CheckpointError;

/// Reads a JSON file such as `config.json`.
///
/// # Errors
/// [`CheckpointError::Unreadable`] or [`CheckpointError::Configuration`].
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, CheckpointError> {
    // Python writes infinities, as in diffusers' `lambda_min_clipped`, which JSON does not have; whoever asks for one finds null.
    let text = std::fs::read(path).map_err(|source| CheckpointError::Unreadable { path: path.to_owned(), source })?;
    let python = [": -Infinity", ": Infinity", ": NaN"];
    let text =
        python.iter().fold(String::from_utf8_lossy(&text).into_owned(), |text, word| text.replace(word, ": null"));
    serde_json::from_str(&text).map_err(|source| CheckpointError::Configuration { path: path.to_owned(), source })
}

/// SHA-256 of files, one after the other, in hexadecimal digits.
///
/// # Errors
/// [`CheckpointError::Unreadable`].
pub(crate) fn digest(files: &[PathBuf]) -> Result<String, CheckpointError> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    for path in files {
        let unreadable = |source| CheckpointError::Unreadable { path: path.clone(), source };
        let mut file = File::open(path).map_err(unreadable)?;
        loop {
            match file.read(&mut piece).map_err(unreadable)? {
                0 => break,
                count => hash.update(&piece[..count]),
            }
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

const WHOLE: [&str; 2] = ["model.safetensors", "diffusion_pytorch_model.safetensors"];

/// The safetensors files that `path` stands for, at least one.
pub(crate) fn locate(path: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
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
