//! The whole backbone.

use super::block::{Block, BlockText};
use super::config::GenTronConfig;
use super::embed::{PatchEmbed, TimestepEmbed, sincos_2d};
use super::layers::{Linear, NORM_EPS};
use super::temporal::Frames;
use super::text::{TextContext, TextInput, mask_to_bias};
use crate::ops;
use candle_core::{DType, Device, Result, Tensor, bail};
use candle_nn::VarBuilder;

/// GenTron: predicts the noise (or velocity) of a latent or of a clip of them, given timestep and text.
#[derive(Clone, Debug)]
pub struct GenTron {
    config: GenTronConfig,
    x_embedder: PatchEmbed,
    positions: Tensor,
    t_embedder: TimestepEmbed,
    pool_in: Vec<Linear>,
    pool_out: Linear,
    text_adapters: Vec<Linear>,
    blocks: Vec<Block>,
    final_linear: Linear,
    final_modulation: Linear,
}

impl GenTron {
    /// Reads (or, in training, creates) the parameters below `vb`.
    ///
    /// # Errors
    /// Where the configuration contradicts itself, or a tensor is missing or of another shape.
    pub fn new(vb: VarBuilder, config: &GenTronConfig) -> Result<Self> {
        if let Some(problem) = config.problem() {
            bail!("GenTron configuration: {problem}");
        }
        let (d, p) = (config.hidden_size, config.patch_size);
        let pool = vb.pp("pool_embedder");
        let pool_in = |(i, s): (usize, &super::TextSource)| Linear::new(pool.pp("in").pp(i), s.pooled_width, d);
        let adapter = |(i, s): (usize, &super::TextSource)| {
            Linear::new(vb.pp("text_adapters").pp(i).pp("proj"), s.width, s.width)
        };
        let text_adapters = if config.cross_attends() { config.text.as_slice() } else { &[] };
        Ok(Self {
            x_embedder: PatchEmbed::new(vb.pp("x_embedder"), config.in_channels, p, d)?,
            positions: sincos_2d(d, config.grid(), vb.device())?,
            t_embedder: TimestepEmbed::new(vb.pp("t_embedder"), d)?,
            pool_in: config.text.iter().enumerate().map(pool_in).collect::<Result<_>>()?,
            pool_out: Linear::new(pool.pp("out"), d, d)?,
            text_adapters: text_adapters.iter().enumerate().map(adapter).collect::<Result<_>>()?,
            blocks: (0..config.depth).map(|i| Block::new(vb.pp("blocks").pp(i), config, i)).collect::<Result<_>>()?,
            final_linear: Linear::zero(vb.pp("final_layer.linear"), d, p * p * config.out_channels())?,
            final_modulation: Linear::zero(vb.pp("final_layer.adaLN_modulation.1"), d, 2 * d)?,
            config: config.clone(),
        })
    }

    /// The configuration it was built with.
    pub fn config(&self) -> &GenTronConfig {
        &self.config
    }

    /// All that depends on the text alone: one input an encoder, in the configuration's order.
    ///
    /// # Errors
    /// Where the number of inputs or a width is not the configuration's.
    pub fn condition(&self, text: &[TextInput]) -> Result<TextContext> {
        if text.len() != self.config.text.len() {
            bail!("{} text encoders are configured, {} encodings were given", self.config.text.len(), text.len());
        }
        let mut aggregate = self.pool_in[0].forward(&text[0].pooled)?;
        for (linear, input) in self.pool_in.iter().zip(text).skip(1) {
            aggregate = (aggregate + linear.forward(&input.pooled)?)?;
        }
        let pooled = self.pool_out.forward(&ops::silu(&aggregate)?)?; // (B, D)
        let adapted = self.text_adapters.iter().zip(text).map(|(adapter, input)| adapter.forward(&input.tokens));
        let adapted: Vec<Tensor> = adapted.collect::<Result<_>>()?; // of (B, L, W)
        let keys_values = |(i, block): (usize, &Block)| match adapted.get(self.config.source_of_block(i)) {
            Some(context) => block.keys_values(context),
            None => Ok(None),
        };
        Ok(TextContext {
            keys_values: self.blocks.iter().enumerate().map(keys_values).collect::<Result<_>>()?,
            biases: text.iter().map(|input| mask_to_bias(&input.mask)).collect::<Result<_>>()?,
            pooled,
        })
    }

