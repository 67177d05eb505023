//! Element-wise non-linearities.

use super::math::{exp, sigmoid, tanh};
use super::storage::{is_cpu_f32, slice, with_slices};
use super::threads::for_each_chunk;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// GELU by its tanh approximation, as DiT and T5's `gelu_new` have it.
pub fn gelu_tanh(x: &Tensor) -> Result<Tensor> {
    if is_cpu_f32(x) { x.contiguous()?.apply_op1(Activation::GeluTanh) } else { x.gelu() }
}

/// x · sigmoid(x).
pub fn silu(x: &Tensor) -> Result<Tensor> {
    if is_cpu_f32(x) { x.contiguous()?.apply_op1(Activation::Silu) } else { x.silu() }
}

/// x · sigmoid(1.702 x), OpenAI CLIP's activation.
pub fn quick_gelu(x: &Tensor) -> Result<Tensor> {
    if is_cpu_f32(x) {
        return x.contiguous()?.apply_op1(Activation::QuickGelu);
    }
    x / ((x * -1.702)?.exp()? + 1.0)?
}

/// GELU by the error function, as BERT and ViT have it.
pub fn gelu_erf(x: &Tensor) -> Result<Tensor> {
    x.gelu_erf()
}

#[derive(Clone, Copy)]
enum Activation {
    GeluTanh,
    Silu,
    QuickGelu,
}

/// √(2/π) and the cubic coefficient of the tanh approximation.
const GELU: (f32, f32) = (0.797_884_6, 0.044_715);

impl Activation {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        match self {
            Self::GeluTanh => 0.5 * x * (1.0 + tanh(GELU.0 * x * (GELU.1 * x).mul_add(x, 1.0))),
            Self::Silu => x * sigmoid(x),
            Self::QuickGelu => x * sigmoid(1.702 * x),
        }
    }

    #[inline(always)]
    fn slope(self, x: f32) -> f32 {
        match self {
            Self::GeluTanh => {
                let t = tanh(GELU.0 * x * (GELU.1 * x).mul_add(x, 1.0));
                let inner = GELU.0 * (3.0 * GELU.1 * x).mul_add(x, 1.0);
                0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner
            }
            Self::Silu => {
                let s = 1.0 / (1.0 + exp(-x));
                s * (1.0 + x * (1.0 - s))
            }
            Self::QuickGelu => {
                let s = sigmoid(1.702 * x);
                s * (1.0 + 1.702 * x * (1.0 - s))
            }
        }
    }
}

/// Elements a thread takes at a time.
const CHUNK: usize = 4096;

/// Matches once, outside the loop, so that each arm's loop vectorises.
macro_rules! specialised {
    ($activation:expr, |$a:ident| $body:expr) => {
        match $activation {
            Activation::GeluTanh => {
                let $a = Activation::GeluTanh;
                $body
            }
            Activation::Silu => {
                let $a = Activation::Silu;
                $body
            }
            Activation::QuickGelu => {
                let $a = Activation::QuickGelu;
                $body
            }
        }
    };
}

impl CustomOp1 for Activation {
    fn name(&self) -> &'static str {
        "activation"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice(x, layout)?;
        let mut y = vec![0f32; x.len()];
        for_each_chunk(&mut y, CHUNK, |i, y| {
            let x = &x[i * CHUNK..][..y.len()];
            specialised!(*self, |a| y.iter_mut().zip(x).for_each(|(y, &x)| *y = a.value(x)));
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dx = with_slices([x, dy], |[x, dy]| {
            let mut dx = vec![0f32; x.len()];
            for_each_chunk(&mut dx, CHUNK, |i, dx| {
                let (x, dy) = (&x[i * CHUNK..][..dx.len()], &dy[i * CHUNK..][..dx.len()]);
                specialised!(*self, |a| for ((dx, &x), dy) in dx.iter_mut().zip(x).zip(dy) {
                    *dx = dy * a.slope(x);
                });
            });
            dx
        })?;
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
