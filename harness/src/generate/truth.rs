//! The suite's own renderer as an arm: the ceiling of every score, with the prompts shuffled its chance level, or, through the
//! autoencoder and back, the ceiling of whatever draws in its latents.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use candle_core::Device;
use gentron_model::autoencoder::AutoencoderKl;
use gentron_model::ops::single_threaded;
use gentron_model::pipeline::load_autoencoder;
use gentron_model::pixels::{to_images, to_tensor};
use gentron_suites::Prompt;
use gentron_suites::shapes::{self, motion};
use image::RgbImage;

use super::Engine;
use crate::device::device;
use crate::failure::Explain as _;
use crate::plan::Batch;
use crate::store::digest;
use crate::weights;

/// Renders scenes that fulfil a prompt.
pub struct Truth {
    prompts: HashMap<String, Prompt>,
    /// For each category the ids of its prompts, when images are to be somebody else's.
    others: Option<HashMap<String, Vec<String>>>,
}

impl Truth {
    /// For the prompts of a run; `shuffled` draws another prompt of the same category instead of the one asked for.
    pub fn new(prompts: &[Prompt], shuffled: bool) -> Self {
        let others = shuffled.then(|| {
            let mut others: HashMap<String, Vec<String>> = HashMap::new();
            for prompt in prompts {
                others.entry(prompt.category.clone()).or_default().push(prompt.id.clone());
            }
            others
        });
        Self { prompts: prompts.iter().map(|prompt| (prompt.id.clone(), prompt.clone())).collect(), others }
    }

    /// The image of one draw.
    ///
    /// # Errors
    /// The prompt is not one of the run's.
    pub fn image(&self, prompt_id: &str, k: u32, seed: u64) -> anyhow::Result<RgbImage> {
        let asked = self.prompts.get(prompt_id).with_context(|| format!("unknown prompt {prompt_id}"))?;
        let random = number(&("truth", seed, prompt_id, k));
        let shown = match &self.others {
            None => asked,
            Some(others) => {
                let others: Vec<&String> = others[&asked.category].iter().filter(|id| **id != asked.id).collect();
                match others.get((random % others.len().max(1) as u64) as usize) {
                    Some(id) => &self.prompts[*id],
                    // The only prompt of its category has no other.
                    None => asked,
                }
            }
        };
        if shown.suite == motion::ID {
            return super::strip::join(&motion::clip_for(shown, random).render());
        }
        Ok(shapes::render(&shapes::scene_for(shown, random)))
    }
}

impl Engine for Truth {
    fn draw(&self, batch: Batch<'_>) -> anyhow::Result<Vec<RgbImage>> {
        batch.iter().map(|task| self.image(&task.prompt_id, task.k, task.seed)).collect()
    }
}

/// Renders scenes that fulfil a prompt, encodes and decodes them.
pub struct Reconstruction {
    truth: Truth,
    autoencoder: AutoencoderKl,
    device: Device,
}

impl Reconstruction {
    /// For the prompts of a run, through the autoencoder in `folder`.
    ///
    /// # Errors
    /// The autoencoder is missing, damaged, or of another shape than its configuration says.
    pub fn load(prompts: &[Prompt], folder: &Path) -> anyhow::Result<Self> {
        let device = device()?;
        let autoencoder = load_autoencoder(folder, &device)
            .explain(|| (format!("cannot load the autoencoder {}", folder.display()), weights::HOW_TO_GET))?;
        Ok(Self { truth: Truth::new(prompts, false), autoencoder, device })
    }
}

impl Engine for Reconstruction {
    fn draw(&self, batch: Batch<'_>) -> anyhow::Result<Vec<RgbImage>> {
        let images = self.truth.draw(batch)?;
        let through = || {
            let images = to_tensor(&images.iter().collect::<Vec<_>>(), &self.device)?;
            to_images(&self.autoencoder.decode(&self.autoencoder.encode(&images)?.mean)?)
        };
        Ok(single_threaded(through)?)
    }
}

/// The first 64 bits of a digest: a counter-based generator's draw.
fn number(key: &impl serde::Serialize) -> u64 {
    u64::from_str_radix(&digest::of_value(key)[..16], 16).unwrap_or_default()
}
