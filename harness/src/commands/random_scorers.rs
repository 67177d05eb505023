//! `gentron develop random-scorers`: scorers' weights that mean nothing, in their real layouts and sizes, so that the whole way
//! from a folder of images to a table can be tried and timed where the published files cannot be had.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use clap::Args;
use gentron_metrics::blip::{BlipConfig, BlipNetwork, RewardConfig, RewardNetwork, Words};
use gentron_metrics::depth::{DptConfig, DptNetwork};
use gentron_metrics::detector::unidet::{UniDetConfig, UniDetNetwork};
use gentron_metrics::frechet::Inception;
use gentron_metrics::weights::{Gain, Invented};
use gentron_model::text::clip::{ClipConfig, ClipModel};

use crate::failure::{Explain as _, refuse};
use crate::names;
use crate::progress;
use crate::score::networks::{NETWORKS, Network};
use crate::score::{letters, open_clip};
use crate::store::atomic;

/// Sums of residuals stay of their own size, the first convolution sees grey levels and not deviations, and few classes are seen in a box.
const OF_DETECTORS: &[Gain] = &[
    Gain { of: "conv3.norm.weight", scale: 0.2, shift: 0.0 },
    Gain { of: "bn3.weight", scale: 0.2, shift: 0.0 },
    Gain { of: "stem.conv1.norm.weight", scale: 0.02, shift: 0.0 },
    Gain { of: "cls_score.bias", scale: 1.0, shift: -4.0 },
];
const OF_DEPTH: &[Gain] =
    &[Gain { of: "norm3.weight", scale: 0.2, shift: 0.0 }, Gain { of: "output_conv.4.bias", scale: 1.0, shift: 3.0 }];

/// Scorers to invent.
#[derive(Debug, Args)]
pub struct RandomScorersArgs {
    /// Keys, as `gentron doctor` lists them [default: all]
    pub keys: Vec<String>,
    /// Folder of scorers, one folder a key: what `GENTRON_SCORERS` may name
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Seed of the numbers
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Writes `<to>/<key>/…` for each key, or for all.
///
/// # Errors
/// A key is unknown, or the disk fails.
pub fn run(args: &RandomScorersArgs) -> anyhow::Result<String> {
    let all: Vec<String> = NETWORKS.iter().map(|network| network.key.to_owned()).collect();
    for key in if args.keys.is_empty() { &all } else { &args.keys } {
        let network = Network::find(key).ok_or_else(|| {
            refuse(format!("unknown network `{key}`"), names::suggestion(key, all.iter().map(String::as_str)))
        })?;
        let folder = args.to.join(key);
        let explain = || (format!("cannot write {}", folder.display()), "name another folder with --to");
        std::fs::create_dir_all(&folder).explain(explain)?;
        write(network, &folder, args.seed).explain(explain)?;
        progress::say(&format!("{key}: weights that mean nothing in {}", folder.display()));
    }
    Ok(format!("GENTRON_SCORERS={} names them", args.to.display()))
}

fn write(network: &Network, folder: &Path, seed: u64) -> anyhow::Result<()> {
    let gains = match network.key {
        "unidet-r50" | "unidet-rs200" => OF_DETECTORS,
        "depth" => OF_DEPTH,
        _ => &[],
    };
    let invented = Arc::new(Invented::new(seed, gains));
    let source = &*invented;
    match network.key {
        "blip" => drop(BlipNetwork::load(source, &BlipConfig::default())?),
        "image-reward" => drop(RewardNetwork::load(source, &RewardConfig::default())?),
        "unidet-r50" => drop(UniDetNetwork::load(source, &UniDetConfig::R50)?),
        "unidet-rs200" => drop(UniDetNetwork::load(source, &UniDetConfig::RS200)?),
        "depth" => drop(DptNetwork::load(source, &DptConfig::default())?),
        "inception" => drop(Inception::load(source, &Device::Cpu)?),
        "hpsv2" => drop(open_clip::tensors(source, &open_clip::vit_h_14())?),
        "clip" => clip(&invented, &ClipConfig::default(), folder)?,
        _ => clip(&invented, &open_clip::vit_h_14(), folder)?,
    }
    for names in network.files {
        match names[0] {
            "vocab.txt" => atomic::write(&folder.join("vocab.txt"), vocabulary().as_bytes())?,
            "tokenizer.json" => {
                let words = letters::tokenizer(256, 49406).to_string();
                atomic::write(&folder.join("tokenizer.json"), words.as_bytes())?;
            }
            "config.json" => {}
            // Whoever reads looks into the file and not at its name; safetensors are named so where they may be.
            _ => invented
                .save(&folder.join(names.iter().find(|name| name.ends_with(".safetensors")).unwrap_or(&names[0])))?,
        }
    }
    Ok(())
}

/// Builds a CLIP to see what it asks for, and writes its configuration.
fn clip(invented: &Arc<Invented>, config: &ClipConfig, folder: &Path) -> anyhow::Result<()> {
    let backend = Box::new(Asked(Arc::clone(invented)));
    ClipModel::new(VarBuilder::from_backend(backend, DType::F32, Device::Cpu), config)?;
    atomic::write(&folder.join("config.json"), &serde_json::to_vec_pretty(config)?)
}

/// A builder's backend that only notes.
struct Asked(Arc<Invented>);

impl SimpleBackend for Asked {
    fn get(&self, shape: Shape, name: &str, _: Init, _: DType, _: &Device) -> candle_core::Result<Tensor> {
        self.0.ask(name, shape.dims())
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> candle_core::Result<Tensor> {
        candle_core::bail!("the shape of {name} is not known")
    }

    fn contains_tensor(&self, _: &str) -> bool {
        true
    }
}

/// As many lines as BERT's vocabulary has, the words that BLIP knows by number on theirs, and every letter.
fn vocabulary() -> String {
    let mut lines: Vec<String> = (0..Words::LINES).map(|i| format!("[unused{i}]")).collect();
    for (word, id) in Words::KNOWN {
        lines[id as usize] = word.to_owned();
    }
    let letters = (' '..='~').filter(|c| !c.is_whitespace() && !c.is_ascii_uppercase());
    for (i, letter) in letters.enumerate() {
        lines[1000 + 2 * i] = letter.to_string();
        lines[1001 + 2 * i] = format!("##{letter}");
    }
    lines.join("\n") + "\n"
}
