//! An arm that draws texts which nobody prepared, and tells how: what it believed at each step, and which words it looked at.
//!
//! The picture is that of [`super::Pipeline`] for the same draw alone in its batch, to the bit: both do the same computations.

use super::denoise::denoise_watched;
use super::error::PipelineError;
use super::finite::pictures;
use super::generator::{Draw, INITIAL_NOISE, STEP_NOISE};
use super::load::{load_autoencoder, load_backbone};
use super::{Guided, PipelineSpec, Sampling};
use crate::autoencoder::AutoencoderKl;
use crate::diffusion::Schedule;
use crate::gentron::{GenTron, GenTronConfig, TextContext, TextInput, watch_attention};
use crate::noise::normal;
use crate::ops::{Precision, with_precision};
use crate::pixels::to_images;
use crate::text::{Encoding, TextEncoder};
use candle_core::{Device, Tensor};
use image::RgbImage;

/// A loaded arm without its text encoders, which several arms share.
pub struct Watched {
    backbone: GenTron,
    autoencoder: AutoencoderKl,
    schedule: Schedule,
    sampling: Sampling,
    precision: Precision,
    device: Device,
}

/// How a picture came about.
#[derive(Clone, Debug)]
pub struct Witnessed {
    /// The picture.
    pub image: RgbImage,
    /// What the arm took the picture to be at each step, from the first: the latent without the noise that it saw.
    pub steps: Vec<RgbImage>,
    /// Where it looked, one for each encoder that its blocks attend to; empty for adaLN-Zero.
    pub attention: Vec<Attention>,
}

/// How much the image tokens attended to the tokens of one encoder, the mean over its blocks and their heads.
#[derive(Clone, Debug, PartialEq)]
pub struct Attention {
    /// The encoder, by its place in the configuration.
    pub source: usize,
    /// Image tokens a side.
    pub grid: usize,
    /// By step, then by text token (begin, end and pads included), then by image token in reading order. The text tokens of one image
    /// token sum to 1.
    pub steps: Vec<Vec<Vec<f32>>>,
}

impl Watched {
    /// Loads backbone and autoencoder; the specification's encoders are left to the caller.
    ///
    /// # Errors
    /// Where weights are missing, damaged or do not fit one another.
    pub fn load(spec: &PipelineSpec, device: &Device) -> Result<Self, PipelineError> {
        Ok(Self {
            backbone: load_backbone(&spec.backbone, spec.weights, device)?,
            autoencoder: load_autoencoder(&spec.autoencoder, device)?,
            schedule: Schedule::new(&spec.schedule)?,
            sampling: Sampling { frames: None, motion_guidance: None, ..spec.sampling },
            precision: spec.weights.precision(),
            device: device.clone(),
        })
    }

    /// The backbone's configuration.
    pub fn config(&self) -> &GenTronConfig {
        self.backbone.config()
    }

    /// Draws one picture; `encoders` are those that the configuration names, in its order.
    ///
    /// # Errors
    /// Where a text cannot be encoded or a network fails.
    pub fn draw(&self, draw: &Draw, encoders: &[&dyn TextEncoder]) -> Result<Witnessed, PipelineError> {
        with_precision(self.precision, || self.witness(draw, encoders))
    }

    fn witness(&self, draw: &Draw, encoders: &[&dyn TextEncoder]) -> Result<Witnessed, PipelineError> {
        let (text, null) = (self.context(&draw.prompt, encoders)?, self.context("", encoders)?);
        let guided = Guided::new(&[&text], &null, &self.sampling, self.backbone.config())?;
        let config = self.backbone.config();
        let (channels, side) = (config.in_channels, config.latent_size);
        let noise = |purpose: u32| -> Vec<f64> {
            let size = channels * side * side;
            normal(draw.seed, &draw.prompt_id, u64::from(draw.k), purpose, size).into_iter().map(f64::from).collect()
        };
        let fresh = |step: usize| noise(STEP_NOISE + step as u32);
        let mut believed = Vec::new();
        let (latent, attended) = watch_attention(|| {
            let (schedule, device) = (&self.schedule, &self.device);
            denoise_watched(
                &self.backbone,
                &guided,
                noise(INITIAL_NOISE),
                &self.sampling,
                schedule,
                fresh,
                device,
                |step| {
                    let clean = schedule.signal_of_noise(step.noise, step.seen, step.timestep);
                    believed.extend(clean.into_iter().map(|x| x as f32));
                },
            )
        });
        let count = believed.len() / (channels * side * side);
        let believed = Tensor::from_vec(believed, (count, channels, side, side), &self.device)?;
        let image = pictures(&self.autoencoder, &latent?, std::slice::from_ref(draw))?.swap_remove(0);
        Ok(Witnessed { image, steps: self.images(&believed)?, attention: self.attention(&attended)? })
    }

