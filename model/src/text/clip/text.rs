//! The text tower: token and position embeddings, causal layers, a norm. transformers: `CLIPTextTransformer`.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::ClipTextConfig;
use super::layer::{LayerSizes, Layers};
use crate::parameter_types;
use crate::text::parameter::{LayerNorm, causal_bias, normal};

/// What the text tower makes of a batch of texts.
#[derive(Clone, Debug)]
pub struct ClipText {
    /// After the final norm: (B,L,D).
    pub tokens: Tensor,
    /// Before the last layer, without a norm, which Stable Diffusion XL reads: (B,L,D).
    pub penultimate: Tensor,
    /// The token at the end of each text, unprojected: (B,D).
    pub pooled: Tensor,
}

/// CLIP's text tower without the projection.
#[derive(Clone, Debug)]
pub struct ClipTextModel {
    token_embedding: Tensor,    // (V,D)
    position_embedding: Tensor, // (L,D)
    encoder: Layers,
    final_layer_norm: LayerNorm,
    config: ClipTextConfig,
}

impl ClipTextModel {
    /// Reads (or creates) `embeddings`, `encoder`, `final_layer_norm` below `vb`, which ends in `text_model`.
    ///
    /// # Errors
    /// Where the configuration is contradictory, or a tensor is missing or of another shape.
    pub fn new(vb: VarBuilder, config: &ClipTextConfig) -> Result<Self> {
        let d = config.hidden_size;
        let sizes = LayerSizes {
            width: d,
            inner: config.intermediate_size,
            heads: config.num_attention_heads,
            layers: config.num_hidden_layers,
            activation: config.hidden_act,
            epsilon: config.layer_norm_eps,
        };
        let embedding = |name: &str, count| {
            parameter_types::other(&vb.pp("embeddings").pp(name), (count, d), "weight", normal(0.02))
        };
        Ok(Self {
            token_embedding: embedding("token_embedding", config.vocab_size)?,
            position_embedding: embedding("position_embedding", config.max_position_embeddings)?,
            encoder: Layers::new(vb.pp("encoder"), sizes)?,
            final_layer_norm: LayerNorm::new(vb.pp("final_layer_norm"), d, config.layer_norm_eps)?,
            config: config.clone(),
        })
    }

    /// The sizes that it was built with.
    pub fn config(&self) -> &ClipTextConfig {
        &self.config
    }

    /// Token ids (B,L), u32, L at most `max_position_embeddings`. No token sees a later one, so padding after the end
    /// changes nothing before it, and a batch may be cut to its longest text.
    pub fn forward(&self, ids: &Tensor) -> Result<ClipText> {
        let (b, l) = ids.dims2()?;
        let d = self.config.hidden_size;
        let words = self.token_embedding.index_select(&ids.flatten_all()?, 0)?.reshape((b, l, d))?; // (B,L,D)
        let x = words.broadcast_add(&self.position_embedding.narrow(0, 0, l)?)?;
        let (penultimate, x) = self.encoder.last_two(x, Some(&causal_bias(l, &self.token_embedding)?))?;
        let tokens = self.final_layer_norm.forward(&x)?;
        let ends = Tensor::from_vec(self.ends(ids)?, b, ids.device())?;
        let pooled = tokens.reshape((b * l, d))?.index_select(&ends, 0)?; // (B,D)
        Ok(ClipText { tokens, penultimate, pooled })
    }

    /// Where each text ends, as an index into all B L tokens.
    fn ends(&self, ids: &Tensor) -> Result<Vec<u32>> {
        let end = |ids: &[u32]| {
            // transformers: the first end token; before they knew it (id 2), the first of the largest id.
            let eos = match self.config.eos_token_id {
                2 => ids.iter().copied().max(),
                eos => Some(eos),
            };
            ids.iter().position(|&id| Some(id) == eos).unwrap_or(0)
        };
        let rows = ids.to_vec2::<u32>()?;
        Ok(rows.iter().enumerate().map(|(row, ids)| (row * ids.len() + end(ids)) as u32).collect())
    }
}
