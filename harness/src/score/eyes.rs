//! Who looks at photographs: networks and files that the user has, each of which may be missing.

use std::path::{Path, PathBuf};

use candle_core::Device;
use gentron_metrics::blip::{BlipVqa, ImageReward, Layout};
use gentron_metrics::depth::{DPT_HYBRID, DptHybrid};
use gentron_metrics::detections::{DetectionsFile, FoundDetections, UNIDET_RS200, official_detector};
use gentron_metrics::detector::unidet::UniDet;
use gentron_metrics::weights::WeightsStatement;
use gentron_metrics::{Detector as _, MetricError, MetricId, Preference, Preferences, Vqa as _};
use serde::{Deserialize, Serialize};

use super::clip::ClipSimilarity;
use super::networks::Network;
use super::preference::{HpsV2, PickScore};
use crate::device::device;
use crate::failure::{Explain as _, refuse};
use crate::store::digest;
use crate::weights;

/// Where the scorers of photographs are: a recipe's `[scorers]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScorerPaths {
    /// A folder with BLIP-VQA's weights and `vocab.txt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blip: Option<PathBuf>,
    /// A file of detections, by the image's path in the run or folder, or by its name where that is unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detections: Option<PathBuf>,
    /// A folder with CLIP's two towers and tokenizer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<PathBuf>,
    /// UniDet's ResNet-50 weights, the file or its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unidet_r50: Option<PathBuf>,
    /// UniDet's ResNeSt-200 weights, the file or its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unidet_rs200: Option<PathBuf>,
    /// DPT-Hybrid's weights, the file or its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<PathBuf>,
    /// A folder with PickScore's network and a CLIP's tokenizer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickscore: Option<PathBuf>,
    /// A folder with HPSv2.1's network and a CLIP's tokenizer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hpsv2: Option<PathBuf>,
    /// A folder with ImageReward's network and `vocab.txt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_reward: Option<PathBuf>,
}

impl ScorerPaths {
    /// Every path made by `change`.
    #[must_use]
    pub fn map(&self, change: impl Fn(&Path) -> PathBuf) -> Self {
        let change = |path: &Option<PathBuf>| path.as_deref().map(&change);
        Self {
            blip: change(&self.blip),
            detections: change(&self.detections),
            clip: change(&self.clip),
            unidet_r50: change(&self.unidet_r50),
            unidet_rs200: change(&self.unidet_rs200),
            depth: change(&self.depth),
            pickscore: change(&self.pickscore),
            hpsv2: change(&self.hpsv2),
            image_reward: change(&self.image_reward),
        }
    }

    /// These, and where a network is not named, its folder in one of the usual places.
    #[must_use]
    pub fn or_found(self) -> Self {
        let found = |key| Some(Network::find(key)?.found()?.0);
        Self {
            blip: self.blip.or_else(|| found("blip")),
            detections: self.detections,
            clip: self.clip.or_else(|| found("clip")),
            unidet_r50: self.unidet_r50.or_else(|| found("unidet-r50")),
            unidet_rs200: self.unidet_rs200.or_else(|| found("unidet-rs200")),
            depth: self.depth.or_else(|| found("depth")),
            pickscore: self.pickscore.or_else(|| found("pickscore")),
            hpsv2: self.hpsv2.or_else(|| found("hpsv2")),
            image_reward: self.image_reward.or_else(|| found("image-reward")),
        }
    }

    /// These, and where one is not named, that of `others`.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        Self {
            blip: self.blip.or_else(|| others.blip.clone()),
            detections: self.detections.or_else(|| others.detections.clone()),
            clip: self.clip.or_else(|| others.clip.clone()),
            unidet_r50: self.unidet_r50.or_else(|| others.unidet_r50.clone()),
            unidet_rs200: self.unidet_rs200.or_else(|| others.unidet_rs200.clone()),
            depth: self.depth.or_else(|| others.depth.clone()),
            pickscore: self.pickscore.or_else(|| others.pickscore.clone()),
            hpsv2: self.hpsv2.or_else(|| others.hpsv2.clone()),
            image_reward: self.image_reward.or_else(|| others.image_reward.clone()),
        }
    }
}

