//! From prompts to pictures: encoders, backbone, sampler, autoencoder.

mod denoise;
mod generator;
mod load;

pub use denoise::{DenoiseError, Guided, Sampling, denoise};
pub use generator::{Draw, Generator, Pipeline, PipelineError};
pub use load::{EncoderKind, EncoderSpec, PipelineSpec, WeightType, load_autoencoder, load_encoder};
