//! Trained weights on disk: where they are looked for, whether they are whole, and their digests; and how published ones are brought.

pub mod bring;
pub mod check;
pub mod find;
pub mod hub;

pub use check::{check_folder, digests};
pub use find::{Found, find};
pub use hub::place;

/// How a newcomer gets what is missing.
pub const HOW_TO_GET: &str = "the repository holds them: `git checkout -- weights` restores the folder, \
     `gentron train` makes new ones, --weights DIR names another place";

/// How one gets a published pipeline.
pub const PIPELINE_HINT: &str = "copy the repository of the model, as diffusers reads it with safetensors, into the weights folder: \
     model_index.json, scheduler, tokenizers, text encoders, unet or transformer, vae";
