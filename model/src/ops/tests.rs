//! Values against candle's own operations, gradients against finite differences.

use super::*;
use candle_core::{D, DType, Device, Result, Tensor, Var};

/// A fixed, aperiodic filling: the tests need variety, not randomness.
fn filled(shape: &[usize], phase: f64) -> Tensor {
    let n: usize = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|i| ((i as f64 * 1.618_034 + phase).sin() * 1.3) as f32).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn assert_close(a: &Tensor, b: &Tensor, bound: f32) {
    assert_eq!(a.dims(), b.dims());
    let worst = (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
    assert!(worst <= bound, "differs by {worst}, bound {bound}");
}

/// Compares the analytic gradient of `sum(f ∘ weights)` with central differences, at a spread of elements of every input.
fn assert_gradients(inputs: &[Tensor], f: impl Fn(&[Tensor]) -> Result<Tensor>) {
    let vars: Vec<Var> = inputs.iter().map(|x| Var::from_tensor(x).unwrap()).collect();
    let tensors: Vec<Tensor> = vars.iter().map(|v| v.as_tensor().clone()).collect();
    let y = f(&tensors).unwrap();
    let weights = filled(y.dims(), 0.7);
    let loss = |y: &Tensor| (y * &weights).unwrap().sum_all().unwrap();
    let gradients = loss(&y).backward().unwrap();
    for (k, var) in vars.iter().enumerate() {
        let analytic = gradients.get(var).unwrap_or_else(|| panic!("input {k} has no gradient"));
        let analytic = analytic.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let values = inputs[k].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for i in (0..values.len()).step_by(values.len() / 7 + 1) {
            let nudged = |by: f32| {
                let mut values = values.clone();
                values[i] += by;
                let mut all: Vec<Tensor> = inputs.to_vec();
                all[k] = Tensor::from_vec(values, inputs[k].dims(), &Device::Cpu).unwrap();
                // Summed in f64: the difference of two nearly equal f32 sums would drown in rounding.
                let y = f(&all).unwrap().to_dtype(DType::F64).unwrap();
                let weights = weights.to_dtype(DType::F64).unwrap();
                (y * weights).unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap()
            };
            let step = 4e-3;
            let numeric = (nudged(step) - nudged(-step)) / (2.0 * f64::from(step));
            let bound = 4e-3 * (1.0 + numeric.abs());
            assert!(
                (numeric - f64::from(analytic[i])).abs() < bound,
                "input {k} element {i}: analytic {} numeric {numeric}",
                analytic[i]
            );
        }
    }
}

#[test]
fn linear_equals_candles_product_and_has_its_gradient() {
    let (x, w, b) = (filled(&[2, 3, 5], 0.1), filled(&[7, 5], 0.2), filled(&[7], 0.3));
    let expected = x.broadcast_matmul(&w.t().unwrap()).unwrap().broadcast_add(&b).unwrap();
    assert_close(&linear(&x, &w, Some(&b)).unwrap(), &expected, 1e-5);
    assert_gradients(&[x.clone(), w.clone(), b], |t| linear(&t[0], &t[1], Some(&t[2])));
    assert_gradients(&[x, w], |t| linear(&t[0], &t[1], None));
}

#[test]
fn activations_equal_candles_and_have_their_gradients() {
    let x = (filled(&[3, 11], 0.4) * 4.0).unwrap();
    assert_close(&gelu_tanh(&x).unwrap(), &x.gelu().unwrap(), 2e-6);
    assert_close(&silu(&x).unwrap(), &x.silu().unwrap(), 2e-6);
    let quick = (&x * candle_nn::ops::sigmoid(&(&x * 1.702).unwrap()).unwrap()).unwrap();
    assert_close(&quick_gelu(&x).unwrap(), &quick, 2e-6);
    for op in [gelu_tanh, silu, quick_gelu, gelu_erf] {
        assert_gradients(std::slice::from_ref(&x), |t| op(&t[0]));
    }
}

#[test]
fn norms_equal_their_definitions_and_have_their_gradients() {
    let (x, w, b) = (filled(&[2, 3, 11], 0.5), filled(&[11], 0.6), filled(&[11], 0.7));
    let mean = x.mean_keepdim(D::Minus1).unwrap();
    let centred = x.broadcast_sub(&mean).unwrap();
    let deviation = (centred.sqr().unwrap().mean_keepdim(D::Minus1).unwrap() + 1e-6).unwrap().sqrt().unwrap();
    let expected = centred.broadcast_div(&deviation).unwrap().broadcast_mul(&w).unwrap().broadcast_add(&b).unwrap();
    assert_close(&layer_norm(&x, Some(&w), Some(&b), 1e-6).unwrap(), &expected, 1e-5);
    assert_gradients(&[x.clone(), w.clone(), b], |t| layer_norm(&t[0], Some(&t[1]), Some(&t[2]), 1e-6));
    assert_gradients(&[x, w], |t| rms_norm(&t[0], &t[1], 1e-6));
}

#[test]
fn modulation_and_gate_equal_their_definitions_and_have_their_gradients() {
    let (x, m, y) = (filled(&[2, 3, 5], 0.1), filled(&[2, 30], 0.2), filled(&[2, 3, 5], 0.9));
    let part = |i: usize| m.narrow(1, i * 5, 5).unwrap().unsqueeze(1).unwrap();
    let normed = layer_norm(&x, None, None, 1e-6).unwrap();
    let expected = normed.broadcast_mul(&(part(4) + 1.0).unwrap()).unwrap().broadcast_add(&part(3)).unwrap();
    assert_close(&modulated_layer_norm(&x, &m, 3, 4, 1e-6).unwrap(), &expected, 1e-5);
    assert_gradients(&[x.clone(), m.clone()], |t| modulated_layer_norm(&t[0], &t[1], 3, 4, 1e-6));
    let expected = (&x + part(2).broadcast_mul(&y).unwrap()).unwrap();
    assert_close(&gated_residual(&x, &m, 2, &y).unwrap(), &expected, 1e-6);
    assert_gradients(&[x, m, y], |t| gated_residual(&t[0], &t[1], 2, &t[2]));
}

#[test]
fn group_norm_has_its_gradient_and_standardises_each_group() {
    let (x, w, b) = (filled(&[2, 6, 3, 5], 0.1), filled(&[6], 0.2), filled(&[6], 0.3));
    let ones = Tensor::ones(6, DType::F32, &Device::Cpu).unwrap();
    let y = group_norm(&x, &ones, &ones.zeros_like().unwrap(), 3, 1e-6).unwrap().reshape((2, 3, 30)).unwrap();
    assert_close(&y.mean(D::Minus1).unwrap(), &Tensor::zeros((2, 3), y.dtype(), &Device::Cpu).unwrap(), 1e-5);
    assert_close(
        &y.sqr().unwrap().mean(D::Minus1).unwrap(),
        &Tensor::ones((2, 3), y.dtype(), &Device::Cpu).unwrap(),
        1e-4,
    );
    assert_gradients(&[x, w, b], |t| group_norm(&t[0], &t[1], &t[2], 3, 1e-6));
}

#[test]
fn attention_equals_its_definition_and_has_its_gradient() {
    let (q, k, v) = (filled(&[2, 5, 6], 0.1), filled(&[2, 7, 6], 0.2), filled(&[2, 7, 6], 0.3));
    let bias = filled(&[2, 1, 1, 7], 0.4);
    let split = |x: &Tensor| x.reshape((2, (), 3, 2)).unwrap().transpose(1, 2).unwrap().contiguous().unwrap();
    let logits = (split(&q).matmul(&split(&k).t().unwrap()).unwrap() * 0.5).unwrap().broadcast_add(&bias).unwrap();
    let p = candle_nn::ops::softmax(&logits, D::Minus1).unwrap();
    let expected = p.matmul(&split(&v)).unwrap().transpose(1, 2).unwrap().reshape((2, 5, 6)).unwrap();
    assert_close(&attention(&q, &k, &v, 3, 0.5, Some(&bias)).unwrap(), &expected, 1e-5);
    assert_gradients(&[q.clone(), k.clone(), v.clone()], |t| attention(&t[0], &t[1], &t[2], 3, 0.5, Some(&bias)));

    let kv = Tensor::cat(&[&k, &v], 2).unwrap();
    let scale = 2f64.powf(-0.5);
    let plain = attention(&q, &k, &v, 3, scale, None).unwrap();
    assert_close(&cross_attention(&q, &kv, 3, None).unwrap(), &plain, 1e-6);
    assert_gradients(&[q.clone(), kv], |t| cross_attention(&t[0], &t[1], 3, Some(&bias)));

    let qkv = Tensor::cat(&[&q, &q.affine(0.5, 0.1).unwrap(), &q.affine(-1.0, 0.3).unwrap()], 2).unwrap();
    let parts: Vec<Tensor> = (0..3).map(|i| qkv.narrow(2, 6 * i, 6).unwrap().contiguous().unwrap()).collect();
    let plain = attention(&parts[0], &parts[1], &parts[2], 3, scale, None).unwrap();
    assert_close(&self_attention(&qkv, 3, None).unwrap(), &plain, 1e-6);
    assert_gradients(&[qkv], |t| self_attention(&t[0], 3, None));
}

#[test]
fn a_trained_attention_bias_gets_its_gradient() {
    let (q, k, v) = (filled(&[2, 5, 6], 0.1), filled(&[2, 7, 6], 0.2), filled(&[2, 7, 6], 0.3));
    assert_gradients(&[filled(&[1, 3, 5, 7], 0.4)], |t| attention(&q, &k, &v, 3, 0.5, Some(&t[0])));
}

#[test]
fn convolution_equals_candles_and_has_its_gradient() {
    for (kernel, stride, padding) in [(3, 1, 1), (3, 2, 0), (1, 1, 0), (2, 2, 0), (3, 2, 1)] {
        let (x, w, b) = (filled(&[2, 3, 7, 5], 0.1), filled(&[4, 3, kernel, kernel], 0.2), filled(&[4], 0.3));
        let expected = x.conv2d(&w, padding, stride, 1, 1).unwrap();
        let expected = expected.broadcast_add(&b.reshape((1, 4, 1, 1)).unwrap()).unwrap();
        assert_close(&conv2d(&x, &w, Some(&b), stride, padding).unwrap(), &expected, 2e-5);
        assert_gradients(&[x, w, b], |t| conv2d(&t[0], &t[1], Some(&t[2]), stride, padding));
    }
}

#[test]
fn upsampling_doubles_pixels_and_has_its_gradient() {
    let x = filled(&[2, 3, 2, 5], 0.1);
    assert_close(&upsample_nearest2d(&x).unwrap(), &x.upsample_nearest2d(4, 10).unwrap(), 0.0);
    assert_gradients(&[x], |t| upsample_nearest2d(&t[0]));
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let (x, w) = (filled(&[64, 128, 96], 0.1), filled(&[288, 96], 0.2));
    let run = || self_attention(&linear(&gelu_tanh(&x).unwrap(), &w, None).unwrap(), 4, None).unwrap();
    let bits = |t: Tensor| {
        t.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    assert_eq!(bits(single_threaded(run)), bits(run()));
}

/// Rounded as the hardware does: to the nearest, halves to even.
fn rounded(x: f32) -> f32 {
    half::bf16::from_f32(x).to_f32()
}

#[cfg(target_arch = "x86_64")]
#[test]
fn products_of_bfloat16_equal_those_of_rounded_operands() {
    use super::bf16::{Kernel, multiply};
    use super::matmul::{Right, View};
    for kernel in [Kernel::Dot, Kernel::Tiles] {
        if !kernel.is_supported() {
            eprintln!("skipped: the processor has no {kernel:?}");
            continue;
        }
        // Odd sizes, more than one block of rows (512) and of the inner axis (512 or 1152), all four layouts.
        for (m, n, k) in [(40, 33, 25), (13, 70, 1231), (600, 31, 40), (32, 32, 32), (25, 64, 513), (1, 1, 1)] {
            let scale = if n % 32 == 0 { 1.0 } else { 0.5 };
            for (transposed_left, transposed_right) in [(false, false), (false, true), (true, false), (true, true)] {
                let data =
                    |rows, cols, phase| filled(&[rows, cols], phase).flatten_all().unwrap().to_vec1::<f32>().unwrap();
                let (a, b) = (data(m, k, 0.1), data(k, n, 0.2));
                let lhs = if transposed_left { View::dense(&a, k, m).t() } else { View::dense(&a, m, k) };
                let rhs = if transposed_right { View::dense(&b, n, k).t() } else { View::dense(&b, k, n) };
                let stride = n + 3;
                let mut out = vec![1.0; m * stride];
                multiply((kernel, true), &mut out, stride, (true, scale), lhs, Right::F32(rhs));
                for i in 0..m {
                    for j in 0..n {
                        let at = |x: View, i, j| f64::from(rounded(x.data[i * x.row_stride + j * x.col_stride]));
                        let product: f64 = (0..k).map(|p| at(lhs, i, p) * at(rhs, p, j)).sum();
                        let (is, should) = (f64::from(out[i * stride + j]), 1.0 + f64::from(scale) * product);
                        assert!(
                            (is - should).abs() < 1e-5 * k as f64,
                            "{kernel:?} {m} {n} {k} at {i}, {j}: {is} for {should}"
                        );
                    }
                    assert!(out[i * stride + n..][..3].iter().all(|&x| x == 1.0), "wrote beyond its columns");
                }
            }
        }
    }
}

#[test]
fn rounding_is_asked_for_and_gives_the_same_bits_on_any_number_of_threads() {
    let (x, w) = (filled(&[400, 96], 0.1), filled(&[64, 96], 0.2));
    let bits = |x: Tensor| -> Vec<u32> {
        x.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
    };
    let exact = linear(&x, &w, None).unwrap();
    let run = || with_precision(Precision::Bf16, || linear(&x, &w, None).unwrap());
    assert!(bits(run()) == bits(single_threaded(run)));
    assert_close(&run(), &exact, 0.2);
    assert!(bits(linear(&x, &w, None).unwrap()) == bits(exact), "the precision outlived its call");
}

#[test]
fn a_weight_of_halves_is_converted_and_nothing_else_is_rounded() {
    // One piece; several, of a length that no number of threads divides; columns for which a last piece is short.
    for (m, n, k) in [(5, 37, 70), (40, 700, 1500), (3, 1029, 600)] {
        let (x, w, b) = (filled(&[m, k], 0.1), filled(&[n, k], 0.2), filled(&[n], 0.3));
        let halves = w.to_dtype(DType::F16).unwrap();
        for bias in [None, Some(&b)] {
            let exact = linear(&x, &halves.to_dtype(DType::F32).unwrap(), bias).unwrap();
            let run = || linear(&x, &halves, bias).unwrap();
            assert_close(&run(), &exact, 0.0);
            assert_close(&single_threaded(run), &exact, 0.0);
        }
    }
}

#[test]
fn a_weight_in_bfloat16_is_multiplied_as_it_lies() {
    for (m, n, k) in [(5, 37, 70), (250, 33, 1030), (1, 64, 31)] {
        let (x, w, b) = (filled(&[m, k], 0.1), filled(&[n, k], 0.2), filled(&[n], 0.3));
        let halves = w.to_dtype(DType::BF16).unwrap();
        let weight = halves.to_dtype(DType::F32).unwrap();
        for bias in [None, Some(&b)] {
            let run = || linear(&x, &halves, bias).unwrap();
            // The left side is rounded, too, where the processor multiplies such: an eighth of a percent of each addend.
            assert_close(&run(), &linear(&x, &weight, bias).unwrap(), 4e-3 * k as f32);
            assert_close(&run(), &single_threaded(run), 0.0);
        }
        let exact = with_precision(Precision::Bf16, || linear(&x, &weight, None).unwrap());
        if m * n * k > 1 << 15 {
            assert_close(&linear(&x, &halves, None).unwrap(), &exact, 1e-3);
        }
    }
}

#[test]
fn elsewhere_activations_are_of_the_type_of_the_weights() {
    let x = Tensor::ones((2, 3), DType::F32, &Device::Cpu).unwrap();
    let weight = Tensor::ones((4, 3), DType::F16, &Device::Cpu).unwrap();
    assert_eq!(linear(&x, &weight, None).unwrap().dtype(), DType::F32);
    let y = elsewhere::pretend(|| linear(&x, &weight, None)).unwrap();
    assert_eq!(y.dtype(), DType::F16);
    let normed = elsewhere::pretend(|| layer_norm(&y, None, None, 1e-6)).unwrap();
    assert_eq!(normed.dtype(), DType::F16);
}
