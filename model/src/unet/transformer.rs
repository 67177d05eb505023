//! Positions that attend to one another and to text. diffusers: `Transformer2DModel`, `BasicTransformerBlock`.

use candle_core::{D, Result, Tensor};
use candle_nn::{Init, VarBuilder};

use super::attention::{Attention, AttentionSizes};
use crate::autoencoder::init::GroupNorm;
use crate::text::parameter::{LayerNorm, Linear};
use crate::{ops, parameter_types};

const STDEV: f64 = 0.02;

/// One block: itself, the text, a gated feed-forward layer.
#[derive(Clone, Debug)]
struct Block {
    norm1: LayerNorm,
    attn1: Attention,
    norm2: LayerNorm,
    attn2: Attention,
    norm3: LayerNorm,
    ff_in: Linear,
    ff_out: Linear,
}

const NORM_EPS: f64 = 1e-5;

impl Block {
    fn new(vb: VarBuilder, width: usize, context: usize, heads: usize) -> Result<Self> {
        let norm = |name: &str| LayerNorm::new(vb.pp(name), width, NORM_EPS);
        let attention =
            |name: &str, context| Attention::new(vb.pp(name), AttentionSizes { width, context, heads, bias: false });
        let ff = vb.pp("ff").pp("net");
        Ok(Self {
            norm1: norm("norm1")?,
            attn1: attention("attn1", width)?,
            norm2: norm("norm2")?,
            attn2: attention("attn2", context)?,
            norm3: norm("norm3")?,
            ff_in: Linear::new(ff.pp(0).pp("proj"), width, 8 * width, STDEV)?,
            ff_out: Linear::new(ff.pp(2), 4 * width, width, STDEV)?,
        })
    }

    fn forward(&self, x: &Tensor, text: &Tensor) -> Result<Tensor> {
        let normed = self.norm1.forward(x)?;
        let x = (x + self.attn1.forward(&normed, &normed, None)?)?;
        let x = (&x + self.attn2.forward(&self.norm2.forward(&x)?, text, None)?)?;
        let wide = self.ff_in.forward(&self.norm3.forward(&x)?)?; // (B,N,8D)
        let half = wide.dim(D::Minus1)? / 2;
        let (value, gate) = (wide.narrow(D::Minus1, 0, half)?, wide.narrow(D::Minus1, half, half)?);
        let gated = (value * ops::gelu_erf(&gate.contiguous()?)?)?;
        x + self.ff_out.forward(&gated)?
    }
}

/// Norm, projection, blocks, projection, residual.
#[derive(Clone, Debug)]
pub(super) struct Transformer {
    norm: GroupNorm,
    proj_in: (Tensor, Tensor),
    transformer_blocks: Vec<Block>,
    proj_out: (Tensor, Tensor),
}

/// Sizes of one resolution's transformers.
#[derive(Clone, Copy, Debug)]
pub(super) struct TransformerSizes {
    pub(super) width: usize,
    pub(super) context: usize,
    pub(super) heads: usize,
    pub(super) layers: usize,
    pub(super) groups: usize,
    /// Projections are stored as linear layers, not as convolutions.
    pub(super) linear: bool,
}

impl Transformer {
    pub(super) fn new(vb: VarBuilder, sizes: TransformerSizes) -> Result<Self> {
        let TransformerSizes { width, context, heads, layers, groups, linear } = sizes;
        let projection = |name: &str| {
            let (vb, init) = (vb.pp(name), Init::Randn { mean: 0.0, stdev: STDEV });
            let weight = if linear {
                parameter_types::matrix(&vb, (width, width), init)?
            } else {
                parameter_types::other(&vb, (width, width, 1, 1), "weight", init)?.reshape((width, width))?
            };
            Ok::<_, candle_core::Error>((weight, parameter_types::other(&vb, width, "bias", Init::Const(0.0))?))
        };
        let block = |i: usize| Block::new(vb.pp("transformer_blocks").pp(i), width, context, heads);
        Ok(Self {
            norm: GroupNorm::with_epsilon(vb.pp("norm"), width, groups, 1e-6)?,
            proj_in: projection("proj_in")?,
            transformer_blocks: (0..layers).map(block).collect::<Result<_>>()?,
            proj_out: projection("proj_out")?,
        })
    }

    /// (B,C,H,W) under text (B,L,W) → (B,C,H,W).
    pub(super) fn forward(&self, x: &Tensor, text: &Tensor) -> Result<Tensor> {
        let (b, c, h, w) = x.dims4()?;
        let project = |(weight, bias): &(Tensor, Tensor), x: &Tensor| ops::linear(x, weight, Some(bias));
        let tokens = self.norm.forward(x)?.flatten_from(2)?.transpose(1, 2)?.contiguous()?; // (B,HW,C)
        let tokens = project(&self.proj_in, &tokens)?;
        let tokens = self.transformer_blocks.iter().try_fold(tokens, |x, block| block.forward(&x, text))?;
        let out = project(&self.proj_out, &tokens)?.transpose(1, 2)?.reshape((b, c, h, w))?; // (B,C,H,W)
        x + out
    }
}