    /// Pictures x (B, C, H, W) at timesteps t (B) under `text` → what is predicted, (B, C, H, W), or (B, 2C, H, W) with a learned
    /// variance. A backbone for video takes each picture for a clip of one frame.
    ///
    /// # Errors
    /// Where a shape is not the configuration's.
    pub fn forward(&self, x: &Tensor, t: &Tensor, text: &TextContext) -> Result<Tensor> {
        let frames = match self.config.temporal {
            false => Frames::picture(),
            true => self.frames(1, &vec![false; x.dim(0)?], x.device())?,
        };
        self.run(x, t, text, &frames)
    }

    /// Clips x (B, T, C, H, W) at timesteps t (B) under `text` → what is predicted, in x's shape (2C channels with a learned
    /// variance). The frames of a clip that is `motion_free` do not see one another.
    ///
    /// # Errors
    /// Where the backbone has no TempSelfAttn, or a shape is not the configuration's.
    pub fn forward_clips(&self, x: &Tensor, t: &Tensor, text: &TextContext, motion_free: &[bool]) -> Result<Tensor> {
        let (b, count, _, h, w) = x.dims5()?;
        if !self.config.temporal {
            bail!("this GenTron is of pictures: it has no TempSelfAttn");
        }
        if motion_free.len() != b {
            bail!("{b} clips, and {} words on their motion", motion_free.len());
        }
        let frames = self.frames(count, motion_free, x.device())?;
        let y = self.run(&x.flatten(0, 1)?, t, text, &frames)?;
        y.reshape((b, count, self.config.out_channels(), h, w))
    }

    fn frames(&self, count: usize, motion_free: &[bool], device: &Device) -> Result<Frames> {
        Frames::of_clips(count, motion_free, (self.config.tokens(), self.config.hidden_size), device)
    }

    /// x (B·T, C, H, W) → (B·T, C or 2C, H, W).
    fn run(&self, x: &Tensor, t: &Tensor, text: &TextContext, frames: &Frames) -> Result<Tensor> {
        let (bt, _, h, w) = x.dims4()?;
        if (h, w) != (self.config.latent_size, self.config.latent_size) {
            bail!("a latent of {w} x {h}, this GenTron is built for {0} x {0}", self.config.latent_size);
        }
        let x = self.x_embedder.forward(x)?; // (B·T, N, D)
        let x = x.broadcast_add(&self.positions.to_dtype(x.dtype())?)?;
        let mut x = x.reshape((bt / frames.count, frames.count * self.config.tokens(), ()))?;
        let c = ops::silu(&(self.t_embedder.forward(t)? + &text.pooled)?)?; // (B, D)
        for (i, block) in self.blocks.iter().enumerate() {
            let bias = &text.biases[self.config.source_of_block(i)];
            let text = text.keys_values[i].as_ref().map(|keys_values| BlockText { keys_values, bias });
            x = block.forward(&x, &c, text, frames)?;
        }
        let modulation = self.final_modulation.forward(&c)?; // (B, 2D)
        let x = self.final_linear.forward(&ops::modulated_layer_norm(&x, &modulation, 0, 1, NORM_EPS)?)?;
        let (p, g, channels) = (self.config.patch_size, self.config.grid(), self.config.out_channels());
        let x = x.reshape((bt, g, g, p, p, channels))?.permute((0, 5, 1, 3, 2, 4))?; // (B·T, C, g, p, g, p)
        x.reshape((bt, channels, h, w))?.to_dtype(DType::F32)
    }
}
