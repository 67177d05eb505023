//! What a recipe file may say. Unknown keys are errors; every key that may be left out says what then holds.

use std::path::Path;

use gentron_metrics::MetricId;
pub use gentron_model::diffusion::SamplerKind;
pub use gentron_model::gentron::Conditioning;
pub use gentron_model::pipeline::{EncoderKind, WeightType};
use serde::{Deserialize, Serialize};

use super::outside::Command;
use crate::registry::key::own_id;
use crate::score::ScorerPaths;

/// A recipe as written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Name of the run's folder; lower-case letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// One sentence for the report's head.
    #[serde(default)]
    pub about: String,
    /// Root of every random draw.
    pub seed: u64,
    /// Images drawn for each prompt by each arm; each `k` has the same noise in every arm.
    pub images_per_prompt: u32,
    /// Draws computed together; it belongs to the plan, because batch composition may change the last bits.
    #[serde(default = "default_batch")]
    pub batch: u32,
    /// The arm that verdicts are against; the first one if left out.
    #[serde(default)]
    pub baseline: Option<String>,
    /// Prompts to draw.
    pub suites: Vec<SuiteChoice>,
    /// Sampler of every arm that does not say otherwise.
    #[serde(default)]
    pub sampler: Sampler,
    /// Where trained weights are, see [`WeightFolders`].
    #[serde(default)]
    pub weights: WeightFolders,
    /// Metric ids for every prompt; each category's official ones if left out.
    #[serde(default)]
    pub metrics: Option<Vec<MetricId>>,
    /// Noun phrases of a prompt that its headline score asks for at most: 8, or 2 as the official scripts did before December 2023, when
    /// the paper's tables were made; 8 if left out. `metrics` are asked as they are listed.
    #[serde(default)]
    pub np_num: Option<usize>,
    /// Who scores photographs, relative to the recipe; what is left out leaves its metrics unscored.
    #[serde(default)]
    pub scorers: ScorerPaths,
    /// Arms, one by one.
    #[serde(default)]
    pub arms: Vec<Arm>,
    /// Arms that multiply out of axes; they come after the listed ones.
    #[serde(default)]
    pub axes: Option<Axes>,
    /// Conditions on the result; where one fails, the exit code is 1.
    #[serde(default)]
    pub gates: Vec<Gate>,
}

fn default_batch() -> u32 {
    8
}

/// A suite, or a part of one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteChoice {
    /// Registry key, `gentron suites` lists them; with a category (`t2i-compbench/color`) or a number of prompts (`parti:100`) behind
    /// it if a part is meant. With `file`, any name; the file's own if left out.
    #[serde(default)]
    pub id: String,
    /// The folder of the suite's official files, relative to the recipe; where none is named, `gentron suites --help` says where they
    /// are looked for.
    #[serde(default)]
    pub folder: Option<String>,
    /// A file of the user's own prompts, relative to the recipe.
    #[serde(default)]
    pub file: Option<String>,
    /// What the file calls the prompts; `prompt`, `prompts`, `text` or `caption` if left out.
    #[serde(default)]
    pub prompt_column: Option<String>,
    /// What the file calls the categories; `category` or `tag` if left out, and one category `all` where there is none.
    #[serde(default)]
    pub category_column: Option<String>,
    /// What its images show, and so who can score them; drawn shapes for `shapes` and `shapes-motion`, else photographs.
    #[serde(default)]
    pub world: Option<World>,
    /// Categories to draw; all if left out.
    #[serde(default)]
    pub categories: Option<Vec<String>>,
    /// At most so many prompts a category, chosen by `subset_seed`, seen and unseen in the suite's proportion; all if left out.
    #[serde(default)]
    pub prompts_per_category: Option<u32>,
    /// So many prompts over all categories together, categories, challenges and splits in the suite's proportion.
    #[serde(default)]
    pub subset: Option<u32>,
    /// Which subset.
    #[serde(default)]
    pub subset_seed: u64,
}

