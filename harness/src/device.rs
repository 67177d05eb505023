//! What networks run on.

use candle_core::Device;
use gentron_reports::Power;

/// The GPU where the program is built for one and one is there, else the CPU.
pub fn device() -> Device {
    #[cfg(feature = "cuda")]
    if let Ok(device) = Device::new_cuda(0) {
        return device;
    }
    Device::Cpu
}

/// What energy is estimated with. A core of a server takes 5 to 15 W when busy (its processor's thermal design power by its cores), and
/// memory and cooling come on top; nothing like it can be said of every GPU.
pub fn power() -> Option<Power> {
    let basis = "assumed for a busy thread with its share of memory and cooling, not measured".to_owned();
    matches!(device(), Device::Cpu).then_some(Power { watts: 15.0, basis })
}

/// For manifests. The number of threads is not part of it: it changes no byte.
pub fn name() -> &'static str {
    match device() {
        Device::Cpu => "CPU, f32",
        Device::Cuda(_) => "CUDA, f32",
        Device::Metal(_) => "Metal, f32",
    }
}
