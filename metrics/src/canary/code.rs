//! What the networks' code says on invented weights.
//!
//! Published weights do not come with this crate, so that their first use on a machine has nothing to be held against. Weights by a formula
//! do: a small network of each kind on them says what is committed, or its code, the preparation of pictures or the reading of words has
//! changed. It runs on the CPU, in milliseconds, but for Inception, which has one size: a fraction of a second.

use std::collections::BTreeMap;
use std::path::PathBuf;

use candle_core::Device;
use image::RgbImage;
use image::imageops::crop_imm;

use super::pictures::pictures;
use super::reading::{CanaryMismatch, Readings, of_depth, of_features, of_preference, of_vqa};
use crate::blip::{
    BLIP_VQA, BertConfig, BlipConfig, BlipNetwork, BlipVqa, IMAGE_REWARD, ImageReward, RewardConfig, RewardNetwork,
    VitConfig, Words,
};
use crate::depth::{DPT_HYBRID, DptConfig, DptHybrid, DptNetwork};
use crate::detections::{UNIDET_R50, UNIDET_RS200};
use crate::detector::unidet::{UniDetConfig, UniDetNetwork, blue_first};
use crate::error::{MetricError, Place};
use crate::frechet::{FID_INCEPTION, ImageFeatures, Inception};
use crate::weights::{Filled, Gain, Invented, NetworkCard, TensorSource, WeightsStatement};

/// What is committed of the networks of this crate.
static NETWORKS: &str = include_str!("networks.json");

/// Sums of f32 in another order differ by some 1e-6 of themselves; a wrong constant, resize or order of channels by far more.
const TOLERANCE: f64 = 1e-4;

/// Seed of all invented weights.
const SEED: u64 = 1;

/// Side of Inception's pictures: the least that it can see.
const LEAST: usize = 75;

/// Answers further from a half.
const OF_ANSWERS: &[Gain] = &[Gain { of: "text_decoder.bert.embeddings.word_embeddings", scale: 10.0, shift: 0.0 }];
/// Grey levels are large, anchors move little, and few classes are seen in a box.
const OF_DETECTORS: &[Gain] = &[
    Gain { of: "stem.conv1.norm.weight", scale: 0.02, shift: 0.0 },
    Gain { of: "anchor_deltas", scale: 0.15, shift: 0.0 },
    Gain { of: "bbox_pred", scale: 0.4, shift: 0.0 },
    Gain { of: "cls_score.bias", scale: 4.0, shift: -1.5 },
];
/// Most of the map is not cut at 0.
const OF_DEPTH: &[Gain] = &[Gain { of: "output_conv.4.bias", scale: 1.0, shift: 3.0 }];

/// A kind of network whose code has committed readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// BLIP-VQA.
    BlipVqa,
    /// ImageReward.
    ImageReward,
    /// UniDet over a ResNet.
    UniDetResNet,
    /// UniDet over a ResNeSt.
    UniDetResNest,
    /// DPT-Hybrid.
    DptHybrid,
    /// FID's Inception.
    FidInception,
}

impl Code {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::BlipVqa,
        Self::ImageReward,
        Self::UniDetResNet,
        Self::UniDetResNest,
        Self::DptHybrid,
        Self::FidInception,
    ];

    /// Registry key of the network that the code is of.
    #[must_use]
    pub fn network(self) -> &'static str {
        match self {
            Self::BlipVqa => BLIP_VQA.id,
            Self::ImageReward => IMAGE_REWARD.id,
            Self::UniDetResNet => UNIDET_R50,
            Self::UniDetResNest => UNIDET_RS200,
            Self::DptHybrid => DPT_HYBRID.id,
            Self::FidInception => FID_INCEPTION.id,
        }
    }

    /// What a small network of this kind says of all pictures on invented weights.
    ///
    /// # Errors
    /// It cannot be built or refuses a picture.
    pub fn readings(self) -> Result<Readings, MetricError> {
        self.readings_on(&|gains| Box::new(Filled(Invented::new(SEED, gains))))
    }

    fn readings_on(self, weights: Weights<'_>) -> Result<Readings, MetricError> {
        let read = match self {
            Self::BlipVqa => of_vqa(&blip_vqa(weights)?)?,
            Self::ImageReward => of_preference(&image_reward(weights)?)?,
            Self::UniDetResNet | Self::UniDetResNest => of_unidet(self, weights)?,
            Self::DptHybrid => of_depth(&dpt_hybrid(weights)?)?,
            Self::FidInception => of_features(&inception(weights)?)?,
        };
        Ok(Readings { backend: format!("{} on invented weights", self.network()), ..read })
    }

    /// Holds the code against what is committed.
    ///
    /// # Errors
    /// It says something else. No score of such a network must be believed then.
    pub fn check(self) -> Result<(), CanaryMismatch> {
        check_code(&self.readings()?, NETWORKS)
    }
}

