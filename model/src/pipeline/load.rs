//! Networks from their weights' folders.

use super::{EmbeddingCache, PipelineError, Sampling};
use crate::autoencoder::AutoencoderKl;
use crate::checkpoint::{CheckpointError, Naming, check, load, read_json};
use crate::diffusion::ScheduleConfig;
use crate::gentron::{GenTron, GenTronConfig};
use crate::ops::Precision;
use crate::text::{ClipTextEncoder, T5TextEncoder, TextEncoder, TextError};
use candle_core::{DType, Device};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The two families of text encoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderKind {
    /// CLIP's text tower.
    Clip,
    /// T5's encoder.
    T5,
}

/// A text encoder on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderSpec {
    /// Registry key, which the backbone's configuration names: `clip-shapes`.
    pub name: String,
    /// Family.
    pub kind: EncoderKind,
    /// Folder of weights.
    pub folder: PathBuf,
    /// Tokens that a text is padded to; CLIP's own limit where absent.
    #[serde(default)]
    pub length: Option<usize>,
}

/// In which type the matrices of backbone and text encoders are held; they are multiplied in it, where the processor can.
///
/// On the CPU activations, norms and sums stay f32. Elsewhere activations are of this type, too, and norms and softmax are computed in f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightType {
    /// Whatever the type on disk.
    #[default]
    F32,
    /// Half the memory and, with AMX or AVX512-BF16, twice as fast or more; elsewhere each layer's are converted when it is their turn.
    Bf16,
    /// Half the memory, with three more bits of each number and a smaller range; each layer's are converted when it is their turn.
    F16,
}

impl WeightType {
    /// The type as candle knows it.
    pub const fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
            Self::F16 => DType::F16,
        }
    }

    /// How matrices that are no weights are multiplied, such as those of attention.
    pub fn precision(self) -> Precision {
        match self {
            Self::F32 | Self::F16 => Precision::F32,
            Self::Bf16 => Precision::Bf16,
        }
    }
}

/// Everything that makes one arm's pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineSpec {
    /// Folder of the backbone's weights and configuration.
    pub backbone: PathBuf,
    /// Text encoders; those that the backbone names are loaded.
    pub encoders: Vec<EncoderSpec>,
    /// Folder of the autoencoder.
    pub autoencoder: PathBuf,
    /// Noise schedule that the backbone was trained with.
    #[serde(default)]
    pub schedule: ScheduleConfig,
    /// How images are drawn.
    pub sampling: Sampling,
    /// Type of the weights of backbone and encoders; the autoencoder's are f32.
    #[serde(default)]
    pub weights: WeightType,
    /// Where text embeddings are kept, for encoders whose work is worth keeping; absent, all texts are held in memory.
    #[serde(default)]
    pub embeddings: Option<EmbeddingCache>,
}

/// Tokens of T5 where a specification says nothing (paper: not given; ours).
const T5_LENGTH: usize = 120;

impl EncoderSpec {
    /// Tokens that a text is padded to, where the network does not say itself.
    pub(super) fn length(&self) -> Option<usize> {
        (self.kind == EncoderKind::T5).then(|| self.length.unwrap_or(T5_LENGTH))
    }
}

/// Loads a text encoder.
///
/// # Errors
/// Where a file is missing, damaged or of another shape.
pub fn load_encoder(
    spec: &EncoderSpec,
    weights: WeightType,
    device: &Device,
) -> Result<Box<dyn TextEncoder>, TextError> {
    let kind = (weights.dtype(), device);
    let (folder, name) = (spec.folder.as_path(), spec.name.as_str());
    Ok(match spec.kind {
        EncoderKind::Clip => Box::new(ClipTextEncoder::load(folder, name, kind)?),
        EncoderKind::T5 => Box::new(T5TextEncoder::load(folder, name, spec.length.unwrap_or(T5_LENGTH), kind)?),
    })
}

/// Holds the headers of a text encoder's files against the configuration beside them, and reads its tokenizer.
///
/// # Errors
/// As [`load_encoder`], but for what is wrong with the tensors' contents.
pub fn check_encoder(spec: &EncoderSpec) -> Result<(), TextError> {
    let folder = spec.folder.as_path();
    match spec.kind {
        EncoderKind::Clip => ClipTextEncoder::check(folder),
        EncoderKind::T5 => T5TextEncoder::check((folder, folder), spec.length.unwrap_or(T5_LENGTH)),
    }
}

/// Loads an autoencoder in f32.
///
/// # Errors
/// Where a file is missing, damaged or of another shape.
pub fn load_autoencoder(folder: &Path, device: &Device) -> Result<AutoencoderKl, CheckpointError> {
    AutoencoderKl::load(folder, (DType::F32, device))
}

/// Holds the headers of a backbone's files against the configuration beside them.
///
/// # Errors
/// As [`load_backbone`], but for what is wrong with the tensors' contents.
pub fn check_backbone(folder: &Path) -> Result<(), PipelineError> {
    let config: GenTronConfig = read_json(&folder.join("config.json"))?;
    Ok(check(folder, Naming::default(), |vb| GenTron::new(vb, &config))?)
}

/// Loads a backbone with the configuration beside it.
///
/// # Errors
/// Where a file is missing, damaged or of another shape.
pub fn load_backbone(folder: &Path, weights: WeightType, device: &Device) -> Result<GenTron, PipelineError> {
    let config: GenTronConfig = read_json(&folder.join("config.json"))?;
    Ok(load(folder, Naming::default(), (weights.dtype(), device), |vb| GenTron::new(vb, &config))?)
}
