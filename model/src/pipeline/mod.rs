//! From prompts to pictures: encoders, backbone, sampler, autoencoder.

mod denoise;
mod embeddings;
mod error;
mod generator;
mod load;
mod texts;

pub use denoise::{DenoiseError, Guided, Sampling, denoise};
pub use embeddings::EmbeddingCache;
pub use error::{EmbeddingError, PipelineError};
pub use generator::{Draw, Generator, Pipeline, Preparing};
pub use load::{EncoderKind, EncoderSpec, PipelineSpec, WeightType, load_autoencoder, load_backbone, load_encoder};
