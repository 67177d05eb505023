//! The backbone against the PyTorch reference, against the paper's table 1, and against itself.

use super::*;
use crate::goldens::{Golden, goldens};
use crate::noise;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;

fn config(golden: &Golden) -> GenTronConfig {
    serde_json::from_value(golden.config.clone()).expect("a GenTron configuration")
}

fn inputs(golden: &Golden, sources: usize) -> Vec<TextInput> {
    let part = |what: &str, i: usize| golden.tensor(&format!("in.{what}.{i}"));
    (0..sources)
        .map(|i| TextInput { tokens: part("tokens", i), mask: part("mask", i), pooled: part("pooled", i) })
        .collect()
}

fn network(golden: &Golden, config: &GenTronConfig) -> GenTron {
    let vb =
        VarBuilder::from_buffered_safetensors(std::fs::read(&golden.path).unwrap(), DType::F32, &Device::Cpu).unwrap();
    GenTron::new(vb.pp("model"), config).unwrap()
}

/// Image goldens; those of video wait for TempSelfAttn.
fn image_goldens() -> Vec<Golden> {
    let all = goldens("gentron", "gentron_");
    let images: Vec<Golden> = all.into_iter().filter(|golden| !config(golden).temporal).collect();
    assert!(!images.is_empty(), "no golden of images");
    images
}

#[test]
fn backbone_parity_with_the_pytorch_reference() {
    for golden in image_goldens() {
        let config = config(&golden);
        let gentron = network(&golden, &config);
        let text = gentron.condition(&inputs(&golden, config.text.len())).unwrap();
        let eps = gentron.forward(&golden.tensor("in.x"), &golden.tensor("in.t"), &text).unwrap();
        golden.check("out.eps", &eps, 2e-5);
    }
}

#[test]
fn a_text_conditioned_once_serves_every_batch_that_it_is_stacked_into() {
    for golden in image_goldens() {
        let config = config(&golden);
        let gentron = network(&golden, &config);
        let text = gentron.condition(&inputs(&golden, config.text.len())).unwrap();
        let rows: Vec<TextContext> = (0..3).map(|i| text.row(i).unwrap()).collect();
        let stacked = TextContext::cat(&rows.iter().collect::<Vec<_>>()).unwrap();
        let eps = gentron.forward(&golden.tensor("in.x"), &golden.tensor("in.t"), &stacked).unwrap();
        golden.check("out.eps", &eps, 2e-5);
    }
}

#[test]
fn presets_have_the_reference_implementations_exact_parameter_counts() {
    // python gentron_reference.py params: 929.31 M and 3085.19 M, against the paper's 930.0 M and 3083.8 M.
    let millions = |name: &str| {
        let preset = Preset::find(name).unwrap();
        (preset.config.parameter_count().unwrap() as f64 / 1e4).round() / 1e2
    };
    assert_eq!(millions("gentron-xl/2"), 929.31);
    assert_eq!(millions("gentron-g/2"), 3085.19);
}

#[test]
fn every_parameter_is_counted_once_and_named_as_in_the_reference() {
    for golden in image_goldens() {
        let config = config(&golden);
        let parameters = crate::train::Parameters::new(0);
        GenTron::new(parameters.builder(&Device::Cpu), &config).unwrap();
        let names: Vec<String> = parameters.all().into_keys().map(|name| format!("model.{name}")).collect();
        let mut wanted: Vec<String> = golden.names().into_iter().filter(|name| name.starts_with("model.")).collect();
        wanted.sort();
        assert_eq!(names, wanted, "{}", golden.path.display());
        let elements: usize = parameters.all().values().map(|var| var.elem_count()).sum();
        assert_eq!(elements as u64, config.parameter_count().unwrap());
    }
}

#[test]
fn every_parameter_gets_a_true_gradient() {
    for conditioning in [Conditioning::AdaLnZero, Conditioning::CrossAttention] {
        let source = |name: &str, width| TextSource { name: name.into(), width, pooled_width: width + 2 };
        let config = GenTronConfig {
            latent_size: 6,
            in_channels: 3,
            hidden_size: 20,
            depth: 2,
            num_heads: 5,
            conditioning,
            text: vec![source("a", 7), source("b", 11)],
            ..GenTronConfig::default()
        };
        let (map, gentron) = crate::gradients::variables(0.15, |vb| GenTron::new(vb, &config));
        let draw = |name: &str, shape: &[usize]| {
            let values = noise::normal(3, name, 0, 0, shape.iter().product());
            Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
        };
        let input = |l: usize, w: usize| TextInput {
            tokens: draw("tokens", &[2, l, w]),
            mask: Tensor::ones((2, l), DType::U8, &Device::Cpu).unwrap(),
            pooled: draw("pooled", &[2, w + 2]),
        };
        let text = [input(3, 7), input(5, 11)];
        let (x, weights) = (draw("x", &[2, 3, 6, 6]), draw("weights", &[2, 3, 6, 6]));
        let t = Tensor::new(&[17f32, 600.0], &Device::Cpu).unwrap();
        // The keys' bias shifts all logits of a query alike, which softmax ignores; the check by direction covers its tensor,
        // which holds the values' bias as well.
        crate::gradients::check(
            &map,
            |_| false,
            || {
                let eps = gentron.forward(&x, &t, &gentron.condition(&text)?)?;
                (eps * &weights)?.mean_all()
            },
        );
    }
}

#[test]
fn a_fresh_backbone_predicts_zero_as_adaln_zero_demands() {
    let preset = Preset::find("gentron-shapes-s/2").unwrap();
    let parameters = crate::train::Parameters::new(7);
    let gentron = GenTron::new(parameters.builder(&Device::Cpu), &preset.config).unwrap();
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
    let input = || TextInput {
        tokens: zeros(&[1, 4, 128]),
        mask: Tensor::ones((1, 4), DType::U8, &Device::Cpu).unwrap(),
        pooled: zeros(&[1, 128]),
    };
    let text = gentron.condition(&[input(), input()]).unwrap();
    let x = Tensor::ones((1, 8, 8, 8), DType::F32, &Device::Cpu).unwrap();
    let eps = gentron.forward(&x, &Tensor::new(&[500f32], &Device::Cpu).unwrap(), &text).unwrap();
    assert_eq!(eps.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap(), 0.0);
}
