//! Folders of each family with random weights draw; the networks' own parity is tested where they are.

use std::fs;
use std::path::Path;

use candle_core::{DType, Device};
use image::RgbImage;
use serde_json::{Value, json};

use super::{Diffusers, Family};
use crate::autoencoder::{AutoencoderKl, AutoencoderKlConfig};
use crate::checkpoint::{Layout, Parameter, outline, write_random};
use crate::diffusion::SamplerKind;
use crate::pipeline::{Draw, Generator as _, PipelineError, Sampling, WeightType};
use crate::pixart::{PixArt, PixArtConfig};
use crate::published::{Invention, Network, Published};
use crate::text::clip::{ClipTextConfig, ClipTextModel};
use crate::text::parameter::Linear;
use crate::text::t5::T5Config;
use crate::unet::{UNet, UNetConfig};

fn write(folder: &Path, file: &str, config: &Value, parameters: candle_core::Result<Vec<Parameter>>, seed: u64) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let layout = Layout { file, dtype: safetensors::Dtype::F32, part: None };
    write_random(folder, &parameters.unwrap(), layout, seed).unwrap();
}

fn describe(folder: &Path, class: &str, scheduler: &Value) {
    fs::create_dir_all(folder.join("scheduler")).unwrap();
    fs::write(folder.join("model_index.json"), json!({"_class_name": class}).to_string()).unwrap();
    fs::write(folder.join("scheduler/scheduler_config.json"), scheduler.to_string()).unwrap();
    let config = AutoencoderKlConfig {
        block_out_channels: vec![4, 4, 6, 6],
        norm_num_groups: 2,
        layers_per_block: 1,
        ..AutoencoderKlConfig::default()
    };
    let parameters = outline(|vb| AutoencoderKl::new(vb, &config));
    write(&folder.join("vae"), "diffusion_pytorch_model.safetensors", &json!(config), parameters, 9);
}

