//! Golden tensors for tests: what they hold and where they are (see `tests/goldens/README.md`).

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};

use crate::ops::elsewhere;

/// `check` in each type that a network is run in on a GPU, with its bound there: of the size of one rounding of a half, a few times over. Of
/// bfloat16 candle multiplies nothing on the CPU, so halves stand for both.
pub(crate) fn on_a_gpu(check: impl Fn(DType, f64)) {
    for (dtype, bound) in [(DType::F32, 2e-5), (DType::F16, 2e-2)] {
        elsewhere::pretend(|| check(dtype, bound));
    }
}

/// One golden file: inputs, outputs, and the weights that lead from one to the other.
pub(crate) struct Golden {
    pub(crate) path: PathBuf,
    /// `config` of the file's metadata.
    pub(crate) config: serde_json::Value,
    tensors: HashMap<String, Tensor>,
}

impl Golden {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("a readable golden");
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).expect("a safetensors header");
        let metadata = header.metadata().as_ref().expect("metadata");
        // Python writes infinities (diffusers' lambda_min_clipped) that JSON does not have.
        let config = metadata["config"].replace("-Infinity", "null");
        let config = serde_json::from_str(&config).expect("a JSON config");
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).expect("readable tensors");
        Self { path: path.to_owned(), config, tensors }
    }

    /// The tensor of this name, as stored.
    pub(crate) fn tensor(&self, name: &str) -> Tensor {
        self.tensors.get(name).unwrap_or_else(|| panic!("{} has no {name}", self.path.display())).clone()
    }

    /// Names of all tensors.
    pub(crate) fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }

    /// Fails where any element of `got` is further than `bound` from the golden `name`.
    pub(crate) fn check(&self, name: &str, got: &Tensor, bound: f64) {
        let want = self.tensor(name);
        assert_eq!(got.dims(), want.dims(), "{} {name}", self.path.display());
        let [got, want] = [got, &want].map(flat);
        let delta = got.iter().zip(&want).map(|(got, want)| (got - want).abs()).fold(0.0, nan_max);
        assert!(delta <= bound, "{} {name}: max |delta| = {delta:e}", self.path.display());
    }
}

/// The elements in order.
pub(crate) fn flat(tensor: &Tensor) -> Vec<f64> {
    let tensor = tensor.to_dtype(DType::F64).expect("a number");
    tensor.flatten_all().and_then(|flat| flat.to_vec1()).expect("elements")
}

/// The larger one; NaN wins, so that it cannot pass.
pub(crate) fn nan_max(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// Every file of `folder` whose name begins with `start`, in order of name; at least one.
///
/// `GENTRON_GOLDENS` names the folder that holds `components/` and `gentron/`; relative, it starts from the workspace. Without it, and for
/// what it has none of, said aloud, the repository's copies are read.
pub(crate) fn goldens(folder: &str, start: &str) -> Vec<Golden> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let kept = workspace.join("tests/goldens").join(folder);
    let mut paths = Vec::new();
    if let Some(named) = std::env::var_os("GENTRON_GOLDENS") {
        let named = workspace.join(named);
        assert!(named.is_dir(), "GENTRON_GOLDENS: there is no folder {}", named.display());
        paths = files(&named.join(folder), start);
        if paths.is_empty() {
            // Past the harness, which would keep it to itself.
            let line = format!(
                "not in {}: {folder}/{start}*.safetensors; the repository's copies are read\n",
                named.display()
            );
            drop(std::io::stderr().write_all(line.as_bytes()));
        }
    }
    if paths.is_empty() {
        paths = files(&kept, start);
    }
    assert!(!paths.is_empty(), "no {start}*.safetensors in {}", kept.display());
    paths.iter().map(|path| Golden::read(path)).collect()
}

fn files(folder: &Path, start: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let wanted = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with(start) && name.ends_with(".safetensors")
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder entry").path()).filter(wanted).collect();
    paths.sort();
    paths
}
