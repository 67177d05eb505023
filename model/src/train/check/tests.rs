//! What is refused of each kind of network, and in which words.

use super::*;
use crate::train::Example;
use image::RgbImage;

/// Pictures of 16 pixels, and no clips.
struct Squares;

impl Source for Squares {
    fn id(&self) -> String {
        "squares".into()
    }
    fn example(&self, _: u64, _: u64) -> Example {
        Example { image: RgbImage::new(16, 16), caption: "a square".into() }
    }
    fn document(&self, _: u64, _: u64) -> String {
        "a square".into()
    }
    fn vocabulary(&self) -> Vec<String> {
        vec!["a".into(), "square".into()]
    }
}

const OPTIMISATION: &str = r#"
name = "network"
[optimisation]
seed = 1
samples = 32
batch = 8
learning_rate = 1e-3
warmup_samples = 8
schedule = { cosine = { floor = 0.1 } }
betas = [0.9, 0.99]
weight_decay = 0.0
clip_norm = 1.0
ema = 0.99
evaluate_every = 16
rates = { bias = 2.0 }
[objective]
"#;
const AUTOENCODER: &str = r#"
kind = "autoencoder"
kl_weight = 1e-5
l1_weight = 0.1
thumbnail_weight = 0.1
crop = 12
crop_samples = 8
config = { block_out_channels = [4, 8, 8], layers_per_block = 1, latent_channels = 3, norm_num_groups = 2 }
"#;
const CLIP: &str = r#"
kind = "clip"
[objective.config]
projection_dim = 4
[objective.config.text_config]
hidden_size = 6
num_attention_heads = 2
num_hidden_layers = 1
max_position_embeddings = 8
[objective.config.vision_config]
hidden_size = 9
num_attention_heads = 3
num_hidden_layers = 2
image_size = 16
patch_size = 8
"#;
const T5: &str = r#"
kind = "t5"
limit = 9
config = { d_model = 6, d_kv = 3, d_ff = 7, num_layers = 1, num_heads = 2, feed_forward_proj = "gated-gelu" }
"#;
const GENTRON: &str = r#"
kind = "gen-tron"
preset = "gentron-shapes-s/2"
conditioning = "cross_attention"
text = ["t5-shapes"]
[objective.frozen]
autoencoder = "autoencoder-shapes"
encoders = [{ name = "t5-shapes", kind = "t5", length = 64 }]
examples = 300
schedule = { beta_end = 0.02 }
[objective.training]
text_dropout = 0.1
min_snr_gamma = 5.0
timesteps = { logit_normal = { mean = -0.6, deviation = 1.2 } }
sampling = { kind = "dpm-solver++", steps = 2, guidance = 3.0, motion_guidance = 1.2 }
"#;

fn checked(text: &str) -> Result<(), TrainError> {
    toml::from_str::<NetworkRecipe>(text).expect("a recipe").check(&Squares)
}

/// What is said of the recipe of `objective` with one line, or a part of it, replaced.
fn refused(objective: &str, from: &str, to: &str) -> String {
    // T5's norms and projections have no bias.
    let optimisation =
        if objective == T5 { OPTIMISATION.replace("bias = 2.0", "wi_0 = 2.0") } else { OPTIMISATION.to_owned() };
    let text = optimisation + objective;
    checked(&text).expect("what is not replaced is well");
    assert_eq!(text.matches(from).count(), 1, "{from}");
    let error = checked(&text.replace(from, to)).expect_err(to);
    assert!(matches!(error, TrainError::Recipe(_) | TrainError::Diffusion(_)), "{to}: {error:?}");
    error.to_string()
}

#[test]
fn every_number_of_the_optimisation_has_its_range() {
    for (from, to) in [
        ("samples = 32", "samples = 7"),
        ("batch = 8", "batch = 0"),
        ("batch = 8", "batch = 9"),
        ("learning_rate = 1e-3", "learning_rate = inf"),
        ("learning_rate = 1e-3", "learning_rate = nan"),
        ("learning_rate = 1e-3", "learning_rate = 0.0"),
        ("floor = 0.1", "floor = 7.0"),
        ("floor = 0.1", "floor = nan"),
        ("cosine = { floor = 0.1 }", "decay = { from = 4, floor = 0.1 }"),
        ("[0.9, 0.99]", "[0.9, 1.0]"),
        ("[0.9, 0.99]", "[-0.1, 0.99]"),
        ("[0.9, 0.99]", "[0.9, 0.999999999]"),
        ("weight_decay = 0.0", "weight_decay = -0.1"),
        ("weight_decay = 0.0", "weight_decay = inf"),
        ("clip_norm = 1.0", "clip_norm = nan"),
        ("clip_norm = 1.0", "clip_norm = inf"),
        ("ema = 0.99", "ema = 1.0"),
        ("evaluate_every = 16", "evaluate_every = 0"),
        ("bias = 2.0", "bias = inf"),
        ("bias = 2.0", "biases = 2.0"),
    ] {
        let said = refused(GENTRON, from, to);
        let word = to.split([' ', '[']).next().unwrap_or_default();
        assert!(said.starts_with("recipe: ") && said.contains(word), "{to}: {said}");
    }
}

