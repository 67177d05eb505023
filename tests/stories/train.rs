//! As a researcher I train an arm: stop it, go on, begin from another arm, and get the same weights for the same recipe.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{assert_same, copy_folder, files, folder, gentron, refuses, repository, run, run_well, text};

/// A small backbone of pictures, and one of clips that begins from it; a few steps each.
const RECIPE: &str = r#"
[[network]]
name = "pictures"
[network.optimisation]
seed = 5
samples = 48
batch = 8
learning_rate = 1e-3
warmup_samples = 8
ema = 0.99
evaluate_every = 48
[network.objective]
kind = "gen-tron"
preset = "gentron-shapes-s/2"
conditioning = "cross_attention"
prediction = "velocity"
text = ["t5-shapes"]
[network.objective.frozen]
autoencoder = "autoencoder-shapes"
encoders = [{ name = "t5-shapes", kind = "t5", length = 64 }]
examples = 300
[network.objective.training]
text_dropout = 0.1
timesteps = { logit_normal = { mean = -0.6, deviation = 1.2 } }
sampling = { kind = "dpm-solver++", steps = 2, guidance = 3.0 }

[[network]]
name = "clips"
initial = "pictures"
[network.optimisation]
seed = 5
samples = 16
batch = 8
learning_rate = 1e-3
warmup_samples = 8
ema = 0.99
evaluate_every = 16
[network.objective]
kind = "gen-tron"
preset = "gentron-shapes-s/2"
conditioning = "cross_attention"
prediction = "velocity"
text = ["t5-shapes"]
clips = { examples = 264, motion_free = 0.5 }
[network.objective.frozen]
autoencoder = "autoencoder-shapes"
encoders = [{ name = "t5-shapes", kind = "t5", length = 64 }]
examples = 300
[network.objective.training]
text_dropout = 0.1
sampling = { kind = "dpm-solver++", steps = 2, guidance = 3.0, motion_guidance = 1.2 }
"#;

