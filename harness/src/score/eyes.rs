//! Who looks at photographs: networks and files that the user has, each of which may be missing.

use std::path::{Path, PathBuf};

use gentron_metrics::blip::{BlipVqa, Layout};
use gentron_metrics::detections::{DetectionsFile, FoundDetections};
use gentron_metrics::{Detector as _, MetricId, Vqa as _};
use serde::{Deserialize, Serialize};

use super::clip::ClipSimilarity;
use super::networks::Network;
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
    /// A file of detections, by the image's path in the run or by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detections: Option<PathBuf>,
    /// A folder with CLIP's two towers and tokenizer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<PathBuf>,
}

impl ScorerPaths {
    /// Every path made by `change`.
    #[must_use]
    pub fn map(&self, change: impl Fn(&Path) -> PathBuf) -> Self {
        let change = |path: &Option<PathBuf>| path.as_deref().map(&change);
        Self { blip: change(&self.blip), detections: change(&self.detections), clip: change(&self.clip) }
    }

    /// These, and where a network is not named, its folder in one of the usual places.
    #[must_use]
    pub fn or_found(self) -> Self {
        let found = |key| Some(Network::find(key)?.found()?.0);
        Self {
            blip: self.blip.or_else(|| found("blip")),
            detections: self.detections,
            clip: self.clip.or_else(|| found("clip")),
        }
    }

    /// These, and where one is not named, that of `others`.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        Self {
            blip: self.blip.or_else(|| others.blip.clone()),
            detections: self.detections.or_else(|| others.detections.clone()),
            clip: self.clip.or_else(|| others.clip.clone()),
        }
    }
}

/// Boxes that another program found, with the file's digest.
pub struct Found {
    /// What is in the file.
    pub file: DetectionsFile,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The detector of some image, which says how its scores are called.
    pub named: FoundDetections,
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
}

/// What is missing, and how one gets it.
const NO_BLIP: &str = "no BLIP-VQA weights: name a folder with model_base_vqa_capfilt_large.pth of salesforce/BLIP and vocab.txt of \
     bert-base-uncased as blip in the recipe's [scorers], or with --blip; `gentron doctor` says how to get them";
const NO_DETECTIONS: &str = "no detections: name a file of a detector's boxes (UniDet's, for the official score) as detections in the \
     recipe's [scorers], or with --detections";
const NO_CLIP: &str = "no CLIP weights: name a folder with config.json, model.safetensors and tokenizer.json of \
     openai/clip-vit-base-patch32 as clip in the recipe's [scorers], or with --clip; `gentron doctor` says how to get them";

impl Eyes {
    /// Loads what is named.
    ///
    /// # Errors
    /// It is not there, damaged or something else.
    pub fn open(paths: &ScorerPaths) -> anyhow::Result<Self> {
        let blip = paths.blip.as_deref().map(blip).transpose()?;
        let found = paths.detections.as_deref().map(found).transpose()?;
        let clip = |folder: &Path| -> anyhow::Result<_> {
            let model = ClipSimilarity::load(folder)?;
            Ok((model, digest::of_value(&weights::digests(folder, "")?)))
        };
        Ok(Self { blip, found, clip: paths.clip.as_deref().map(clip).transpose()? })
    }

    /// What a metric would need and is not here.
    pub fn lacks(&self, needs: Needs) -> impl Iterator<Item = &'static str> {
        [
            (needs.vqa && self.blip.is_none(), NO_BLIP),
            (needs.detector && self.found.is_none(), NO_DETECTIONS),
            (needs.image_text && self.clip.is_none(), NO_CLIP),
        ]
        .into_iter()
        .filter_map(|(lacks, why)| lacks.then_some(why))
    }

    /// Each back-end with version or digest, for protocol cards; a missing one says so.
    pub fn named(&self) -> [(String, String); 3] {
        let none = |what: &str| (format!("none ({what})"), "unscored".to_owned());
        let blip = self.blip.as_ref().map(|blip| {
            let words = &blip.vocabulary_sha256()[..8];
            (
                format!("{}, {} layout, vocabulary {words}", blip.id(), blip.statement().layout),
                blip.statement().sha256.clone(),
            )
        });
        let found = self.found.as_ref().map(|f| (format!("{}, from a file", f.named.id()), f.sha256.clone()));
        let clip = self.clip.as_ref().map(|(clip, sha256)| {
            let id = gentron_metrics::ImageText::id(clip);
            (format!("{id}, bicubic shorter side, centre crop"), sha256.clone())
        });
        [
            blip.unwrap_or_else(|| none("no BLIP-VQA weights")),
            found.unwrap_or_else(|| none("no detections")),
            clip.unwrap_or_else(|| none("no CLIP weights")),
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
    /// Image and text are compared.
    pub image_text: bool,
}

impl Needs {
    /// Those of a metric on any prompt.
    pub fn of(metric: MetricId) -> Self {
        let three = matches!(metric, MetricId::ThreeInOne | MetricId::ThreeInOneFixed);
        Self {
            vqa: three || matches!(metric, MetricId::BVqa | MetricId::BVqaNp2 | MetricId::ActionVqa),
            detector: metric.uses_detector(),
            image_text: three || metric == MetricId::ClipScore,
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
    let hint = format!("BLIP-VQA's folder holds {} and vocab.txt of bert-base-uncased", names.join(" or "));
    let Some(file) = file else {
        return Err(refuse(format!("missing weights: no {} in {}", names.join(" or "), folder.display()), hint));
    };
    BlipVqa::open(&file, &folder.join("vocab.txt"), layout, &device())
        .explain(|| (format!("cannot load BLIP-VQA from {}", folder.display()), hint))
}

fn found(path: &Path) -> anyhow::Result<Found> {
    let explain = || {
        let hint = "it is JSON or JSONL of images with boxes; `gentron metrics unidet-2d` says what is made of them";
        (format!("cannot read the detections {}", path.display()), hint)
    };
    let file = DetectionsFile::read(path).explain(explain)?;
    let first = file.images().next().unwrap_or_default().to_owned();
    let named = file.of(&first).explain(explain)?;
    Ok(Found { file, sha256: digest::of_file(path)?, named })
}