impl SuiteChoice {
    /// All of a suite.
    pub fn of(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            folder: None,
            file: None,
            prompt_column: None,
            category_column: None,
            world: None,
            categories: None,
            prompts_per_category: None,
            subset: None,
            subset_seed: 0,
        }
    }

    /// What it is called: `id`, or the name of its file as an id; nothing where it has neither.
    pub fn name(&self) -> String {
        match &self.file {
            Some(file) if self.id.is_empty() => {
                own_id(&Path::new(file).file_stem().unwrap_or_default().to_string_lossy())
            }
            _ => self.id.clone(),
        }
    }
}

/// What the images of a suite show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// Drawn shapes on 64 x 64 pixels: perception is exact.
    Shapes,
    /// Anything else: scored by networks whose weights the user has.
    Photographs,
}

impl World {
    /// The world of a suite of which nobody says otherwise.
    pub fn of(suite: &str) -> Self {
        let drawn = [gentron_suites::shapes::ID, gentron_suites::shapes::motion::ID];
        if drawn.contains(&suite) { Self::Shapes } else { Self::Photographs }
    }
}

/// How latents are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampler {
    /// Which solver.
    #[serde(default = "default_kind")]
    pub kind: SamplerKind,
    /// Evaluations of the network along the trajectory.
    #[serde(default = "default_steps")]
    pub steps: u32,
    /// Classifier-free guidance weight; 1 is without guidance.
    #[serde(default = "default_guidance")]
    pub guidance: f64,
    /// Of clips: the weight of motion-free guidance; absent is off, and the same as 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion_guidance: Option<f64>,
    /// Frames of a clip; absent: pictures are drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u32>,
}

fn default_kind() -> SamplerKind {
    SamplerKind::DpmSolverPp
}

fn default_steps() -> u32 {
    20
}

fn default_guidance() -> f64 {
    3.0
}

impl Default for Sampler {
    fn default() -> Self {
        Self {
            kind: default_kind(),
            steps: default_steps(),
            guidance: default_guidance(),
            motion_guidance: None,
            frames: None,
        }
    }
}

/// Folder names inside the weights folder, and which weights folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WeightFolders {
    /// The folder that holds them all, relative to the recipe; `--weights` and `$GENTRON_WEIGHTS` come before it.
    #[serde(skip_serializing)]
    pub folder: String,
    /// CLIP, both towers; also what CLIPScore measures with.
    pub clip: String,
    /// T5 encoder.
    pub t5: String,
    /// Autoencoder.
    pub autoencoder: String,
    /// Tokens that T5's texts are padded to.
    pub t5_length: usize,
    /// Type in which the matrices of backbones and text encoders are held, whatever it is on disk.
    #[serde(skip_serializing_if = "is_default")]
    pub dtype: WeightType,
    /// Whether text embeddings are kept in the run's folder, or in `$GENTRON_EMBEDDINGS` for all runs, so that no text is encoded twice;
    /// if left out, where the encoders are larger than a quarter of a GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_embeddings: Option<bool>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for WeightFolders {
    fn default() -> Self {
        Self {
            folder: "weights".into(),
            clip: "clip-shapes".into(),
            t5: "t5-shapes".into(),
            autoencoder: "autoencoder-shapes".into(),
            t5_length: 64,
            dtype: WeightType::F32,
            keep_embeddings: None,
        }
    }
}

