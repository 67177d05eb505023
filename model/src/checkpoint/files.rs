//! Which files hold the weights.

use std::collections::{BTreeMap, BTreeSet};
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
    Ok(sha256(files)?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// SHA-256 of all that the weights at `path` are read from: of one file its own; of parts theirs, one after the other, and their index.
///
/// # Errors
/// [`CheckpointError::NotFound`], [`CheckpointError::Configuration`] or [`CheckpointError::Unreadable`].
pub(crate) fn sha256_of_weights(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    let Located { mut files, index } = locate(path)?;
    files.extend(index.map(|index| index.path));
    sha256(&files)
}

/// SHA-256 of files, one after the other, of which a piece at a time is in memory.
fn sha256(files: &[PathBuf]) -> Result<Vec<u8>, CheckpointError> {
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
    Ok(hash.finalize().to_vec())
}

const WHOLE: [&str; 2] = ["model.safetensors", "diffusion_pytorch_model.safetensors"];

/// The files of some weights.
pub(crate) struct Located {
    /// At least one.
    pub(crate) files: Vec<PathBuf>,
    /// What says which of them holds what, where there are several.
    pub(super) index: Option<Index>,
}

/// The index of weights in parts.
pub(super) struct Index {
    /// Its own file.
    pub(super) path: PathBuf,
    /// By tensor, the place of its part among the files.
    pub(super) places: BTreeMap<String, usize>,
}

impl Located {
    /// Weights in one file.
    pub(super) fn whole(file: PathBuf) -> Self {
        Self { files: vec![file], index: None }
    }
}

/// The safetensors files that `path` stands for.
pub(crate) fn locate(path: &Path) -> Result<Located, CheckpointError> {
    if path.is_file() {
        return Ok(Located::whole(path.to_owned()));
    }
    for name in WHOLE {
        let (whole, index) = (path.join(name), path.join(format!("{name}.index.json")));
        if whole.is_file() {
            return Ok(Located::whole(whole));
        }
        if index.is_file()
            && let Some(located) = in_parts(path, index)?
        {
            return Ok(located);
        }
    }
    let looked_for = WHOLE.iter().flat_map(|name| [(*name).to_owned(), format!("{name}.index.json")]).collect();
    Err(CheckpointError::NotFound { path: path.to_owned(), looked_for })
}

/// The parts in `folder` that an index names; none where it names none.
fn in_parts(folder: &Path, path: PathBuf) -> Result<Option<Located>, CheckpointError> {
    #[derive(serde::Deserialize)]
    struct Read {
        weight_map: BTreeMap<String, String>,
    }
    let Read { weight_map } = read_json(&path)?;
    let parts: Vec<String> = weight_map.values().cloned().collect::<BTreeSet<_>>().into_iter().collect();
    if parts.is_empty() {
        return Ok(None);
    }
    let place = |(name, part): (String, String)| Some((name, parts.binary_search(&part).ok()?));
    let places = weight_map.into_iter().filter_map(place).collect();
    let files = parts.iter().map(|part| folder.join(part)).collect();
    Ok(Some(Located { files, index: Some(Index { path, places }) }))
}
