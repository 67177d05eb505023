//! The eye: ViT-B/16, all of whose tokens are used.

use candle_core::{Result as Candle, Tensor, bail};

use super::config::VitConfig;
use super::layer::{layer_norm, linear};
use super::positions;
use crate::error::MetricError;
use crate::kernels::{After, Columns, LayerNorm, Linear, Segments, Width, attend};
use crate::weights::TensorSource;

/// One pre-LN block.
pub(crate) struct Block {
    norm1: LayerNorm,
    qkv: Linear,
    proj: Linear,
    norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    width: Width,
}

impl Block {
    pub(crate) fn load(source: &dyn TensorSource, name: &str, config: &VitConfig) -> Result<Self, MetricError> {
        let d = config.width;
        let qkv = if config.qkv_bias {
            linear(source, &format!("{name}.attn.qkv"), (3 * d, d))?
        } else {
            let weight = source.tensor(&format!("{name}.attn.qkv.weight"), &[3 * d, d])?;
            let zeros = Tensor::zeros(3 * d, weight.dtype(), weight.device());
            Linear::new(weight, zeros.map_err(|source| MetricError::Network { network: "vit".to_owned(), source })?)
        };
        Ok(Self {
            norm1: layer_norm(source, &format!("{name}.norm1"), d, config.ln_eps)?,
            qkv,
            proj: linear(source, &format!("{name}.attn.proj"), (d, d))?,
            norm2: layer_norm(source, &format!("{name}.norm2"), d, config.ln_eps)?,
            fc1: linear(source, &format!("{name}.mlp.fc1"), (config.mlp_ratio * d, d))?,
            fc2: linear(source, &format!("{name}.mlp.fc2"), (d, config.mlp_ratio * d))?,
            width: Width { dims: d, heads: config.heads },
        })
    }

    /// x (N, D) → (N, D)
    pub(crate) fn forward(&self, x: &Tensor) -> Candle<Tensor> {
        let (n, d) = x.dims2()?;
        let qkv = self.qkv.forward(&self.norm1.forward(x)?, After::Nothing)?; // (N, 3D)
        let (q, k, v) = (Columns(&qkv, 0), Columns(&qkv, d), Columns(&qkv, 2 * d));
        let mixed = attend(q, k, v, self.width, &Segments::own(&[n]))?;
        let x = self.proj.forward(&mixed, After::Add(x))?;
        let hidden = self.fc1.forward(&self.norm2.forward(&x)?, After::Gelu)?; // (N, 4D)
        self.fc2.forward(&hidden, After::Add(&x))
    }
}

/// Patches to tokens.
pub(super) struct Vit {
    patch_embed: Linear,
    cls_token: Tensor,
    pos_embed: Tensor,
    blocks: Vec<Block>,
    norm: LayerNorm,
    config: VitConfig,
}

impl Vit {
    /// `pos_embed` of another picture size is resampled, as the original loader does.
    pub(super) fn load(source: &dyn TensorSource, name: &str, config: &VitConfig) -> Result<Self, MetricError> {
        let (d, p) = (config.width, config.patch);
        let failed = |source| MetricError::Network { network: "vit".to_owned(), source };
        let cls_token = source.tensor(&format!("{name}.cls_token"), &[1, 1, d])?;
        let positions_name = format!("{name}.pos_embed");
        let stored = source.any_shape(&positions_name)?;
        let of_another_size = stored.filter(|t| matches!(*t.dims(), [1, rows, w] if w == d && rows != config.tokens()));
        let pos_embed = match of_another_size {
            Some(stored) => positions::resample(&stored, config.grid()).map_err(failed)?,
            None => source.tensor(&positions_name, &[1, config.tokens(), d])?,
        };
        let weight = source.tensor(&format!("{name}.patch_embed.proj.weight"), &[d, 3, p, p])?;
        // Patches do not overlap: the convolution is a linear map of 3·p·p numbers.
        let weight = weight.reshape((d, 3 * p * p)).map_err(failed)?;
        Ok(Self {
            patch_embed: Linear::new(weight, source.tensor(&format!("{name}.patch_embed.proj.bias"), &[d])?),
            cls_token: cls_token.reshape((1, d)).map_err(failed)?,
            pos_embed: pos_embed.reshape((config.tokens(), d)).map_err(failed)?,
            blocks: (0..config.depth)
                .map(|i| Block::load(source, &format!("{name}.blocks.{i}"), config))
                .collect::<Result<_, _>>()?,
            norm: layer_norm(source, &format!("{name}.norm"), d, config.ln_eps)?,
            config: config.clone(),
        })
    }

    /// One normalised picture (3, S, S) → tokens (1 + (S/p)², D), the class token first, the patches row by row.
    pub(super) fn forward(&self, picture: &Tensor) -> Candle<Tensor> {
        let (side, p, g) = (self.config.image, self.config.patch, self.config.grid());
        if picture.dims() != [3, side, side] {
            bail!("a picture {:?}, not (3, {side}, {side})", picture.shape());
        }
        let patches = picture.reshape((3, g, p, g, p))?.permute((1, 3, 0, 2, 4))?.reshape((g * g, 3 * p * p))?;
        let patches = self.patch_embed.forward(&patches, After::Nothing)?;
        let mut x = (Tensor::cat(&[&self.cls_token, &patches], 0)? + &self.pos_embed)?; // (1 + G², D)
        for block in &self.blocks {
            x = block.forward(&x)?;
        }
        self.norm.forward(&x)
    }
}