/// Boxes that another program found, with digests.
pub struct Found {
    /// What is in the file.
    pub file: DetectionsFile,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Digest of what is in the depth maps that the file names; nothing where it names none.
    pub maps: Option<String>,
    /// The detector of some image, which says how its scores are called.
    pub named: FoundDetections,
}

impl Found {
    /// Name and digest for protocol cards; `depth`: of a score that looks at the depth maps.
    fn stated(&self, depth: bool) -> (String, String) {
        match (self.file.depth_model(), &self.maps) {
            (Some(model), Some(maps)) if depth => (
                format!("{} with depth of {model}, from a file", self.named.id()),
                format!("{} with {maps}", self.sha256),
            ),
            _ => (format!("{}, from a file", self.named.id()), self.sha256.clone()),
        }
    }
}

/// The back-ends for photographs.
#[derive(Default)]
pub struct Eyes {
    /// Answers phrases.
    pub blip: Option<BlipVqa>,
    /// Has found objects.
    pub found: Option<Found>,
    /// Compares image and text; with the digest of its weights.
    pub clip: Option<(ClipSimilarity, String)>,
    /// Finds objects: officially in depth and for numbers.
    pub unidet_r50: Option<UniDet>,
    /// Finds objects: officially in the plane.
    pub unidet_rs200: Option<UniDet>,
    /// Orders objects in depth, where a file of detections does not.
    pub depth: Option<DptHybrid>,
    /// Says what people would choose.
    pub pickscore: Option<PickScore>,
    /// Says what people would choose.
    pub hpsv2: Option<HpsV2>,
    /// Says what people would choose.
    pub image_reward: Option<ImageReward>,
}

/// What is missing, and how one gets it.
const NO_BLIP: &str = "no BLIP-VQA weights: name a folder with model_base_vqa_capfilt_large.pth of salesforce/BLIP and vocab.txt of \
     bert-base-uncased as blip in the recipe's [scorers], or with --blip; `gentron doctor` says how to get them";
const NO_DETECTIONS: &str = "no detections: name a file of a detector's boxes (UniDet's, for the official score; metrics/DETECTIONS.md has \
     the format) as detections in the recipe's [scorers], or with --detections; or UniDet's weights with --unidet-r50 and --unidet-rs200; \
     `gentron doctor` says how to get them";
const NO_DEPTH: &str = "no depth: name DPT-Hybrid's weights as depth in the recipe's [scorers], or with --depth; `gentron doctor` says how \
     to get them. A file of detections may name depth maps (metrics/DETECTIONS.md)";
const NO_CLIP: &str = "no CLIP weights: name a folder with config.json, model.safetensors and tokenizer.json of \
     openai/clip-vit-base-patch32 as clip in the recipe's [scorers], or with --clip; `gentron doctor` says how to get them";
const NO_PICKSCORE: &str = "no PickScore weights: name a folder as pickscore in the recipe's [scorers], or with --pickscore; `gentron \
     doctor` says what is in it and how to get it";
const NO_HPSV2: &str = "no HPSv2.1 weights: name a folder as hpsv2 in the recipe's [scorers], or with --hpsv2; `gentron doctor` says \
     what is in it and how to get it";
const NO_IMAGE_REWARD: &str = "no ImageReward weights: name a folder as image_reward in the recipe's [scorers], or with \
     --image-reward; `gentron doctor` says what is in it and how to get it";

/// What an option's folder or file should be, where it is something else.
const CLIP: &str = "--clip names a folder with config.json, model.safetensors and tokenizer.json of a CLIP, officially those of \
     openai/clip-vit-base-patch32; `gentron doctor` says how to get them";
const CONVERTED: &str = "a .pth of detectron2 that is not read is made into safetensors by metrics/scripts/unidet_to_safetensors.py; \
     otherwise get the file anew: `gentron doctor` says how";
