//! For tests: does every trainable tensor of a network get a gradient, and is it right?

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{VarBuilder, VarMap};

use crate::goldens::flat;
use crate::noise;

/// A network's variables, normal with deviation `deviation` around their initial constants (norms around one).
pub(crate) fn variables<M>(deviation: f64, build: impl Fn(VarBuilder) -> candle_core::Result<M>) -> (VarMap, M) {
    let map = VarMap::new();
    let network = build(VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu)).expect("a network");
    for (name, var) in named(&map) {
        let values = noise::normal(1, &name, 0, 0, var.elem_count());
        let values = Tensor::from_vec(values, var.shape(), &Device::Cpu).expect("values");
        let centre = if name.contains("norm") && name.ends_with("weight") { 1.0 } else { 0.0 };
        var.set(&values.affine(deviation, centre).expect("values")).expect("the same shape");
    }
    (map, network)
}

fn named(map: &VarMap) -> Vec<(String, Var)> {
    let data = map.data().lock().expect("no other user");
    let mut named: Vec<_> = data.iter().map(|(name, var)| (name.clone(), var.clone())).collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    named
}

/// Checks that each variable has a finite gradient of `loss`, non-zero unless `unused` says so, and that along its own direction
/// the loss really changes by its length: central differences, to 1 % at the best of three steps, since in f32 a long
/// step meets curvature and a short one rounding.
pub(crate) fn check(map: &VarMap, unused: impl Fn(&str) -> bool, loss: impl Fn() -> candle_core::Result<Tensor>) {
    let value = || flat(&loss().expect("a loss"))[0];
    let gradients = loss().expect("a loss").backward().expect("gradients");
    for (name, var) in named(map) {
        let gradient = gradients.get(&var).unwrap_or_else(|| panic!("{name} has no gradient"));
        let length = flat(gradient).iter().map(|g| g * g).sum::<f64>().sqrt();
        assert!(length.is_finite(), "{name}: the gradient is not finite");
        if unused(&name) {
            continue;
        }
        assert!(length > 1e-7, "{name}: the gradient is zero ({length:e})");
        let before = var.as_tensor().copy().expect("a copy");
        let slope = |per_element: f64| {
            let step = per_element * (var.elem_count() as f64).sqrt();
            let at = |step: f64| {
                let moved = (gradient * (step / length)).and_then(|step| &before + step).expect("a step");
                var.set(&moved).expect("the same shape");
                value()
            };
            (at(step) - at(-step)) / (2.0 * step)
        };
        let slopes = [2e-4, 1e-3, 5e-3].map(slope);
        var.set(&before).expect("the same shape");
        let error = slopes.iter().map(|slope| (slope - length).abs()).fold(f64::INFINITY, f64::min);
        assert!(error <= 0.01 * length + 1e-5, "{name}: slopes {slopes:?}, length of the gradient {length:e}");
    }
}
