//! The hot operations, with gradients.
//!
//! candle's fused operations drop gradients silently and its element-wise ones run on one thread, so the networks of this
//! crate call these instead. On the CPU in f32 each is a fused kernel with its own backward; on any other device or type it
//! is a composition of candle's differentiable operations with the same value. Every kernel gives the same bits for any
//! number of threads: work is split over rows, never over a sum.

mod activation;
mod attention;
#[cfg(target_arch = "x86_64")]
mod bf16;
mod conv;
mod linear;
mod math;
mod matmul;
mod norm;
mod precision;
mod residual;
mod storage;
mod subnormals;
mod threads;

pub use activation::{gelu_erf, gelu_tanh, quick_gelu, silu};
pub use attention::{attention, cross_attention, cross_probabilities, self_attention};
pub use conv::{conv2d, upsample_nearest2d};
pub use linear::linear;
pub(crate) use matmul::rounding_kernel;
pub use norm::{group_norm, layer_norm, modulated_layer_norm, rms_norm};
pub use precision::{Precision, with_precision};
pub use residual::gated_residual;
pub(crate) use storage::on_cpu;
pub use subnormals::flushing_subnormals;
pub use threads::single_threaded;

#[cfg(test)]
pub(crate) mod elsewhere;
#[cfg(test)]
mod tests;