#[test]
fn an_autoencoder_must_fit_its_pictures() {
    for (from, to, what) in [
        ("kl_weight = 1e-5", "kl_weight = -1.0", "kl_weight = -1"),
        ("l1_weight = 0.1", "l1_weight = nan", "l1_weight = NaN"),
        ("thumbnail_weight = 0.1", "thumbnail_weight = inf", "thumbnail_weight = inf"),
        ("latent_channels = 3", "latent_channels = 2", "latent_channels = 2: it is 3"),
        ("crop = 12", "crop = 0", "of 0 pixels"),
        ("crop = 12", "crop = 13", "of 13 pixels cannot be halved 2 times"),
        ("[4, 8, 8]", "[4, 8, 8, 8, 8, 8]", "of 16 pixels cannot be halved 5 times"),
        ("[4, 8, 8]", "[]", "block_out_channels is empty"),
        ("norm_num_groups = 2", "norm_num_groups = 3", "norm_num_groups = 3"),
    ] {
        let said = refused(AUTOENCODER, from, to);
        assert!(said.contains(what), "{to}: {said}");
    }
}

#[test]
fn text_encoders_must_be_possible() {
    for (from, to, what) in [
        ("hidden_size = 6", "hidden_size = 7", "text_config: hidden_size 7"),
        ("num_attention_heads = 3", "num_attention_heads = 0", "vision_config: hidden_size 9"),
        ("image_size = 16", "image_size = 24", "pictures have 16 pixels"),
        ("patch_size = 8", "patch_size = 5", "patch_size = 5"),
        ("max_position_embeddings = 8", "max_position_embeddings = 2", "a limit of 2 tokens"),
        ("projection_dim = 4", "projection_dim = 0", "projection_dim = 0"),
        ("batch = 8", "batch = 2", "batch / micro_batches of a CLIP = 1"),
    ] {
        let said = refused(CLIP, from, to);
        assert!(said.contains(what), "{to}: {said}");
    }
    for (from, to, what) in [
        ("limit = 9", "limit = 1", "a limit of 1 tokens"),
        ("num_heads = 2", "num_heads = 0", "num_heads = 0"),
        ("gated-gelu", "relu", "only \"gated-gelu\""),
    ] {
        let said = refused(T5, from, to);
        assert!(said.contains(what), "{to}: {said}");
    }
}

#[test]
fn a_gentron_must_have_texts_examples_and_a_sampler() {
    for (from, to, what) in [
        ("gentron-shapes-s/2", "gentron-shapes-m/2", "no size of GenTron"),
        ("text = [\"t5-shapes\"]", "text = []", "text names no encoder; frozen.encoders has t5-shapes"),
        ("text = [\"t5-shapes\"]", "text = [\"clip\"]", "encoder clip is not among"),
        ("examples = 300", "examples = 0", "frozen.examples = 0"),
        ("examples = 300", "examples = 1", "frozen.examples = 1"),
        ("length = 64", "length = 0", "length of t5-shapes = 0"),
        ("beta_end = 0.02", "beta_end = 2.0", "betas must lie"),
        ("text_dropout = 0.1", "text_dropout = 7.0", "text_dropout = 7"),
        ("text_dropout = 0.1", "text_dropout = nan", "text_dropout = NaN"),
        ("min_snr_gamma = 5.0", "min_snr_gamma = 0.0", "min_snr_gamma = 0"),
        ("mean = -0.6", "mean = inf", "mean = inf"),
        ("deviation = 1.2", "deviation = -1.2", "deviation = -1.2"),
        ("steps = 2", "steps = 0", "takes 1 to 1000 steps, not 0"),
        ("guidance = 3.0, ", "guidance = nan, ", "guidance = NaN"),
        ("motion_guidance = 1.2", "motion_guidance = inf", "motion_guidance = inf"),
    ] {
        let said = refused(GENTRON, from, to);
        assert!(said.contains(what), "{to}: {said}");
    }
    for (clips, what) in [
        ("{ examples = 9, motion_free = 1.5 }", "clips.motion_free = 1.5"),
        ("{ examples = 1, motion_free = 0.5 }", "clips.examples = 1"),
        ("{ examples = 9, motion_free = 0.5 }", "have no clips"),
    ] {
        let kind = "kind = \"gen-tron\"";
        let said = refused(GENTRON, kind, &format!("{kind}\nclips = {clips}"));
        assert!(said.contains(what), "{clips}: {said}");
    }
}
