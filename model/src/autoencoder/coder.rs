//! Encoder and decoder. diffusers: `Encoder`, `Decoder`, `DownEncoderBlock2D`, `UpDecoderBlock2D`, `UNetMidBlock2D`.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::AutoencoderKlConfig;
use super::attention::Attention;
use super::init::{Conv, GroupNorm};
use super::resample::{Downsample, Upsample};
use super::resnet::Resnet;
use crate::ops;

/// Residual blocks of one resolution, then the change to the next.
#[derive(Clone, Debug)]
struct Stage<R> {
    resnets: Vec<Resnet>,
    resample: Option<R>,
}

impl<R> Stage<R> {
    fn forward(&self, x: &Tensor, resample: impl Fn(&R, &Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let x = self.resnets.iter().try_fold(x.clone(), |x, resnet| resnet.forward(&x))?;
        self.resample.as_ref().map_or(Ok(x.clone()), |r| resample(r, &x))
    }
}

/// The `count` residual blocks below `vb`, the first of which changes the width.
fn resnets(vb: &VarBuilder, input: usize, output: usize, count: usize, groups: usize) -> Result<Vec<Resnet>> {
    let vb = vb.pp("resnets");
    (0..count).map(|i| Resnet::new(vb.pp(i), if i == 0 { input } else { output }, output, groups)).collect()
}

/// Residual block, attention, residual block at the coarsest resolution.
#[derive(Clone, Debug)]
struct MidBlock {
    resnets: Vec<Resnet>,
    attention: Option<Attention>,
}

impl MidBlock {
    fn new(vb: VarBuilder, channels: usize, config: &AutoencoderKlConfig) -> Result<Self> {
        let groups = config.norm_num_groups;
        let attention =
            config.mid_block_add_attention.then(|| Attention::new(vb.pp("attentions").pp("0"), channels, groups));
        Ok(Self { resnets: resnets(&vb, channels, channels, 2, groups)?, attention: attention.transpose()? })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.resnets[0].forward(x)?;
        let x = self.attention.as_ref().map_or(Ok(x.clone()), |attention| attention.forward(&x))?;
        self.resnets[1].forward(&x)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Encoder {
    conv_in: Conv,
    down_blocks: Vec<Stage<Downsample>>,
    mid_block: MidBlock,
    conv_norm_out: GroupNorm,
    conv_out: Conv,
}

impl Encoder {
    pub(super) fn new(vb: VarBuilder, config: &AutoencoderKlConfig) -> Result<Self> {
        let (widths, groups) = (&config.block_out_channels, config.norm_num_groups);
        let (first, last) = (widths[0], widths[widths.len() - 1]);
        let mut down_blocks = Vec::with_capacity(widths.len());
        for (i, &width) in widths.iter().enumerate() {
            let vb = vb.pp("down_blocks").pp(i);
            let input = if i == 0 { first } else { widths[i - 1] };
            let halve = i + 1 < widths.len();
            down_blocks.push(Stage {
                resnets: resnets(&vb, input, width, config.layers_per_block, groups)?,
                resample: halve.then(|| Downsample::new(vb.pp("downsamplers").pp("0"), width)).transpose()?,
            });
        }
        Ok(Self {
            conv_in: Conv::new(vb.pp("conv_in"), config.in_channels, first, 3)?,
            down_blocks,
            mid_block: MidBlock::new(vb.pp("mid_block"), last, config)?,
            conv_norm_out: GroupNorm::new(vb.pp("conv_norm_out"), last, groups)?,
            conv_out: Conv::new(vb.pp("conv_out"), last, 2 * config.latent_channels, 3)?,
        })
    }

    /// Image (B,3,fH,fW) → mean and log-variance (B,2C,H,W), f the factor.
    pub(super) fn forward(&self, image: &Tensor) -> Result<Tensor> {
        let x = self.conv_in.forward(image)?;
        let x = self.down_blocks.iter().try_fold(x, |x, stage| stage.forward(&x, Downsample::forward))?;
        let x = self.mid_block.forward(&x)?;
        self.conv_out.forward(&ops::silu(&self.conv_norm_out.forward(&x)?)?)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Decoder {
    conv_in: Conv,
    mid_block: MidBlock,
    up_blocks: Vec<Stage<Upsample>>,
    conv_norm_out: GroupNorm,
    conv_out: Conv,
}

impl Decoder {
    pub(super) fn new(vb: VarBuilder, config: &AutoencoderKlConfig) -> Result<Self> {
        let groups = config.norm_num_groups;
        let widths: Vec<usize> = config.block_out_channels.iter().rev().copied().collect();
        let (first, last) = (widths[0], widths[widths.len() - 1]);
        let mut up_blocks = Vec::with_capacity(widths.len());
        for (i, &width) in widths.iter().enumerate() {
            let vb = vb.pp("up_blocks").pp(i);
            let input = if i == 0 { first } else { widths[i - 1] };
            let double = i + 1 < widths.len();
            up_blocks.push(Stage {
                resnets: resnets(&vb, input, width, config.layers_per_block + 1, groups)?,
                resample: double.then(|| Upsample::new(vb.pp("upsamplers").pp("0"), width)).transpose()?,
            });
        }
        Ok(Self {
            conv_in: Conv::new(vb.pp("conv_in"), config.latent_channels, first, 3)?,
            mid_block: MidBlock::new(vb.pp("mid_block"), first, config)?,
            up_blocks,
            conv_norm_out: GroupNorm::new(vb.pp("conv_norm_out"), last, groups)?,
            conv_out: Conv::new(vb.pp("conv_out"), last, config.out_channels, 3)?,
        })
    }

    /// Latent (B,C,H,W) → image (B,3,fH,fW), f the factor.
    pub(super) fn forward(&self, latent: &Tensor) -> Result<Tensor> {
        let x = self.conv_in.forward(latent)?;
        let x = self.mid_block.forward(&x)?;
        let x = self.up_blocks.iter().try_fold(x, |x, stage| stage.forward(&x, Upsample::forward))?;
        self.conv_out.forward(&ops::silu(&self.conv_norm_out.forward(&x)?)?)
    }
}
