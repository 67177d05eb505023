//! Encoder and decoder: blocks under one position bias, then a norm. transformers: `T5Stack`.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::T5Config;
use super::layer::{AttentionLayer, FeedForwardLayer};
use super::position::{Direction, PositionBias};
use crate::text::parameter::{RmsNorm, causal_bias, mask_bias};

#[derive(Clone, Debug)]
struct Block {
    self_attention: AttentionLayer,
    cross_attention: Option<AttentionLayer>, // the decoder's
    feed_forward: FeedForwardLayer,
}

#[derive(Clone, Debug)]
pub(super) struct Stack {
    position_bias: PositionBias, // the first block's, used by all
    blocks: Vec<Block>,
    final_layer_norm: RmsNorm,
    direction: Direction,
}

impl Stack {
    /// Looking [`Direction::Both`] ways it is an encoder, looking [`Direction::Back`] a decoder with cross-attention.
    pub(super) fn new(vb: VarBuilder, config: &T5Config, layers: usize, direction: Direction) -> Result<Self> {
        let block = |i: usize| {
            let vb = vb.pp("block").pp(i).pp("layer");
            let cross = direction == Direction::Back;
            Ok(Block {
                self_attention: AttentionLayer::new(vb.pp(0), "SelfAttention", config)?,
                cross_attention: cross.then(|| AttentionLayer::new(vb.pp(1), "EncDecAttention", config)).transpose()?,
                feed_forward: FeedForwardLayer::new(vb.pp(if cross { 2 } else { 1 }), config)?,
            })
        };
        let first = vb.pp("block").pp(0).pp("layer").pp(0).pp("SelfAttention");
        Ok(Self {
            position_bias: PositionBias::new(first, config, direction)?,
            blocks: (0..layers).map(block).collect::<Result<_>>()?,
            final_layer_norm: RmsNorm::new(vb.pp("final_layer_norm"), config.d_model, config.layer_norm_epsilon)?,
            direction,
        })
    }

    /// (B,L,D) → (B,L,D), paddings masked where `mask` (B,L) is 0.
    pub(super) fn encode(&self, x: Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let masked = mask.map(|mask| mask_bias(mask, &x)).transpose()?; // (B,1,1,L)
        self.forward(x, None, masked.as_ref())
    }

    /// (B,T,D) → (B,T,D), attending to `memory` (B,L,D) where `mask` (B,L) is 1.
    pub(super) fn decode(&self, x: Tensor, memory: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let masked = mask.map(|mask| mask_bias(mask, &x)).transpose()?; // (B,1,1,L)
        self.forward(x, Some(memory), masked.as_ref())
    }

    /// `masked` is for the memory where there is one, or else for x itself.
    fn forward(&self, x: Tensor, memory: Option<&Tensor>, masked: Option<&Tensor>) -> Result<Tensor> {
        let (_, length, _) = x.dims3()?;
        let positions = self.position_bias.forward(length)?.to_dtype(x.dtype())?; // (1,A,L,L)
        let bias = match (self.direction, masked) {
            (Direction::Back, _) => positions.broadcast_add(&causal_bias(length, &x)?)?,
            (Direction::Both, Some(masked)) => positions.broadcast_add(masked)?, // (B,A,L,L)
            (Direction::Both, None) => positions,
        };
        let x = self.blocks.iter().try_fold(x, |x, block| {
            let x = block.self_attention.forward(&x, None, Some(&bias))?;
            let x = match &block.cross_attention {
                Some(cross) => cross.forward(&x, memory, masked)?,
                None => x,
            };
            block.feed_forward.forward(&x)
        })?;
        self.final_layer_norm.forward(&x)
    }
}
