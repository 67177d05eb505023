//! From prompts to pictures: encoders, backbone, sampler, autoencoder.

mod denoise;
mod generator;
mod load;
mod watched;

pub use denoise::{DenoiseError, Guided, Sampling, Step, denoise, denoise_watched};
pub use generator::{Draw, Generator, Pipeline, PipelineError};
pub use load::{EncoderKind, EncoderSpec, PipelineSpec, WeightType, load_autoencoder, load_encoder};
pub use watched::{Attention, Watched, Witnessed};
