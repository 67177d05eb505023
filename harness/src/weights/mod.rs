//! Trained weights on disk: where they are looked for, whether they are whole, and their digests; and how published ones are brought.

pub mod bring;
pub mod check;
pub mod find;
pub mod hub;
pub mod release;
pub mod tensors;

pub use check::{check_folder, check_folder_for, digests};
pub use find::{Found, find};
pub use hub::place;
pub use release::Release;
pub use tensors::{Kind, check_tensors};

/// How a newcomer gets what is missing.
pub const HOW_TO_GET: &str = "those of the small world come with the repository: `git checkout -- weights` restores them, `gentron train` makes \
     new ones; others are yours to bring, and --weights DIR names another place";

/// Folders that come with the repository.
const SHIPPED: [&str; 11] = [
    "autoencoder-draft",
    "autoencoder-shapes",
    "clip-shapes",
    "gentron-shapes-adaln-clip",
    "gentron-shapes-cross-clip",
    "gentron-shapes-cross-clip-t5",
    "gentron-shapes-cross-clip-t5-l",
    "gentron-shapes-cross-t5",
    "gentron-shapes-video",
    "gentron-shapes-video-clips-only",
    "t5-shapes",
];

/// How one gets weights that nobody published.
const OF_ONES_OWN: &str =
    "copy them into the weights folder, or name another with --weights DIR; `gentron train` makes new ones";

/// How one gets the weights of a folder of that name, if they are not a published pipeline's.
pub fn how_to_get(name: &str) -> &'static str {
    if SHIPPED.contains(&name) { HOW_TO_GET } else { OF_ONES_OWN }
}

/// How one gets a published pipeline.
pub const PIPELINE_HINT: &str = "`gentron models fetch` gets those that it knows; or copy the repository of the model, as diffusers reads it with safetensors, into the weights folder: \
     model_index.json, scheduler, tokenizers, text encoders, unet or transformer, vae";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_restores_the_shipped_folders_and_no_others() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights");
        for name in SHIPPED {
            assert!(folder.join(name).join("config.json").is_file(), "{name}");
            assert!(how_to_get(name).contains("git checkout"));
        }
        assert!(!how_to_get("mine").contains("git checkout"));
    }
}
