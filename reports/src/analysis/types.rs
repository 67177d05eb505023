//! The shape of `analysis.json`. Scores are fractions as the metrics give them (not percent); absent is `null`, never 0.

use serde::Serialize;

use super::attribution::Effect;
use super::motion::MotionPoint;
use super::verdict::Word;
use super::verdicts::Verdict;
use crate::preference::People;
use crate::reason::Reason;
use crate::statistics::{Interval, Reading};

/// Everything concluded from a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// Version of this shape.
    pub format: u32,
    /// Name of the run.
    pub run: String,
    /// Sentences for people, generated from the numbers below.
    pub summary: Vec<String>,
    /// How intervals were made.
    pub method: Method,
    /// Id of the arm that the others are compared with.
    pub baseline: String,
    /// Images planned.
    pub planned_tasks: u64,
    /// Images drawn and scored.
    pub finished_tasks: u64,
    /// The arms in order.
    pub arms: Vec<ArmKey>,
    /// The categories in order.
    pub categories: Vec<CategoryKey>,
    /// One per arm, category, split and metric.
    pub estimates: Vec<Estimate>,
    /// One per arm: the Mean over categories.
    pub means: Vec<OverallMean>,
    /// Every arm but the baseline against it, per category and metric.
    pub differences: Vec<Difference>,
    /// The Mean of every arm against that of every arm before it.
    pub mean_differences: Vec<MeanDifference>,
    /// Every arm but the baseline against it, per category and metric and for the Mean, judged as one grid.
    pub verdicts: Vec<Verdict>,
    /// What each change of a factor did, and how changes depend on each other, judged as another grid.
    pub effects: Vec<Effect>,
    /// Every pair of arms that the paper orders by its Mean.
    pub paper_pairs: Vec<PaperPair>,
    /// Metrics of clips against the weight of motion-free guidance; none in a run of pictures.
    pub motion: Vec<MotionPoint>,
    /// Headline scores by the number of things asked for, where a category asks for different numbers.
    pub by_things: Vec<ByThings>,
    /// Headline scores by category and challenge, where the suite names challenges.
    pub by_challenge: Vec<ByChallenge>,
    /// What was not scored, and why.
    pub missing: Vec<Missing>,
    /// Prompts that a metric cannot be asked of, and why; they count as neither scored nor missing.
    pub outside: Vec<OutsidePrompts>,
    /// Prompts to look at.
    pub gallery: Vec<GalleryItem>,
    /// What people said of the images, a study each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<People>,
}

/// How intervals were made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Method {
    /// Confidence level.
    pub level: f64,
    /// Of a cell's mean and of a paired difference.
    pub cell_interval: &'static str,
    /// Of the Mean and its differences.
    pub mean_interval: &'static str,
    /// Of a verdict's and an effect's difference.
    pub verdict_interval: &'static str,
    /// The test behind a verdict.
    pub verdict_test: &'static str,
    /// The chance of any wrong verdict in a grid.
    pub alpha: f64,
    /// Differences below this are none in practice.
    pub margin: f64,
    /// Replicates of the bootstrap.
    pub bootstrap_replicates: u32,
    /// Key of its counter-based generator.
    pub bootstrap_seed: u64,
}

/// An arm's names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmKey {
    /// Id, as in the observations.
    pub id: String,
    /// Label for people.
    pub label: String,
    /// `A`, `B`, ...: the short key of tables and figures.
    pub letter: String,
}

impl ArmKey {
    /// "A adaLN-Zero · CLIP": the letter is the key of every figure.
    pub(crate) fn named(&self) -> String {
        format!("{} {}", self.letter, self.label)
    }
}

/// A category's names and yardsticks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CategoryKey {
    /// Suite id.
    pub suite: String,
    /// Category id.
    pub id: String,
    /// Label for people.
    pub label: String,
    /// Metric that stands for the category.
    pub headline_metric: String,
    /// Whether it counts in the Mean.
    pub in_mean: bool,
    /// Headline score of rendered ground truth.
    pub ceiling: Option<f64>,
    /// Headline score of another prompt's ground truth.
    pub chance: Option<f64>,
}

/// A mean over the images of one cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Arm id.
    pub arm: String,
    /// Suite id.
    pub suite: String,
    /// Category id.
    pub category: String,
    /// `all`, `seen`, `unseen` or `unsplit`.
    pub split: String,
    /// Metric id.
    pub metric: String,
    /// Whether this metric stands for the category.
    pub headline: bool,
    /// Mean of the scores.
    pub mean: Option<f64>,
    /// Its interval; none with fewer than two prompts or where all prompts score the same.
    pub interval: Option<Interval>,
    /// The mean if every missing image scored the least that the metric gives, and the most; none where none is missing, or where the
    /// metric has no ends within −1 and 1.
    pub bounds: Option<Interval>,
    /// Prompts with at least one score.
    pub prompts: u64,
    /// Images with a score.
    pub scored: u64,
    /// Images without one: unscored, or drawn and scored for another arm but not for this one.
    pub missing: u64,
    /// Images, in any arm, of prompts that the metric cannot be asked of; they are not among the missing.
    pub outside: u64,
}