/// Holds readings on invented weights against those of the same name in `committed`, a JSON list of [`Readings`].
///
/// # Errors
/// The first difference, [`CanaryMismatch::NotCommitted`] where the list has none of the name, or it is no such list.
pub fn check_code(now: &Readings, committed: &str) -> Result<(), CanaryMismatch> {
    let stored: Vec<Readings> = serde_json::from_str(committed).map_err(|error| {
        MetricError::record("canary/networks.json".as_ref(), Place::Line(error.line() as u64), error.to_string())
    })?;
    let then = stored.iter().find(|then| then.backend == now.backend);
    let then = then.ok_or_else(|| CanaryMismatch::NotCommitted { backend: now.backend.clone() })?;
    now.agree(then, TOLERANCE)
}

/// Makes invented weights with these gains.
type Weights<'a> = &'a dyn Fn(&'static [Gain]) -> Box<dyn TensorSource>;

fn statement(card: NetworkCard) -> WeightsStatement {
    WeightsStatement { card, path: PathBuf::new(), sha256: String::new(), layout: "invented" }
}

/// Every letter, alone and within a word.
fn words() -> Result<Words, MetricError> {
    let letters = (' '..='~').filter(|c| !c.is_whitespace() && !c.is_ascii_uppercase());
    let pieces = letters.flat_map(|c| [c.to_string(), format!("##{c}")]);
    let lines: Vec<String> = std::iter::once("[UNK]".to_owned()).chain(pieces).collect();
    Words::new(lines.join("\n").as_bytes())
        .map_err(|error| MetricError::Vocabulary { path: "invented".into(), why: error.to_string() })
}

fn vit() -> VitConfig {
    VitConfig { image: 28, patch: 7, width: 12, depth: 2, heads: 3, mlp_ratio: 2, ..VitConfig::default() }
}

fn bert(vocab: usize) -> BertConfig {
    BertConfig {
        hidden: 10,
        layers: 2,
        heads: 5,
        intermediate: 14,
        vocab,
        max_pos: 40,
        encoder_width: 12,
        ..BertConfig::default()
    }
}

fn blip_vqa(weights: Weights<'_>) -> Result<BlipVqa, MetricError> {
    // The network knows four words by their numbers in the whole vocabulary.
    let config = BlipConfig { vit: vit(), bert: bert(BertConfig::default().vocab) };
    let network = BlipNetwork::load(&*weights(OF_ANSWERS), &config)?;
    Ok(BlipVqa::new(network, words()?, statement(BLIP_VQA), &Device::Cpu))
}

fn image_reward(weights: Weights<'_>) -> Result<ImageReward, MetricError> {
    let config = RewardConfig { vit: vit(), bert: bert(160), head: vec![11, 6, 4, 3, 1] };
    let network = RewardNetwork::load(&*weights(&[]), &config)?;
    Ok(ImageReward::new(network, words()?, statement(IMAGE_REWARD), &Device::Cpu))
}

fn dpt_hybrid(weights: Weights<'_>) -> Result<DptHybrid, MetricError> {
    let network = DptNetwork::load(&*weights(OF_DEPTH), &DptConfig::small())?;
    Ok(DptHybrid::new(network, statement(DPT_HYBRID), &Device::Cpu))
}

/// Inception on pictures so small that it takes little time; its convolutions are those of any size.
struct Small(Inception);

impl ImageFeatures for Small {
    fn id(&self) -> &str {
        self.0.id()
    }

    fn width(&self) -> usize {
        self.0.width()
    }

    fn features(&self, images: &[&RgbImage]) -> Result<Vec<f32>, MetricError> {
        self.0.features_at(images, LEAST)
    }
}

fn inception(weights: Weights<'_>) -> Result<Small, MetricError> {
    Ok(Small(Inception::load(&*weights(&[]), &Device::Cpu)?))
}

fn unidet(kind: Code) -> UniDetConfig {
    let published = if kind == Code::UniDetResNest { UniDetConfig::RS200 } else { UniDetConfig::R50 };
    let small = UniDetConfig {
        stem: 6,
        bottleneck: 5,
        stage: 14,
        blocks: [1, 2, 1, 1],
        pyramid: 12,
        head: 11,
        classes: 7,
        anchors_a_level: 40,
        proposals: 30,
        detections: 25,
        ..published
    };
    if kind == Code::UniDetResNest {
        UniDetConfig { stem: 4, bottleneck: 6, pyramid: 10, head_convolutions: 2, ..small }
    } else {
        small
    }
}

/// The pyramid's maps on the whole, and what is found on the waves. In the other pictures whole areas are alike, and which of them is the
/// surest box is left to the last bit. Pictures are cut to multiples of the network's padding, which is alike, too.
fn of_unidet(kind: Code, weights: Weights<'_>) -> Result<Readings, MetricError> {
    let network = UniDetNetwork::load(&*weights(OF_DETECTORS), &unidet(kind))?;
    let failed = |source| MetricError::Network { network: kind.network().to_owned(), source };
    let mut values = BTreeMap::new();
    for picture in pictures() {
        let (name, (width, height)) = (picture.name, picture.image.dimensions());
        let seen = crop_imm(&picture.image, 0, 0, width - width % 32, height - height % 32).to_image();
        let trace = network.trace(&blue_first(&seen, &Device::Cpu)?)?;
        for (level, map) in (3..).zip(&trace.levels) {
            let map = map.flatten_all().and_then(|map| map.to_vec1::<f32>()).map_err(failed)?;
            values.insert(format!("{name}, mean of P{level}"), mean(map.iter().copied()));
            values.insert(format!("{name}, magnitude of P{level}"), mean(map.iter().map(|value| value.abs())));
        }
        if name != "waves" {
            continue;
        }
        let found = &trace.found;
        values.insert(format!("{name}, boxes"), found.len() as f64);
        values.insert(format!("{name}, mean score"), mean(found.iter().map(|found| found.score)));
        values.insert(format!("{name}, mean class"), mean(found.iter().map(|found| found.class as f32)));
        for (side, edge) in ["left", "top", "right", "bottom"].into_iter().enumerate() {
            let edges = found.iter().map(|found| found.bbox[side] / seen.width() as f32);
            values.insert(format!("{name}, mean {edge}"), mean(edges));
        }
    }
    Ok(Readings { backend: kind.network().to_owned(), values })
}

fn mean(values: impl ExactSizeIterator<Item = f32>) -> f64 {
    let count = values.len().max(1) as f64;
    values.map(f64::from).sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use candle_core::Tensor;

    use super::*;

    #[test]
    fn each_networks_code_says_what_is_committed() {
        for code in Code::ALL {
            code.check().unwrap_or_else(|mismatch| panic!("{mismatch}"));
        }
    }

    #[test]
    fn code_that_drifted_is_found_out() {
        let now = Code::BlipVqa.readings().unwrap();
        let mut drifted = now.clone();
        let first = drifted.values.values_mut().next().unwrap();
        *first += 2e-4;
        let committed = serde_json::to_string(std::slice::from_ref(&now)).unwrap();
        assert!(check_code(&now, &committed).is_ok());
        let mismatch = check_code(&drifted, &committed);
        assert!(matches!(mismatch, Err(CanaryMismatch::Differs { .. })), "{mismatch:?}");
        let mismatch = check_code(&now, "[]");
        assert!(matches!(mismatch, Err(CanaryMismatch::NotCommitted { .. })), "{mismatch:?}");
    }

    /// Weights that differ in their last bits, each by itself: what another processor's order of sums comes to.
    struct Rounded {
        weights: Filled,
        seed: u64,
    }

    impl TensorSource for Rounded {
        fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, MetricError> {
            let exact = self.weights.tensor(name, shape)?;
            let noise = Invented::new(self.seed, &[]).filled(&format!("noise of {name}"), &[1, shape.iter().product()]);
            let rounded = noise.and_then(|noise| {
                // Within 1e-6 of one, whatever the scale of the noise is.
                let most = noise.abs()?.max_all()?.to_scalar::<f32>()?.max(f32::MIN_POSITIVE);
                exact * (noise.affine(f64::from(1e-6 / most), 1.0)?.reshape(shape)?)
            });
            rounded.map_err(|source| MetricError::Network { network: "rounded".to_owned(), source })
        }

        fn any_shape(&self, name: &str) -> Result<Option<Tensor>, MetricError> {
            self.weights.any_shape(name)
        }

        fn tied(&self, name: &str, other: &str, shape: &[usize]) -> Result<(), MetricError> {
            self.weights.tied(name, other, shape)
        }

        fn ignored(&self, name: &str, shape: &[usize]) {
            self.weights.ignored(name, shape);
        }
    }

    #[test]
    fn another_processors_rounding_does_not_move_what_is_committed() {
        for code in Code::ALL {
            for seed in 2..10 {
                let weights = |gains: &'static [Gain]| -> Box<dyn TensorSource> {
                    Box::new(Rounded { weights: Filled(Invented::new(SEED, gains)), seed })
                };
                let checked = check_code(&code.readings_on(&weights).unwrap(), NETWORKS);
                checked.unwrap_or_else(|mismatch| panic!("{code:?}, seed {seed}: {mismatch}"));
            }
        }
    }

    /// Readings that are all alike would find nothing out.
    #[test]
    fn invented_networks_tell_the_pictures_apart() {
        for code in Code::ALL {
            let read = code.readings().unwrap();
            assert!(read.values.values().all(|value| value.is_finite()), "{read:?}");
            let (least, most) =
                read.values.values().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &v| (a.min(v), b.max(v)));
            assert!(most - least > 100.0 * TOLERANCE, "{read:?}");
            if matches!(code, Code::UniDetResNet | Code::UniDetResNest) {
                assert!(read.values["waves, boxes"] > 0.0, "{read:?}");
            }
        }
    }

    /// Run with `--ignored` after a change of the pictures or of a network's code that is meant.
    #[test]
    #[ignore = "writes the committed expectation anew"]
    fn write_what_the_code_says() {
        let read = Code::ALL.map(|code| code.readings().unwrap());
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/canary/networks.json");
        std::fs::write(path, serde_json::to_string_pretty(&read).unwrap() + "\n").unwrap();
    }
}
