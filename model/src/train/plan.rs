//! Training recipes: which networks, in which order, of which sizes, from which others.

use super::corpus::{Corpus, Footage, Pool};
use super::{
    At, AutoencoderObjective, Beginning, ClipObjective, ClipTexts, ClipTraining, GenTronObjective, GenTronTraining,
    Mix, Optimisation, Outcome, Progress, Source, T5Objective, TrainError, train,
};
use crate::autoencoder::{AutoencoderKl, AutoencoderKlConfig};
use crate::checkpoint::{Foreign, sha256_of_weights};
use crate::diffusion::{Schedule, ScheduleConfig};
use crate::gentron::{Conditioning, GenTronConfig, Prediction, Preset, TextSource, presets};
use crate::pipeline::{EncoderKind, EncoderSpec, load_autoencoder};
use crate::text::clip::ClipConfig;
use crate::text::t5::T5Config;
use candle_core::Device;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A training recipe: networks in the order in which they need one another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainRecipe {
    /// Networks, each after those that it is trained on.
    pub network: Vec<NetworkRecipe>,
}

/// One network of a recipe; its weights go to `weights/<name>/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkRecipe {
    /// Folder name of the weights.
    pub name: String,
    /// Folder name of finished weights that it begins from instead of random ones: every parameter of theirs that it has too, in the
    /// same shape, is taken over; the others begin as ever.
    #[serde(default)]
    pub initial: Option<String>,
    /// How long and how it is trained.
    pub optimisation: Optimisation,
    /// What it is.
    pub objective: ObjectiveRecipe,
}

/// What is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ObjectiveRecipe {
    /// AutoencoderKL on pictures.
    Autoencoder {
        /// Sizes.
        config: AutoencoderKlConfig,
        /// See [`AutoencoderObjective::kl_weight`].
        kl_weight: f64,
        /// See [`AutoencoderObjective::l1_weight`].
        l1_weight: f64,
        /// See [`AutoencoderObjective::thumbnail_weight`].
        #[serde(default)]
        thumbnail_weight: f64,
        /// See [`AutoencoderObjective::crop`].
        crop: u32,
        /// See [`AutoencoderObjective::crop_samples`].
        crop_samples: u64,
    },
    /// CLIP on pictures and captions.
    Clip {
        /// Sizes; the vocabulary follows from the data.
        config: ClipConfig,
        /// Whether captions of clips are among the texts.
        #[serde(default)]
        clips: bool,
        /// Whether each image is to tell its caption from one that is false of it as well.
        #[serde(default)]
        hard_negatives: bool,
    },
    /// T5 on captions and documents.
    T5 {
        /// Sizes; the vocabulary follows from the data.
        config: T5Config,
        /// Tokens of the longest text.
        limit: usize,
        /// Whether captions of clips are among the texts.
        #[serde(default)]
        clips: bool,
    },
    /// GenTron on latents, under frozen encoders.
    GenTron {
        /// Registry key of its size.
        preset: String,
        /// How text conditions it.
        conditioning: Conditioning,
        /// What it predicts.
        #[serde(default)]
        prediction: Prediction,
        /// Names of the encoders that it reads, among `frozen.encoders`.
        text: Vec<String>,
        /// The networks that it is trained on; the same for all arms of a comparison.
        frozen: Frozen,
        /// What all arms of a comparison share.
        training: GenTronTraining,
        /// For a backbone of clips.
        #[serde(default)]
        clips: Option<ClipsRecipe>,
    },
}

/// Joint training on clips and pictures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipsRecipe {
    /// Clips in the pool, or as many as there are.
    pub examples: u64,
    /// See [`ClipTraining::motion_free`].
    pub motion_free: f64,
}

/// The frozen networks and the pool of examples that arms are trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// Name of the autoencoder.
    pub autoencoder: String,
    /// Text encoders.
    pub encoders: Vec<FrozenEncoder>,
    /// Examples in the pool.
    pub examples: u64,
    /// Kinds of pictures that the pool holds more of, or less.
    #[serde(default, skip_serializing_if = "Mix::is_empty")]
    pub mix: Mix,
    /// Noise schedule.
    #[serde(default)]
    pub schedule: ScheduleConfig,
}

/// A frozen text encoder of a recipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenEncoder {
    /// Name of its weights' folder.
    pub name: String,
    /// Family.
    pub kind: EncoderKind,
    /// Tokens that a text is padded to, for T5.
    #[serde(default)]
    pub length: Option<usize>,
}

