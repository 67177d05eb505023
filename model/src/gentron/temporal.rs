//! TempSelfAttn: self-attention over the frames of a clip, at each position of the picture (paper, section 3.3).

use super::attention::SelfAttention;
use super::embed::sincos_1d;
use candle_core::{Device, Result, Tensor, bail};
use candle_nn::VarBuilder;

/// What a forward pass over clips must know beside its tokens.
#[derive(Clone, Debug)]
pub(super) struct Frames {
    /// Frames T of a clip; 1 for a picture.
    pub(super) count: usize,
    /// What TempSelfAttn reads; absent where the backbone has none.
    clip: Option<Clip>,
}

#[derive(Clone, Debug)]
struct Clip {
    /// Fixed positions of the frames (1, T, D).
    positions: Tensor,
    /// 0 where a frame sees another, -1e30 where it does not: (B·N, 1, T, T); absent where all see all.
    bias: Option<Tensor>,
}

impl Frames {
    /// Pictures, for a backbone without TempSelfAttn.
    pub(super) fn picture() -> Self {
        Self { count: 1, clip: None }
    }

    /// `count` frames of clips of `tokens` tokens a frame and width `width`. Of a clip that is `motion_free`, frames see but
    /// themselves: the mask is the T x T identity.
    pub(super) fn of_clips(
        count: usize,
        motion_free: &[bool],
        (tokens, width): (usize, usize),
        device: &Device,
    ) -> Result<Self> {
        if count == 0 {
            bail!("a clip of no frames");
        }
        let positions: Vec<f32> = (0..count).flat_map(|frame| sincos_1d(width, frame as f64)).collect();
        let positions = Tensor::from_vec(positions, (1, count, width), device)?;
        let bias = motion_free.contains(&true).then(|| {
            let hidden = |free: bool, i: usize| free && i / count != i % count;
            let matrix = |free: bool| (0..count * count).map(move |i| if hidden(free, i) { -1e30f32 } else { 0.0 });
            let values: Vec<f32> =
                motion_free.iter().flat_map(|&free| (0..tokens).flat_map(move |_| matrix(free))).collect();
            Tensor::from_vec(values, (motion_free.len() * tokens, 1, count, count), device)
        });
        Ok(Self { count, clip: Some(Clip { positions, bias: bias.transpose()? }) })
    }
}

/// Keys `temp_attn.attn.{qkv,proj}`; its output is zero at first, so that a fresh video model draws the image model's pictures.
#[derive(Clone, Debug)]
pub(super) struct TempSelfAttention {
    attn: SelfAttention,
}

impl TempSelfAttention {
    pub(super) fn new(vb: VarBuilder, width: usize, heads: usize) -> Result<Self> {
        Ok(Self { attn: SelfAttention::silent(vb.pp("attn"), width, heads)? })
    }

    /// x (B, T·N, D) → (B, T·N, D), each position's T tokens attending to one another.
    pub(super) fn forward(&self, x: &Tensor, frames: &Frames) -> Result<Tensor> {
        let (b, tn, d) = x.dims3()?;
        let Some(clip) = &frames.clip else { bail!("TempSelfAttn was given no frames") };
        let (t, n) = (frames.count, tn / frames.count);
        let turned = x.reshape((b, t, n, d))?.transpose(1, 2)?.reshape((b * n, t, d))?; // (b t) n d -> (b n) t d
        let attended =
            self.attn.forward(&turned.broadcast_add(&clip.positions.to_dtype(x.dtype())?)?, clip.bias.as_ref())?;
        attended.reshape((b, n, t, d))?.transpose(1, 2)?.reshape((b, tn, d))
    }
}
