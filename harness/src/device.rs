//! What networks run on.

use std::sync::OnceLock;

use candle_core::Device;
use gentron_model::pipeline::WeightType;
use gentron_reports::Power;

use crate::failure::Explained;
use crate::recipe::words::Words as _;

/// The variable that chooses between the GPU and the CPU: `cuda` or `cpu`.
pub const VARIABLE: &str = "GENTRON_DEVICE";

/// The first GPU where the program is built for one, else the CPU; `GENTRON_DEVICE` chooses otherwise. The same at every call.
///
/// # Errors
/// The GPU cannot be used: whoever built for one does not want days of the CPU unasked.
pub fn device() -> anyhow::Result<Device> {
    static CHOSEN: OnceLock<Result<Device, Explained>> = OnceLock::new();
    let asked = || std::env::var(VARIABLE).ok().filter(|word| !word.is_empty());
    CHOSEN.get_or_init(|| choose(asked().as_deref())).clone().map_err(anyhow::Error::new)
}

fn choose(asked: Option<&str>) -> Result<Device, Explained> {
    let built = cfg!(feature = "cuda");
    match asked {
        Some("cpu") => Ok(Device::Cpu),
        None if !built => Ok(Device::Cpu),
        None | Some("cuda") => Device::new_cuda(0).map_err(|error| {
            let said = error.to_string();
            // What follows is a backtrace, where the environment asks for one.
            let what = format!("cannot use the GPU: {}", said.lines().next().unwrap_or_default());
            let build = if built { "" } else { "this program was built without the feature `cuda`; " };
            let hint = format!("{build}{VARIABLE}=cpu goes on with the CPU; `nvidia-smi` says what the driver sees");
            Explained { what, hint }
        }),
        Some(other) => {
            Err(Explained { what: format!("{VARIABLE} is `{other}`"), hint: "write cpu or cuda, or unset it".into() })
        }
    }
}

/// What energy is estimated with. A core of a server takes 5 to 15 W when busy (its processor's thermal design power by its cores), and
/// memory and cooling come on top; nothing like it can be said of every GPU.
pub fn power() -> Option<Power> {
    let basis = "assumed for a busy thread with its share of memory and cooling, not measured".to_owned();
    matches!(device(), Ok(Device::Cpu)).then_some(Power { watts: 15.0, basis })
}

/// For manifests. The number of threads is not part of it: it changes no byte.
pub fn name(weights: WeightType) -> String {
    match device() {
        Ok(Device::Cpu) if weights == WeightType::F32 => "CPU, f32".to_owned(),
        Ok(Device::Cpu) => format!("CPU, f32, weights in {}", weights.word()),
        Ok(Device::Cuda(_)) => format!("CUDA, {}", weights.word()),
        Ok(Device::Metal(_)) => format!("Metal, {}", weights.word()),
        // Where a run is planned for others to draw: the node from which one submits need not have what they run on.
        Err(_) => format!("a GPU that this machine lacks, {}", weights.word()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_chosen_by_name_and_a_gpu_that_fails_is_no_silent_cpu() {
        assert!(matches!(choose(Some("cpu")), Ok(Device::Cpu)));
        let error = choose(Some("tpu")).unwrap_err();
        assert!(error.what.contains("`tpu`") && error.hint.contains("cpu or cuda"), "{error:?}");
        if !cfg!(feature = "cuda") {
            assert!(matches!(choose(None), Ok(Device::Cpu)));
            let error = choose(Some("cuda")).unwrap_err();
            assert!(error.what.starts_with("cannot use the GPU: "), "{error:?}");
            assert!(error.hint.contains("GENTRON_DEVICE=cpu") && error.hint.contains("feature `cuda`"), "{error:?}");
        }
    }
}
