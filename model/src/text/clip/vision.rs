//! The image tower: patches, a class token, layers; its class token is the image. transformers: `CLIPVisionTransformer`.

use candle_core::{IndexOp, Result, Tensor};
use candle_nn::VarBuilder;

use super::ClipVisionConfig;
use super::layer::{LayerSizes, Layers};
use crate::ops;
use crate::parameter_types;
use crate::text::parameter::{LayerNorm, normal};

/// CLIP's image tower without the projection.
#[derive(Clone, Debug)]
pub struct ClipVisionModel {
    class_embedding: Tensor,    // (D)
    patch_embedding: Tensor,    // (D,C,P,P)
    position_embedding: Tensor, // (1+N,D)
    pre_layrnorm: LayerNorm,
    encoder: Layers,
    post_layernorm: LayerNorm,
    config: ClipVisionConfig,
}

impl ClipVisionModel {
    /// Reads (or creates) the tower below `vb`, which ends in `vision_model`.
    ///
    /// # Errors
    /// Where the configuration is contradictory, or a tensor is missing or of another shape.
    pub fn new(vb: VarBuilder, config: &ClipVisionConfig) -> Result<Self> {
        let (d, c, p, size) = (config.hidden_size, config.num_channels, config.patch_size, config.image_size);
        if p == 0 || size % p != 0 {
            candle_core::bail!("CLIP configuration: patch_size = {p} does not divide image_size = {size}");
        }
        let sizes = LayerSizes {
            width: d,
            inner: config.intermediate_size,
            heads: config.num_attention_heads,
            layers: config.num_hidden_layers,
            activation: config.hidden_act,
            epsilon: config.layer_norm_eps,
        };
        let embeddings = vb.pp("embeddings");
        let count = 1 + (size / p).pow(2);
        Ok(Self {
            class_embedding: parameter_types::other(
                &embeddings,
                d,
                "class_embedding",
                normal((d as f64).sqrt().recip()),
            )?,
            patch_embedding: parameter_types::other(
                &embeddings.pp("patch_embedding"),
                (d, c, p, p),
                "weight",
                normal(0.02),
            )?,
            position_embedding: parameter_types::other(
                &embeddings.pp("position_embedding"),
                (count, d),
                "weight",
                normal(0.02),
            )?,
            pre_layrnorm: LayerNorm::new(vb.pp("pre_layrnorm"), d, config.layer_norm_eps)?,
            encoder: Layers::new(vb.pp("encoder"), sizes)?,
            post_layernorm: LayerNorm::new(vb.pp("post_layernorm"), d, config.layer_norm_eps)?,
            config: config.clone(),
        })
    }

    /// The sizes that it was built with.
    pub fn config(&self) -> &ClipVisionConfig {
        &self.config
    }

    /// Normalised pixels (B,C,S,S), S the `image_size` → (B,D), unprojected.
    pub fn forward(&self, pixels: &Tensor) -> Result<Tensor> {
        let (b, _, _, _) = pixels.dims4()?;
        let d = self.config.hidden_size;
        let class = self.class_embedding.reshape((1, 1, d))?.broadcast_as((b, 1, d))?;
        let x = Tensor::cat(&[&class, &self.patches(pixels)?], 1)?; // (B,1+N,D)
        let x = self.pre_layrnorm.forward(&x.broadcast_add(&self.position_embedding)?)?;
        let x = self.encoder.forward(x, None)?;
        self.post_layernorm.forward(&x.i((.., 0))?.contiguous()?)
    }

    /// The convolution whose stride is its kernel, as a matrix product: (B,C,S,S) → (B,N,D).
    fn patches(&self, pixels: &Tensor) -> Result<Tensor> {
        let (b, c, h, w) = pixels.dims4()?;
        let (d, p) = (self.config.hidden_size, self.config.patch_size);
        let (rows, columns) = (h / p, w / p);
        let patches = pixels.reshape((b, c, rows, p, columns, p))?.permute((0, 2, 4, 1, 3, 5))?; // (B,h,w,C,P,P)
        let patches = patches.reshape((b, rows * columns, c * p * p))?;
        ops::linear(&patches, &self.patch_embedding.reshape((d, c * p * p))?, None)
    }
}
