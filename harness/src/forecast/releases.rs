//! What is known of the published pipelines before they are here.
//!
//! The numbers are those of the files in float32 on the Hugging Face hub, about; no file of theirs says them before it is fetched. What is not
//! fetched, such as a safety checker, is not counted.

/// A published pipeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pipeline {
    /// What the user types, and a recipe names.
    pub key: &'static str,
    /// Its networks, and about how many bytes the file of each has.
    pub networks: &'static [(&'static str, u64)],
    /// Width and height of a picture in pixels.
    pub side: u32,
}

/// Bytes of a number in these files.
const FLOAT32: u64 = 4;
/// Stable Diffusion's autoencoder, which all of them have, SDXL one of the same sizes.
const VAE: (&str, u64) = ("vae", 335_000_000);
/// CLIP ViT-L/14's text tower.
const CLIP_L: (&str, u64) = ("text_encoder", 492_000_000);
/// T5 v1.1 XXL's encoder.
const T5_XXL: (&str, u64) = ("text_encoder", 19_050_000_000);
/// PixArt-α's, of either size.
const PIXART: (&str, u64) = ("transformer", 2_450_000_000);

/// All that `gentron models fetch` knows.
const PIPELINES: [Pipeline; 5] = [
    Pipeline { key: "sd-1.5", networks: &[("unet", 3_440_000_000), CLIP_L, VAE], side: 512 },
    Pipeline { key: "sd-2.1", networks: &[("unet", 3_460_000_000), ("text_encoder", 1_360_000_000), VAE], side: 768 },
    Pipeline {
        key: "sdxl",
        networks: &[("unet", 10_270_000_000), CLIP_L, ("text_encoder_2", 2_780_000_000), VAE],
        side: 1024,
    },
    Pipeline { key: "pixart-alpha-512", networks: &[PIXART, T5_XXL, VAE], side: 512 },
    Pipeline { key: "pixart-alpha-1024", networks: &[PIXART, T5_XXL, VAE], side: 1024 },
];

impl Pipeline {
    /// The pipeline of a key.
    pub fn named(key: &str) -> Option<Self> {
        PIPELINES.into_iter().find(|pipeline| pipeline.key == key)
    }

    /// About how many bytes are fetched.
    pub fn bytes(&self) -> u64 {
        self.networks.iter().map(|(_, bytes)| bytes).sum()
    }

    /// The largest of its networks, and about how many numbers it has.
    pub fn largest(&self) -> Option<(&'static str, u64)> {
        let largest = self.networks.iter().max_by_key(|(_, bytes)| *bytes)?;
        Some((largest.0, largest.1 / FLOAT32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pipeline_that_can_be_fetched_has_its_size() {
        for published in gentron_model::published::pipelines() {
            let known = Pipeline::named(published.key).unwrap_or_else(|| panic!("{} is unknown", published.key));
            // Every one has a backbone, a text encoder and an autoencoder.
            assert!(known.networks.len() >= 3 && known.bytes() > 4_000_000_000, "{known:?}");
        }
        assert_eq!(Pipeline::named("sdxl").unwrap().bytes(), 13_877_000_000);
        assert_eq!(Pipeline::named("sdxl").unwrap().largest(), Some(("unet", 2_567_500_000)));
        assert_eq!(Pipeline::named("pixart-alpha-512").unwrap().largest().unwrap().0, "text_encoder");
        assert_eq!(Pipeline::named("mine"), None);
    }
}
