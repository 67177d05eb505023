//! The pipeline of a published model.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use image::RgbImage;

use super::layout::{Family, INDEX, Index, SCHEDULER, TOKENIZER, files, schedule};
use super::network::{FACTOR, Network};
use super::text::{self, Texts, Told};
use crate::autoencoder::AutoencoderKl;
use crate::checkpoint::read_json;
use crate::diffusion::{Schedule, guide};
use crate::gentron::Prediction;
use crate::noise::normal;
use crate::ops::{Precision, with_precision};
use crate::pipeline::denoise::walk;
use crate::pipeline::finite::pictures;
use crate::pipeline::generator::{INITIAL_NOISE, STEP_NOISE};
use crate::pipeline::load::load_autoencoder;
use crate::pipeline::{Draw, EmbeddingCache, Generator, PipelineError, Preparing, Sampling, WeightType};

/// A model from a folder of diffusers, ready to draw.
pub struct Diffusers {
    family: Family,
    network: Network,
    autoencoder: AutoencoderKl,
    schedule: Schedule,
    prediction: Prediction,
    sampling: Sampling,
    null: Told,
    texts: Texts,
    precision: Precision,
    device: Device,
}

impl Diffusers {
    /// Encodes `prompts` and the null text with the encoders of `folder`, drops them, and loads the rest. `preparing` hears of every text
    /// that is encoded. With `kept` these are all that the cache lacks: it has digests of the encoders under `<name>/<their folders>`, name
    /// being what is said there of the pipeline.
    ///
    /// # Errors
    /// Where `preparing` says stop, the folder is of another pipeline, or a file is missing, damaged or of another shape.
    pub fn load(
        folder: &Path,
        prompts: &[&str],
        sampling: Sampling,
        (weights, device): (WeightType, &Device),
        kept: Option<(&EmbeddingCache, &str)>,
        preparing: Preparing<'_>,
    ) -> Result<Self, PipelineError> {
        let (index, family) = Index::read(folder)?;
        let (schedule, prediction) = schedule(folder)?;
        let mut texts: Vec<&str> = prompts.to_vec();
        texts.push("");
        texts.sort_unstable();
        texts.dedup();
        let precision = weights.precision();
        let encode = || Texts::encode(folder, (&index, family), &texts, (weights, device), kept, preparing);
        let texts = with_precision(precision, encode)?;
        let network = Network::load(folder, family, (weights.dtype(), device))?;
        let autoencoder = load_autoencoder(&folder.join("vae"), device)?;
        let null = texts.told("")?;
        let (sampling, device) = (Sampling { frames: None, motion_guidance: None, ..sampling }, device.clone());
        Ok(Self { family, network, autoencoder, schedule, prediction, sampling, null, texts, precision, device })
    }

    /// Holds the headers of all networks' files against the configurations beside them, and reads the tokenizers: for folders that are too
    /// large to be loaded twice.
    ///
    /// # Errors
    /// As [`Diffusers::load`], but for what is wrong with the tensors' contents.
    pub fn check(folder: &Path) -> Result<(), PipelineError> {
        let family = Index::read(folder)?.1;
        Network::check(folder, family)?;
        text::check(folder, family)?;
        Ok(AutoencoderKl::check(&folder.join("vae"))?)
    }

    /// The file that says which pipeline a folder is of.
    pub const INDEX: &str = INDEX;
    /// The file that says how noise was added.
    pub const SCHEDULER: &str = SCHEDULER;
    /// Files that a tokenizer may be made of.
    pub const TOKENIZER: [&str; 6] = TOKENIZER;

    /// Folders of a pipeline's networks, and what the weights in each are called.
    ///
    /// # Errors
    /// Where the pipeline is not known.
    pub fn networks(folder: &Path) -> Result<Vec<(&'static str, &'static str)>, PipelineError> {
        Ok(Index::read(folder)?.1.networks())
    }

    /// Folders of a pipeline's tokenizers.
    ///
    /// # Errors
    /// Where the pipeline is not known.
    pub fn tokenizers(folder: &Path) -> Result<Vec<String>, PipelineError> {
        Ok(Index::read(folder)?.1.tokenizers())
    }

    /// A network of the folder's sizes that need not have its weights there, to be timed with weights of that type on that device.
    ///
    /// # Errors
    /// Where the pipeline is not known, its backbone's configuration cannot be read, or the device has no room.
    pub fn rehearse(folder: &Path, (weights, device): (WeightType, &Device)) -> Result<Rehearsal, PipelineError> {
        let (network, told) = Network::hollow(folder, Index::read(folder)?.1, (weights.dtype(), device))?;
        let told = network.prepare(told)?;
        Ok(Rehearsal { network, told, device: device.clone() })
    }

    /// Whether a folder says that it is one of diffusers, of whichever pipeline.
    pub fn is(folder: &Path) -> bool {
        folder.join(INDEX).is_file()
    }

