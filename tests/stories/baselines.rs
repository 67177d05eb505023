//! As a researcher I put a published model beside GenTron: a folder of diffusers is an arm.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{
    assert_same, copy_folder, files, finished_files, folder, refuses, repository, run, run_well, text, weights,
};

/// Stable Diffusion with random weights, so small that it draws 64 x 64 pixels in no time, in the layout of diffusers.
fn stable_diffusion(folder: &Path) {
    copy_folder(&repository().join("tests/goldens/pipelines/sd1"), folder);
    let config = folder.join("unet/config.json");
    let smaller = fs::read_to_string(&config).unwrap();
    let larger = smaller.replace("\"sample_size\": 4", "\"sample_size\": 8");
    assert_ne!(smaller, larger);
    fs::write(config, larger).unwrap();
    // diffusers ships one; it is no part of what draws.
    fs::create_dir_all(folder.join("safety_checker")).unwrap();
    fs::write(folder.join("safety_checker/config.json"), "{}").unwrap();
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
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(said.contains("weights/tiny-sd") && said.contains("time sd"), "doctor lists it: {said}");
    assert!(said.contains(", in f32)"), "memory is of the recipe's type: {said}");
    let half = run(path, &["doctor", "recipe.toml", "--dtype", "bf16"]);
    let said = String::from_utf8_lossy(&half.stdout);
    assert!(said.contains(", in bf16)"), "memory is of the type that the run would be begun with: {said}");

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

/// Every number of a safetensors file becomes NaN, of whichever type it is.
fn poison(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let data = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    bytes[data..].fill(0xff);
    fs::write(path, bytes).unwrap();
}

#[test]
fn an_arm_whose_numbers_are_none_draws_no_black_pictures() {
    let folder = folder();
    let path = folder.path();
    stable_diffusion(&path.join("weights/tiny-sd"));
    poison(&path.join("weights/tiny-sd/unet/diffusion_pytorch_model.safetensors"));
    let own = "gentron-shapes-adaln-clip";
    for name in [own, "clip-shapes", "autoencoder-shapes"] {
        copy_folder(&weights().join(name), &path.join("weights").join(name));
    }
    poison(&path.join("weights").join(own).join("model.safetensors"));
    let gentron = RECIPE.replace("generator = \"diffusers\"\n", "").replace("tiny-sd", own);
    for (recipe, out) in [(RECIPE, "diffusers"), (gentron.as_str(), "gentron")] {
        fs::write(path.join("recipe.toml"), recipe).unwrap();
        let output = run(path, &["generate", "recipe.toml", "--out", out]);
        refuses(&output, "the arm sd draws what is no picture");
        let said = text(&output.stderr);
        assert!(said.contains("the latent of \"") && said.contains("is not of finite numbers"), "{said}");
        assert!(files(&path.join(out)).keys().all(|name| !name.starts_with("images/sd/")), "{said}");
        let halves = run(path, &["generate", "recipe.toml", "--dtype", "f16", "--out", &format!("{out}-f16")]);
        refuses(&halves, "draw with --dtype bf16");
    }
}

#[test]
fn texts_of_a_pipeline_are_kept_where_the_recipe_says_so() {
    let folder = folder();
    let path = folder.path();
    stable_diffusion(&path.join("weights/tiny-sd"));
    let generate = |out: &str| {
        let output = run(path, &["generate", "recipe.toml", "--out", out]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        (text(&output.stderr), files(&path.join(out).join("images")))
    };
    fs::write(path.join("recipe.toml"), RECIPE).unwrap();
    let (_, images) = generate("plain");
    assert!(!path.join("plain/embeddings").exists(), "its encoder is small");
    let kept = RECIPE.replace("folder = \"weights\"", "folder = \"weights\"\nkeep_embeddings = true");
    fs::write(path.join("recipe.toml"), kept).unwrap();
    let (said, same) = generate("kept");
    assert!(said.contains("texts with text_encoder; they are kept for every arm and worker"), "{said}");
    assert_same(&images, &same);
    // Three prompts and the null text.
    assert_eq!(files(&path.join("kept/embeddings")).len(), 4);
    fs::remove_dir_all(path.join("kept/images/sd")).unwrap();
    let (said, same) = generate("kept");
    assert!(!said.contains("encoding "), "{said}");
    assert_same(&images, &same);
}
