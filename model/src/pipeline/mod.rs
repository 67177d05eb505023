//! From prompts to pictures: encoders, backbone, sampler, autoencoder.

mod denoise;
mod diffusers;
mod embeddings;
mod error;
mod finite;
mod generator;
mod load;
mod texts;
mod watched;

pub use denoise::{DenoiseError, Guided, Sampling, Step, denoise, denoise_watched};
pub use diffusers::{Diffusers, Family, Rehearsal};
pub use embeddings::EmbeddingCache;
pub use error::{EmbeddingError, PipelineError};
pub use generator::{Draw, Generator, Pipeline, Preparing};
pub use load::{
    EncoderKind, EncoderSpec, PipelineSpec, WeightType, check_backbone, check_encoder, load_autoencoder, load_backbone,
    load_encoder,
};
pub use watched::{Attention, Watched, Witnessed};
