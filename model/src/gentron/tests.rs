//! The backbone against the PyTorch reference, against the paper's table 1, and against itself.

use super::*;
use crate::goldens::{Golden, goldens, on_a_gpu};
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

fn network(golden: &Golden, config: &GenTronConfig, dtype: DType) -> GenTron {
    let vb = VarBuilder::from_buffered_safetensors(std::fs::read(&golden.path).unwrap(), dtype, &Device::Cpu).unwrap();
    GenTron::new(vb.pp("model"), config).unwrap()
}

/// Goldens of pictures, without those of clips.
fn image_goldens() -> Vec<Golden> {
    let all = goldens("gentron", "gentron_");
    let images: Vec<Golden> = all.into_iter().filter(|golden| !config(golden).temporal).collect();
    assert!(!images.is_empty(), "no golden of images");
    images
}

fn check_pictures(dtype: DType, bound: f64) {
    for golden in image_goldens() {
        let config = config(&golden);
        let gentron = network(&golden, &config, dtype);
        let text = gentron.condition(&inputs(&golden, config.text.len())).unwrap();
        let eps = gentron.forward(&golden.tensor("in.x"), &golden.tensor("in.t"), &text).unwrap();
        golden.check("out.eps", &eps, bound);
    }
}

#[test]
fn backbone_parity_with_the_pytorch_reference() {
    check_pictures(DType::F32, 2e-5);
}

#[test]
fn backbone_parity_in_the_operations_of_a_gpu() {
    on_a_gpu(check_pictures);
    on_a_gpu(check_clips);
}

/// Video backbones of random weights, each with its clips, timesteps, text and which clips are motion-free.
fn clip_goldens(dtype: DType) -> impl Iterator<Item = (Golden, GenTron, TextContext)> {
    let all = goldens("gentron", "gentron_").into_iter();
    let clips: Vec<Golden> = all.filter(|golden| config(golden).temporal).collect();
    assert!(!clips.is_empty(), "no golden of clips");
    clips.into_iter().map(move |golden| {
        let config = config(&golden);
        let gentron = network(&golden, &config, dtype);
        let text = gentron.condition(&inputs(&golden, config.text.len())).unwrap();
        (golden, gentron, text)
    })
}

fn motion_free(golden: &Golden) -> Vec<bool> {
    golden.tensor("in.motion_free").to_vec1::<u8>().unwrap().iter().map(|&free| free == 1).collect()
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().map(|value| value.to_bits()).collect()
}

fn check_clips(dtype: DType, bound: f64) {
    for (golden, gentron, text) in clip_goldens(dtype) {
        let (x, t) = (golden.tensor("in.x"), golden.tensor("in.t"));
        let eps = gentron.forward_clips(&x, &t, &text, &motion_free(&golden)).unwrap();
        golden.check("out.eps", &eps, bound);
    }
}

#[test]
fn video_parity_with_the_pytorch_reference() {
    check_clips(DType::F32, 2e-5);
}

#[test]
fn frames_that_are_motion_free_do_not_see_one_another() {
    let (golden, gentron, text) = clip_goldens(DType::F32).next().unwrap();
    let (x, t) = (golden.tensor("in.x"), golden.tensor("in.t"));
    let (clips, frames, ..) = x.dims5().unwrap();
    let run = |x: &Tensor, free: bool| gentron.forward_clips(x, &t, &text, &vec![free; clips]).unwrap();
    // The third frame of every clip becomes another picture.
    let changed = (x.narrow(1, 2, 1).unwrap() * -3.0).unwrap();
    let changed = Tensor::cat(&[&x.narrow(1, 0, 2).unwrap(), &changed, &x.narrow(1, 3, frames - 3).unwrap()], 1);
    let changed = changed.unwrap();
    for free in [true, false] {
        let (before, after) = (run(&x, free), run(&changed, free));
        for frame in 0..frames {
            let [before, after] = [&before, &after].map(|y| bits(&y.narrow(1, frame, 1).unwrap()));
            assert_eq!(before == after, free && frame != 2, "frame {frame}, motion-free: {free}");
        }
    }
}

#[test]
fn a_fresh_video_backbone_gives_the_image_backbones_output_frame_by_frame() {
    for golden in image_goldens() {
        let config = config(&golden);
        let image = network(&golden, &config, DType::F32);
        let text = image.condition(&inputs(&golden, config.text.len())).unwrap();
        let still = candle_core::safetensors::load(&golden.path, &Device::Cpu).unwrap();
        let parameters = crate::train::Parameters::new(5);
        let temporal = GenTronConfig { temporal: true, ..config.clone() };
        GenTron::new(parameters.builder(&Device::Cpu), &temporal).unwrap(); // makes TempSelfAttn's initial values
        let weights = parameters.all().into_iter().map(|(name, var)| {
            let trained = still.get(&format!("model.{name}"));
            (name, trained.cloned().unwrap_or_else(|| var.as_tensor().clone()))
        });
        let video =
            GenTron::new(VarBuilder::from_tensors(weights.collect(), DType::F32, &Device::Cpu), &temporal).unwrap();
        let (x, t) = (golden.tensor("in.x"), golden.tensor("in.t"));
        let clip = Tensor::stack(&[&x, &(&x * 0.5).unwrap(), &(&x + 1.0).unwrap()], 1).unwrap(); // (B, 3, C, H, W)
        let together = video.forward_clips(&clip, &t, &text, &[false, true, false]).unwrap();
        for frame in 0..3 {
            let alone = image.forward(&clip.narrow(1, frame, 1).unwrap().squeeze(1).unwrap(), &t, &text).unwrap();
            let same = bits(&together.narrow(1, frame, 1).unwrap()) == bits(&alone);
            assert!(same, "frame {frame} of {}", golden.path.display());
        }
    }
}

#[test]
fn a_text_conditioned_once_serves_every_batch_that_it_is_stacked_into() {
    for golden in image_goldens() {
        let config = config(&golden);
        let gentron = network(&golden, &config, DType::F32);
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
    let clips = (Conditioning::CrossAttention, true);
    for (conditioning, temporal) in [(Conditioning::AdaLnZero, false), (Conditioning::CrossAttention, false), clips] {
        let source = |name: &str, width| TextSource { name: name.into(), width, pooled_width: width + 2 };
        let config = GenTronConfig {
            latent_size: 6,
            in_channels: 3,
            hidden_size: 20,
            depth: 2,
            num_heads: 5,
            conditioning,
            temporal,
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
        let shape: &[usize] = if temporal { &[2, 3, 3, 6, 6] } else { &[2, 3, 6, 6] };
        let (x, weights) = (draw("x", shape), draw("weights", shape));
        let t = Tensor::new(&[17f32, 600.0], &Device::Cpu).unwrap();
        // The keys' bias shifts all logits of a query alike, which softmax ignores; the check by direction covers its tensor,
        // which holds the values' bias as well.
        crate::gradients::check(
            &map,
            |_| false,
            || {
                let text = gentron.condition(&text)?;
                let eps = match temporal {
                    false => gentron.forward(&x, &t, &text)?,
                    true => gentron.forward_clips(&x, &t, &text, &[false, true])?,
                };
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
