//! Reading candle tensors as plain slices.

use candle_core::{DType, Result, Storage, Tensor, bail};

/// True where the fused operations apply.
pub(super) fn is_cpu_f32(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}

/// Lends the elements of `N` CPU f32 tensors to `work`, copying those that are not contiguous.
pub(super) fn with_slices<const N: usize, R>(tensors: [&Tensor; N], work: impl FnOnce([&[f32]; N]) -> R) -> Result<R> {
    let mut dense = Vec::with_capacity(N);
    for tensor in tensors {
        dense.push(tensor.contiguous()?);
    }
    let guards: Vec<_> = dense.iter().map(Tensor::storage_and_layout).collect();
    let mut slices: [&[f32]; N] = [&[]; N];
    for (slot, (storage, layout)) in slices.iter_mut().zip(&guards) {
        let Storage::Cpu(storage) = &**storage else { bail!("fused operation on a tensor that is not on the CPU") };
        let data = storage.as_slice::<f32>()?;
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("fused operation on a tensor that is not contiguous")
        };
        *slot = &data[start..end];
    }
    Ok(work(slices))
}
