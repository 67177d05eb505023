//! The transformer: a latent and its noise level in, noise and variance out. diffusers: `PixArtTransformer2DModel`.

use candle_core::{Device, Result, Tensor};
use candle_nn::{Init, VarBuilder};

use super::PixArtConfig;
use super::block::{Block, STDEV};
use crate::gentron::embed::{PatchEmbed, sincos_1d, timestep_features};
use crate::text::parameter::Linear;
use crate::unet::TimestepEmbedding;
use crate::{ops, parameter_types};

/// Channels of the sinusoidal features of timesteps and sizes.
const FREQUENCIES: usize = 256;

/// An image's size, which the larger checkpoints are told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// In pixels.
    pub height: f64,
    /// In pixels.
    pub width: f64,
}

/// Embedders of height, width and their ratio; keys `{resolution_embedder,aspect_ratio_embedder}`.
#[derive(Clone, Debug)]
struct SizeEmbedding {
    resolution_embedder: TimestepEmbedding,
    aspect_ratio_embedder: TimestepEmbedding,
}

impl SizeEmbedding {
    fn new(vb: &VarBuilder, width: usize) -> Result<Self> {
        let embedder = |name: &str| TimestepEmbedding::new(vb.pp(name), FREQUENCIES, width / 3);
        let (resolution_embedder, aspect_ratio_embedder) =
            (embedder("resolution_embedder")?, embedder("aspect_ratio_embedder")?);
        Ok(Self { resolution_embedder, aspect_ratio_embedder })
    }

    /// (1, D).
    fn forward(&self, size: Size, device: &Device) -> Result<Tensor> {
        let features = |values: &[f64]| {
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            timestep_features(&Tensor::new(values, device)?, FREQUENCIES)
        };
        let resolution = self.resolution_embedder.forward(&features(&[size.height, size.width])?)?; // (2, D/3)
        let ratio = self.aspect_ratio_embedder.forward(&features(&[size.height / size.width])?)?; // (1, D/3)
        Tensor::cat(&[resolution, ratio], 0)?.reshape((1, ()))
    }
}

/// PixArt with the parameters and names of diffusers.
#[derive(Clone, Debug)]
pub struct PixArt {
    pos_embed: PatchEmbed,
    positions: Tensor, // (1,N,D)
    timestep_embedder: TimestepEmbedding,
    sizes: Option<SizeEmbedding>,
    adaln_linear: Linear,
    caption_1: Linear,
    caption_2: Linear,
    transformer_blocks: Vec<Block>,
    scale_shift_table: Tensor, // (1,2D)
    proj_out: Linear,
    config: PixArtConfig,
}

impl PixArt {
    /// Checkpoint keys that hold no weights: positions that older diffusers wrote.
    pub const BUFFERS: [&str; 1] = ["pos_embed.pos_embed"];

    /// Reads the tensors below `vb`.
    ///
    /// # Errors
    /// Where the configuration is contradictory or of another network, or a tensor is missing or of another shape.
    pub fn new(vb: VarBuilder, config: &PixArtConfig) -> Result<Self> {
        if let Some(problem) = config.problem() {
            candle_core::bail!("PixArt configuration: {problem}");
        }
        let (d, p) = (config.width(), config.patch_size);
        let (single, caption) = (vb.pp("adaln_single"), vb.pp("caption_projection"));
        let emb = single.pp("emb");
        let channels = config.caption_channels.unwrap_or(d);
        let table = parameter_types::other(&vb, (2, d), "scale_shift_table", Init::Const(0.0))?;
        Ok(Self {
            pos_embed: PatchEmbed::new(vb.pp("pos_embed"), config.in_channels, p, d)?,
            positions: positions(config, vb.device())?,
            timestep_embedder: TimestepEmbedding::new(emb.pp("timestep_embedder"), FREQUENCIES, d)?,
            sizes: config.is_told_sizes().then(|| SizeEmbedding::new(&emb, d)).transpose()?,
            adaln_linear: Linear::new(single.pp("linear"), d, 6 * d, STDEV)?,
            caption_1: Linear::new(caption.pp("linear_1"), channels, d, STDEV)?,
            caption_2: Linear::new(caption.pp("linear_2"), d, d, STDEV)?,
            transformer_blocks: (0..config.num_layers)
                .map(|i| Block::new(vb.pp("transformer_blocks").pp(i), config))
                .collect::<Result<_>>()?,
            scale_shift_table: table.reshape((1, 2 * d))?,
            proj_out: Linear::new(vb.pp("proj_out"), d, p * p * config.out_channels, STDEV)?,
            config: config.clone(),
        })
    }

    /// The sizes that it was built with.
    pub fn config(&self) -> &PixArtConfig {
        &self.config
    }

    /// T5's states (B,L,W) → what blocks attend to, (B,L,D): once a prompt.
    pub fn project(&self, text: &Tensor) -> Result<Tensor> {
        self.caption_2.forward(&ops::gelu_tanh(&self.caption_1.forward(text)?)?)
    }

    /// Latents (B,C,S,S), S the `sample_size`, at timesteps (B), under projected text (B,L,D) whose pads `bias` (B,1,1,L) hides; `size` is
    /// for networks that are told it → (B,C',S,S), of which the first C channels are the noise.
    ///
    /// # Errors
    /// Where shapes differ.
    pub fn forward(
        &self,
        x: &Tensor,
        timesteps: &Tensor,
        (text, bias): (&Tensor, &Tensor),
        size: Size,
    ) -> Result<Tensor> {
        let x = self.pos_embed.forward(x)?; // (B,N,D)
        let x = x.broadcast_add(&self.positions.to_dtype(x.dtype())?)?;
        let mut time = self.timestep_embedder.forward(&timestep_features(timesteps, FREQUENCIES)?)?; // (B,D)
        if let Some(sizes) = &self.sizes {
            time = time.broadcast_add(&sizes.forward(size, x.device())?)?;
        }
        let single = self.adaln_linear.forward(&ops::silu(&time)?)?; // (B,6D)
        let x = self.transformer_blocks.iter().try_fold(x, |x, block| block.forward(&x, &single, text, bias))?;
        let last = Tensor::cat(&[&time, &time], 1)?.broadcast_add(&self.scale_shift_table)?; // (B,2D): shift, scale
        let x = self.proj_out.forward(&ops::modulated_layer_norm(&x, &last, 0, 1, 1e-6)?)?;
        let (b, _, _) = x.dims3()?;
        let (g, p, c) = (self.config.grid(), self.config.patch_size, self.config.out_channels);
        let x = x.reshape((b, g, g, p, p, c))?.permute((0, 5, 1, 3, 2, 4))?; // (B,C,g,p,g,p)
        x.reshape((b, c, g * p, g * p))
    }
}

/// Sines and cosines of column, then of row, (1,N,D).
fn positions(config: &PixArtConfig, device: &Device) -> Result<Tensor> {
    let (d, grid, scale) = (config.width(), config.grid(), config.position_scale());
    let place = |i: usize| i as f64 / scale;
    let cells = (0..grid * grid).map(|i| (place(i / grid), place(i % grid)));
    let table: Vec<f32> =
        cells.flat_map(|(row, column)| sincos_1d(d / 2, column).chain(sincos_1d(d / 2, row))).collect();
    Tensor::from_vec(table, (1, grid * grid, d), device)
}