/// The plain mean of an arm's category means, as the paper's Mean is: a macro mean, in which every category counts alike however many
/// prompts it has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OverallMean {
    /// Arm id.
    pub arm: String,
    /// The Mean; none unless every category that counts has a score.
    pub mean: Option<f64>,
    /// Its bootstrap interval.
    pub interval: Option<Interval>,
    /// The Mean if every missing image scored the least that its metric gives, and the most; none where none is missing, or where a metric
    /// of such an image has no ends within −1 and 1.
    pub bounds: Option<Interval>,
    /// Categories that count but have no score.
    pub without: Vec<String>,
}

/// One arm minus another in one category, paired by prompt, image index and noise seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Arm id.
    pub arm: String,
    /// Id of the arm that is subtracted.
    pub against: String,
    /// Suite id.
    pub suite: String,
    /// Category id.
    pub category: String,
    /// Metric id.
    pub metric: String,
    /// Whether this metric stands for the category.
    pub headline: bool,
    /// Mean difference over the pairs.
    pub difference: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// What the interval allows one to say, uncorrected for multiplicity.
    pub reading: Reading,
    /// Prompts with at least one pair.
    pub prompts: u64,
    /// Pairs of images with both scores.
    pub pairs: u64,
    /// Scores without a partner, left out.
    pub unpaired: u64,
}

/// One arm's Mean minus another's, paired.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeanDifference {
    /// Arm id.
    pub arm: String,
    /// Id of the arm that is subtracted.
    pub against: String,
    /// Plain mean of the categories' paired differences.
    pub difference: Option<f64>,
    /// Its bootstrap interval.
    pub interval: Option<Interval>,
    /// What the interval allows one to say, uncorrected for multiplicity.
    pub reading: Reading,
    /// What may be said by the standard of the verdicts: against the baseline the verdict's own word, between other arms corrected by
    /// Holm over the verdicts and all these pairs together.
    pub word: Word,
}

/// How an ordering of the paper fares here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// The same order, and its interval excludes zero.
    Same,
    /// The opposite order, and its interval excludes zero.
    Reversed,
    /// The interval holds zero, or there is none.
    Undecided,
}

/// Two arms, the first above the second by Mean in the paper.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PaperPair {
    /// The arm that is higher in the paper.
    pub higher: String,
    /// The arm that is lower in the paper.
    pub lower: String,
    /// How that fares here.
    pub standing: Standing,
}

/// A category's headline score among prompts that ask for so many things.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ByThings {
    /// Arm id.
    pub arm: String,
    /// Suite id.
    pub suite: String,
    /// Category id.
    pub category: String,
    /// Objects that the prompt asks for.
    pub things: u32,
    /// Mean of the scores.
    pub mean: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// Prompts with at least one score.
    pub prompts: u64,
    /// Images with a score.
    pub scored: u64,
    /// Images without one.
    pub missing: u64,
}

/// A category's headline score among prompts of one challenge.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ByChallenge {
    /// Arm id.
    pub arm: String,
    /// Suite id.
    pub suite: String,
    /// Category id.
    pub category: String,
    /// The challenge, as the suite spells it.
    pub challenge: String,
    /// Mean of the scores.
    pub mean: Option<f64>,
    /// Mean difference to the baseline over the pairs; none for the baseline itself.
    pub difference: Option<f64>,
    /// Prompts with at least one score.
    pub prompts: u64,
    /// Images with a score.
    pub scored: u64,
    /// Images without one.
    pub missing: u64,
}

/// Scores that are not there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Missing {
    /// Arm id.
    pub arm: String,
    /// Suite id.
    pub suite: String,
    /// Category id.
    pub category: String,
    /// Metric id.
    pub metric: String,
    /// The scorer's reason; none: the observation itself is absent though another arm has it.
    pub why: Option<String>,
    /// How many.
    pub count: u64,
}

/// Prompts of a category that a metric cannot be asked of: the same for every arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutsidePrompts {
    /// Suite id.
    pub suite: String,
    /// Category id.
    pub category: String,
    /// Metric id.
    pub metric: String,
    /// Why it cannot be asked.
    pub why: String,
    /// How many prompts.
    pub prompts: u64,
}

/// Why a prompt is in the gallery.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Picked {
    /// Among the largest differences between arms in its category.
    Disagreement {
        /// Highest minus lowest headline score.
        range: f64,
    },
    /// Evenly spread over the remaining prompts of its category, ordered by their mean score.
    Spread,
}

/// One prompt and noise, drawn by every arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GalleryItem {
    /// Suite id.
    pub suite: String,
    /// Category id.
    pub category: String,
    /// Prompt id.
    pub prompt_id: String,
    /// The prompt's text.
    pub prompt: String,
    /// `seen`, `unseen` or `unsplit`.
    pub split: String,
    /// Objects that the prompt asks for.
    pub things: u32,
    /// Image index.
    pub k: u32,
    /// Highest minus lowest headline score of the arms.
    pub range: f64,
    /// Why it is shown.
    pub picked: Picked,
    /// One per arm, in order.
    pub shots: Vec<Shot>,
}

/// One arm's image of a gallery item.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shot {
    /// Arm id.
    pub arm: String,
    /// Path relative to the run folder; none if the arm has not drawn it.
    pub image: Option<String>,
    /// Headline score.
    pub value: Option<f64>,
    /// Why there is no score.
    pub unscored: Option<String>,
    /// The headline metric's reasons.
    pub reasons: Vec<Reason>,
}
