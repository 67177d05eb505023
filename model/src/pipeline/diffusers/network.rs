//! The two kinds of network, under one question: which noise is in these latents.

use std::path::Path;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;

use super::layout::Family;
use super::text::{T5_LENGTH, Told};
use crate::checkpoint::{Naming, check, load, read_json};
use crate::pipeline::PipelineError;
use crate::pixart::{PixArt, PixArtConfig, Size};
use crate::unet::{Added, UNet, UNetConfig};

/// Image pixels to a latent's.
pub(super) const FACTOR: usize = 8;

/// Tokens that a CLIP reads.
const CLIP_LENGTH: usize = 77;

/// A network of a folder.
pub(super) enum Network {
    UNet(Box<UNet>),
    PixArt(Box<PixArt>),
}

impl Network {
    pub(super) fn load(
        folder: &Path,
        family: Family,
        kind: (DType, &Device),
    ) -> std::result::Result<Self, PipelineError> {
        Ok(match family {
            Family::StableDiffusion | Family::StableDiffusionXl => {
                let at = folder.join("unet");
                let config: UNetConfig = read_json(&at.join("config.json"))?;
                Self::UNet(Box::new(load(&at, Naming::default(), kind, |vb| UNet::new(vb, &config))?))
            }
            Family::PixArt => {
                let at = folder.join("transformer");
                let config: PixArtConfig = read_json(&at.join("config.json"))?;
                let naming = Naming { ignore: &PixArt::BUFFERS, ..Naming::default() };
                Self::PixArt(Box::new(load(&at, naming, kind, |vb| PixArt::new(vb, &config))?))
            }
        })
    }

    /// Holds the headers of its files against the configuration beside them.
    pub(super) fn check(folder: &Path, family: Family) -> std::result::Result<(), PipelineError> {
        let at = folder.join(family.backbone());
        let path = at.join("config.json");
        if family == Family::PixArt {
            let config: PixArtConfig = read_json(&path)?;
            let naming = Naming { ignore: &PixArt::BUFFERS, ..Naming::default() };
            return Ok(check(&at, naming, |vb| PixArt::new(vb, &config))?);
        }
        let config: UNetConfig = read_json(&path)?;
        Ok(check(&at, Naming::default(), |vb| UNet::new(vb, &config))?)
    }

    /// A network of a folder's sizes with zeros for weights, and as much text as it is told of one prompt.
    pub(super) fn hollow(
        folder: &Path,
        family: Family,
        (dtype, device): (DType, &Device),
    ) -> std::result::Result<(Self, Told), PipelineError> {
        let vb = || VarBuilder::zeros(dtype, device);
        // On the CPU activations are f32, whatever the matrices are.
        let active = if device.is_cpu() { DType::F32 } else { dtype };
        let zeros = |shape: (usize, usize, usize)| Tensor::zeros(shape, active, device);
        let at = folder.join(family.backbone()).join("config.json");
        if family == Family::PixArt {
            let config: PixArtConfig = read_json(&at)?;
            let states = zeros((1, T5_LENGTH, config.caption_channels.unwrap_or(config.cross_attention_dim)))?;
            let bias = Some(Tensor::zeros((1, 1, 1, T5_LENGTH), DType::F32, device)?);
            let network = Self::PixArt(Box::new(PixArt::new(vb(), &config)?));
            return Ok((network, Told { states, pooled: None, bias }));
        }
        let config: UNetConfig = read_json(&at)?;
        let states = zeros((1, CLIP_LENGTH, config.cross_attention_dim))?;
        let pooled = config.projection_class_embeddings_input_dim.zip(config.addition_time_embed_dim);
        let pooled = pooled.map(|(all, each)| Tensor::zeros((1, all.saturating_sub(6 * each)), active, device));
        let network = Self::UNet(Box::new(UNet::new(vb(), &config)?));
        Ok((network, Told { states, pooled: pooled.transpose()?, bias: None }))
    }

    /// Channels and side of a latent.
    pub(super) fn latent(&self) -> (usize, usize) {
        match self {
            Self::UNet(unet) => (unet.config().in_channels, unet.config().sample_size),
            Self::PixArt(pixart) => (pixart.config().in_channels, pixart.config().sample_size),
        }
    }

    /// What of a prompt is the same at every step, computed once.
    pub(super) fn prepare(&self, told: Told) -> Result<Told> {
        match self {
            Self::UNet(_) => Ok(told),
            Self::PixArt(pixart) => Ok(Told { states: pixart.project(&told.states)?, ..told }),
        }
    }

    /// Latents (B,C,S,S) at timesteps (B), told what [`Network::prepare`] made of B prompts → the prediction, (B,C,S,S).
    pub(super) fn predict(&self, x: &Tensor, timesteps: &Tensor, told: &Told) -> Result<Tensor> {
        let (b, c, side, _) = x.dims4()?;
        let pixels = (side * FACTOR) as f64;
        match self {
            Self::UNet(unet) => {
                // Original and target are of one size, and nothing was cropped.
                let sizes = [pixels, pixels, 0.0, 0.0, pixels, pixels].map(|size| size as f32).repeat(b);
                let sizes = Tensor::from_vec(sizes, (b, 6), x.device())?;
                let added = told.pooled.as_ref().map(|pooled| Added { pooled, sizes: &sizes });
                unet.forward(x, timesteps, &told.states, added)
            }
            Self::PixArt(pixart) => {
                let Some(bias) = &told.bias else { candle_core::bail!("PixArt's text has no mask") };
                let size = Size { height: pixels, width: pixels };
                pixart.forward(x, timesteps, (&told.states, bias), size)?.narrow(1, 0, c)
            }
        }
    }
}
