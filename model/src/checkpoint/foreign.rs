//! Checkpoints of other programs, tensor by tensor: safetensors in one file or several, or what `torch.save` writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::pickle::PthTensors;
use candle_core::{DType, Device, Tensor};

use super::CheckpointError;
use super::files::{Located, digest, locate};
use super::reader::Reader;

/// An opened checkpoint, whose names and shapes nobody has checked.
pub struct Foreign {
    path: PathBuf,
    files: Vec<PathBuf>,
    source: Source,
}

enum Source {
    Safetensors(Reader),
    Pickle(Box<PthTensors>, BTreeMap<String, Vec<usize>>),
}

/// Where published pipelines keep the transformer.
const PART: &str = "transformer";
/// What diffusers wrote before safetensors.
const PICKLE: &str = "diffusion_pytorch_model.bin";
/// Where training programs put the weights beside their own state.
const KEY: &str = "state_dict";

impl Foreign {
    /// Opens a file, the folder of a network, or that of a whole pipeline with a `transformer` in it.
    ///
    /// # Errors
    /// There is nothing, or it is damaged.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let folder = if path.join(PART).is_dir() { path.join(PART) } else { path.to_owned() };
        let is_pickle = |path: &Path| path.is_file() && path.extension().is_some_and(|end| end != "safetensors");
        let located = match locate(&folder) {
            Err(_) if is_pickle(&folder.join(PICKLE)) => Located::whole(folder.join(PICKLE)),
            found => found?,
        };
        let source = match located.files.as_slice() {
            [file] if is_pickle(file) => {
                unpickle(file).map_err(|source| CheckpointError::Damaged { path: file.clone(), source })?
            }
            _ => Source::Safetensors(Reader::open(&located)?),
        };
        Ok(Self { path: path.to_owned(), files: located.files, source })
    }

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names, sorted.
    pub fn names(&self) -> Vec<&str> {
        match &self.source {
            Source::Safetensors(reader) => reader.shapes().map(|(name, _)| name).collect(),
            Source::Pickle(_, shapes) => shapes.keys().map(String::as_str).collect(),
        }
    }

    /// The shape of a tensor that is there.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        match &self.source {
            Source::Safetensors(reader) => reader.shape(name),
            Source::Pickle(_, shapes) => shapes.get(name).map(Vec::as_slice),
        }
    }

    /// Reads a tensor, as f32 on the CPU.
    ///
    /// # Errors
    /// It is not there, or the file cannot be read.
    pub fn read(&self, name: &str) -> candle_core::Result<Tensor> {
        match &self.source {
            Source::Safetensors(reader) => reader.read(name, DType::F32, &Device::Cpu),
            Source::Pickle(tensors, _) => match tensors.get(name)? {
                Some(tensor) => tensor.to_dtype(DType::F32),
                None => candle_core::bail!("no tensor {name} in the checkpoint"),
            },
        }
    }

    /// SHA-256 of its files.
    ///
    /// # Errors
    /// [`CheckpointError::Unreadable`].
    pub fn digest(&self) -> Result<String, CheckpointError> {
        digest(&self.files)
    }
}

impl std::fmt::Debug for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Foreign").field("path", &self.path).finish_non_exhaustive()
    }
}

fn unpickle(path: &Path) -> candle_core::Result<Source> {
    let mut tensors = PthTensors::new(path, None)?;
    if tensors.tensor_infos().is_empty() {
        tensors = PthTensors::new(path, Some(KEY))?;
    }
    let shapes =
        tensors.tensor_infos().iter().map(|(name, info)| (name.clone(), info.layout.dims().to_vec())).collect();
    Ok(Source::Pickle(Box::new(tensors), shapes))
}
