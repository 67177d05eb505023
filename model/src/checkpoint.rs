//! Weights from disk, checked: every missing, extra or mis-shaped tensor is named, all of them at once.
//!
//! A network is built on a [`VarBuilder`] that answers from safetensors files and notes each question. Whatever was asked for and
//! is not there, is there in another shape, or is there and was not asked for, ends up in one [`CheckpointError::Mismatch`].

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use serde::de::DeserializeOwned;

/// Why weights could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Neither a safetensors file nor a folder with one.
    #[error("no weights at {}: looked for {}", path.display(), looked_for.join(", "))]
    NotFound {
        /// The file or folder asked for.
        path: PathBuf,
        /// File names that would have done.
        looked_for: Vec<String>,
    },
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not safetensors, or is cut short.
    #[error("{} is damaged or incomplete", path.display())]
    Damaged {
        /// The file (the first of several parts).
        path: PathBuf,
        /// What the reader said.
        source: candle_core::Error,
    },
    /// A JSON file beside the weights does not parse.
    #[error("{} is not the configuration that was expected", path.display())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// What the parser said, with line and column.
        source: serde_json::Error,
    },
    /// The file's tensors are not the network's.
    #[error("{} does not fit the network:{}", path.display(), list(problems))]
    Mismatch {
        /// The file or folder asked for.
        path: PathBuf,
        /// Every tensor that is wrong, by name.
        problems: Vec<Problem>,
    },
    /// The network could not be built for another reason, such as a contradictory configuration.
    #[error("cannot build the network of {}", path.display())]
    Build {
        /// The file or folder asked for.
        path: PathBuf,
        /// What the network said.
        source: candle_core::Error,
    },
}

/// One tensor that is not as the network wants it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// The network has it, the file does not.
    Missing {
        /// Checkpoint key.
        name: String,
        /// The network's shape.
        expected: Vec<usize>,
    },
    /// Both have it, in different shapes.
    Shape {
        /// Checkpoint key.
        name: String,
        /// The network's shape.
        expected: Vec<usize>,
        /// The file's shape.
        got: Vec<usize>,
    },
    /// The file has it, the network does not.
    Extra {
        /// Checkpoint key.
        name: String,
        /// The file's shape.
        got: Vec<usize>,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Missing { name, expected } => {
                write!(f, "{name}: missing, expected shape {expected:?}")
            }
            Self::Shape { name, expected, got } => write!(f, "{name}: expected shape {expected:?}, got {got:?}"),
            Self::Extra { name, got } => {
                write!(f, "{name}: not part of the network, shape {got:?}")
            }
        }
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}

/// What to make of names in the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Naming<'a> {
    /// Only names that begin with it belong to the network; it is cut off. Empty: all do.
    pub prefix: &'a str,
    /// Names (after the prefix) that begin with one of these are not extra: other towers, buffers.
    pub ignore: &'a [&'a str],
    /// Another name under which the first may be stored; neither is extra.
    pub aliases: &'a [(&'a str, &'a str)],
}

/// Builds a network on the weights at `path`, a safetensors file or a folder with `model.safetensors`
/// (or diffusers' `diffusion_pytorch_model.safetensors`, or `model.safetensors.index.json` and its parts).
///
/// Tensors are converted to `dtype` one at a time. The build may ask for the same tensor twice.
///
/// # Errors
/// See [`CheckpointError`].
pub fn load<M>(
    path: &Path,
    naming: Naming,
    (dtype, device): (DType, &Device),
    build: impl FnOnce(VarBuilder) -> candle_core::Result<M>,
) -> Result<M, CheckpointError> {
    let parts = locate(path)?;
    for part in &parts {
        std::fs::File::open(part).map_err(|source| CheckpointError::Unreadable { path: part.clone(), source })?;
    }
    // SAFETY: the mapping lives only inside this function (tensors are copied out of it), and weights are files that
    // are replaced by renaming, never rewritten in place.
    let files = unsafe { MmapedSafetensors::multi(&parts) }
        .map_err(|source| CheckpointError::Damaged { path: parts[0].clone(), source })?;
    let own = |text: &str| text.to_owned();
    let record = Arc::new(Mutex::new(Record::default()));
    let backend = Asking {
        files,
        prefix: own(naming.prefix),
        aliases: naming.aliases.iter().map(|(name, other)| (own(name), own(other))).collect(),
        record: record.clone(),
    };
    let extra = backend.shapes();
    let built = build(VarBuilder::from_backend(Box::new(backend), dtype, device.clone()));
    let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
    let known = |name: &str| {
        record.asked.contains(name)
            || naming.ignore.iter().any(|start| name.starts_with(start))
            || naming.aliases.iter().any(|(wanted, other)| *other == name && record.asked.contains(*wanted))
    };
    let extra: Vec<Problem> =
        extra.into_iter().filter(|(name, _)| !known(name)).map(|(name, got)| Problem::Extra { name, got }).collect();
    // A network that refuses to be built has not asked for all its tensors: what it left would be called extra.
    if built.is_ok() {
        record.problems.extend(extra);
    }
    if !record.problems.is_empty() {
        let problems = std::mem::take(&mut record.problems).into_iter().collect();
        return Err(CheckpointError::Mismatch { path: path.to_owned(), problems });
    }
    built.map_err(|source| CheckpointError::Build { path: path.to_owned(), source })
}

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
fn locate(path: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
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

/// What was asked so far, and what was wrong with it.
#[derive(Default)]
struct Record {
    asked: BTreeSet<String>,
    problems: BTreeSet<Problem>,
}

/// Answers from the files; a tensor that is wrong is noted and answered with zeros, so that the build goes on.
struct Asking {
    files: MmapedSafetensors,
    prefix: String,
    aliases: Vec<(String, String)>,
    record: Arc<Mutex<Record>>,
}

impl Asking {
    /// Name, without the prefix, and shape of each tensor of the network's.
    fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        let own = |name: &str| name.strip_prefix(&self.prefix).map(str::to_owned);
        self.files.tensors().into_iter().filter_map(|(name, view)| Some((own(&name)?, view.shape().to_vec()))).collect()
    }

    /// The file's key for the network's `name`, by itself or by an alias, and its shape.
    fn find(&self, name: &str) -> Option<(String, Vec<usize>)> {
        let others = self.aliases.iter().filter(|(wanted, _)| wanted == name).map(|(_, other)| other.as_str());
        std::iter::once(name).chain(others).find_map(|name| {
            let key = format!("{}{name}", self.prefix);
            let shape = self.files.get(&key).ok()?.shape().to_vec();
            Some((key, shape))
        })
    }
}

impl SimpleBackend for Asking {
    fn get(&self, shape: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let expected = shape.dims().to_vec();
        let found = self.find(name);
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.asked.insert(name.to_owned());
        let name = name.to_owned();
        match found {
            Some((key, got)) if got == expected => {
                if record.problems.is_empty() {
                    return self.files.load(&key, device)?.to_dtype(dtype);
                }
            }
            Some((_, got)) => drop(record.problems.insert(Problem::Shape { name, expected, got })),
            None => drop(record.problems.insert(Problem::Missing { name, expected })),
        }
        Tensor::zeros(shape, dtype, device)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let Some((key, _)) = self.find(name) else { candle_core::bail!("no tensor {name} in the checkpoint") };
        self.record.lock().unwrap_or_else(PoisonError::into_inner).asked.insert(name.to_owned());
        self.files.load(&key, device)?.to_dtype(dtype)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.find(name).is_some()
    }
}