const DEPTH: &str = "--depth names dpt_hybrid-midas-501f0c75.pt of isl-org/DPT, or safetensors of the same names; `gentron doctor` says \
     how to get it";
const IMAGE_REWARD: &str = "--image-reward names a folder with ImageReward.pt of THUDM/ImageReward, or safetensors of the same names, and \
     vocab.txt of bert-base-uncased; `gentron doctor` says how to get both";

impl Eyes {
    /// Loads what is named.
    ///
    /// # Errors
    /// It is not there, damaged or something else.
    pub fn open(paths: &ScorerPaths) -> anyhow::Result<Self> {
        let blip = paths.blip.as_deref().map(blip).transpose()?;
        let found = paths.detections.as_deref().map(found).transpose()?;
        let clip = |folder: &Path| -> anyhow::Result<_> {
            let model = ClipSimilarity::load_for(folder, CLIP)?;
            Ok((model, digest::of_value(&weights::digests(folder, "")?)))
        };
        let file = |path: &Option<PathBuf>, key: &str| path.as_deref().map(|path| weights_file(path, key)).transpose();
        // Whoever scores without networks needs no GPU.
        let device = if *paths == ScorerPaths::default() { Device::Cpu } else { device()? };
        let r50 = file(&paths.unidet_r50, "unidet-r50")?
            .map(|file| opened(&file, CONVERTED, |f| UniDet::r50(f, &device)))
            .transpose()?;
        let rs200 = file(&paths.unidet_rs200, "unidet-rs200")?
            .map(|file| opened(&file, CONVERTED, |f| UniDet::rs200(f, &device)))
            .transpose()?;
        let depth = file(&paths.depth, "depth")?
            .map(|file| opened(&file, DEPTH, |f| DptHybrid::open(f, &device)))
            .transpose()?;
        let clip = paths.clip.as_deref().map(clip).transpose()?;
        let pickscore = paths.pickscore.as_deref().map(PickScore::load).transpose()?;
        let hpsv2 = |folder: &Path| HpsV2::load(&weights_file(folder, "hpsv2")?, folder);
        let hpsv2 = paths.hpsv2.as_deref().map(hpsv2).transpose()?;
        let image_reward = |folder: &Path| {
            let file = weights_file(folder, "image-reward")?;
            let words = vocabulary(folder, IMAGE_REWARD)?;
            opened(&file, IMAGE_REWARD, |file| ImageReward::open(file, &words, &device))
        };
        let image_reward = paths.image_reward.as_deref().map(image_reward).transpose()?;
        Ok(Self { blip, found, clip, unidet_r50: r50, unidet_rs200: rs200, depth, pickscore, hpsv2, image_reward })
    }