/// The beta schedule of Stable Diffusion.
fn scheduler(prediction: &str) -> Value {
    json!({"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "prediction_type": prediction})
}

fn clip(folder: &Path, part: &str, width: usize, projects: bool) {
    let words = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens/components/clip_bpe");
    let tokenizer = folder.join(format!("tokenizer{part}"));
    fs::create_dir_all(&tokenizer).unwrap();
    for file in ["vocab.json", "merges.txt"] {
        fs::copy(words.join(file), tokenizer.join(file)).unwrap();
    }
    let vocabulary: serde_json::Map<String, Value> =
        serde_json::from_slice(&fs::read(words.join("vocab.json")).unwrap()).unwrap();
    let config = ClipTextConfig {
        vocab_size: vocabulary.len(),
        hidden_size: width,
        intermediate_size: 14,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        max_position_embeddings: 13,
        eos_token_id: 2,
        ..ClipTextConfig::default()
    };
    let mut described = json!(config);
    described["architectures"] = json!([if projects { "CLIPTextModelWithProjection" } else { "CLIPTextModel" }]);
    described["projection_dim"] = json!(5);
    let parameters = outline(|vb| {
        ClipTextModel::new(vb.pp("text_model"), &config)?;
        if projects {
            Linear::without_bias(vb.pp("text_projection"), width, 5, 0.02)?;
        }
        Ok(())
    });
    write(&folder.join(format!("text_encoder{part}")), "model.safetensors", &described, parameters, 7);
}

fn unet(folder: &Path, config: &UNetConfig) {
    let parameters = outline(|vb| UNet::new(vb, config));
    write(&folder.join("unet"), "diffusion_pytorch_model.safetensors", &json!(config), parameters, 5);
}

fn small_unet(text: usize) -> UNetConfig {
    UNetConfig {
        sample_size: 4,
        block_out_channels: vec![4, 8],
        down_block_types: vec!["DownBlock2D".into(), "CrossAttnDownBlock2D".into()],
        up_block_types: vec!["CrossAttnUpBlock2D".into(), "UpBlock2D".into()],
        layers_per_block: 1,
        attention_head_dim: crate::unet::PerLevel::One(2),
        cross_attention_dim: text,
        norm_num_groups: 2,
        ..UNetConfig::default()
    }
}

fn stable_diffusion(folder: &Path, prediction: &str) {
    describe(folder, "StableDiffusionPipeline", &scheduler(prediction));
    clip(folder, "", 10, false);
    unet(folder, &small_unet(10));
}

fn xl(folder: &Path) {
    describe(folder, "StableDiffusionXLPipeline", &scheduler("epsilon"));
    clip(folder, "", 10, false);
    clip(folder, "_2", 6, true);
    let config = UNetConfig {
        addition_embed_type: Some("text_time".into()),
        addition_time_embed_dim: Some(4),
        projection_class_embeddings_input_dim: Some(5 + 6 * 4),
        use_linear_projection: true,
        ..small_unet(16)
    };
    unet(folder, &config);
}

fn pixart(folder: &Path) {
    describe(folder, "PixArtAlphaPipeline", &json!({}));
    let sizes = T5Config { d_model: 6, d_ff: 10, d_kv: 2, num_layers: 2, num_heads: 3, ..T5Config::default() };
    let encoder = Published { key: "t5", repository: "nobody/t5", network: Network::T5(sizes) };
    let invention = Invention { dtype: DType::F32, encoder_only: true, part: None, seed: 3 };
    encoder.invent(&folder.join("text_encoder"), invention).unwrap();
    fs::create_dir_all(folder.join("tokenizer")).unwrap();
    fs::rename(folder.join("text_encoder/tokenizer.json"), folder.join("tokenizer/tokenizer.json")).unwrap();
    let config = PixArtConfig {
        num_attention_heads: 3,
        attention_head_dim: 4,
        num_layers: 2,
        cross_attention_dim: 12,
        sample_size: 4,
        caption_channels: Some(6),
        use_additional_conditions: Some(true),
        ..PixArtConfig::default()
    };
    let parameters = outline(|vb| PixArt::new(vb, &config));
    write(&folder.join("transformer"), "diffusion_pytorch_model.safetensors", &json!(config), parameters, 5);
}

const PROMPTS: [&str; 2] = ["a red circle", "two blue squares"];

fn sampling(guidance: f64) -> Sampling {
    Sampling { kind: SamplerKind::DpmSolverPp, steps: 4, guidance, motion_guidance: None, frames: None }
}

fn load(folder: &Path, guidance: f64) -> Diffusers {
    Diffusers::load(folder, &PROMPTS, sampling(guidance), WeightType::F32, &Device::Cpu).unwrap()
}

fn draw(prompt: &str, id: &str) -> Draw {
    Draw { prompt: prompt.into(), prompt_id: id.into(), k: 1, seed: 7 }
}

/// Mean distance of two pictures, in levels.
fn apart(a: &RgbImage, b: &RgbImage) -> f64 {
    let sum: u32 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    f64::from(sum) / a.as_raw().len() as f64
}

/// Writes a folder, and what it is then.
type Build = (fn(&Path), Family);

#[test]
fn every_family_draws_what_its_prompt_its_noise_and_its_guidance_say() {
    // Random weights heed a prompt little, those of PixArt least: guidance makes it more than a level of grey.
    let builds: [(Build, f64); 3] = [
        ((|folder| stable_diffusion(folder, "epsilon"), Family::StableDiffusion), 6.0),
        ((xl, Family::StableDiffusionXl), 6.0),
        ((pixart, Family::PixArt), 600.0),
    ];
    for ((build, family), guidance) in builds {
        let folder = tempfile::tempdir().unwrap();
        build(folder.path());
        let model = load(folder.path(), guidance);
        assert_eq!(model.family(), family);
        assert_eq!(Diffusers::describe(folder.path()).unwrap(), (family, [32; 2]));
        assert!(Diffusers::files(folder.path()).unwrap().iter().all(|file| file.is_file()), "{family:?}");
        let draws = [draw(PROMPTS[0], "a"), draw(PROMPTS[1], "a"), draw(PROMPTS[0], "b")];
        let images = model.generate(&draws).unwrap();
        assert!(images.iter().all(|image| image.dimensions() == (32, 32)), "{family:?}");
        for (i, single) in draws.iter().enumerate() {
            let alone = model.generate(std::slice::from_ref(single)).unwrap().remove(0);
            assert!(apart(&alone, &images[i]) < 0.1, "{family:?}: a batch must not change a picture");
        }
        assert!(images[0] != images[1], "{family:?}: the prompt");
        assert!(images[0] != images[2], "{family:?}: the noise");
        let plain = load(folder.path(), 1.0).generate(&draws[..1]).unwrap().remove(0);
        assert!(plain != images[0], "{family:?}: the guidance");
        let error = model.generate(&[draw("never seen", "a")]).unwrap_err();
        assert!(matches!(error, PipelineError::NotPrepared(_)), "{error}");
    }
}

#[test]
fn guidance_by_a_prompt_that_is_the_null_text_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    stable_diffusion(folder.path(), "epsilon");
    let image = |guidance| load(folder.path(), guidance).generate(&[draw("", "a")]).unwrap().remove(0);
    assert!(apart(&image(1.0), &image(9.0)) < 0.1);
}

#[test]
fn what_the_network_predicts_is_read_from_the_scheduler() {
    let folder = tempfile::tempdir().unwrap();
    stable_diffusion(folder.path(), "epsilon");
    let noise = load(folder.path(), 1.0).generate(&[draw(PROMPTS[0], "a")]).unwrap();
    let write = |scheduler: Value| {
        fs::write(folder.path().join("scheduler/scheduler_config.json"), scheduler.to_string()).unwrap();
    };
    write(scheduler("v_prediction"));
    assert!(load(folder.path(), 1.0).generate(&[draw(PROMPTS[0], "a")]).unwrap() != noise);
    let refused = || {
        let loaded = Diffusers::load(folder.path(), &PROMPTS, sampling(1.0), WeightType::F32, &Device::Cpu);
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
