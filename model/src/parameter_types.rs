//! In which type a network asks for its parameters.
//!
//! A builder's type is that of the *matrices*, which are nearly all of a network's bytes. On the CPU everything else, and all that is
//! computed, stays f32: so a network of halves on disk takes half the memory, and each product runs as fast as its processor
//! multiplies them (see [`ops::linear`](crate::ops::linear)). Elsewhere everything is of the builder's type, and is computed in it but for norms and
//! softmax.

use crate::ops;
use candle_core::{DType, Result, Shape, Tensor};
use candle_nn::{Init, VarBuilder};

/// The weight (out, in) of a linear layer, in the builder's type.
pub(crate) fn matrix(vb: &VarBuilder, shape: (usize, usize), init: Init) -> Result<Tensor> {
    vb.get_with_hints(shape, "weight", init)
}

/// Any other parameter, in the type of activations.
pub(crate) fn other(vb: &VarBuilder, shape: impl Into<Shape>, name: &str, init: Init) -> Result<Tensor> {
    let halves = matches!(vb.dtype(), DType::BF16 | DType::F16);
    let dtype = if ops::on_cpu(vb.device()) && halves { DType::F32 } else { vb.dtype() };
    vb.get_with_hints_dtype(shape, name, init, dtype)
}
