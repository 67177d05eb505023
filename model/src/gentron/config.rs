//! What distinguishes one GenTron from another.

use crate::diffusion::ScheduleConfig;
use serde::{Deserialize, Serialize};

/// How the text conditions the blocks (paper, section 3 and figure 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Conditioning {
    /// Pooled text joins the time embedding; no text token reaches a block.
    #[serde(rename = "adaln")]
    AdaLnZero,
    /// Each block attends to text tokens; adaLN still carries time and pooled text.
    #[default]
    #[serde(rename = "cross_attention")]
    CrossAttention,
}

/// What the backbone's output is, in a latent `x = a x0 + s noise`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prediction {
    /// The noise (Ho et al. 2020; the paper).
    #[default]
    Noise,
    /// `a noise - s x0` (Salimans and Ho 2022). Where there is next to no signal it is the picture itself, which only the text can
    /// tell: noise prediction hardly trains what text says there.
    Velocity,
}

/// A frozen text encoder as the backbone sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextSource {
    /// Registry key of the encoder, e.g. `clip-l`.
    pub name: String,
    /// Channels of its token embeddings.
    pub width: usize,
    /// Channels of its pooled embedding.
    pub pooled_width: usize,
}

/// Sizes and choices; `config.json` beside the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GenTronConfig {
    /// Side of the latent in its own pixels: 32 for 256-pixel images behind a factor-8 autoencoder.
    pub latent_size: usize,
    /// Channels of the latent.
    pub in_channels: usize,
    /// Side of a patch in latent pixels.
    pub patch_size: usize,
    /// Width D.
    pub hidden_size: usize,
    /// Blocks.
    pub depth: usize,
    /// Heads A of every attention.
    pub num_heads: usize,
    /// Width of the MLP over D.
    pub mlp_ratio: f64,
    /// How the text conditions the blocks.
    pub conditioning: Conditioning,
    /// Text encoders; block i attends to encoder `i % text.len()`: interleaved, not concatenated.
    pub text: Vec<TextSource>,
    /// What is predicted.
    pub prediction: Prediction,
    /// Whether a variance is predicted beside it.
    pub learn_sigma: bool,
    /// Whether blocks have TempSelfAttn, for video.
    pub temporal: bool,
    /// The noise schedule that it was trained with, and is drawn with. Not written where it is the usual one, so that files and
    /// identities of trainings are as they were before it stood here.
    #[serde(skip_serializing_if = "is_usual")]
    pub schedule: ScheduleConfig,
}

fn is_usual(schedule: &ScheduleConfig) -> bool {
    *schedule == ScheduleConfig::default()
}

impl Default for GenTronConfig {
    /// GenTron-XL/2 at 256 pixels (paper, table 1), with no text encoder named yet.
    fn default() -> Self {
        Self {
            latent_size: 32,
            in_channels: 4,
            patch_size: 2,
            hidden_size: 1152,
            depth: 28,
            num_heads: 16,
            mlp_ratio: 4.0,
            conditioning: Conditioning::CrossAttention,
            text: Vec::new(),
            prediction: Prediction::Noise,
            learn_sigma: false,
            temporal: false,
            schedule: ScheduleConfig::default(),
        }
    }
}

impl GenTronConfig {
    /// Image tokens a side.
    pub fn grid(&self) -> usize {
        self.latent_size / self.patch_size
    }

    /// Image tokens N of a picture or frame.
    pub fn tokens(&self) -> usize {
        self.grid() * self.grid()
    }

    /// Channels of the output: the latent's, twice with a learned variance.
    pub fn out_channels(&self) -> usize {
        if self.learn_sigma { 2 * self.in_channels } else { self.in_channels }
    }

    /// Width of the MLP.
    pub fn mlp_width(&self) -> usize {
        (self.hidden_size as f64 * self.mlp_ratio) as usize
    }

    /// Index of the encoder that block `i` attends to.
    pub fn source_of_block(&self, i: usize) -> usize {
        i % self.text.len().max(1)
    }

    /// Whether blocks attend to text tokens.
    pub fn cross_attends(&self) -> bool {
        self.conditioning == Conditioning::CrossAttention
    }

    /// Multiply-adds times two of one forward of one latent, or of a clip of `frames` of them, `text_tokens` tokens a source; text keys
    /// and values, which are computed once a prompt, are left out.
    pub fn forward_flops(&self, text_tokens: &[usize], frames: u64) -> u64 {
        let (n, d) = (self.tokens() as u64, self.hidden_size as u64);
        let patch = (self.patch_size * self.patch_size) as u64;
        let embed = n * patch * self.in_channels as u64 * d + n * d * patch * self.out_channels() as u64;
        let mut macs = frames * embed + 256 * d + d * d + 2 * d * d;
        for i in 0..self.depth {
            macs += frames * (n * d * (4 * d + 2 * self.mlp_width() as u64) + 2 * n * n * d) + 6 * d * d;
            if self.cross_attends() {
                let l = text_tokens.get(self.source_of_block(i)).copied().unwrap_or(0) as u64;
                macs += frames * (2 * n * d * d + 2 * n * l * d);
            }
            if self.temporal {
                macs += frames * n * (4 * d * d + 2 * frames * d);
            }
        }
        2 * macs
    }

    /// What contradicts itself, if anything does.
    pub fn problem(&self) -> Option<String> {
        if self.text.is_empty() {
            return Some("no text encoder is named in `text`".into());
        }
        if self.num_heads == 0 || !self.hidden_size.is_multiple_of(self.num_heads) {
            return Some(format!("hidden_size {} does not split into {} heads", self.hidden_size, self.num_heads));
        }
        if self.patch_size == 0 || !self.latent_size.is_multiple_of(self.patch_size) {
            return Some(format!(
                "latent_size {} does not split into patches of {}",
                self.latent_size, self.patch_size
            ));
        }
        if !self.hidden_size.is_multiple_of(4) {
            return Some(format!("hidden_size {} is not a multiple of 4, as sin-cos positions need", self.hidden_size));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::BetaSchedule;

    #[test]
    fn a_configuration_says_its_schedule_only_where_it_is_not_the_usual_one() {
        let shipped = include_str!("../../../weights/gentron-shapes-cross-t5/config.json");
        let usual: GenTronConfig = serde_json::from_str(shipped).unwrap();
        assert_eq!(usual.schedule, ScheduleConfig::default());
        assert_eq!(serde_json::to_string_pretty(&usual).unwrap() + "\n", shipped, "the bytes of a shipped file");
        let schedule = ScheduleConfig { beta_schedule: BetaSchedule::ScaledLinear, ..ScheduleConfig::default() };
        let other = GenTronConfig { schedule, ..usual.clone() };
        let written = serde_json::to_string(&other).unwrap();
        assert!(written.contains("\"beta_schedule\":\"scaled_linear\""), "{written}");
        assert_eq!(serde_json::from_str::<GenTronConfig>(&written).unwrap(), other);
        assert_ne!(other, usual);
    }
}
