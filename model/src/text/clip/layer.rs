//! The transformer of both towers: norm, attention, norm, feed-forward. transformers: `CLIPEncoder`.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::config::Activation;
use crate::ops;
use crate::text::parameter::{LayerNorm, Linear};

/// What the layers of one tower share.
#[derive(Clone, Copy, Debug)]
pub(super) struct LayerSizes {
    pub(super) width: usize,
    pub(super) inner: usize,
    pub(super) heads: usize,
    pub(super) layers: usize,
    pub(super) activation: Activation,
    pub(super) epsilon: f64,
}

#[derive(Clone, Debug)]
struct Attention {
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    out_proj: Linear,
    heads: usize,
    scale: f64,
}

impl Attention {
    fn new(vb: VarBuilder, sizes: LayerSizes) -> Result<Self> {
        let LayerSizes { width: d, heads, layers, .. } = sizes;
        let outward = (d as f64).sqrt().recip();
        let inward = outward / (2.0 * layers as f64).sqrt();
        Ok(Self {
            q_proj: Linear::new(vb.pp("q_proj"), d, d, inward)?,
            k_proj: Linear::new(vb.pp("k_proj"), d, d, inward)?,
            v_proj: Linear::new(vb.pp("v_proj"), d, d, inward)?,
            out_proj: Linear::new(vb.pp("out_proj"), d, d, outward)?,
            heads,
            scale: ((d / heads) as f64).sqrt().recip(),
        })
    }

    fn forward(&self, x: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let (q, k, v) = (self.q_proj.forward(x)?, self.k_proj.forward(x)?, self.v_proj.forward(x)?);
        self.out_proj.forward(&ops::attention(&q, &k, &v, self.heads, self.scale, bias)?)
    }
}

#[derive(Clone, Debug)]
struct Mlp {
    fc1: Linear,
    fc2: Linear,
    activation: Activation,
}

impl Mlp {
    fn new(vb: VarBuilder, sizes: LayerSizes) -> Result<Self> {
        let LayerSizes { width: d, inner, layers, activation, .. } = sizes;
        Ok(Self {
            fc1: Linear::new(vb.pp("fc1"), d, inner, (2.0 * d as f64).sqrt().recip())?,
            fc2: Linear::new(vb.pp("fc2"), inner, d, (2.0 * (d * layers) as f64).sqrt().recip())?,
            activation,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.fc2.forward(&self.activation.forward(&self.fc1.forward(x)?)?)
    }
}

#[derive(Clone, Debug)]
struct Layer {
    layer_norm1: LayerNorm,
    self_attn: Attention,
    layer_norm2: LayerNorm,
    mlp: Mlp,
}

impl Layer {
    fn new(vb: VarBuilder, sizes: LayerSizes) -> Result<Self> {
        Ok(Self {
            layer_norm1: LayerNorm::new(vb.pp("layer_norm1"), sizes.width, sizes.epsilon)?,
            self_attn: Attention::new(vb.pp("self_attn"), sizes)?,
            layer_norm2: LayerNorm::new(vb.pp("layer_norm2"), sizes.width, sizes.epsilon)?,
            mlp: Mlp::new(vb.pp("mlp"), sizes)?,
        })
    }

    fn forward(&self, x: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let x = (x + self.self_attn.forward(&self.layer_norm1.forward(x)?, bias)?)?;
        &x + self.mlp.forward(&self.layer_norm2.forward(&x)?)?
    }
}

/// All layers of one tower.
#[derive(Clone, Debug)]
pub(super) struct Layers(Vec<Layer>);

impl Layers {
    /// Reads `layers.0`, `layers.1`, … below `vb`.
    pub(super) fn new(vb: VarBuilder, sizes: LayerSizes) -> Result<Self> {
        let LayerSizes { width, heads, layers, .. } = sizes;
        if heads == 0 || width % heads != 0 {
            candle_core::bail!(
                "CLIP configuration: num_attention_heads = {heads} does not divide hidden_size = {width}"
            );
        }
        (0..layers).map(|i| Layer::new(vb.pp("layers").pp(i), sizes)).collect::<Result<_>>().map(Self)
    }

    /// (B,L,D) → (B,L,D); `bias` is added to the attention logits.
    pub(super) fn forward(&self, x: Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        Ok(self.last_two(x, bias)?.1)
    }

    /// As [`Layers::forward`], with the state before the last layer.
    pub(super) fn last_two(&self, x: Tensor, bias: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
        let Some((last, others)) = self.0.split_last() else { return Ok((x.clone(), x)) };
        let before = others.iter().try_fold(x, |x, layer| layer.forward(&x, bias))?;
        let after = last.forward(&before, bias)?;
        Ok((before, after))
    }
}
