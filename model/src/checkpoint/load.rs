//! Building a network on checked weights.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{DType, Device};
use candle_nn::VarBuilder;

use super::asking::{Asking, Record};
use super::files::locate;
use super::reader::Reader;
use super::{CheckpointError, Problem};

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
/// (or diffusers' `diffusion_pytorch_model.safetensors`, or `model.safetensors.index.json` and its parts: then each tensor is read from
/// the part that the index names).
///
/// Tensors are read and converted one at a time; `dtype` is that of the matrices (see `parameter_types`). The build may ask for the
/// same tensor twice.
///
/// # Errors
/// See [`CheckpointError`].
pub fn load<M>(
    path: &Path,
    naming: Naming,
    (dtype, device): (DType, &Device),
    build: impl FnOnce(VarBuilder) -> candle_core::Result<M>,
) -> Result<M, CheckpointError> {
    build_on(path, naming, (dtype, device), true, build)
}

/// What [`load`] would say of the weights at `path`, from the headers of their files: so it costs no memory and next to no time.
///
/// # Errors
/// See [`CheckpointError`].
pub fn check<M>(
    path: &Path,
    naming: Naming,
    build: impl FnOnce(VarBuilder) -> candle_core::Result<M>,
) -> Result<(), CheckpointError> {
    build_on(path, naming, (DType::F32, &Device::Cpu), false, build).map(drop)
}

fn build_on<M>(
    path: &Path,
    naming: Naming,
    (dtype, device): (DType, &Device),
    reads: bool,
    build: impl FnOnce(VarBuilder) -> candle_core::Result<M>,
) -> Result<M, CheckpointError> {
    let files = Reader::open(&locate(path)?)?;
    let absent = files.absent().to_vec();
    let own = |text: &str| text.to_owned();
    let record = Arc::new(Mutex::new(Record::default()));
    let backend = Asking {
        files,
        reads,
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
    let absent: Vec<Problem> = absent
        .into_iter()
        .filter_map(|(name, file)| Some((name.strip_prefix(naming.prefix)?.to_owned(), file)))
        .filter(|(name, _)| !known(name) || record.misses(name))
        .map(|(name, file)| Problem::Absent { name, file })
        .collect();
    // A network that refuses to be built has not asked for all its tensors: what it left would be called extra.
    if built.is_ok() {
        record.problems.extend(extra.into_iter().chain(absent));
    }
    if !record.problems.is_empty() {
        let problems = std::mem::take(&mut record.problems).into_iter().collect();
        return Err(CheckpointError::Mismatch { path: path.to_owned(), problems });
    }
    built.map_err(|source| CheckpointError::Build { path: path.to_owned(), source })
}
