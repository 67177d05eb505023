//! GenTron: prediction of noise or velocity on cached latents, of pictures or of clips, under frozen text encoders.

use super::autoencoder::write_json;
use super::corpus::Corpus;
use super::engine::{Loss, Objective};
use super::{Exam, TrainError, purpose};
use crate::autoencoder::AutoencoderKl;
use crate::diffusion::Schedule;
use crate::gentron::{GenTron, GenTronConfig, Prediction};
use crate::noise::{Stream, normal};
use crate::pipeline::Sampling;
use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
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
    /// Training pictures; the last `HELD_OUT` are kept for evaluation.
    pub corpus: &'a Corpus,
    /// For a backbone of clips.
    pub clips: Option<ClipTraining<'a>>,
    /// Marks what is drawn from its texts, which the corpus has encoded.
    pub exam: Option<&'a dyn Exam>,
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

/// Joint training on clips and pictures (paper, section 3.3).
#[derive(Clone, Copy)]
pub struct ClipTraining<'a> {
    /// Training clips; the last `HELD_OUT` are kept for evaluation.
    pub corpus: &'a Corpus,
    /// Probability that a sample is motion-free: a picture, repeated for every frame, whose frames do not see one another.
    pub motion_free: f64,
}

/// Examples at a corpus's end that are never trained on, at most.
const HELD_OUT: usize = 256;

/// Of a small corpus, one in ten.
pub(super) fn held_out(corpus: &Corpus) -> usize {
    HELD_OUT.min(corpus.len() / 10).max(1)
}

/// One sample of a forward pass: which example, at which timestep, with or without its text, under which noise.
pub(super) struct Draw {
    /// A picture, under a backbone of clips repeated for frames that do not see one another; else a clip, where there are any.
    of_pictures: bool,
    example: usize,
    /// The example whose text it is told, if any.
    text: Option<usize>,
    timestep: usize,
    noise: Vec<f32>,
}

impl Draw {
    /// The same, told the text of `example`.
    pub(super) fn told(self, example: usize) -> Self {
        Self { text: Some(example), ..self }
    }
}

impl GenTronObjective<'_> {
    /// Elements of a picture's or a clip's latent.
    pub(super) fn elements(&self) -> usize {
        let picture: usize = self.corpus.latent_shape().iter().product();
        self.clips.map_or(1, |clips| clips.corpus.frames()) * picture
    }

    pub(super) fn draw(
        &self,
        i: u64,
        (of_pictures, example): (bool, usize),
        timesteps: Timesteps,
        dropout: f64,
    ) -> Draw {
        let drops = Stream::new(self.seed, "dropout", 0, purpose::DROPOUT);
        Draw {
            of_pictures,
            example,
            text: (drops.uniforms(i)[0] >= dropout).then_some(example),
            timestep: timesteps.draw(self.seed, i, self.schedule.timesteps()),
            noise: normal(self.seed, "noise", i, purpose::NOISE, self.elements()),
        }
    }

    /// Where a draw's example is.
    fn corpus_of(&self, draw: &Draw) -> &Corpus {
        self.clips.filter(|_| !draw.of_pictures).map_or(self.corpus, |clips| clips.corpus)
    }

    /// Weighted errors (B) of samples, pictures and clips in one pass.
    pub(super) fn errors(&self, network: &GenTron, draws: &[Draw]) -> Result<Tensor, TrainError> {
        let frames = self.clips.map(|clips| clips.corpus.frames());
        let [c, h, w] = self.corpus.latent_shape();
        let shape = match frames {
            None => vec![draws.len(), c, h, w],
            Some(frames) => vec![draws.len(), frames, c, h, w],
        };
        let tensor = |values: Vec<f32>| Tensor::from_vec(values, shape.clone(), &self.device);
        let mut latents = Vec::with_capacity(draws.len() * self.elements());
        for draw in draws {
            let latent = self.corpus_of(draw).latent(draw.example);
            for _ in 0..self.elements() / latent.len() {
                latents.extend_from_slice(latent);
            }
        }
        let (latents, noise) =
            (tensor(latents)?, tensor(draws.iter().flat_map(|draw| &draw.noise).copied().collect())?);
        let timesteps: Vec<usize> = draws.iter().map(|draw| draw.timestep).collect();
        let noised = self.schedule.add_noise_to_batch(&latents, &noise, &timesteps)?;
        let t = Tensor::from_iter(timesteps.iter().map(|&t| t as f32), &self.device)?;
        let of: Vec<_> = draws.iter().map(|draw| (self.corpus_of(draw), draw.text)).collect();
        let text = self.sources.iter().map(|&i| Corpus::texts(i, &of, &self.device));
        let text = network.condition(&text.collect::<candle_core::Result<Vec<_>>>()?)?;
        let target = match self.config.prediction {
            Prediction::Noise => noise,
            Prediction::Velocity => self.schedule.velocity_of_batch(&latents, &noise, &timesteps)?,
        };
        let motion_free: Vec<bool> = draws.iter().map(|draw| draw.of_pictures).collect();
        let channels = self.config.in_channels;
        let output = match frames {
            None => network.forward(&noised, &t, &text)?.narrow(1, 0, channels)?,
            Some(_) => network.forward_clips(&noised, &t, &text, &motion_free)?.narrow(2, 0, channels)?,
        };
        let error = (output - target)?.sqr()?.flatten_from(1)?.mean(1)?; // (B)
        let weights = Tensor::from_iter(timesteps.iter().map(|&t| self.weight(t)), &self.device)?;
        Ok((error * weights)?)
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
        let mut identity =
            serde_json::json!({ "network": "gentron", "config": self.config, "training": self.training });
        if let Some(clips) = self.clips {
            identity["motion_free"] = clips.motion_free.into();
        }
        identity
    }

    fn build(&self, vb: VarBuilder) -> Result<GenTron, TrainError> {
        Ok(GenTron::new(vb, &self.config)?)
    }

    fn loss(&self, network: &GenTron, step: u64, micro: usize) -> Result<Loss, TrainError> {
        let first = (step * self.micro_batches as u64 + micro as u64) * self.micro_batch as u64;
        let order = Stream::new(self.seed, "order", 0, purpose::ORDER);
        let motion = Stream::new(self.seed, "motion", 0, purpose::MOTION);
        let GenTronTraining { timesteps, text_dropout, .. } = self.training;
        let draw = |i: u64| {
            let clips = self.clips.filter(|clips| motion.uniforms(i)[0] >= clips.motion_free);
            let corpus = clips.map_or(self.corpus, |clips| clips.corpus);
            let example = order.below(i, (corpus.len() - held_out(corpus)) as u64) as usize;
            self.draw(i, (clips.is_none(), example), timesteps, text_dropout)
        };
        let draws: Vec<Draw> = (first..first + self.micro_batch as u64).map(draw).collect();
        let sum = self.errors(network, &draws)?.sum_all()?;
        Ok(Loss { total: (sum / self.micro_batch as f64)? })
    }

    fn evaluate(&self, network: &GenTron, folder: &Path) -> Result<BTreeMap<String, f64>, TrainError> {
        let mut scores = self.held_out_losses(network)?;
        scores.extend(self.examine(network)?);
        self.sample_sheet(network, folder)?;
        Ok(scores)
    }

    fn export(&self, _: &GenTron, folder: &Path) -> Result<(), TrainError> {
        write_json(&folder.join("config.json"), &self.config)
    }
}
