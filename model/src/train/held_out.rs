//! What a GenTron in training makes of examples that it never saw, and of the texts of an exam.

use super::autoencoder::contact_sheet;
use super::corpus::Corpus;
use super::gentron::{Draw, GenTronObjective, Timesteps, held_out};
use super::{TrainError, purpose};
use crate::gentron::{GenTron, TextInput};
use crate::noise::normal;
use crate::pipeline::{Guided, Sampling, denoise};
use crate::pixels::to_images;
use candle_core::Tensor;
use image::RgbImage;
use std::collections::BTreeMap;
use std::path::Path;

/// Questions of which a network in training draws the answers.
pub trait Exam: Sync {
    /// What is to be drawn.
    fn texts(&self) -> Vec<String>;
    /// Marks by name, each within [0, 1], of one picture a text, in their order.
    fn mark(&self, pictures: &[RgbImage]) -> BTreeMap<String, f64>;
}

/// Pictures that are drawn at a time.
const CHUNK: usize = 40;

impl GenTronObjective<'_> {
    /// Loss on held-out examples at fixed timesteps and noise, and how much larger it is under the text of another example: what the
    /// network reads out of texts.
    pub(super) fn held_out_losses(&self, network: &GenTron) -> Result<BTreeMap<String, f64>, TrainError> {
        let corpus = self.clips.map_or(self.corpus, |clips| clips.corpus);
        let count = held_out(corpus);
        let first = corpus.len() - count;
        // Draws from far beyond training's, so that no noise is shared with it.
        let base = 1u64 << 40;
        let chunk = if corpus.frames() > 1 { 32 } else { count };
        let mut losses = [0.0; 2];
        for start in (0..count).step_by(chunk) {
            for (shift, loss) in losses.iter_mut().enumerate() {
                let draw = |i: usize| {
                    let of = (self.clips.is_none(), first + i);
                    let draw = self.draw(base + i as u64, of, Timesteps::Uniform, 0.0);
                    draw.told(first + (i + shift) % count)
                };
                let draws: Vec<Draw> = (start..(start + chunk).min(count)).map(draw).collect();
                *loss += f64::from(self.errors(network, &draws)?.sum_all()?.to_scalar::<f32>()?);
            }
        }
        let [own, others] = losses.map(|loss| loss / count as f64);
        Ok(BTreeMap::from([("held_out_loss".to_owned(), own), ("text_gain".to_owned(), others - own)]))
    }

    /// Marks of the exam, where there is one.
    pub(super) fn examine(&self, network: &GenTron) -> Result<BTreeMap<String, f64>, TrainError> {
        let Some(exam) = self.exam.filter(|_| self.clips.is_none()) else { return Ok(BTreeMap::new()) };
        let mut pictures = Vec::new();
        for (i, chunk) in self.corpus.exam().chunks(CHUNK).enumerate() {
            let texts: Vec<u32> = chunk.iter().copied().chain([0]).collect();
            let encoded = self.sources.iter().map(|&i| self.corpus.encoded(i, &texts, &self.device));
            let encoded = encoded.collect::<candle_core::Result<Vec<_>>>()?;
            pictures.extend(self.pictures(&self.sampled(network, &encoded, ("exam", i as u64))?)?);
        }
        Ok(exam.mark(&pictures))
    }

    /// Latents drawn from all texts but the last, the null text.
    fn sampled(&self, network: &GenTron, texts: &[TextInput], (key, draw): (&str, u64)) -> Result<Tensor, TrainError> {
        let context = network.condition(texts)?;
        let rows = (0..texts[0].pooled.dim(0)?).map(|i| context.row(i)).collect::<candle_core::Result<Vec<_>>>()?;
        let (null, texts) = rows.split_last().ok_or_else(|| TrainError::Recipe("no text to sample".into()))?;
        let sampling = Sampling { frames: self.clips.map(|clips| clips.corpus.frames()), ..self.training.sampling };
        let guided = Guided::new(&texts.iter().collect::<Vec<_>>(), null, &sampling, network.config())?;
        let size = self.elements() * texts.len();
        let noise = normal(self.seed, key, draw, purpose::NOISE, size).into_iter().map(f64::from).collect();
        let fresh = |_| vec![0.0; size];
        denoise(network, &guided, noise, &sampling, &self.schedule, fresh, &self.device)
            .map_err(|e| TrainError::Recipe(e.to_string()))
    }

    fn pictures(&self, latents: &Tensor) -> Result<Vec<RgbImage>, TrainError> {
        let latents = if latents.rank() == 5 { latents.flatten(0, 1)? } else { latents.clone() };
        Ok(to_images(&self.autoencoder.decode(&self.autoencoder.unscale(&latents)?)?)?)
    }

    /// Eight pictures a row, or one clip: above those of the data, below what is drawn from their captions.
    pub(super) fn sample_sheet(&self, network: &GenTron, folder: &Path) -> Result<(), TrainError> {
        let corpus = self.clips.map_or(self.corpus, |clips| clips.corpus);
        let count = held_out(corpus);
        let first = corpus.len() - count;
        let shown: Vec<usize> = (first..first + count.min(if corpus.frames() > 1 { 4 } else { 16 })).collect();
        let of: Vec<_> = shown.iter().map(|&i| Some(i)).chain([None]).map(|example| (corpus, example)).collect();
        let texts = self.sources.iter().map(|&i| Corpus::texts(i, &of, &self.device));
        let texts = texts.collect::<candle_core::Result<Vec<_>>>()?;
        let true_images = self.pictures(&corpus.clips(&shown, &self.device)?)?;
        let samples = self.pictures(&self.sampled(network, &texts, ("sample sheet", 0))?)?;
        let row = if corpus.frames() > 1 { corpus.frames() } else { 8 };
        let rows: Vec<Vec<&RgbImage>> = true_images
            .chunks(row)
            .zip(samples.chunks(row))
            .flat_map(|(a, b)| [a.iter().collect::<Vec<_>>(), b.iter().collect()])
            .collect();
        contact_sheet(&rows, &folder.join("samples.png"))
    }
}
