//! Checkpoints of random numbers in the layout of real ones: to try sizes that no repository can hold.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use candle_nn::Init;
use half::{bf16, f16};
use rayon::prelude::*;
use safetensors::tensor::{Dtype, SafeTensorError, View};
use serde_json::json;

use super::{CheckpointError, Parameter};
use crate::noise::Stream;

/// How a checkpoint lies on disk.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    /// Name of the file; of parts, what their names and that of their index begin with.
    pub file: &'a str,
    /// F32, F16 or BF16.
    pub dtype: Dtype,
    /// Bytes that a part holds at most; absent for one file.
    pub part: Option<u64>,
    /// Buffers that count from 0, [1, n] of i64, which published files hold beside the weights: name and n.
    pub counts: &'a [(&'a str, usize)],
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The files, index included.
    pub files: Vec<PathBuf>,
    /// Numbers in all tensors.
    pub parameters: u64,
    /// Bytes of all tensors.
    pub bytes: u64,
}

/// What the draws are for.
const RANDOM_WEIGHTS: u32 = 300;

/// Writes tensors of random numbers: uniform, of the mean and deviation that training would begin with; what would begin as a constant
/// deviates from it by 0.02, so that no branch is silent. One tensor at a time is in memory.
///
/// # Errors
/// Where a file cannot be written.
pub fn write_random(
    folder: &Path,
    parameters: &[Parameter],
    layout: Layout,
    seed: u64,
) -> Result<Written, CheckpointError> {
    let size = |parameter: &Parameter| parameter.elements() * layout.dtype.bitsize() as u64 / 8;
    let (mut parts, mut used): (Vec<Vec<&Parameter>>, u64) = (Vec::new(), 0);
    for parameter in parameters {
        match parts.last_mut() {
            Some(part) if used + size(parameter) <= layout.part.unwrap_or(u64::MAX) => part.push(parameter),
            _ => {
                parts.push(vec![parameter]);
                used = 0;
            }
        }
        used += size(parameter);
    }
    let (stem, count) = (layout.file.trim_end_matches(".safetensors"), parts.len());
    let name = |i: usize| match layout.part {
        None => layout.file.to_owned(),
        Some(_) => format!("{stem}-{:05}-of-{count:05}.safetensors", i + 1),
    };
    let mut files = Vec::new();
    let mut places = serde_json::Map::new();
    for (i, part) in parts.iter().enumerate() {
        let path = folder.join(name(i));
        let views = part.iter().map(|parameter| {
            places.insert(parameter.name.clone(), json!(name(i)));
            (parameter.name.as_str(), Stored::Drawn(Drawn { parameter, dtype: layout.dtype, seed }))
        });
        // Not in the index: no published network with such a buffer comes in parts.
        let counts = layout.counts.iter().map(|&(name, length)| (name, Stored::Count([1, length])));
        let views = views.chain(counts.filter(|_| i == 0));
        let metadata = [("format".to_owned(), "pt".to_owned())].into();
        safetensors::serialize_to_file(views.collect::<Vec<_>>(), Some(metadata), &path).map_err(|error| {
            let source = match error {
                SafeTensorError::IoError(source) => source,
                other => std::io::Error::other(other),
            };
            CheckpointError::Unwritable { path: path.clone(), source }
        })?;
        files.push(path);
    }
    let bytes = parameters.iter().map(size).sum();
    if layout.part.is_some() {
        let path = folder.join(format!("{}.index.json", layout.file));
        let index = json!({ "metadata": { "total_size": bytes }, "weight_map": places });
        std::fs::write(&path, format!("{index:#}\n"))
            .map_err(|source| CheckpointError::Unwritable { path: path.clone(), source })?;
        files.push(path);
    }
    Ok(Written { files, parameters: parameters.iter().map(Parameter::elements).sum(), bytes })
}

/// A tensor that is made when it is written.
enum Stored<'a> {
    Drawn(Drawn<'a>),
    /// The numbers from 0, of this shape.
    Count([usize; 2]),
}

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        match self {
            Self::Drawn(drawn) => drawn.dtype,
            Self::Count(_) => Dtype::I64,
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            Self::Drawn(drawn) => &drawn.parameter.shape,
            Self::Count(shape) => shape,
        }
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Drawn(drawn) => Cow::Owned(drawn.data()),
            Self::Count([_, length]) => Cow::Owned((0..*length as i64).flat_map(i64::to_le_bytes).collect()),
        }
    }

    fn data_len(&self) -> usize {
        match self {
            Self::Drawn(drawn) => drawn.data_len(),
            Self::Count([_, length]) => length * size_of::<i64>(),
        }
    }
}

/// Random numbers.
struct Drawn<'a> {
    parameter: &'a Parameter,
    dtype: Dtype,
    seed: u64,
}

impl Drawn<'_> {
    fn data(&self) -> Vec<u8> {
        /// Numbers of one block of the stream: one from every 16 bits, finer than bfloat16 and f16 can tell.
        const BLOCK: usize = 8;
        const BLOCKS: usize = 1 << 13;
        let (mean, deviation) = moments(self.parameter.init);
        let stream = Stream::new(self.seed, &self.parameter.name, 0, RANDOM_WEIGHTS);
        let width = self.dtype.bitsize() / 8;
        let mut bytes = vec![0; self.data_len()];
        bytes.par_chunks_mut(BLOCKS * BLOCK * width).enumerate().for_each(|(i, bytes)| {
            for (j, bytes) in bytes.chunks_mut(BLOCK * width).enumerate() {
                let words = stream.block((i * BLOCKS + j) as u64);
                let halves = words.into_iter().flat_map(|word| [word & 0xffff, word >> 16]);
                for (to, half) in bytes.chunks_exact_mut(width).zip(halves) {
                    let uniform = (half as f32 + 0.5) / 32768.0 - 1.0;
                    let value = (deviation * 3f32.sqrt()).mul_add(uniform, mean);
                    match self.dtype {
                        Dtype::BF16 => to.copy_from_slice(&bf16::from_f32(value).to_le_bytes()),
                        Dtype::F16 => to.copy_from_slice(&f16::from_f32(value).to_le_bytes()),
                        _ => to.copy_from_slice(&value.to_le_bytes()),
                    }
                }
            }
        });
        bytes
    }

    fn data_len(&self) -> usize {
        self.parameter.elements() as usize * self.dtype.bitsize() / 8
    }
}

/// Mean and standard deviation.
fn moments(init: Init) -> (f32, f32) {
    let (mean, deviation) = match init {
        Init::Const(value) => (value, 0.02),
        Init::Randn { mean, stdev } => (mean, stdev),
        Init::Uniform { lo, up } => ((lo + up) / 2.0, (up - lo) / 12f64.sqrt()),
        Init::Kaiming { .. } => (0.0, 0.02),
    };
    (mean as f32, deviation as f32)
}
