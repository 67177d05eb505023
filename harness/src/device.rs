//! What networks run on.

use candle_core::Device;
use gentron_model::pipeline::WeightType;
use gentron_reports::Power;

use crate::recipe::words::Words as _;

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
pub fn name(weights: WeightType) -> String {
    match device() {
        Device::Cpu if weights == WeightType::F32 => "CPU, f32".to_owned(),
        Device::Cpu => format!("CPU, f32, weights in {}", weights.word()),
        Device::Cuda(_) => format!("CUDA, {}", weights.word()),
        Device::Metal(_) => format!("Metal, {}", weights.word()),
    }
}