/// Where a training reads and writes.
#[derive(Clone, Copy, Debug)]
pub struct Folders<'a> {
    /// Training states, one folder a network.
    pub states: &'a Path,
    /// Finished weights, one folder a network; frozen networks are read from here.
    pub weights: &'a Path,
    /// Folders of frozen networks that are somewhere else than in `weights`, by name: published ones in a cache.
    pub elsewhere: &'a BTreeMap<String, PathBuf>,
    /// Where a network begins that has no state.
    pub beginning: Beginning,
    /// Another program's network whose layers a GenTron takes over instead; other networks cannot.
    pub foreign: Option<&'a Foreign>,
}

impl Folders<'_> {
    /// The folder of a frozen network.
    fn frozen(&self, name: &str) -> PathBuf {
        self.elsewhere.get(name).cloned().unwrap_or_else(|| self.weights.join(name))
    }
}

impl NetworkRecipe {
    /// Whether it is a backbone.
    pub fn is_gentron(&self) -> bool {
        matches!(self.objective, ObjectiveRecipe::GenTron { .. })
    }

    /// Trains this network, from its state where there is one.
    ///
    /// # Errors
    /// As [`train`].
    pub fn train(
        &self,
        source: &dyn Source,
        folders: Folders,
        device: &Device,
        progress: &mut dyn Progress,
    ) -> Result<Outcome, TrainError> {
        let o = &self.optimisation;
        let (state, weights) = (folders.states.join(&self.name), folders.weights.join(&self.name));
        let initial = self.initial.as_ref().map(|name| folders.weights.join(name));
        if folders.foreign.is_some() && (initial.is_some() || !self.is_gentron()) {
            let what = if self.is_gentron() { "begins from other weights already" } else { "is no GenTron" };
            return Err(TrainError::Recipe(format!("{} {what}: it takes no layers of another network", self.name)));
        }
        let at = At {
            beginning: folders.beginning,
            initial: initial.as_deref(),
            foreign: None,
            state: state.as_path(),
            weights: weights.as_path(),
        };
        let (seed, micro_batch, micro_batches, device) = (o.seed, o.micro_batch(), o.micro_batches, device.clone());
        match &self.objective {
            ObjectiveRecipe::Autoencoder { config, kl_weight, l1_weight, thumbnail_weight, crop, crop_samples } => {
                let objective = AutoencoderObjective {
                    config: config.clone(),
                    kl_weight: *kl_weight,
                    l1_weight: *l1_weight,
                    thumbnail_weight: *thumbnail_weight,
                    crop: *crop,
                    crop_samples: *crop_samples,
                    source,
                    seed,
                    micro_batch,
                    micro_batches,
                    device: device.clone(),
                };
                train(&objective, o, &source.id(), &device, at, progress)
            }
            ObjectiveRecipe::Clip { config, clips, hard_negatives } => {
                let batches = (micro_batch, micro_batches);
                let texts = ClipTexts { clips: *clips, hard_negatives: *hard_negatives };
                let objective = ClipObjective::new((config.clone(), texts), source, seed, batches, device.clone())?;
                train(&objective, o, &source.id(), &device, at, progress)
            }
            ObjectiveRecipe::T5 { config, limit, clips } => {
                let batches = (micro_batch, micro_batches);
                let objective =
                    T5Objective::new(config.clone(), (*limit, *clips), source, seed, batches, device.clone())?;
                train(&objective, o, &source.id(), &device, at, progress)
            }
            ObjectiveRecipe::GenTron { preset, conditioning, prediction, text, frozen, training, clips } => {
                let pool = (Footage::Pictures, frozen.examples);
                let prepared = frozen.prepare(source, (seed, pool), folders, &device, progress)?;
                let moving = clips.map(|clips| {
                    let pool = (Footage::Clips, clips.examples.min(source.clips().unwrap_or(u64::MAX)));
                    frozen.prepare(source, (seed, pool), folders, &device, progress)
                });
                let moving = moving.transpose()?;
                let sources = text.iter().map(|name| prepared.position(name)).collect::<Result<Vec<_>, _>>()?;
                let preset = size(preset)?;
                let [channels, size, _] = prepared.corpus.latent_shape();
                let objective = GenTronObjective {
                    config: GenTronConfig {
                        in_channels: channels,
                        latent_size: size,
                        prediction: *prediction,
                        temporal: clips.is_some(),
                        schedule: frozen.schedule,
                        ..preset
                            .config
                            .with(*conditioning, sources.iter().map(|&i| prepared.sources[i].clone()).collect())
                    },
                    sources,
                    training: training.clone(),
                    schedule: Schedule::new(&frozen.schedule)?,
                    corpus: &prepared.corpus,
                    clips: clips
                        .zip(moving.as_ref())
                        .map(|(clips, moving)| ClipTraining { corpus: &moving.corpus, motion_free: clips.motion_free }),
                    exam: source.exam(),
                    autoencoder: &prepared.autoencoder,
                    seed,
                    micro_batch,
                    micro_batches,
                    device: device.clone(),
                };
                let at = At { foreign: folders.foreign.map(|foreign| (foreign, channels)), ..at };
                let data = moving.as_ref().map_or(String::new(), |moving| format!("; {}", moving.identity));
                train(&objective, o, &(prepared.identity.clone() + &data), &device, at, progress)
            }
        }
    }
}