    /// The same for whoever looks at these images, by their paths: boxes that a file has under a base name are then taken only for an
    /// image that alone has it.
    #[must_use]
    pub fn among<'a>(mut self, images: impl IntoIterator<Item = &'a str>) -> Self {
        self.found = self.found.map(|found| Found { file: found.file.among(images), ..found });
        self
    }

    /// The models of people's preference that are here.
    pub fn preferences(&self) -> Preferences<'_> {
        fn seen<T: Preference>(model: &Option<T>) -> Option<&dyn Preference> {
            model.as_ref().map(|model| model as &dyn Preference)
        }
        Preferences {
            pickscore: seen(&self.pickscore),
            hpsv2: seen(&self.hpsv2),
            image_reward: seen(&self.image_reward),
        }
    }

    /// Metric, model and digest of its weights, for each model of people's preference that is here.
    pub fn preferring(&self) -> impl Iterator<Item = (MetricId, &dyn Preference, &str)> {
        let Preferences { pickscore, hpsv2, image_reward } = self.preferences();
        let digests = [
            self.pickscore.as_ref().map(PickScore::sha256),
            self.hpsv2.as_ref().map(HpsV2::sha256),
            self.image_reward.as_ref().map(|model| model.statement().sha256.as_str()),
        ];
        let models = MetricId::PREFERENCES.into_iter().zip([pickscore, hpsv2, image_reward]).zip(digests);
        models.filter_map(|((metric, model), digest)| Some((metric, model?, digest?)))
    }

    /// The UniDet that looks for a metric's boxes: the official one, else the other, whose name the score then carries.
    pub fn unidet(&self, metric: MetricId) -> Option<&UniDet> {
        let (r50, rs200) = (self.unidet_r50.as_ref(), self.unidet_rs200.as_ref());
        if official_detector(metric) == UNIDET_RS200 { rs200.or(r50) } else { r50.or(rs200) }
    }

    /// The network that orders objects in depth where a file of detections has no map: nobody where the file's maps are of another one,
    /// because a score that is called after one network must not be half by another.
    pub fn fills_depth(&self) -> Option<&DptHybrid> {
        let maps = self.found.as_ref().and_then(|found| found.file.depth_model());
        self.depth.as_ref().filter(|_| maps.is_none_or(|model| model == DPT_HYBRID.id))
    }

    /// What a metric would need and is not here.
    pub fn lacks(&self, needs: Needs) -> impl Iterator<Item = &'static str> {
        [
            (needs.vqa && self.blip.is_none(), NO_BLIP),
            (
                needs.detector && self.found.is_none() && self.unidet_r50.is_none() && self.unidet_rs200.is_none(),
                NO_DETECTIONS,
            ),
            // A file may have depth maps: whether it does is seen image by image.
            (needs.depth && self.found.is_none() && self.depth.is_none(), NO_DEPTH),
            (needs.image_text && self.clip.is_none(), NO_CLIP),
            (needs.preference == Some(MetricId::PickScore) && self.pickscore.is_none(), NO_PICKSCORE),
            (needs.preference == Some(MetricId::HpsV2) && self.hpsv2.is_none(), NO_HPSV2),
            (needs.preference == Some(MetricId::ImageReward) && self.image_reward.is_none(), NO_IMAGE_REWARD),
        ]
        .into_iter()
        .filter_map(|(lacks, why)| lacks.then_some(why))
    }

    /// Each back-end of a metric with version or digest, for protocol cards; a missing one says so.
    pub fn named(&self, metric: MetricId) -> [(String, String); 4] {
        let none = |what: &str| (format!("none ({what})"), "unscored".to_owned());
        let blip = self.blip.as_ref().map(|blip| {
            let words = &blip.vocabulary_sha256()[..8];
            (
                format!("{}, {} layout, vocabulary {words}", blip.id(), blip.statement().layout),
                blip.statement().sha256.clone(),
            )
        });
        let of = |statement: &WeightsStatement| (statement.card.id.to_owned(), statement.sha256.clone());
        let found = self.found.as_ref().map(|found| found.stated(Needs::of(metric).depth));
        let found = found.or_else(|| self.unidet(metric).map(|unidet| of(unidet.statement())));
        let depth = self.fills_depth().filter(|_| Needs::of(metric).depth).map(|depth| of(depth.statement()));
        let found = match (found, depth) {
            (Some((name, sha256)), Some((depth, other))) => {
                Some((format!("{name} with {depth}"), format!("{sha256} with {other}")))
            }
            (found, _) => found,
        };
        let clip =
            self.clip.as_ref().map(|(clip, sha256)| (gentron_metrics::ImageText::id(clip).to_owned(), sha256.clone()));
        let preferring = self.preferring().find(|(of, ..)| *of == metric);
        let preferring = preferring.map(|(_, model, sha256)| (model.id().to_owned(), sha256.to_owned()));
        [
            blip.unwrap_or_else(|| none("no BLIP-VQA weights")),
            found.unwrap_or_else(|| none("no detections")),
            clip.unwrap_or_else(|| none("no CLIP weights")),
            preferring.unwrap_or_else(|| none("no weights")),
        ]
    }
}

