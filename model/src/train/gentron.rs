//! GenTron: prediction of noise or velocity on cached latents under frozen text encoders.

use super::autoencoder::{contact_sheet, write_json};
use super::corpus::Corpus;
use super::engine::{Loss, Objective};
use super::{TrainError, purpose};
use crate::autoencoder::AutoencoderKl;
use crate::diffusion::Schedule;
use crate::gentron::{GenTron, GenTronConfig, Prediction};
use crate::noise::{Stream, normal};
use crate::pipeline::{Guided, Sampling, denoise};
use crate::pixels::to_images;
use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use image::RgbImage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// How a training sample's timestep is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timesteps {
    /// Each as often as any other.
    #[default]
    Uniform,
    /// The sigmoid of a normal variable, times the number of timesteps (Esser et al. 2024, section 3.1): most often where the picture
    /// is being decided, seldom where there is nothing but noise or next to none.
    LogitNormal {
        /// Of the normal variable; below 0, more than half of the draws lie in the less noisy half.
        mean: f64,
        /// Its standard deviation.
        deviation: f64,
    },
}

impl Timesteps {
    /// The timestep of draw `i`.
    fn draw(self, seed: u64, i: u64, timesteps: usize) -> usize {
        match self {
            Self::Uniform => Stream::new(seed, "timestep", 0, purpose::TIMESTEP).below(i, timesteps as u64) as usize,
            Self::LogitNormal { mean, deviation } => {
                let z = f64::from(normal(seed, "timestep", i, purpose::TIMESTEP, 1)[0]);
                let share = (1.0 + (-mean - deviation * z).exp()).recip();
                ((share * timesteps as f64) as usize).min(timesteps - 1)
            }
        }
    }
}

/// What all arms of a comparison share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenTronTraining {
    /// How timesteps are drawn; held-out losses are of evenly drawn ones in any case.
    #[serde(default)]
    pub timesteps: Timesteps,
    /// Probability that a sample's text, in all encoders at once, is the null text.
    pub text_dropout: f64,
    /// γ of Min-SNR weighting (Hang et al. 2023): a sample weighs min(SNR, γ) / SNR, or
    /// min(SNR, γ) / (SNR + 1) where velocity is predicted. Absent: all weigh the same.
    #[serde(default)]
    pub min_snr_gamma: Option<f64>,
    /// How the sample sheets are drawn.
    pub sampling: Sampling,
}

/// Trains a [`GenTron`]. Every arm of one seed sees the same examples, timesteps, noise and dropout in the same order.
pub struct GenTronObjective<'a> {
    /// Sizes and conditioning.
    pub config: GenTronConfig,
    /// Of the configuration's text sources, their positions in the corpus.
    pub sources: Vec<usize>,
    /// What all arms share.
    pub training: GenTronTraining,
    /// Noise schedule.
    pub schedule: Schedule,
    /// Training examples; the last `HELD_OUT` are kept for evaluation.
    pub corpus: &'a Corpus,
    /// Decodes the sample sheets.
    pub autoencoder: &'a AutoencoderKl,
    /// Seed of order, timesteps, noise and dropout.
    pub seed: u64,
    /// Samples of a micro-batch.
    pub micro_batch: usize,
    /// Micro-batches of a step.
    pub micro_batches: usize,
    /// Where it runs.
    pub device: Device,
}

/// Examples at the corpus's end that are never trained on.
pub const HELD_OUT: usize = 256;

/// Samples of one forward pass: which example, at which timestep, with or without its text, under which noise.
struct Draws {
    examples: Vec<usize>,
    texts: Vec<Option<usize>>,
    timesteps: Vec<usize>,
    noise: Vec<f32>,
}

impl GenTronObjective<'_> {
    fn draws(
        &self,
        (first, n): (u64, usize),
        pool: impl Fn(u64) -> usize,
        timesteps: Timesteps,
        dropout: f64,
    ) -> Draws {
        let size: usize = self.corpus.latent_shape().iter().product();
        let drops = Stream::new(self.seed, "dropout", 0, purpose::DROPOUT);
        let mut draws = Draws { examples: Vec::new(), texts: Vec::new(), timesteps: Vec::new(), noise: Vec::new() };
        for i in first..first + n as u64 {
            let example = pool(i);
            draws.examples.push(example);
            draws.texts.push((drops.uniforms(i)[0] >= dropout).then_some(example));
            draws.timesteps.push(timesteps.draw(self.seed, i, self.schedule.timesteps()));
            draws.noise.extend(normal(self.seed, "noise", i, purpose::NOISE, size));
        }
        draws
    }

    fn weighted_error(&self, network: &GenTron, draws: Draws) -> Result<Tensor, TrainError> {
        let latents = self.corpus.latents(&draws.examples, &self.device)?; // (B, C, H, W)
        let noise = Tensor::from_vec(draws.noise, latents.shape(), &self.device)?;
        let noised = self.schedule.add_noise_to_batch(&latents, &noise, &draws.timesteps)?;
        let t = Tensor::from_iter(draws.timesteps.iter().map(|&t| t as f32), &self.device)?;
        let text = self.sources.iter().map(|&i| self.corpus.texts(i, &draws.texts, &self.device));
        let text = network.condition(&text.collect::<candle_core::Result<Vec<_>>>()?)?;
        let target = match self.config.prediction {
            Prediction::Noise => noise,
            Prediction::Velocity => self.schedule.velocity_of_batch(&latents, &noise, &draws.timesteps)?,
        };
        let output = network.forward(&noised, &t, &text)?.narrow(1, 0, self.config.in_channels)?;
        let error = (output - target)?.sqr()?.flatten_from(1)?.mean(1)?; // (B)
        let weights = Tensor::from_iter(draws.timesteps.iter().map(|&t| self.weight(t)), &self.device)?;
        Ok((error * weights)?.mean_all()?)
    }

    fn weight(&self, timestep: usize) -> f32 {
        let Some(gamma) = self.training.min_snr_gamma else { return 1.0 };
        let alpha = self.schedule.alphas_cumprod()[timestep];
        let snr = alpha / (1.0 - alpha);
        let unweighted = match self.config.prediction {
            Prediction::Noise => snr,
            Prediction::Velocity => snr + 1.0,
        };
        (snr.min(gamma) / unweighted) as f32
    }
}

