//! Folders of each family with random weights draw, and draw what diffusers draws of them; the networks' own parity is tested where they are.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::Device;
use image::RgbImage;
use serde_json::{Value, json};

use super::{Diffusers, Family};
use crate::diffusion::SamplerKind;
use crate::goldens::{flat, goldens};
use crate::pipeline::{Draw, Generator as _, PipelineError, Sampling, WeightType};

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
    Diffusers::load(folder, &PROMPTS, sampling(guidance), WeightType::F32, &Device::Cpu, &mut |_, _, _| true).unwrap()
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
        let model = Diffusers::load(&folder, &prompts, sampling, WeightType::F32, &Device::Cpu, &mut |_, _, _| true);
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
    let loaded = Diffusers::load(&folder, &PROMPTS, sampling(1.0), WeightType::F32, &Device::Cpu, &mut stop);
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
        let on = &mut |_: &str, _, _| true;
        let loaded = Diffusers::load(folder.path(), &PROMPTS, sampling(1.0), WeightType::F32, &Device::Cpu, on);
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
