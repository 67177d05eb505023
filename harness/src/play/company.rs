//! The arms of a recipe, loaded and ready to draw whatever is typed.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use gentron_metrics::{MetricId, metrics_for};
use gentron_model::ops::single_threaded;
use gentron_model::pipeline::{Draw, EncoderSpec, Watched, load_encoder};
use gentron_model::text::TextEncoder;
use gentron_reports::{ArmInfo, RunInfo};
use gentron_suites::{Prompt, RelationKind, shapes};
use image::RgbImage;
use serde::Serialize;

use super::answer::{Answer, address, by_word, scores};
use super::question::{self, Question};
use crate::failure::{Explain as _, refuse};
use crate::generate::gentron;
use crate::recipe::{GeneratorKind, Resolved, World};
use crate::score::Scorer;
use crate::{device, weights};

/// Characters of a prompt at most.
pub const LONGEST: usize = 1000;

/// Names the noise: a seed's noise is the same for every prompt, so that one sees what a word changes.
const NOISE: &str = "play";

/// Arms, encoders that they share, and who scores.
pub struct Company {
    arms: Vec<Arm>,
    encoders: Vec<Box<dyn TextEncoder>>,
    scorer: Scorer,
    /// The suite whose metrics are asked.
    suite: String,
    world: World,
    /// What the page says of it all.
    pub about: About,
}

struct Arm {
    watched: Watched,
    /// Places of its encoders, in its configuration's order.
    encoders: Vec<usize>,
}

/// The recipe and its arms, for the page and for exported notes.
#[derive(Debug, Serialize)]
pub struct About {
    /// The recipe.
    pub recipe: String,
    /// Version and commit of the program.
    pub version: String,
    /// The arms in order.
    pub arms: Vec<AboutArm>,
    /// Whether the world is the small one.
    pub small: bool,
    /// Its words, where it is.
    pub vocabulary: Vec<String>,
    /// Prompts to begin with.
    pub examples: Vec<String>,
    /// Characters of a prompt at most.
    pub longest: usize,
}

/// An arm.
#[derive(Debug, Serialize)]
pub struct AboutArm {
    /// Its name in the recipe.
    pub id: String,
    /// Its label.
    pub label: String,
    /// Whether it attends to words.
    pub attends: bool,
    /// How it is sampled.
    pub sampler: String,
    /// SHA-256 of its backbone.
    pub weights: String,
}

impl Company {
    /// Loads every arm that draws with a network.
    ///
    /// # Errors
    /// There is none, or weights are missing, damaged or of another shape.
    pub fn load(
        recipe: &Resolved,
        info: &RunInfo,
        weights: &Path,
        prompts: &[Prompt],
        scorer: Scorer,
    ) -> anyhow::Result<Self> {
        let mut specs: Vec<EncoderSpec> = Vec::new();
        let mut arms = Vec::new();
        let mut about = Vec::new();
        for (arm, described) in recipe.arms.iter().zip(&info.arms) {
            if arm.generator != GeneratorKind::Gentron {
                continue;
            }
            let spec = gentron::spec(recipe, arm, weights)?;
            let places = spec.encoders.iter().map(|encoder| {
                specs.iter().position(|known| known == encoder).unwrap_or_else(|| {
                    specs.push(encoder.clone());
                    specs.len() - 1
                })
            });
            let encoders = places.collect();
            let watched = Watched::load(&spec, &device::device()?)
                .explain(|| (format!("cannot load the arm {}", arm.name), weights::HOW_TO_GET))?;
            about.push(about_arm(described, watched.config().cross_attends()));
            arms.push(Arm { watched, encoders });
        }
        if arms.is_empty() {
            let what = format!("the recipe {} has no arm that draws with a network", recipe.name);
            return Err(refuse(what, "`gentron play` without a recipe plays with the shipped weights"));
        }
        let load = |spec: &EncoderSpec| {
            load_encoder(spec, recipe.weights.dtype, &device::device()?)
                .explain(|| (format!("cannot load the encoder {}", spec.name), weights::HOW_TO_GET))
        };
        let encoders = specs.iter().map(load).collect::<anyhow::Result<_>>()?;
        let suite = recipe.suites.first().context("a recipe has a suite")?;
        let small = suite.world() == World::Shapes;
        let about = About {
            recipe: recipe.name.clone(),
            version: crate::version::VERSION.to_owned(),
            arms: about,
            small,
            vocabulary: if small { shapes::vocabulary() } else { Vec::new() },
            examples: examples(prompts),
            longest: LONGEST,
        };
        Ok(Self { arms, encoders, scorer, suite: suite.id.clone(), world: suite.world(), about })
    }