/// One configuration under comparison.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Short name, path-safe: it is a folder of the run and a column of every table.
    pub name: String,
    /// What draws.
    #[serde(default)]
    pub generator: GeneratorKind,
    /// Backbone folder inside the weights folder; needed by `generator = "gentron"`; of `generator = "diffusers"` the whole
    /// pipeline's, or a name that `gentron models fetch` knows.
    #[serde(default)]
    pub weights: Option<String>,
    /// What `gentron import` wrote, relative to the recipe; needed by `generator = "import"`.
    #[serde(default)]
    pub images: Option<String>,
    /// The program; needed by `generator = "command"`.
    #[serde(default)]
    pub command: Option<Command>,
    /// How text enters the backbone; like the next two a claim, which the checkpoint's own configuration must bear out.
    #[serde(default)]
    pub conditioning: Option<Conditioning>,
    /// Encoders in the order in which blocks take turns.
    #[serde(default)]
    pub text: Vec<EncoderKind>,
    /// Preset of the backbone, such as `gentron-shapes/2`.
    #[serde(default)]
    pub scale: Option<String>,
    /// Overrides the recipe's sampler.
    #[serde(default)]
    pub sampler: Option<Sampler>,
    /// The row of the paper's Table 2 that this arm stands for, by id: `clip-adaln-xl`, `clip-cross-xl`, `t5-cross-xl`, `clip-t5-cross-xl`, `clip-t5-cross-g`;
    /// or of Table 3: `sd-v1-4`, `sd-v2`, `composable-v2`, `structured-v2`, `attn-exct-v2`, `gors`, `dall-e-2`, `sdxl`, `pixart-alpha`.
    #[serde(default)]
    pub paper_row: Option<String>,
}

/// What draws an arm's images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GeneratorKind {
    /// A GenTron pipeline on trained weights.
    #[default]
    Gentron,
    /// The suite's own renderer, which does what the prompt says: the ceiling of the scores.
    GroundTruth,
    /// The renderer's images through the autoencoder and back: the ceiling of any backbone on these latents.
    ReconstructedTruth,
    /// The renderer on another prompt of the same category: the chance level of the scores.
    ShuffledTruth,
    /// Stable Diffusion 1.x, 2.x or XL, or PixArt-α, from a folder of diffusers.
    Diffusers,
    /// Images of another system, which `gentron import` has checked.
    Import,
    /// Another program, which is asked for images while the run goes on.
    Command,
}

impl GeneratorKind {
    /// Whether it renders scenes of the suite `shapes`, and so knows no other prompts.
    pub fn renders(self) -> bool {
        matches!(self, Self::GroundTruth | Self::ReconstructedTruth | Self::ShuffledTruth)
    }

    /// Whether the recipe's sampler has a say in its images.
    pub fn samples(self) -> bool {
        matches!(self, Self::Gentron | Self::Diffusers)
    }

    /// Whether it computes with weights of the weights folder.
    pub fn computes(self) -> bool {
        matches!(self, Self::Gentron | Self::Diffusers | Self::ReconstructedTruth)
    }
}

/// Axes that multiply out into arms. A value of `name` and `weights` may contain `{conditioning}`, `{text}`, `{scale}`,
/// `{guidance}` and `{steps}`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axes {
    /// Ways in which text enters.
    pub conditioning: Vec<Conditioning>,
    /// Encoder lists.
    pub text: Vec<Vec<EncoderKind>>,
    /// Sizes, as the weights' names spell them; an empty word is allowed and leaves no trace in a name.
    #[serde(default)]
    pub scale: Vec<String>,
    /// Guidance weights.
    #[serde(default)]
    pub guidance: Vec<f64>,
    /// Sampler steps.
    #[serde(default)]
    pub steps: Vec<u32>,
    /// Template of arm names; the values joined by `-` if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// Template of weights folders.
    pub weights: String,
    /// Combinations to leave out.
    #[serde(default)]
    pub except: Vec<Exception>,
}

/// A combination of axis values that makes no arm: all the values that it names must meet.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Way in which text enters, if it matters.
    #[serde(default)]
    pub conditioning: Option<Conditioning>,
    /// Encoder list, if it matters.
    #[serde(default)]
    pub text: Option<Vec<EncoderKind>>,
    /// Size, if it matters.
    #[serde(default)]
    pub scale: Option<String>,
}

/// A condition on the finished analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Which arm.
    pub arm: String,
    /// Which category.
    pub category: String,
    /// The least mean of the category's headline metric that passes.
    pub at_least: f64,
}