impl Objective for GenTronObjective<'_> {
    type Network = GenTron;

    fn describe(&self) -> String {
        let text: Vec<&str> = self.config.text.iter().map(|s| s.name.as_str()).collect();
        format!(
            "GenTron {:?}, {}, {} x {}",
            self.config.conditioning,
            text.join(" + "),
            self.config.depth,
            self.config.hidden_size
        )
    }

    fn identity(&self) -> serde_json::Value {
        serde_json::json!({ "network": "gentron", "config": self.config, "training": self.training })
    }

    fn build(&self, vb: VarBuilder) -> Result<GenTron, TrainError> {
        Ok(GenTron::new(vb, &self.config)?)
    }

    fn loss(&self, network: &GenTron, step: u64, micro: usize) -> Result<Loss, TrainError> {
        let first = (step * self.micro_batches as u64 + micro as u64) * self.micro_batch as u64;
        let pool = (self.corpus.len() - HELD_OUT) as u64;
        let order = Stream::new(self.seed, "order", 0, purpose::ORDER);
        let GenTronTraining { timesteps, text_dropout, .. } = self.training;
        let draws = self.draws((first, self.micro_batch), |i| order.below(i, pool) as usize, timesteps, text_dropout);
        Ok(Loss { total: self.weighted_error(network, draws)? })
    }

    /// Loss on held-out examples at fixed timesteps and noise; and a sheet of samples below the pictures whose captions they had.
    fn evaluate(&self, network: &GenTron, folder: &Path) -> Result<BTreeMap<String, f64>, TrainError> {
        let first = self.corpus.len() - HELD_OUT;
        // Draws from far beyond training's, so that no noise is shared with it.
        let base = 1u64 << 40;
        let draws = self.draws((base, HELD_OUT), |i| first + (i - base) as usize, Timesteps::Uniform, 0.0);
        let loss = f64::from(self.weighted_error(network, draws)?.to_scalar::<f32>()?);
        let shown: Vec<usize> = (first..first + 16).collect();
        let texts = self.sources.iter().map(|&i| {
            let of: Vec<_> = shown.iter().map(|&i| Some(i)).chain([None]).collect();
            self.corpus.texts(i, &of, &self.device)
        });
        let context = network.condition(&texts.collect::<candle_core::Result<Vec<_>>>()?)?;
        let rows = (0..=shown.len()).map(|i| context.row(i)).collect::<candle_core::Result<Vec<_>>>()?;
        let (null, texts) = rows.split_last().ok_or_else(|| TrainError::Recipe("no text to sample".into()))?;
        let guided = Guided::new(&texts.iter().collect::<Vec<_>>(), null, &self.training.sampling)?;
        let size: usize = self.corpus.latent_shape().iter().product();
        let noise = normal(self.seed, "sample sheet", 0, purpose::NOISE, size * shown.len());
        let noise = noise.into_iter().map(f64::from).collect();
        let fresh = |_| vec![0.0; size * shown.len()];
        let latents = denoise(network, &guided, noise, &self.training.sampling, &self.schedule, fresh, &self.device)
            .map_err(|e| TrainError::Recipe(e.to_string()))?;
        let decode = |latents: &Tensor| to_images(&self.autoencoder.decode(&self.autoencoder.unscale(latents)?)?);
        let (true_images, samples) = (decode(&self.corpus.latents(&shown, &self.device)?)?, decode(&latents)?);
        let rows: Vec<Vec<&RgbImage>> = true_images
            .chunks(8)
            .zip(samples.chunks(8))
            .flat_map(|(a, b)| [a.iter().collect::<Vec<_>>(), b.iter().collect()])
            .collect();
        contact_sheet(&rows, &folder.join("samples.png"))?;
        Ok(BTreeMap::from([("held_out_loss".to_owned(), loss)]))
    }

    fn export(&self, _: &GenTron, folder: &Path) -> Result<(), TrainError> {
        write_json(&folder.join("config.json"), &self.config)
    }
}
