//! As a researcher I put a published model beside GenTron: a folder of diffusers is an arm.

use std::fs;
use std::path::Path;

use gentron_model::autoencoder::{AutoencoderKl, AutoencoderKlConfig};
use gentron_model::checkpoint::{Layout, Parameter, outline, write_random};
use gentron_model::text::clip::{ClipTextConfig, ClipTextModel};
use gentron_model::unet::{PerLevel, UNet, UNetConfig};
use serde_json::{Value, json};

use crate::support::{assert_same, finished_files, folder, refuses, repository, run, run_well};

fn network(folder: &Path, file: &str, config: &Value, parameters: candle_core::Result<Vec<Parameter>>) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let layout = Layout { file, dtype: safetensors::Dtype::F32, part: None };
    write_random(folder, &parameters.unwrap(), layout, 5).unwrap();
}

/// Stable Diffusion with random weights, so small that it draws 64 x 64 pixels in no time, in the layout of diffusers.
fn stable_diffusion(folder: &Path) {
    let write = |path: &str, value: Value| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, value.to_string()).unwrap();
    };
    write("model_index.json", json!({"_class_name": "StableDiffusionPipeline"}));
    let betas = json!({"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "prediction_type": "epsilon"});
    write("scheduler/scheduler_config.json", betas);
    // diffusers ships one; it is no part of what draws.
    write("safety_checker/config.json", json!({}));

    let words = repository().join("tests/goldens/components/clip_bpe");
    fs::create_dir_all(folder.join("tokenizer")).unwrap();
    for file in ["vocab.json", "merges.txt"] {
        fs::copy(words.join(file), folder.join("tokenizer").join(file)).unwrap();
    }
    let vocabulary: Value = serde_json::from_slice(&fs::read(words.join("vocab.json")).unwrap()).unwrap();
    let clip = ClipTextConfig {
        vocab_size: vocabulary.as_object().unwrap().len(),
        hidden_size: 10,
        intermediate_size: 14,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        max_position_embeddings: 77,
        eos_token_id: 2,
        ..ClipTextConfig::default()
    };
    let parameters = outline(|vb| ClipTextModel::new(vb.pp("text_model"), &clip));
    network(&folder.join("text_encoder"), "model.safetensors", &json!(clip), parameters);

    let unet = UNetConfig {
        sample_size: 8,
        block_out_channels: vec![4, 8],
        down_block_types: vec!["DownBlock2D".into(), "CrossAttnDownBlock2D".into()],
        up_block_types: vec!["CrossAttnUpBlock2D".into(), "UpBlock2D".into()],
        layers_per_block: 1,
        attention_head_dim: PerLevel::One(2),
        cross_attention_dim: 10,
        norm_num_groups: 2,
        ..UNetConfig::default()
    };
    let file = "diffusion_pytorch_model.safetensors";
    network(&folder.join("unet"), file, &json!(unet), outline(|vb| UNet::new(vb, &unet)));

    let autoencoder = AutoencoderKlConfig {
        block_out_channels: vec![4, 4, 6, 6],
        norm_num_groups: 2,
        layers_per_block: 1,
        ..AutoencoderKlConfig::default()
    };
    let parameters = outline(|vb| AutoencoderKl::new(vb, &autoencoder));
    network(&folder.join("vae"), file, &json!(autoencoder), parameters);
}

const RECIPE: &str = r#"
name = "beside"
seed = 7
images_per_prompt = 2
batch = 2
baseline = "sd"

[[suites]]
id = "shapes"
categories = ["color"]
prompts_per_category = 3

[sampler]
kind = "ddim"
steps = 4
guidance = 7.5

[weights]
folder = "weights"

[[arms]]
name = "sd"
generator = "diffusers"
weights = "tiny-sd"

[[arms]]
name = "truth"
generator = "ground-truth"
"#;

#[test]
fn a_folder_of_diffusers_is_an_arm_of_any_recipe() {
    let folder = folder();
    let path = folder.path();
    stable_diffusion(&path.join("weights/tiny-sd"));
    fs::write(path.join("recipe.toml"), RECIPE).unwrap();
    let doctor = run(path, &["doctor", "recipe.toml"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("weights/tiny-sd"), "doctor lists it");

    for (threads, out) in [("1", "one"), ("2", "two")] {
        run_well(path, &["ablate", "recipe.toml", "--threads", threads, "--out", out]);
    }
    assert_same(&finished_files(&path.join("one")), &finished_files(&path.join("two")));
    let manifest: Value = serde_json::from_slice(&fs::read(path.join("one/manifest.json")).unwrap()).unwrap();
    let digests: Vec<&String> = manifest["weights"].as_object().unwrap().keys().collect();
    let of = |network: &str| format!("tiny-sd/{network}");
    for part in ["unet/diffusion_pytorch_model.safetensors", "tokenizer/vocab.json", "model_index.json"] {
        assert!(digests.contains(&&of(part)), "{part} is not among {digests:?}");
    }
    assert!(!digests.contains(&&of("safety_checker/config.json")), "{digests:?}");
    let arm = &manifest["run_info"]["arms"][0];
    assert_eq!(arm["label"], "sd (Stable Diffusion)");
    assert!(arm["parameters"].as_u64().unwrap() > 1000 && arm["sampler"]["steps"] == 4, "{arm}");
    run_well(path, &["verify", "one", "--sample", "4"]);
    run_well(path, &["verify", "one"]);
}

#[test]
fn a_pipeline_that_is_not_whole_or_not_known_is_refused_by_name() {
    let folder = folder();
    let path = folder.path();
    let pipeline = path.join("weights/tiny-sd");
    stable_diffusion(&pipeline);
    let begin = |recipe: &str| {
        fs::write(path.join("recipe.toml"), recipe).unwrap();
        run(path, &["ablate", "recipe.toml", "--out", "run"])
    };
    refuses(&begin(&RECIPE.replace("tiny-sd", "tiny-xl")), "no folder");
    refuses(&begin(&RECIPE.replace("weights = \"tiny-sd\"\n", "")), "arm `sd` has no weights");
    refuses(&begin(&RECIPE.replace("guidance = 7.5", "guidance = 7.5\nframes = 8")), "draws pictures, not clips");
    let unet = pipeline.join("unet/diffusion_pytorch_model.safetensors");
    let whole = fs::read(&unet).unwrap();
    fs::write(&unet, &whole[..whole.len() - 1]).unwrap();
    refuses(&begin(RECIPE), "unet/diffusion_pytorch_model.safetensors");
    fs::remove_file(&unet).unwrap();
    refuses(&begin(RECIPE), "unet");
    fs::write(&unet, &whole).unwrap();
    fs::write(pipeline.join("model_index.json"), r#"{"_class_name": "FluxPipeline"}"#).unwrap();
    refuses(&begin(RECIPE), "FluxPipeline");
    assert!(!path.join("run").exists(), "nothing was begun");
}
