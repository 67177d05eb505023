//! What keeps a prompt from becoming a picture.

use std::path::PathBuf;

use super::DenoiseError;
use crate::checkpoint::CheckpointError;
use crate::diffusion::DiffusionError;
use crate::text::TextError;

/// What can go wrong between a prompt and its picture.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// Weights.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Sampling.
    #[error(transparent)]
    Denoise(#[from] DenoiseError),
    /// Schedule.
    #[error(transparent)]
    Diffusion(#[from] DiffusionError),
    /// A tensor operation.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    /// The backbone was trained with an encoder that the specification lacks.
    #[error("the backbone in {folder} reads text from {wanted}, which is not among the encoders given: {}", given.join(", "))]
    UnknownEncoder {
        /// Folder of the backbone.
        folder: PathBuf,
        /// Encoder that its configuration names.
        wanted: String,
        /// Encoders of the specification.
        given: Vec<String>,
    },
    /// An encoder's width is not what the backbone was trained with.
    #[error("encoder {name} gives {got} channels, the backbone in {folder} reads {expected}")]
    EncoderWidth {
        /// Folder of the backbone.
        folder: PathBuf,
        /// The encoder.
        name: String,
        /// Channels that the backbone reads.
        expected: usize,
        /// Channels that the encoder gives.
        got: usize,
    },
    /// Embeddings on disk.
    #[error(transparent)]
    Embedding(#[from] EmbeddingError),
    /// Whoever asked for a pipeline wants none any more.
    #[error("stopped while texts were encoded")]
    Stopped,
    /// Clips were asked of what draws pictures.
    #[error("this generator draws pictures, not clips: it has no number of frames")]
    NoClips,
    /// A folder of diffusers is of what is not known here.
    #[error("{}: {what}", path.display())]
    Unsupported {
        /// The file that says so.
        path: PathBuf,
        /// What is not known.
        what: String,
    },
    /// A picture would be made of what is no number: black, and no picture of the model's.
    #[error("the {what} of {prompt:?}, image {k}, is not of finite numbers")]
    NotFinite {
        /// `latent`, or `picture` where the latent was finite.
        what: &'static str,
        /// What was to be drawn.
        prompt: String,
        /// Which of the prompt's pictures.
        k: u32,
    },
    /// A prompt was drawn without having been prepared.
    #[error("prompt {0:?} was not prepared")]
    NotPrepared(String),
}

/// Why embeddings could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddingError {
    /// The specification says nothing of an encoder's weights.
    #[error("embeddings of {name} cannot be kept: no digest of its weights was given")]
    Unidentified {
        /// The encoder.
        name: String,
    },
    /// A file or folder could not be written.
    #[error("cannot write the embedding {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is no embedding.
    #[error("the embedding {} is damaged ({reason}): the same command encodes its text anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}
