//! What a folder of diffusers says of its pipeline: `model_index.json`, `scheduler/scheduler_config.json`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::checkpoint::{locate, read_json};
use crate::diffusion::{BetaSchedule, Schedule, ScheduleConfig};
use crate::gentron::Prediction;
use crate::pipeline::PipelineError;

/// The pipelines that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Stable Diffusion 1.x and 2.x: one CLIP, a UNet.
    StableDiffusion,
    /// Stable Diffusion XL: two CLIPs, a UNet that is told sizes.
    StableDiffusionXl,
    /// PixArt-α: T5, a transformer.
    PixArt,
}

impl Family {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::StableDiffusion => "Stable Diffusion",
            Self::StableDiffusionXl => "Stable Diffusion XL",
            Self::PixArt => "PixArt-α",
        }
    }

    /// Folder of the network that denoises.
    pub fn backbone(self) -> &'static str {
        match self {
            Self::StableDiffusion | Self::StableDiffusionXl => "unet",
            Self::PixArt => "transformer",
        }
    }

    /// Folders of its text encoders; their tokenizers' are called alike.
    pub(super) fn encoders(self) -> &'static [&'static str] {
        match self {
            Self::StableDiffusion | Self::PixArt => &["text_encoder"],
            Self::StableDiffusionXl => &["text_encoder", "text_encoder_2"],
        }
    }
}

/// The file that makes a folder one of diffusers.
pub(super) const INDEX: &str = "model_index.json";

/// What says how noise was added.
pub(super) const SCHEDULER: &str = "scheduler/scheduler_config.json";

/// Files that a tokenizer may be made of.
pub(super) const TOKENIZER: [&str; 6] =
    ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "spiece.model"];

impl Family {
    /// Folders of all its networks, and what their weights are called.
    pub(super) fn networks(self) -> Vec<(&'static str, &'static str)> {
        let encoders = self.encoders().iter().map(|folder| (*folder, "model.safetensors"));
        encoders.chain([self.backbone(), "vae"].map(|folder| (folder, "diffusion_pytorch_model.safetensors"))).collect()
    }

    /// Folders of its tokenizers.
    pub(super) fn tokenizers(self) -> Vec<String> {
        self.encoders().iter().map(|encoder| encoder.replace("text_encoder", "tokenizer")).collect()
    }
}

/// All files of a folder that its pictures depend on.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, PipelineError> {
    let family = Index::read(folder)?.1;
    let mut files = vec![folder.join(INDEX), folder.join(SCHEDULER)];
    for (network, _) in family.networks() {
        let at = folder.join(network);
        files.push(at.join("config.json"));
        files.extend(locate(&at)?.files);
    }
    for tokenizer in family.tokenizers() {
        let at = folder.join(tokenizer);
        files.extend(TOKENIZER.iter().map(|file| at.join(file)).filter(|path| path.is_file()));
    }
    Ok(files)
}

/// `model_index.json`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Index {
    #[serde(rename = "_class_name")]
    class_name: String,
    /// Whether XL's null text is zeros instead of the encoded empty string.
    #[serde(default = "yes")]
    pub(super) force_zeros_for_empty_prompt: bool,
}

fn yes() -> bool {
    true
}

impl Index {
    pub(super) fn read(folder: &Path) -> Result<(Self, Family), PipelineError> {
        let path = folder.join(INDEX);
        let index: Self = read_json(&path)?;
        let family = match index.class_name.as_str() {
            "StableDiffusionPipeline" => Family::StableDiffusion,
            "StableDiffusionXLPipeline" => Family::StableDiffusionXl,
            "PixArtAlphaPipeline" => Family::PixArt,
            other => {
                let what = format!("{other} is not among the pipelines that are known");
                return Err(PipelineError::Unsupported { path, what });
            }
        };
        Ok((index, family))
    }
}

/// What a scheduler's file says of the noise that the network was trained on; how it is sampled is the recipe's choice.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Scheduler {
    beta_schedule: BetaSchedule,
    beta_start: f64,
    beta_end: f64,
    num_train_timesteps: usize,
    prediction_type: String,
    rescale_betas_zero_snr: bool,
}

impl Default for Scheduler {
    /// diffusers' defaults.
    fn default() -> Self {
        Self {
            beta_schedule: BetaSchedule::Linear,
            beta_start: 1e-4,
            beta_end: 0.02,
            num_train_timesteps: 1000,
            prediction_type: "epsilon".into(),
            rescale_betas_zero_snr: false,
        }
    }
}

/// The noise schedule of a folder, and what its network predicts.
pub(super) fn schedule(folder: &Path) -> Result<(Schedule, Prediction), PipelineError> {
    let path = folder.join(SCHEDULER);
    let file: Scheduler = read_json(&path)?;
    let unsupported = |what: String| PipelineError::Unsupported { path: path.clone(), what };
    if file.rescale_betas_zero_snr {
        return Err(unsupported("rescale_betas_zero_snr is not supported".into()));
    }
    let prediction = match file.prediction_type.as_str() {
        "epsilon" => Prediction::Noise,
        "v_prediction" => Prediction::Velocity,
        other => return Err(unsupported(format!("prediction_type = {other:?} is not supported"))),
    };
    let Scheduler { beta_schedule, beta_start, beta_end, num_train_timesteps, .. } = file;
    let config = ScheduleConfig { beta_schedule, beta_start, beta_end, num_train_timesteps };
    Ok((Schedule::new(&config)?, prediction))
}
