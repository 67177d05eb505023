//! The UNet: a latent and its noise level in, the prediction out. diffusers: `UNet2DConditionModel`.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::UNetConfig;
use super::blocks::{Down, Middle, Seen, Up};
use super::resnet::TimestepEmbedding;
use crate::autoencoder::init::{Conv, GroupNorm};
use crate::gentron::embed::timestep_features;
use crate::ops;

/// What XL is told beside the text's tokens.
#[derive(Clone, Copy, Debug)]
pub struct Added<'a> {
    /// The text's projected pooled vector: (B,P).
    pub pooled: &'a Tensor,
    /// Height and width of the original, top and left of the crop, height and width of the target, in pixels: (B,6).
    pub sizes: &'a Tensor,
}

/// A UNet with the parameters and names of diffusers.
#[derive(Clone, Debug)]
pub struct UNet {
    conv_in: Conv,
    time_embedding: TimestepEmbedding,
    add_embedding: Option<TimestepEmbedding>,
    down_blocks: Vec<Down>,
    mid_block: Middle,
    up_blocks: Vec<Up>,
    conv_norm_out: GroupNorm,
    conv_out: Conv,
    config: UNetConfig,
}

impl UNet {
    /// Reads the tensors below `vb`.
    ///
    /// # Errors
    /// Where the configuration is contradictory or of another network, or a tensor is missing or of another shape.
    pub fn new(vb: VarBuilder, config: &UNetConfig) -> Result<Self> {
        if let Some(problem) = config.problem() {
            candle_core::bail!("UNet configuration: {problem}");
        }
        let (first, time) = (config.block_out_channels[0], config.time_channels());
        let levels = config.levels();
        let added = config.projection_class_embeddings_input_dim.filter(|_| config.has_added());
        if config.has_added() && added.is_none() {
            candle_core::bail!("UNet configuration: addition_embed_type without projection_class_embeddings_input_dim");
        }
        Ok(Self {
            conv_in: Conv::new(vb.pp("conv_in"), config.in_channels, first, 3)?,
            time_embedding: TimestepEmbedding::new(vb.pp("time_embedding"), first, time)?,
            add_embedding: added
                .map(|input| TimestepEmbedding::new(vb.pp("add_embedding"), input, time))
                .transpose()?,
            down_blocks: (0..levels)
                .map(|i| Down::new(vb.pp("down_blocks").pp(i), config, i))
                .collect::<Result<_>>()?,
            mid_block: Middle::new(vb.pp("mid_block"), config)?,
            up_blocks: (0..levels)
                .map(|i| Up::new(vb.pp("up_blocks").pp(i), config, levels - 1 - i))
                .collect::<Result<_>>()?,
            conv_norm_out: GroupNorm::with_epsilon(
                vb.pp("conv_norm_out"),
                first,
                config.norm_num_groups,
                config.norm_eps,
            )?,
            conv_out: Conv::new(vb.pp("conv_out"), first, config.out_channels, 3)?,
            config: config.clone(),
        })
    }

    /// The sizes that it was built with.
    pub fn config(&self) -> &UNetConfig {
        &self.config
    }

    /// Latents (B,C,H,W) at timesteps (B) under text (B,L,W), and for XL what else it is told → (B,C,H,W).
    ///
    /// # Errors
    /// Where shapes differ, H or W cannot be halved often enough, or XL is told nothing.
    pub fn forward(&self, x: &Tensor, timesteps: &Tensor, text: &Tensor, added: Option<Added>) -> Result<Tensor> {
        let (_, _, height, width) = x.dims4()?;
        let multiple = 1 << (self.config.levels() - 1);
        if height % multiple != 0 || width % multiple != 0 {
            candle_core::bail!("a latent of {width} x {height}: both must be multiples of {multiple}");
        }
        let time = self.time(timesteps, added)?;
        let seen = Seen { time: &ops::silu(&time)?, text };
        let x = self.conv_in.forward(x)?;
        let mut states = vec![x.clone()];
        let x = self.down_blocks.iter().try_fold(x, |x, block| block.forward(&mut states, x, seen))?;
        let x = self.mid_block.forward(&x, seen)?;
        let x = self.up_blocks.iter().try_fold(x, |x, block| block.forward(&mut states, x, seen))?;
        self.conv_out.forward(&ops::silu(&self.conv_norm_out.forward(&x)?)?)
    }

    /// The time embedding, (B,T), with what XL adds to it.
    fn time(&self, timesteps: &Tensor, added: Option<Added>) -> Result<Tensor> {
        let features = timestep_features(timesteps, self.config.block_out_channels[0])?;
        let time = self.time_embedding.forward(&features)?;
        match (&self.add_embedding, added, self.config.addition_time_embed_dim) {
            (Some(embedding), Some(Added { pooled, sizes }), Some(channels)) => {
                let (b, count) = sizes.dims2()?;
                let sizes = timestep_features(&sizes.flatten_all()?, channels)?.reshape((b, count * channels))?;
                let sizes = sizes.to_dtype(pooled.dtype())?;
                time + embedding.forward(&Tensor::cat(&[pooled, &sizes], 1)?)?
            }
            (None, ..) => Ok(time),
            _ => candle_core::bail!("this UNet must be told the pooled text and the sizes"),
        }
    }
}