/// Which back-ends a metric asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Phrases are asked.
    pub vqa: bool,
    /// Boxes are looked for.
    pub detector: bool,
    /// Objects are ordered in depth.
    pub depth: bool,
    /// Image and text are compared.
    pub image_text: bool,
    /// A model of people's preference is asked: that of this metric.
    pub preference: Option<MetricId>,
}

impl Needs {
    /// Those of a metric on any prompt.
    pub fn of(metric: MetricId) -> Self {
        let three = metric.is_three_in_one();
        Self {
            vqa: three || matches!(metric, MetricId::BVqa | MetricId::BVqaNp2 | MetricId::ActionVqa),
            detector: metric.uses_detector(),
            depth: matches!(metric, MetricId::Unidet3d | MetricId::Unidet3dFixed),
            image_text: three || matches!(metric, MetricId::ClipScore | MetricId::ClipSim | MetricId::Consistency),
            preference: MetricId::PREFERENCES.contains(&metric).then_some(metric),
        }
    }
}

/// The published file in a folder, in whichever of its two layouts.
fn blip(folder: &Path) -> anyhow::Result<BlipVqa> {
    const ORIGINAL: &str = "model_base_vqa_capfilt_large.pth";
    // transformers writes a configuration beside its weights, salesforce did not.
    let converted = folder.join("config.json").is_file();
    let layout = if converted { Layout::HuggingFace } else { Layout::Original };
    let names: &[&str] =
        if converted { &["model.safetensors", "pytorch_model.bin"] } else { &[ORIGINAL, "model.safetensors"] };
    let file = names.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    let other = if converted { "" } else { "; weights that transformers wrote need their config.json beside them" };
    let hint = format!("BLIP-VQA's folder holds {} and vocab.txt of bert-base-uncased{other}", names.join(" or "));
    let Some(file) = file else {
        return Err(refuse(format!("missing weights: no {} in {}", names.join(" or "), folder.display()), hint));
    };
    let words = vocabulary(folder, &hint)?;
    BlipVqa::open(&file, &words, layout, &device()?)
        .explain(|| (format!("cannot load BLIP-VQA from {}", folder.display()), hint))
}

/// The words of a network beside its weights.
fn vocabulary(folder: &Path, hint: &str) -> anyhow::Result<PathBuf> {
    let file = folder.join("vocab.txt");
    if file.is_file() {
        return Ok(file);
    }
    Err(refuse(format!("missing weights: no vocab.txt in {}", folder.display()), hint))
}

fn found(path: &Path) -> anyhow::Result<Found> {
    let explain = || {
        let hint = "it is JSON or JSONL of images with boxes: metrics/DETECTIONS.md has the format, and `gentron metrics unidet-2d` says what \
                    is made of them";
        (format!("cannot read the detections {}", path.display()), hint)
    };
    let file = DetectionsFile::read(path).explain(explain)?;
    let first = file.images().next().unwrap_or_default().to_owned();
    let named = file.of(&first).explain(explain)?;
    let maps: Vec<_> = file.depth_maps().into_iter().map(|map| digest::of_file(&map).ok()).collect();
    // A map that is not there is found out where its image is scored; here it is no map that was there before.
    let maps = (!maps.is_empty()).then(|| digest::of_value(&maps));
    Ok(Found { file, sha256: digest::of_file(path)?, maps, named })
}

/// The file itself, or the one of the network's names in a folder.
fn weights_file(path: &Path, key: &str) -> anyhow::Result<PathBuf> {
    let names = Network::find(key).and_then(|network| network.files.first()).copied().unwrap_or_default();
    if path.is_file() {
        return Ok(path.to_owned());
    }
    names.iter().map(|name| path.join(name)).find(|file| file.is_file()).ok_or_else(|| {
        let what = format!("missing weights: no {} at {}", names.join(" or "), path.display());
        refuse(what, format!("name the file, or its folder, with --{key}; `gentron doctor` says how to get it"))
    })
}

fn opened<T>(file: &Path, hint: &str, open: impl FnOnce(&Path) -> Result<T, MetricError>) -> anyhow::Result<T> {
    open(file).explain(|| (format!("cannot load {}", file.display()), hint))
}