    /// Reads a text.
    ///
    /// # Errors
    /// A tokenizer fails.
    pub fn read(&self, text: &str) -> anyhow::Result<Question> {
        let encoders: Vec<&dyn TextEncoder> = self.encoders.iter().map(AsRef::as_ref).collect();
        question::read(&self.prompt(text), &encoders, self.world == World::Shapes)
    }

    /// An arm, by its place, draws a text from the noise of a seed.
    ///
    /// # Errors
    /// There is no such arm, or a network fails.
    pub fn draw(&self, arm: usize, text: &str, seed: u64) -> anyhow::Result<Answer> {
        let arm = self.arms.get(arm).context("no such arm")?;
        let encoders: Vec<&dyn TextEncoder> = arm.encoders.iter().map(|place| self.encoders[*place].as_ref()).collect();
        let draw = Draw { prompt: text.to_owned(), prompt_id: NOISE.to_owned(), k: 0, seed };
        let began = Instant::now();
        let seen = single_threaded(|| arm.watched.draw(&draw, &encoders))?;
        let seconds = began.elapsed().as_secs_f64();
        let attention = by_word(&seen.attention, &encoders, text, &question::words(text))?;
        let steps = seen.steps.iter().map(address).collect::<anyhow::Result<_>>()?;
        self.answer(text, &seen.image, steps, attention, seconds)
    }

    /// The small world itself draws a text, where it can: what a right picture looks like.
    ///
    /// # Errors
    /// It cannot.
    pub fn truth(&self, text: &str, seed: u64) -> anyhow::Result<Answer> {
        let prompt = self.prompt(text);
        let began = Instant::now();
        shapes::Description::of(&prompt)?;
        let image = shapes::render(&shapes::scene_for(&prompt, seed));
        self.answer(text, &image, Vec::new(), Vec::new(), began.elapsed().as_secs_f64())
    }

    fn answer(
        &self,
        text: &str,
        image: &RgbImage,
        steps: Vec<String>,
        attention: Vec<super::answer::Map>,
        seconds: f64,
    ) -> anyhow::Result<Answer> {
        let prompt = self.prompt(text);
        let observed = self.scorer.observe_by(&prompt, image, "", &self.metrics(&prompt));
        let size = [image.width(), image.height()];
        Ok(Answer { image: address(image)?, size, steps, attention, scores: scores(observed), seconds })
    }

    fn prompt(&self, text: &str) -> Prompt {
        let read = shapes::read(text);
        if self.world == World::Shapes {
            return read;
        }
        let phrases = gentron_suites::phrases::Parse::own(text).phrases().into_iter().map(str::to_owned).collect();
        let annotation = gentron_suites::Annotation { phrases, ..Default::default() };
        Prompt { suite: self.suite.clone(), annotation, category: "typed".into(), ..read }
    }

    /// A prompt of the suite is scored as there; what was typed, by whatever it says.
    fn metrics(&self, prompt: &Prompt) -> Vec<MetricId> {
        if prompt.category != "typed" {
            return metrics_for(&prompt.suite, &prompt.category);
        }
        let asked = &prompt.annotation;
        let in_depth = |kind: RelationKind| {
            matches!(kind, RelationKind::InFrontOf | RelationKind::Behind | RelationKind::HiddenBy)
        };
        let relation = asked.relation.as_ref().map(|relation| in_depth(relation.kind));
        [
            (!asked.phrases.is_empty(), MetricId::BVqa),
            (relation == Some(false), MetricId::Unidet2d),
            (relation == Some(true), MetricId::Unidet3d),
            (!asked.counts.is_empty(), MetricId::UnidetNumeracy),
            (asked.action.is_some(), MetricId::ActionVqa),
            (true, MetricId::ClipScore),
        ]
        .into_iter()
        .filter_map(|(asked, metric)| asked.then_some(metric))
        .collect()
    }
}

fn about_arm(arm: &ArmInfo, attends: bool) -> AboutArm {
    let sampler = arm
        .sampler
        .as_ref()
        .map_or(String::new(), |s| format!("{}, {} steps, guidance {}", s.kind, s.steps, s.guidance));
    AboutArm { id: arm.id.clone(), label: arm.label.clone(), attends, sampler, weights: arm.weights_digest.clone() }
}

/// The first prompt of every category.
fn examples(prompts: &[Prompt]) -> Vec<String> {
    let mut first: Vec<&Prompt> = Vec::new();
    for prompt in prompts {
        if first.iter().all(|known| known.category != prompt.category) {
            first.push(prompt);
        }
    }
    first.into_iter().take(12).map(|prompt| prompt.text.clone()).collect()
}
