//! One resolution: on the way down, in the middle, on the way up. diffusers: `(CrossAttn)DownBlock2D`, `UNetMidBlock2DCrossAttn`,
//! `(CrossAttn)UpBlock2D`.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::UNetConfig;
use super::resnet::{Resnet, ResnetSizes};
use super::transformer::{Transformer, TransformerSizes};
use crate::autoencoder::init::Conv;
use crate::autoencoder::resample::Upsample;

/// What every block sees: time (B,T), already through SiLU, and text (B,L,W).
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) time: &'a Tensor,
    pub(super) text: &'a Tensor,
}

fn resnet_sizes(config: &UNetConfig) -> ResnetSizes {
    ResnetSizes { time: config.time_channels(), groups: config.norm_num_groups, epsilon: config.norm_eps }
}

fn transformer_sizes(config: &UNetConfig, level: usize) -> TransformerSizes {
    TransformerSizes {
        width: config.block_out_channels[level],
        context: config.cross_attention_dim,
        heads: config.heads(level),
        layers: config.transformer_layers(level),
        groups: config.norm_num_groups,
        linear: config.use_linear_projection,
    }
}

/// Residual blocks, each with a transformer where the resolution attends to text.
#[derive(Clone, Debug)]
struct Layers {
    resnets: Vec<Resnet>,
    attentions: Vec<Transformer>,
}

impl Layers {
    fn new(vb: &VarBuilder, config: &UNetConfig, level: usize, inputs: &[usize], attends: bool) -> Result<Self> {
        let (width, sizes) = (config.block_out_channels[level], resnet_sizes(config));
        let resnet = |(i, input): (usize, &usize)| Resnet::new(vb.pp("resnets").pp(i), *input, width, sizes);
        let attention = |i: usize| Transformer::new(vb.pp("attentions").pp(i), transformer_sizes(config, level));
        Ok(Self {
            resnets: inputs.iter().enumerate().map(resnet).collect::<Result<_>>()?,
            attentions: (0..if attends { inputs.len() } else { 0 }).map(attention).collect::<Result<_>>()?,
        })
    }

    fn forward(&self, i: usize, x: &Tensor, seen: Seen) -> Result<Tensor> {
        let x = self.resnets[i].forward(x, seen.time)?;
        self.attentions.get(i).map_or(Ok(x.clone()), |attention| attention.forward(&x, seen.text))
    }
}

/// On the way down: layers, then half the resolution, but for the last.
#[derive(Clone, Debug)]
pub(super) struct Down {
    layers: Layers,
    downsample: Option<Conv>,
}

impl Down {
    pub(super) fn new(vb: VarBuilder, config: &UNetConfig, level: usize) -> Result<Self> {
        let (widths, last) = (&config.block_out_channels, config.levels() - 1);
        let mut inputs = vec![widths[level]; config.layers_per_block];
        inputs[0] = widths[level.saturating_sub(1)];
        let halve = || Conv::halving_padded(vb.pp("downsamplers").pp(0).pp("conv"), widths[level]);
        Ok(Self {
            layers: Layers::new(&vb, config, level, &inputs, config.attends(level).0)?,
            downsample: (level < last).then(halve).transpose()?,
        })
    }

    /// Goes on from the last of `states` and adds every state on the way.
    pub(super) fn forward(&self, states: &mut Vec<Tensor>, mut x: Tensor, seen: Seen) -> Result<Tensor> {
        for i in 0..self.layers.resnets.len() {
            x = self.layers.forward(i, &x, seen)?;
            states.push(x.clone());
        }
        if let Some(downsample) = &self.downsample {
            x = downsample.forward(&x)?;
            states.push(x.clone());
        }
        Ok(x)
    }
}

/// Residual block, transformer, residual block at the coarsest resolution.
#[derive(Clone, Debug)]
pub(super) struct Middle {
    resnets: [Resnet; 2],
    attention: Transformer,
}

impl Middle {
    pub(super) fn new(vb: VarBuilder, config: &UNetConfig) -> Result<Self> {
        let (level, sizes) = (config.levels() - 1, resnet_sizes(config));
        let width = config.block_out_channels[level];
        let resnet = |i: usize| Resnet::new(vb.pp("resnets").pp(i), width, width, sizes);
        let attention = Transformer::new(vb.pp("attentions").pp(0), transformer_sizes(config, level))?;
        Ok(Self { resnets: [resnet(0)?, resnet(1)?], attention })
    }

    pub(super) fn forward(&self, x: &Tensor, seen: Seen) -> Result<Tensor> {
        let x = self.resnets[0].forward(x, seen.time)?;
        self.resnets[1].forward(&self.attention.forward(&x, seen.text)?, seen.time)
    }
}

/// On the way up: layers, each with a state of the way down beside its input, then twice the resolution, but for the last.
#[derive(Clone, Debug)]
pub(super) struct Up {
    layers: Layers,
    upsample: Option<Upsample>,
}

impl Up {
    /// The block of a resolution, finest 0.
    pub(super) fn new(vb: VarBuilder, config: &UNetConfig, level: usize) -> Result<Self> {
        let widths = &config.block_out_channels;
        let count = config.layers_per_block + 1;
        let below = widths[(level + 1).min(config.levels() - 1)];
        let beside = |i: usize| if i + 1 == count { widths[level.saturating_sub(1)] } else { widths[level] };
        let inputs: Vec<usize> = (0..count).map(|i| if i == 0 { below } else { widths[level] } + beside(i)).collect();
        let double = || Upsample::new(vb.pp("upsamplers").pp(0), widths[level]);
        Ok(Self {
            layers: Layers::new(&vb, config, level, &inputs, config.attends(level).1)?,
            upsample: (level > 0).then(double).transpose()?,
        })
    }

    /// Takes its states from the end of `states`.
    pub(super) fn forward(&self, states: &mut Vec<Tensor>, mut x: Tensor, seen: Seen) -> Result<Tensor> {
        for i in 0..self.layers.resnets.len() {
            let Some(state) = states.pop() else { candle_core::bail!("a UNet with more layers up than down") };
            x = self.layers.forward(i, &Tensor::cat(&[&x, &state], 1)?, seen)?;
        }
        self.upsample.as_ref().map_or(Ok(x.clone()), |upsample| upsample.forward(&x))
    }
}
