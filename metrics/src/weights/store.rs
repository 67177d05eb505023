//! One file of weights, and which of its tensors were asked for.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use candle_core::pickle::PthTensors;
use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Tensor};
use sha2::{Digest, Sha256};

use super::legacy::{self, LegacyTensors};
use super::problem::{Problems, TensorProblem};
use super::source::TensorSource;
use crate::error::MetricError;

/// A `.safetensors` file, or what `torch.save` wrote (both the zip format of PyTorch 1.6 and the one before it).
///
/// The network asks for its tensors; [`WeightsFile::finish`] then names all that were missing, mis-shaped or left over.
pub struct WeightsFile {
    path: PathBuf,
    sha256: String,
    contents: Contents,
    device: Device,
    taken: RefCell<HashSet<String>>,
    problems: RefCell<Vec<TensorProblem>>,
}

enum Contents {
    Safetensors(MmapedSafetensors),
    Zip(PthTensors),
    Legacy(LegacyTensors),
}

impl WeightsFile {
    /// Opens a file; its kind is read from its first bytes, not from its name.
    ///
    /// `key` is where a pickled file keeps its state dict, e.g. `model`; without one the file is the state dict.
    /// The whole file is read once for its digest.
    ///
    /// # Errors
    /// [`MetricError::WeightsFile`] where it cannot be read or is neither kind.
    pub fn open(path: &Path, key: Option<&str>, device: &Device) -> Result<Self, MetricError> {
        let fail = |source: Box<dyn std::error::Error + Send + Sync>| MetricError::WeightsFile {
            path: path.to_owned(),
            source,
        };
        let (sha256, start) = digest(path).map_err(|e| fail(e.into()))?;
        let contents = if start.starts_with(b"PK") {
            Contents::Zip(PthTensors::new(path, key).map_err(|e| fail(e.into()))?)
        } else if legacy::is_legacy(&start) {
            Contents::Legacy(LegacyTensors::open(path, key).map_err(|e| fail(e.into()))?)
        } else {
            // SAFETY: the map is read-only; that nobody shortens the file while it is mapped is the user's part, as for
            // every program that maps its weights.
            let mapped = unsafe { MmapedSafetensors::new(path) };
            Contents::Safetensors(mapped.map_err(|e| fail(e.into()))?)
        };
        let (path, device) = (path.to_owned(), device.clone());
        Ok(Self { path, sha256, contents, device, taken: RefCell::default(), problems: RefCell::default() })
    }

    /// The file's digest, lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Every tensor's name, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match &self.contents {
            Contents::Safetensors(file) => file.tensors().into_iter().map(|(name, _)| name).collect(),
            Contents::Zip(file) => file.tensor_infos().keys().cloned().collect(),
            Contents::Legacy(file) => file.names(),
        };
        names.sort();
        names
    }

    /// That every tensor asked for was there, and every tensor there was asked for.
    ///
    /// # Errors
    /// [`MetricError::Weights`] with every problem of the file.
    pub fn finish(&self) -> Result<(), MetricError> {
        let taken = self.taken.borrow();
        let mut problems = self.problems.borrow().clone();
        let extra = self.names().into_iter().filter(|name| !taken.contains(name));
        problems.extend(extra.map(|name| TensorProblem::Extra { name }));
        if problems.is_empty() {
            return Ok(());
        }
        Err(MetricError::Weights { path: self.path.clone(), problems: Problems(problems) })
    }

    fn read(&self, name: &str) -> Result<Option<Tensor>, MetricError> {
        self.taken.borrow_mut().insert(name.to_owned());
        let read = || match &self.contents {
            Contents::Safetensors(file) if file.get(name).is_err() => Ok(None),
            Contents::Safetensors(file) => file.load(name, &self.device).map(Some),
            Contents::Zip(file) => file.get(name),
            Contents::Legacy(file) => file.get(name),
        };
        let as_f32 = |tensor: Tensor| tensor.to_dtype(DType::F32)?.contiguous()?.to_device(&self.device);
        let tensor = read().and_then(|tensor| tensor.map(as_f32).transpose());
        tensor.map_err(|source| MetricError::WeightsFile { path: self.path.clone(), source: source.into() })
    }

    fn note(&self, problem: TensorProblem) {
        self.problems.borrow_mut().push(problem);
    }
}

impl TensorSource for WeightsFile {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, MetricError> {
        let (name, shape) = (name.to_owned(), shape.to_vec());
        match self.read(&name)? {
            Some(tensor) if tensor.dims() == shape => return Ok(tensor),
            Some(tensor) => {
                self.note(TensorProblem::Shape { name, expected: shape.clone(), got: tensor.dims().to_vec() });
            }
            None => self.note(TensorProblem::Missing { name, shape: shape.clone() }),
        }
        // One zero, seen as many: enough for construction to go on and find the other problems.
        let zeros = Tensor::zeros((), DType::F32, &self.device).and_then(|zero| zero.broadcast_as(shape));
        zeros.map_err(|source| MetricError::WeightsFile { path: self.path.clone(), source: source.into() })
    }

    fn any_shape(&self, name: &str) -> Result<Option<Tensor>, MetricError> {
        self.read(name)
    }

    fn tied(&self, name: &str, of: &str, shape: &[usize]) -> Result<(), MetricError> {
        let (Some(tensor), Some(original)) = (self.read(name)?, self.read(of)?) else { return Ok(()) };
        let name = name.to_owned();
        if tensor.dims() != shape {
            self.note(TensorProblem::Shape { name, expected: shape.to_vec(), got: tensor.dims().to_vec() });
            return Ok(());
        }
        let apart = (tensor - original).and_then(|d| d.abs()?.max_all()?.to_scalar::<f32>());
        if apart.is_ok_and(|apart| apart != 0.0) {
            self.note(TensorProblem::Untied { name, tied_to: of.to_owned() });
        }
        Ok(())
    }

    fn ignored(&self, name: &str, _: &[usize]) {
        self.taken.borrow_mut().insert(name.to_owned());
    }
}

/// SHA-256 of a file, and its first bytes.
fn digest(path: &Path) -> std::io::Result<(String, Vec<u8>)> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let (mut hasher, mut start, mut buffer) = (Sha256::new(), Vec::new(), vec![0u8; 1 << 20]);
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        if start.is_empty() {
            start.extend_from_slice(&buffer[..read.min(64)]);
        }
        hasher.update(&buffer[..read]);
    }
    Ok((hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), start))
}

/// Tensors in memory by name, for networks that are made and not loaded.
impl TensorSource for HashMap<String, Tensor> {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, MetricError> {
        let problem = match self.get(name) {
            Some(tensor) if tensor.dims() == shape => return Ok(tensor.clone()),
            Some(tensor) => {
                TensorProblem::Shape { name: name.to_owned(), expected: shape.to_vec(), got: tensor.dims().to_vec() }
            }
            None => TensorProblem::Missing { name: name.to_owned(), shape: shape.to_vec() },
        };
        Err(MetricError::Weights { path: PathBuf::new(), problems: Problems(vec![problem]) })
    }

    fn any_shape(&self, name: &str) -> Result<Option<Tensor>, MetricError> {
        Ok(self.get(name).cloned())
    }

    fn tied(&self, _: &str, _: &str, _: &[usize]) -> Result<(), MetricError> {
        Ok(())
    }

    fn ignored(&self, _: &str, _: &[usize]) {}
}