/// A folder with the recipe and the networks that it builds on.
pub fn prepared(folder: &Path) {
    fs::write(folder.join("train.toml"), RECIPE).unwrap();
    for name in ["autoencoder-shapes", "t5-shapes"] {
        copy_folder(&repository().join("weights").join(name), &folder.join("weights").join(name));
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The files of a trained network but for the time that it took.
pub fn without_time(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let mut card: Value = serde_json::from_slice(&files["card.json"]).unwrap();
    card["wall_seconds"] = 0.into();
    files.insert("card.json".into(), card.to_string().into_bytes());
    files
}

#[test]
fn a_training_that_still_encodes_its_pictures_stops_when_it_is_told() {
    let folder = folder();
    let here = folder.path();
    prepared(here);
    // Minutes of pictures, so that it is told in the middle of them.
    fs::write(here.join("train.toml"), RECIPE.replace("examples = 300", "examples = 48_000")).unwrap();
    let mut command = gentron(here);
    command.args(["train", "train.toml", "--states", "states", "--weights", "weights", "--only", "pictures"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let mut said = Vec::new();
    while !text(&said).contains("encoding: ") {
        let mut part = [0; 256];
        let length = stderr.read(&mut part).unwrap();
        assert!(length > 0, "it ended early: {}", text(&said));
        said.extend(&part[..length]);
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    stderr.read_to_end(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{}", text(&said));
    assert!(text(&said).contains("to continue: gentron train train.toml"), "{}", text(&said));
    assert_eq!(files(&here.join("states")).len(), 0, "it did not encode them to the end");
}

#[test]
fn a_backbone_of_clips_begins_from_one_of_pictures() {
    let folder = folder();
    let here = folder.path();
    prepared(here);
    let command = ["train", "train.toml", "--states", "states", "--weights", "weights"];
    // Out of order, what it begins from is missing.
    let early = run(here, &[&command[..], &["--only", "clips"]].concat());
    assert_eq!(early.status.code(), Some(2));
    assert!(text(&early.stderr).contains("pictures"), "{}", text(&early.stderr));

    run_well(here, &command);
    let weights = |name: &str| here.join("weights").join(name);
    assert_eq!(json(&weights("clips/config.json"))["temporal"], true);
    assert_eq!(json(&weights("pictures/config.json"))["temporal"], false);
    let card = json(&weights("clips/card.json"));
    assert_eq!(card["samples"], 16);
    assert!(card["recipe"]["initial"].is_string(), "the card says where it began: {}", card["recipe"]);
    assert!(card["evaluation"]["held_out_loss"].as_f64().unwrap() > 0.0);
    assert!(here.join("states/clips/samples.png").is_file());

    // The same recipe makes the same weights, also after the states were lost.
    let first = files(&weights("clips"));
    fs::remove_dir_all(here.join("states")).unwrap();
    for name in ["clips", "pictures"] {
        fs::remove_dir_all(weights(name)).unwrap();
    }
    run_well(here, &command);
    assert_same(&without_time(first), &without_time(files(&weights("clips"))));
}

#[test]
fn a_backbone_begins_with_the_layers_of_another_programs_network() {
    let folder = folder();
    let here = folder.path();
    prepared(here);
    // In diffusers' names: two of the sizes of this backbone, one of another.
    let number = |shape: &[usize]| {
        let count: usize = shape.iter().product();
        let values: Vec<u8> = (0..count).flat_map(|i| (i as f32 / count as f32).to_le_bytes()).collect();
        (shape.to_vec(), values)
    };
    let d = 96;
    let tensors = [
        ("transformer_blocks.0.attn1.to_out.0.weight", number(&[d, d])),
        ("transformer_blocks.1.attn1.to_out.0.bias", number(&[d])),
        ("transformer_blocks.0.attn2.to_q.bias", number(&[d + 1])),
        ("caption_projection.linear_1.bias", number(&[3])),
    ];
    let views = tensors.iter().map(|(name, (shape, bytes))| {
        (*name, safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let public = here.join("public/transformer");
    fs::create_dir_all(&public).unwrap();
    let bytes = safetensors::serialize(views, None).unwrap();
    fs::write(public.join("diffusion_pytorch_model.safetensors"), bytes).unwrap();
    let command = ["train", "train.toml", "--states", "states", "--weights", "weights", "--init", "public"];
    let both = run(here, &[&command[..], &["--only", "clips"]].concat());
    assert!(text(&both.stderr).contains("begins from other weights already"), "{}", text(&both.stderr));
    let output = run(here, &[&command[..], &["--only", "pictures"]].concat());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for words in [
        "2 of ",
        "blocks.*.attn.proj.bias, blocks.*.attn.proj.weight",
        "[97] and not [96], begin as ever: blocks.*.cross_attn.q_linear.bias",
        "of no use here: caption_projection.linear_1.bias",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(json(&here.join("weights/pictures/card.json"))["recipe"]["initial"].is_string());
    let nothing = run(here, &["train", "train.toml", "--only", "pictures", "--init", "states"]);
    assert!(text(&nothing.stderr).contains("no weights at states"), "{}", text(&nothing.stderr));
}

/// The recipe with the last place where it says `from` saying `to`: the network of clips.
fn in_the_second(from: &str, to: &str) -> String {
    let at = RECIPE.rfind(from).unwrap();
    format!("{}{to}{}", &RECIPE[..at], &RECIPE[at + from.len()..])
}

#[test]
fn what_cannot_be_trained_is_said_before_anything_is_spent() {
    let folder = folder();
    let here = folder.path().join("here");
    fs::create_dir(&here).unwrap();
    prepared(&here);
    let weights = files(&here.join("weights"));
    for (recipe, what) in [
        (RECIPE.replacen("name = \"pictures\"", "name = \"../../escaped\"", 1), "cannot be called `../../escaped`"),
        (RECIPE.replacen("name = \"clips\"", "name = \"pictures\"", 1), "two networks of the recipe"),
        (in_the_second("initial = \"pictures\"", "initial = \"not-there\""), "clips begins from not-there"),
        (in_the_second("initial = \"pictures\"", "initial = \"clips\""), "clips begins from itself"),
        (in_the_second("= \"autoencoder-shapes\"", "= \"not-there\""), "clips is trained on not-there"),
        (in_the_second("= \"autoencoder-shapes\"", "= \"pictures\""), "clips reads pictures as an autoencoder"),
        (in_the_second("= \"autoencoder-shapes\"", "= \"t5-shapes\""), "do not fit their configuration"),
        (in_the_second("steps = 2", "steps = 0"), "takes 1 to 1000 steps, not 0"),
        (in_the_second("text = [\"t5-shapes\"]", "text = []"), "text names no encoder"),
        (in_the_second("evaluate_every = 16", "evaluate_every = 0"), "evaluate_every = 0"),
        (in_the_second("examples = 300", "examples = 1"), "frozen.examples = 1"),
        (in_the_second("ema = 0.99", "ema = 0.99\nrates = { temporal_attention = 2.0 }"), "temporal_attention"),
    ] {
        fs::write(here.join("train.toml"), recipe).unwrap();
        refuses(&run(&here, &["train", "train.toml", "--states", "states", "--weights", "weights"]), what);
        assert!(!here.join("states").exists() && !folder.path().join("escaped").exists(), "{what}");
        assert_same(&weights, &files(&here.join("weights")));
    }
}

#[test]
fn a_state_that_does_not_fit_on_the_disk_leaves_nothing_behind() {
    let folder = folder();
    let here = folder.path();
    prepared(here);
    fs::write(here.join("train.toml"), RECIPE.replace("examples = 300", "examples = 40")).unwrap();
    let command = ["train", "train.toml", "--states", "states", "--weights", "weights", "--only", "pictures"];
    // No file may have more than 4 MiB, which the corpus has not and the state has. Who ignores the signal gets an error instead.
    let mut plain = gentron(here);
    plain.args(command);
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\""]);
    limited.arg(plain.get_program()).args(plain.get_args()).current_dir(here);
    for (variable, value) in plain.get_envs() {
        match value {
            Some(value) => limited.env(variable, value),
            None => limited.env_remove(variable),
        };
    }
    let full = limited.output().unwrap();
    refuses(&full, "state.safetensors");
    let left = files(here);
    assert!(left.keys().any(|name| name.starts_with("states/corpus-")), "it came as far as the state");
    assert!(left.keys().all(|name| !name.ends_with(".tmp")), "{:?}", left.keys());
    assert!(!here.join("weights/pictures/model.safetensors").exists());
    run_well(here, &command);
}

/// Two arms on networks that differ in the noise schedule of their configuration alone.
const SCHEDULES: &str = r#"
name = "schedules"
seed = 4
images_per_prompt = 1
batch = 3
[[suites]]
id = "shapes"
categories = ["color"]
[weights]
folder = "weights"
[sampler]
steps = 2
[[arms]]
name = "its-own"
weights = "pictures"
[[arms]]
name = "usual"
weights = "usual"
"#;

#[test]
fn another_noise_schedule_is_another_training_and_is_drawn_with() {
    let folder = folder();
    let here = folder.path();
    prepared(here);
    let command = ["train", "train.toml", "--states", "states", "--weights", "weights", "--only", "pictures"];
    let other = RECIPE.replacen("examples = 300", "examples = 300\nschedule = { beta_end = 0.01 }", 1);
    fs::write(here.join("train.toml"), other).unwrap();
    run_well(here, &command);
    let weights = here.join("weights");
    let mut config = json(&weights.join("pictures/config.json"));
    assert_eq!(config["schedule"]["beta_end"], 0.01);
    fs::write(here.join("train.toml"), RECIPE).unwrap();
    refuses(&run(here, &command), "belongs to another recipe");

    copy_folder(&weights.join("pictures"), &weights.join("usual"));
    config.as_object_mut().unwrap().remove("schedule").unwrap();
    fs::write(weights.join("usual/config.json"), config.to_string()).unwrap();
    copy_folder(&repository().join("weights/clip-shapes"), &weights.join("clip-shapes"));
    fs::write(here.join("schedules.toml"), SCHEDULES).unwrap();
    run_well(here, &["generate", "schedules.toml", "--prompts", "1", "--out", "run"]);
    let images = files(&here.join("run/images"));
    let (name, own) = images.iter().find(|(name, _)| name.starts_with("its-own/")).unwrap();
    assert!(*own != images[&name.replacen("its-own", "usual", 1)], "both are drawn with one schedule");
}

/// Puts a network's tensors into two files with an index.
fn in_two_parts(folder: &Path) {
    let whole = folder.join("model.safetensors");
    let bytes = fs::read(&whole).unwrap();
    let mut tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap().tensors();
    tensors.sort_by(|one, other| one.0.cmp(&other.0));
    let (first, second) = tensors.split_at(tensors.len() / 2);
    let mut index = serde_json::Map::new();
    for (file, part) in [("model-00001-of-00002.safetensors", first), ("model-00002-of-00002.safetensors", second)] {
        index.extend(part.iter().map(|(name, _)| (name.clone(), Value::from(file))));
        let views = part.iter().map(|(name, view)| {
            let shape = view.shape().to_vec();
            (name.as_str(), safetensors::tensor::TensorView::new(view.dtype(), shape, view.data()).unwrap())
        });
        fs::write(folder.join(file), safetensors::serialize(views, None).unwrap()).unwrap();
    }
    let index = serde_json::json!({ "weight_map": index });
    fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
    fs::remove_file(whole).unwrap();
}

#[test]
fn a_backbone_is_trained_on_networks_in_the_layouts_and_the_cache_that_they_are_published_in() {
    const PICTURES: [&str; 8] =
        ["train", "train.toml", "--states", "states", "--weights", "weights", "--only", "pictures"];
    let (plain, published) = (folder(), folder());
    prepared(plain.path());
    run_well(plain.path(), &PICTURES);

    let here = published.path();
    prepared(here);
    fs::write(here.join("train.toml"), RECIPE.replace("t5-shapes", "flan-t5-small")).unwrap();
    let weights = here.join("weights");
    let autoencoder = |file: &str| weights.join("autoencoder-shapes").join(file);
    fs::rename(autoencoder("model.safetensors"), autoencoder("diffusion_pytorch_model.safetensors")).unwrap();
    let offline = || {
        let mut command = gentron(here);
        command.args(PICTURES).env("HF_HUB_CACHE", here.join("hub")).env("HF_HUB_OFFLINE", "1");
        command.output().unwrap()
    };
    let missing = offline();
    refuses(&missing, "for google/flan-t5-small in the Hugging Face cache");
    assert!(
        text(&missing.stderr).contains("`gentron models fetch flan-t5-small` gets it"),
        "{}",
        text(&missing.stderr)
    );

    let cached = here.join("hub/models--google--flan-t5-small");
    let snapshot = cached.join("snapshots/0123");
    for folder in [cached.join("refs"), cached.join("snapshots")] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(cached.join("refs/main"), "0123").unwrap();
    fs::rename(weights.join("t5-shapes"), &snapshot).unwrap();
    in_two_parts(&snapshot);
    let trained = offline();
    assert_eq!(trained.status.code(), Some(0), "{}", text(&trained.stderr));
    let numbers = |folder: &Path| fs::read(folder.join("weights/pictures/model.safetensors")).unwrap();
    assert!(numbers(plain.path()) == numbers(here), "the same networks in other files teach the same");
}

#[test]
fn a_published_network_to_begin_with_that_is_not_here_is_named_with_the_command_that_gets_it() {
    let folder = folder();
    let here = folder.path();
    prepared(here);
    for name in ["pixart-alpha-512", "PixArt-alpha/PixArt-XL-2-512x512"] {
        let mut command = gentron(here);
        command.args(["train", "train.toml", "--weights", "weights", "--only", "pictures", "--init", name]);
        let output = command.env("HF_HUB_OFFLINE", "1").output().unwrap();
        refuses(&output, "for PixArt-alpha/PixArt-XL-2-512x512 in the Hugging Face cache");
        let hint = "`gentron models fetch pixart-alpha-512` gets it (HF_HUB_OFFLINE is set: unset it first)";
        assert!(text(&output.stderr).contains(hint), "{}", text(&output.stderr));
    }
}
