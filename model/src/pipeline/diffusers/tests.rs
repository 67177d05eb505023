//! Folders of each family with random weights draw, and draw what diffusers draws of them; the networks' own parity is tested where they are.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::Device;
use image::RgbImage;
use serde_json::{Value, json};

use super::{Diffusers, Family};
use crate::diffusion::SamplerKind;
use crate::goldens::{flat, goldens};
use crate::ops::with_precision;
use crate::pipeline::{Draw, EmbeddingCache, Generator as _, PipelineError, Sampling, WeightType};

/// A folder of the goldens.
fn published(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens/pipelines").join(name)
}

/// A copy of Stable Diffusion's, to be changed.
fn stable_diffusion(folder: &Path) {
    copy(&published("sd1"), folder);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let there = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &there);
        } else {
            fs::copy(&path, there).unwrap();
        }
    }
}

/// The beta schedule of Stable Diffusion.
fn scheduler(prediction: &str) -> Value {
    json!({"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "prediction_type": prediction})
}

const PROMPTS: [&str; 2] = ["a red circle", "two blue squares"];

fn sampling(guidance: f64) -> Sampling {
    Sampling { kind: SamplerKind::DpmSolverPp, steps: 4, guidance, motion_guidance: None, frames: None }
}

fn load(folder: &Path, guidance: f64) -> Diffusers {
    let kind = (WeightType::F32, &Device::Cpu);
    Diffusers::load(folder, &PROMPTS, sampling(guidance), kind, None, &mut |_, _, _| true).unwrap()
}

fn draw(prompt: &str, id: &str) -> Draw {
    Draw { prompt: prompt.into(), prompt_id: id.into(), k: 1, seed: 7 }
}

/// Mean distance of two pictures, in levels.
fn apart(a: &RgbImage, b: &RgbImage) -> f64 {
    let sum: u32 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    f64::from(sum) / a.as_raw().len() as f64
}

#[test]
fn pipelines_parity_with_diffusers() {
    #[derive(serde::Deserialize)]
    struct Asked {
        prompts: Vec<String>,
        steps: usize,
        guidance: f64,
        sampler: SamplerKind,
    }
    for golden in goldens("pipelines", "") {
        let asked: Asked = serde_json::from_value(golden.config.clone()).expect("what was asked");
        let prompts: Vec<&str> = asked.prompts.iter().map(String::as_str).collect();
        let sampling = Sampling { kind: asked.sampler, steps: asked.steps, ..sampling(asked.guidance) };
        let folder = golden.path.with_extension("");
        let kind = (WeightType::F32, &Device::Cpu);
        let model = Diffusers::load(&folder, &prompts, sampling, kind, None, &mut |_, _, _| true);
        let model = model.unwrap_or_else(|error| panic!("{error}"));
        let noise = flat(&golden.tensor("in.noise"));
        let found = model.denoise_from(&prompts, noise, |_| unreachable!("neither sampler adds noise")).unwrap();
        // The last states are as large as random networks make them.
        let size = flat(&golden.tensor("out.latents")).into_iter().fold(1.0, |size, x| x.abs().max(size));
        golden.check("out.latents", &found, 2e-5 * size);
        let picture = model.decode(&golden.tensor("out.latents")).unwrap().clamp(-1f32, 1f32).unwrap();
        golden.check("out.image", &picture, 2e-5 * size);
    }
}

#[test]
fn encoding_stops_when_it_is_told_to() {
    let mut told = Vec::new();
    let mut stop = |encoder: &str, done, all| {
        told.push((encoder.to_owned(), done, all));
        (encoder, done) != ("text_encoder_2", 1)
    };
    let folder = published("xl");
    let kind = (WeightType::F32, &Device::Cpu);
    let loaded = Diffusers::load(&folder, &PROMPTS, sampling(1.0), kind, None, &mut stop);
    assert!(matches!(loaded, Err(PipelineError::Stopped)));
    // The prompts and the null text, by one encoder after the other.
    let of = |encoder: &str, done| (encoder.to_owned(), done, 3);
    let expected =
        [("text_encoder", 0), ("text_encoder", 1), ("text_encoder", 2), ("text_encoder_2", 0), ("text_encoder_2", 1)];
    assert_eq!(told, expected.map(|(encoder, done)| of(encoder, done)));
}

#[test]
fn every_family_draws_what_its_prompt_its_noise_and_its_guidance_say() {
    let families = [
        ("sd1", Family::StableDiffusion),
        ("sd2", Family::StableDiffusion),
        ("xl", Family::StableDiffusionXl),
        ("pixart", Family::PixArt),
    ];
    for (name, family) in families {
        let folder = published(name);
        let model = load(&folder, 6.0);
        assert_eq!(model.family(), family);
        assert_eq!(Diffusers::describe(&folder).unwrap(), (family, [32; 2]));
        assert!(Diffusers::files(&folder).unwrap().iter().all(|file| file.is_file()), "{name}");
        let draws = [draw(PROMPTS[0], "a"), draw(PROMPTS[1], "a"), draw(PROMPTS[0], "b")];
        let images = model.generate(&draws).unwrap();
        assert!(images.iter().all(|image| image.dimensions() == (32, 32)), "{name}");
        for (i, single) in draws.iter().enumerate() {
            let alone = model.generate(std::slice::from_ref(single)).unwrap().remove(0);
            assert!(apart(&alone, &images[i]) < 0.1, "{name}: a batch must not change a picture");
        }
        assert!(images[0] != images[1], "{name}: the prompt");
        assert!(images[0] != images[2], "{name}: the noise");
        let plain = load(&folder, 1.0).generate(&draws[..1]).unwrap().remove(0);
        assert!(plain != images[0], "{name}: the guidance");
        let error = model.generate(&[draw("never seen", "a")]).unwrap_err();
        assert!(matches!(error, PipelineError::NotPrepared(_)), "{error}");
    }
}

#[test]
fn guidance_by_a_prompt_that_is_the_null_text_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    stable_diffusion(folder.path());
    let image = |guidance| load(folder.path(), guidance).generate(&[draw("", "a")]).unwrap().remove(0);
    assert!(apart(&image(1.0), &image(9.0)) < 0.1);
}

#[test]
fn what_the_network_predicts_is_read_from_the_scheduler() {
    let folder = tempfile::tempdir().unwrap();
    stable_diffusion(folder.path());
    let noise = load(folder.path(), 1.0).generate(&[draw(PROMPTS[0], "a")]).unwrap();
    let write = |scheduler: Value| {
        fs::write(folder.path().join("scheduler/scheduler_config.json"), scheduler.to_string()).unwrap();
    };
    write(scheduler("v_prediction"));
    assert!(load(folder.path(), 1.0).generate(&[draw(PROMPTS[0], "a")]).unwrap() != noise);
    let refused = || {
        let (kind, on) = ((WeightType::F32, &Device::Cpu), &mut |_: &str, _, _| true);
        let loaded = Diffusers::load(folder.path(), &PROMPTS, sampling(1.0), kind, None, on);
        loaded.err().expect("a refusal").to_string()
    };
    write(scheduler("sample"));
    assert!(refused().contains("prediction_type = \"sample\" is not supported"));
    write(json!({"rescale_betas_zero_snr": true}));
    assert!(refused().contains("rescale_betas_zero_snr"));
    fs::write(folder.path().join("model_index.json"), r#"{"_class_name": "FluxPipeline"}"#).unwrap();
    assert!(refused().contains("FluxPipeline is not among"));
    fs::remove_file(folder.path().join("model_index.json")).unwrap();
    assert!(refused().contains("model_index.json"));
}

/// Every number of a safetensors file of f32 becomes NaN.
fn poison(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let data = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for value in bytes[data..].chunks_exact_mut(4) {
        value.copy_from_slice(&f32::NAN.to_le_bytes());
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_is_no_number_becomes_no_picture() {
    for (part, what) in [("unet", "latent"), ("vae", "picture")] {
        let folder = tempfile::tempdir().unwrap();
        stable_diffusion(folder.path());
        poison(&folder.path().join(part).join("diffusion_pytorch_model.safetensors"));
        let error = load(folder.path(), 6.0).generate(&[draw(PROMPTS[1], "a")]).unwrap_err();
        let PipelineError::NotFinite { what: said, prompt, k } = &error else { panic!("{part}: {error}") };
        assert_eq!((*said, prompt.as_str(), *k), (what, PROMPTS[1], 1), "{part}");
    }
}

#[test]
fn a_rehearsal_needs_no_weights_and_runs_in_every_type() {
    for name in ["sd1", "sd2", "xl", "pixart"] {
        let folder = tempfile::tempdir().unwrap();
        copy(&published(name), folder.path());
        for part in ["unet", "transformer"] {
            let weights = folder.path().join(part).join("diffusion_pytorch_model.safetensors");
            if weights.is_file() {
                fs::remove_file(weights).unwrap();
            }
        }
        for weights in [WeightType::F32, WeightType::Bf16, WeightType::F16] {
            let rehearsal = Diffusers::rehearse(folder.path(), (weights, &Device::Cpu));
            let rehearsal = rehearsal.unwrap_or_else(|error| panic!("{name}: {error}"));
            let evaluated = with_precision(weights.precision(), || rehearsal.evaluate(rehearsal.side()));
            evaluated.unwrap_or_else(|error| panic!("{name} in {weights:?}: {error}"));
        }
    }
}

#[test]
fn texts_are_encoded_once_and_draw_the_same_from_disk() {
    for (name, encoders) in [("sd1", 1), ("sd2", 1), ("xl", 2), ("pixart", 1)] {
        let (folder, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        copy(&published(name), folder.path());
        let digests = ["text_encoder", "text_encoder_2"].map(|part| (format!("p/{part}"), format!("of {part}")));
        let cache =
            EmbeddingCache { folder: kept.path().to_owned(), digests: digests.into(), worker: (0, 1), threads: 2 };
        let draws = [draw(PROMPTS[0], "a"), draw(PROMPTS[1], "b")];
        let plain = load(folder.path(), 6.0).generate(&draws).unwrap();
        let keeping = || {
            let mut told = 0;
            let mut tell = |_: &str, done: usize, _: usize| {
                told += usize::from(done > 0);
                true
            };
            let (kind, kept) = ((WeightType::F32, &Device::Cpu), Some((&cache, "p")));
            let model = Diffusers::load(folder.path(), &PROMPTS, sampling(6.0), kind, kept, &mut tell);
            let model = model.unwrap_or_else(|error| panic!("{name}: {error}"));
            let renewed = model.renewed().len();
            (model.generate(&draws).unwrap() == plain, told, renewed)
        };
        // The prompts and the null text, by each encoder.
        assert_eq!(keeping(), (true, 3 * encoders, 0), "{name}");
        // Now the encoders may be gone.
        for part in ["text_encoder", "text_encoder_2"] {
            let weights = folder.path().join(part).join("model.safetensors");
            if weights.is_file() {
                fs::rename(&weights, folder.path().join(format!("{part}.away"))).unwrap();
            }
        }
        assert_eq!(keeping(), (true, 0, 0), "{name}");
        for part in ["text_encoder", "text_encoder_2"] {
            let away = folder.path().join(format!("{part}.away"));
            if away.is_file() {
                fs::rename(&away, folder.path().join(part).join("model.safetensors")).unwrap();
            }
        }
        // One that is damaged is encoded anew.
        let of_encoder = fs::read_dir(kept.path()).unwrap().next().unwrap().unwrap().path();
        let one = fs::read_dir(of_encoder).unwrap().next().unwrap().unwrap().path();
        fs::write(&one, b"damaged").unwrap();
        assert_eq!(keeping(), (true, 1, 1), "{name}");
    }
}
