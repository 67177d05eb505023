//! Trained weights on disk: where they are looked for, whether they are whole, and their digests; and how published ones are brought.

pub mod bring;
pub mod check;
pub mod find;
pub mod hub;
pub mod release;

pub use check::{check_folder, check_folder_for, digests};
pub use find::{Found, find};
pub use hub::place;
pub use release::Release;

/// How a newcomer gets what is missing.
pub const HOW_TO_GET: &str = "those of the small world come with the repository: `git checkout -- weights` restores them, `gentron train` makes \
     new ones; others are yours to bring, and --weights DIR names another place";

/// How one gets a published pipeline.
pub const PIPELINE_HINT: &str = "`gentron models fetch` gets those that it knows; or copy the repository of the model, as diffusers reads it with safetensors, into the weights folder: \
     model_index.json, scheduler, tokenizers, text encoders, unet or transformer, vae";
