//! What networks run on.

use candle_core::Device;

/// The GPU where the program is built for one and one is there, else the CPU.
pub fn device() -> Device {
    #[cfg(feature = "cuda")]
    if let Ok(device) = Device::new_cuda(0) {
        return device;
    }
    Device::Cpu
}

/// For manifests. The number of threads is not part of it: it changes no byte.
pub fn name() -> &'static str {
    match device() {
        Device::Cpu => "CPU, f32",
        Device::Cuda(_) => "CUDA, f32",
        Device::Metal(_) => "Metal, f32",
    }
}
