//! Reading candle tensors as plain slices.

use candle_core::{CpuStorage, DType, Device, Layout, Result, Storage, Tensor, WithDType, bail};

/// True where the fused kernels apply.
pub(super) fn is_cpu_f32(x: &Tensor) -> bool {
    on_cpu(x.device()) && x.dtype() == DType::F32
}

/// True where there are fused kernels.
pub(crate) fn on_cpu(device: &Device) -> bool {
    #[cfg(test)]
    if super::elsewhere::pretended() {
        return false;
    }
    device.is_cpu()
}

/// The f32 elements behind a contiguous layout.
pub(super) fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    slice_of(storage, layout)
}

/// The elements behind a contiguous layout.
pub(super) fn slice_of<'a, T: WithDType>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    let data = storage.as_slice::<T>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&data[start..end]),
        None => bail!("fused operation on a tensor that is not contiguous"),
    }
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
        *slot = slice(storage, layout)?;
    }
    Ok(work(slices))
}