    fn images(&self, latents: &Tensor) -> Result<Vec<RgbImage>, PipelineError> {
        Ok(to_images(&self.autoencoder.decode(&self.autoencoder.unscale(latents)?)?)?)
    }

    fn context(&self, text: &str, encoders: &[&dyn TextEncoder]) -> Result<TextContext, PipelineError> {
        let mut inputs = Vec::new();
        for encoder in encoders {
            let Encoding { tokens, mask, pooled, .. } = encoder.encode(&[text])?;
            inputs.push(TextInput { tokens, mask, pooled });
        }
        Ok(self.backbone.condition(&inputs)?)
    }

    /// From what each block saw at each step, (1 or 2, N, L) of which the first row is under the text, to means by encoder.
    fn attention(&self, attended: &[Tensor]) -> Result<Vec<Attention>, PipelineError> {
        let config = self.backbone.config();
        let mut found = Vec::new();
        if attended.is_empty() {
            return Ok(found);
        }
        for source in 0..config.text.len() {
            let blocks: Vec<usize> = (0..config.depth).filter(|i| config.source_of_block(*i) == source).collect();
            let mut steps = Vec::new();
            for step in attended.chunks(config.depth) {
                let maps = blocks.iter().map(|block| step[*block].get(0)).collect::<Result<Vec<_>, _>>()?;
                let mean = Tensor::stack(&maps, 0)?.mean(0)?; // (N, L)
                steps.push(mean.t()?.to_vec2::<f32>()?);
            }
            if !blocks.is_empty() {
                found.push(Attention { source, grid: config.grid(), steps });
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::{SamplerKind, ScheduleConfig};
    use crate::pipeline::{EncoderKind, EncoderSpec, Generator as _, Pipeline, WeightType, load_encoder};
    use std::path::Path;

    /// An arm of the repository's own weights.
    fn spec(backbone: &str, encoders: &[&str]) -> PipelineSpec {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights");
        let encoder = |name: &&str| EncoderSpec {
            name: (*name).to_owned(),
            kind: if name.starts_with("t5") { EncoderKind::T5 } else { EncoderKind::Clip },
            folder: folder.join(name),
            length: name.starts_with("t5").then_some(32),
        };
        PipelineSpec {
            backbone: folder.join(backbone),
            encoders: encoders.iter().map(encoder).collect(),
            autoencoder: folder.join("autoencoder-shapes"),
            schedule: ScheduleConfig::default(),
            sampling: Sampling {
                kind: SamplerKind::DpmSolverPp,
                steps: 3,
                guidance: 3.0,
                motion_guidance: None,
                frames: None,
            },
            weights: WeightType::F32,
            embeddings: None,
        }
    }

    #[test]
    fn the_picture_is_the_pipelines_and_attention_sums_to_one() {
        for (backbone, encoders) in [
            ("gentron-shapes-adaln-clip", vec!["clip-shapes"]),
            ("gentron-shapes-cross-clip-t5", vec!["clip-shapes", "t5-shapes"]),
        ] {
            let (spec, device) = (spec(backbone, &encoders), Device::Cpu);
            let draw = Draw { prompt: "a red circle and a blue square".into(), prompt_id: "x".into(), k: 2, seed: 7 };
            let pipeline = Pipeline::load(&spec, &[&draw.prompt], &device, &mut |_, _, _| true).unwrap();
            let plain = pipeline.generate(std::slice::from_ref(&draw)).unwrap().remove(0);

            let watched = Watched::load(&spec, &device).unwrap();
            let loaded: Vec<_> =
                spec.encoders.iter().map(|encoder| load_encoder(encoder, WeightType::F32, &device).unwrap()).collect();
            let loaded: Vec<&dyn TextEncoder> = loaded.iter().map(AsRef::as_ref).collect();
            let seen = watched.draw(&draw, &loaded).unwrap();
            assert_eq!(seen.image, plain, "{backbone}");
            assert_eq!(seen.steps.len(), 3);
            let attends = backbone.contains("cross");
            assert_eq!(seen.attention.len(), if attends { 2 } else { 0 });
            for map in &seen.attention {
                assert_eq!((map.steps.len(), map.grid), (3, 4));
                for step in &map.steps {
                    for n in 0..16 {
                        let sum: f32 = step.iter().map(|token| token[n]).sum();
                        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
                    }
                }
            }
            if attends {
                let pieces = loaded[1].pieces("a Red circle, qwzx").unwrap();
                let known: Vec<(usize, bool)> = pieces.iter().map(|piece| (piece.bytes.start, piece.known)).collect();
                assert_eq!(known, [(0, true), (2, true), (6, true), (12, true), (14, false)]);
                // CLIP begins each text with a token of its own, T5 does not.
                assert_eq!((pieces[0].position, loaded[0].pieces("a").unwrap()[0].position), (0, 1));
            }
        }
    }
}