    /// All files of a folder that its pictures depend on; others, such as a safety checker's, are not read.
    ///
    /// # Errors
    /// Where the pipeline is not known, or a network has no weights.
    pub fn files(folder: &Path) -> Result<Vec<PathBuf>, PipelineError> {
        files(folder)
    }

    /// Which pipeline a folder is of, and the width and height of its pictures.
    ///
    /// # Errors
    /// Where the pipeline is not known, or its backbone's configuration cannot be read.
    pub fn describe(folder: &Path) -> Result<(Family, [u32; 2]), PipelineError> {
        #[derive(serde::Deserialize)]
        struct Size {
            sample_size: u32,
        }
        let family = Index::read(folder)?.1;
        let size: Size = read_json(&folder.join(family.backbone()).join("config.json"))?;
        Ok((family, [size.sample_size * FACTOR as u32; 2]))
    }

    /// Files of embeddings that were damaged when it was loaded, and whose texts have been encoded anew.
    pub fn renewed(&self) -> Vec<&Path> {
        self.texts.renewed()
    }

    /// Which pipeline it is.
    pub fn family(&self) -> Family {
        self.family
    }

    fn denoise(&self, draws: &[Draw]) -> Result<Tensor, PipelineError> {
        let (channels, side) = self.network.latent();
        let noise = |purpose: u32| -> Vec<f64> {
            let of = |d: &Draw| normal(d.seed, &d.prompt_id, u64::from(d.k), purpose, channels * side * side);
            draws.iter().flat_map(of).map(f64::from).collect()
        };
        let prompts: Vec<&str> = draws.iter().map(|draw| draw.prompt.as_str()).collect();
        self.denoise_from(&prompts, noise(INITIAL_NOISE), |step| noise(STEP_NOISE + step as u32))
    }

    /// Latents (B,C,S,S), of `noise` in that order; `fresh` is the noise of a step where the sampler asks for any.
    pub(super) fn denoise_from(
        &self,
        prompts: &[&str],
        noise: Vec<f64>,
        fresh: impl Fn(usize) -> Vec<f64>,
    ) -> Result<Tensor, PipelineError> {
        let batch = prompts.len();
        let guided = self.sampling.guidance != 1.0;
        let texts = prompts.iter().map(|prompt| self.texts.told(prompt)).collect::<Result<Vec<_>, _>>()?;
        let mut rows: Vec<&Told> = texts.iter().collect();
        rows.extend(std::iter::repeat_n(&self.null, if guided { batch } else { 0 }));
        let copies = rows.len() / batch;
        let told = self.network.prepare(Told::stack(&rows)?)?;
        let (channels, side) = self.network.latent();
        let predict = |x: &[f64], timestep: f64| -> Result<Vec<f64>, PipelineError> {
            let input: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            let latents = Tensor::from_vec(input.repeat(copies), (copies * batch, channels, side, side), &self.device)?;
            let timesteps = Tensor::full(timestep as f32, copies * batch, &self.device)?;
            let output = self.network.predict(&latents, &timesteps, &told)?;
            let output = output.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
            let (text, null) = output.split_at(x.len());
            let output = if guided { guide(null, text, self.sampling.guidance) } else { text.to_vec() };
            Ok(match self.prediction {
                Prediction::Noise => output,
                Prediction::Velocity => self.schedule.noise_of_velocity(&output, x, timestep),
            })
        };
        let x = walk::<PipelineError>(&self.sampling, &self.schedule, noise, predict, fresh)?;
        Ok(Tensor::from_vec(x, (batch, channels, side, side), &self.device)?.to_dtype(DType::F32)?)
    }
}

#[cfg(test)]
impl Diffusers {
    /// Pictures (B,3,H,W) in -1..1.
    pub(super) fn decode(&self, latents: &Tensor) -> Result<Tensor, PipelineError> {
        Ok(self.autoencoder.decode(&self.autoencoder.unscale(latents)?)?)
    }
}

/// A network with zeros for weights: a product takes as long whatever its factors are.
pub struct Rehearsal {
    network: Network,
    told: Told,
    device: Device,
}

impl Rehearsal {
    /// Side of a picture's latent.
    pub fn side(&self) -> usize {
        self.network.latent().1
    }

    /// One evaluation for one latent of that side.
    ///
    /// # Errors
    /// The side does not suit the network.
    pub fn evaluate(&self, side: usize) -> candle_core::Result<()> {
        let latent = Tensor::zeros((1, self.network.latent().0, side, side), DType::F32, &self.device)?;
        self.network.predict(&latent, &Tensor::full(500f32, 1, &self.device)?, &self.told).map(drop)
    }
}

impl Generator for Diffusers {
    fn generate(&self, draws: &[Draw]) -> Result<Vec<RgbImage>, PipelineError> {
        if draws.is_empty() {
            return Ok(Vec::new());
        }
        let latents = with_precision(self.precision, || self.denoise(draws))?;
        pictures(&self.autoencoder, &latents, draws)
    }
}