/// Frozen networks, loaded, and their corpus.
struct Prepared {
    autoencoder: AutoencoderKl,
    sources: Vec<TextSource>,
    corpus: Corpus,
    /// Data and weights that the corpus was made of.
    identity: String,
}

impl Prepared {
    fn position(&self, name: &str) -> Result<usize, TrainError> {
        let known: Vec<&str> = self.sources.iter().map(|source| source.name.as_str()).collect();
        position(&known, name)
    }
}

/// Where an encoder is among the frozen ones.
pub(super) fn position(known: &[&str], name: &str) -> Result<usize, TrainError> {
    known
        .iter()
        .position(|known| *known == name)
        .ok_or_else(|| TrainError::Recipe(format!("encoder {name} is not among the frozen ones: {}", known.join(", "))))
}

pub(super) fn size(name: &str) -> Result<Preset, TrainError> {
    Preset::find(name).ok_or_else(|| {
        let known: Vec<&str> = presets().iter().map(|preset| preset.name).collect();
        TrainError::Recipe(format!("no size of GenTron is called {name}; there are {}", known.join(", ")))
    })
}

impl Frozen {
    fn prepare(
        &self,
        source: &dyn Source,
        (seed, (footage, examples)): (u64, (Footage, u64)),
        folders: Folders,
        device: &Device,
        progress: &mut dyn Progress,
    ) -> Result<Prepared, TrainError> {
        let shares = match footage {
            Footage::Pictures => self.mix.shares(source.kinds())?,
            Footage::Clips => None,
        };
        let autoencoder = load_autoencoder(&folders.frozen(&self.autoencoder), device)?;
        let spec = |encoder: &FrozenEncoder| EncoderSpec {
            name: encoder.name.clone(),
            kind: encoder.kind,
            folder: folders.frozen(&encoder.name),
            length: encoder.length,
        };
        let encoders: Vec<EncoderSpec> = self.encoders.iter().map(spec).collect();
        let mut hash = Sha256::new();
        hash.update(format!("{} {seed} {examples} {:?}", source.id(), self.encoders));
        let kind = match footage {
            Footage::Pictures => "examples",
            Footage::Clips => "clips",
        };
        if footage == Footage::Clips {
            hash.update(kind);
        } else if !self.mix.is_empty() {
            hash.update(format!("{:?}", self.mix));
        }
        for name in std::iter::once(&self.autoencoder).chain(self.encoders.iter().map(|encoder| &encoder.name)) {
            hash.update(sha256_of_weights(&folders.frozen(name))?);
        }
        let digest =
            |hash: Sha256| -> String { hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect() };
        // The exam changes what the file holds and not what is learnt from it.
        let mut with_exam = hash.clone();
        source.exam().iter().flat_map(|exam| exam.texts()).for_each(|text| with_exam.update(text));
        let identity = format!("{}, {examples} {kind}, corpus {}", source.id(), digest(hash));
        let path = folders.states.join(format!("corpus-{}.safetensors", digest(with_exam)));
        let fail = |source| TrainError::File { action: "create", path: folders.states.to_owned(), source };
        std::fs::create_dir_all(folders.states).map_err(fail)?;
        let pool = Pool { source, footage, shares, seed, examples };
        let corpus = Corpus::prepare(&pool, &autoencoder, &encoders, (&path, &identity), device, progress)?;
        let named = encoders.into_iter().zip(corpus.widths());
        let source = |(encoder, (width, pooled_width)): (EncoderSpec, (usize, usize))| TextSource {
            name: encoder.name,
            width,
            pooled_width,
        };
        let sources = named.map(source).collect();
        Ok(Prepared { autoencoder, sources, corpus, identity })
    }
}
