//! From a prompt and an image to observations.

mod clip;
mod outside;
mod spatial;

use std::cell::OnceCell;

use gentron_suites::{Action, ActionKind, ComplexKind, Prompt};
use image::RgbImage;

use crate::card::MetricId;
use crate::clip_text::straight_quotes;
use crate::error::MetricError;
use crate::formulas::{self, NP_NUM, NP_NUM_PAPER};
use crate::observation::{Observation, Outcome, Reason};
use crate::perception::{Answer, Detections, Detector, ImageText, Preference, Vqa};
use crate::wanted::{self, Mode};

pub use clip::{ClipBackends, measure_clip};
pub use outside::outside;

/// Who looks at the image.
#[derive(Clone, Copy)]
pub struct Backends<'a> {
    /// Answers phrases.
    pub vqa: &'a dyn Vqa,
    /// Finds objects and their depth.
    pub detector: &'a dyn Detector,
    /// Compares image and text; without one the metrics that need it are unscored.
    pub image_text: Option<&'a dyn ImageText>,
    /// Say what people would like.
    pub preferences: Preferences<'a>,
}

/// The models of people's preference that are there; the metric of one that is not is unscored.
#[derive(Clone, Copy, Default)]
pub struct Preferences<'a> {
    /// PickScore.
    pub pickscore: Option<&'a dyn Preference>,
    /// HPSv2.1.
    pub hpsv2: Option<&'a dyn Preference>,
    /// ImageReward.
    pub image_reward: Option<&'a dyn Preference>,
}

impl<'a> Backends<'a> {
    /// A question-answerer and a detector, and nobody else.
    #[must_use]
    pub fn new(vqa: &'a dyn Vqa, detector: &'a dyn Detector) -> Self {
        Self { vqa, detector, image_text: None, preferences: Preferences::default() }
    }
}

/// One observation for each of `metrics`, in their order, under the name that [`score_name()`] gives it, with that of a question-answerer
/// that is not the official one.
///
/// A metric that does not apply to the prompt is [`outside()`]; one that lacks a back-end or fails is unscored, with the reason. Nothing
/// panics on any image. The result depends on the arguments alone.
#[must_use]
pub fn measure(prompt: &Prompt, image: &RgbImage, backends: &Backends<'_>, metrics: &[MetricId]) -> Vec<Observation> {
    let np_num = metrics.iter().filter_map(|metric| metric.np_num()).max().unwrap_or_default();
    let look = Look { prompt, image, backends, np_num, answers: OnceCell::new(), detections: OnceCell::new() };
    let name = |metric: MetricId| {
        let other = backends.vqa.name_in_score().filter(|_| metric.uses_vqa());
        other.into_iter().fold(score_name(metric, backends.detector), also_by)
    };
    metrics.iter().map(|&metric| Observation { metric: name(metric), outcome: look.outcome(metric) }).collect()
}

/// What the score is called: the metric's id, and `@` with the detector's name where it is not the detector that the
/// official score was made with: `unidet-2d@my-detector`. Depth that was made otherwise than officially is named, too.
#[must_use]
pub fn score_name(metric: MetricId, detector: &dyn Detector) -> String {
    let boxes = detector.name_in_score(metric).filter(|_| metric.uses_detector());
    let depth = detector.depth_in_score().filter(|_| metric.uses_depth());
    [boxes, depth].into_iter().flatten().fold(metric.to_string(), also_by)
}

/// A score's name with that of one more network that is not its official one: `3-in-1@my-detector+clip-shapes`.
#[must_use]
pub fn also_by(name: String, other: &str) -> String {
    let sign = if name.contains('@') { '+' } else { '@' };
    format!("{name}{sign}{other}")
}

/// The observations of an image that does not exist or cannot be read: all unscored, for the reason given.
#[must_use]
pub fn unscored(metrics: &[MetricId], why: &str) -> Vec<Observation> {
    let outcome = Outcome::Unscored { why: why.to_owned() };
    metrics.iter().map(|metric| Observation { metric: metric.to_string(), outcome: outcome.clone() }).collect()
}

/// Why a metric has no value.
enum Absent {
    /// A back-end is missing, or sees nothing to measure.
    Because(&'static str),
    /// A back-end refused.
    Failed(MetricError),
}

impl From<MetricError> for Absent {
    fn from(error: MetricError) -> Self {
        Self::Failed(error)
    }
}

impl From<&'static str> for Absent {
    fn from(why: &'static str) -> Self {
        Self::Because(why)
    }
}

type Scored = Result<(f64, Vec<Reason>), Absent>;

fn outcome_of(scored: Scored) -> Outcome {
    match scored {
        Ok((value, reasons)) if value.is_finite() => Outcome::Scored { value, reasons },
        Ok((value, _)) => Outcome::Unscored { why: format!("the back-end returned {value}") },
        Err(Absent::Because(why)) => Outcome::Unscored { why: why.to_owned() },
        Err(Absent::Failed(error)) => Outcome::Unscored { why: chain(&error) },
    }
}

/// One image under one prompt; objects are looked for once and phrases asked once, whichever metrics need them.
struct Look<'a> {
    prompt: &'a Prompt,
    image: &'a RgbImage,
    backends: &'a Backends<'a>,
    /// Phrases that the metric with the most of them asks for.
    np_num: usize,
    /// Answers to as many; none where the back-end cannot answer one of them.
    answers: OnceCell<Option<Vec<Answer>>>,
    detections: OnceCell<Detections>,
}

impl Look<'_> {
    fn outcome(&self, metric: MetricId) -> Outcome {
        if let Some(why) = outside(self.prompt, metric, self.backends.detector) {
            return Outcome::Outside { why };
        }
        let scored = if self.image.width() == 0 || self.image.height() == 0 {
            Err("the image has no pixels".into())
        } else {
            match metric {
                MetricId::BVqa => self.b_vqa(NP_NUM),
                MetricId::BVqaNp2 => self.b_vqa(NP_NUM_PAPER),
                MetricId::Unidet2d => self.unidet_2d(Mode::Official),
                MetricId::Unidet2dFixed => self.unidet_2d(Mode::Fixed),
                MetricId::Unidet3d => self.unidet_3d(Mode::Official),
                MetricId::Unidet3dFixed => self.unidet_3d(Mode::Fixed),
                MetricId::UnidetNumeracy => self.unidet_numeracy(Mode::Official),
                MetricId::UnidetNumeracyFixed => self.unidet_numeracy(Mode::Fixed),
                MetricId::ClipScore => self.clipscore(),
                MetricId::ActionVqa => self.action_vqa(),
                MetricId::ThreeInOne => self.three_in_one(Mode::Official, NP_NUM),
                MetricId::ThreeInOneNp2 => self.three_in_one(Mode::Official, NP_NUM_PAPER),
                MetricId::ThreeInOneFixed => self.three_in_one(Mode::Fixed, NP_NUM),
                MetricId::PickScore => self.preference(self.backends.preferences.pickscore),
                MetricId::HpsV2 => self.preference(self.backends.preferences.hpsv2),
                MetricId::ImageReward => self.preference(self.backends.preferences.image_reward),
                MetricId::Motion
                | MetricId::Flicker
                | MetricId::Consistency
                | MetricId::ClipSim
                | MetricId::SubjectSize
                | MetricId::SubjectCentrality => Err("it is a score of clips, and this is a picture".into()),
            }
        };
        outcome_of(scored)
    }

    /// Answers to the prompt's first phrases.
    ///
    /// They are asked once, all together: so neither the order of the metrics nor what a back-end remembers decides beside whom a phrase
    /// is asked. One that cannot be answered fails the metrics that ask it, and not those that stop before it.
    fn answers(&self, np_num: usize) -> Result<Vec<Answer>, MetricError> {
        let phrases: Vec<&str> = self.prompt.annotation.phrases.iter().map(String::as_str).collect();
        let first = |count: usize| self.backends.vqa.answers(self.image, &phrases[..count.min(phrases.len())]);
        match self.answers.get_or_init(|| first(self.np_num).ok()) {
            Some(answers) => Ok(answers.iter().take(np_num).cloned().collect()),
            None => first(np_num),
        }
    }

    fn b_vqa(&self, np_num: usize) -> Scored {
        let answers = self.answers(np_num)?;
        let yes: Vec<f64> = answers.iter().map(|answer| answer.yes).collect();
        let reasons = self.prompt.annotation.phrases.iter().cloned().zip(answers).map(reason).collect();
        Ok((formulas::b_vqa(&yes, np_num), reasons))
    }

    fn action_vqa(&self) -> Scored {
        let action = self.prompt.annotation.action.as_ref().ok_or("the prompt asks for no action")?;
        let phrase = action_phrase(action);
        let answer = self.backends.vqa.answer(self.image, &phrase)?;
        Ok((answer.yes, vec![reason((phrase, answer))]))
    }

    fn detections(&self) -> Result<&Detections, MetricError> {
        if self.detections.get().is_none() {
            let found = self.backends.detector.detect(self.image)?;
            return Ok(self.detections.get_or_init(|| found));
        }
        Ok(self.detections.get_or_init(Detections::default))
    }

    fn clipscore(&self) -> Scored {
        let model = self.backends.image_text.ok_or("no image-text model is loaded")?;
        let text = self.compared_text();
        let cosine = model.cosine(self.image, &straight_quotes(&text))?;
        Ok((cosine, vec![Reason::Similarity { text, cosine }]))
    }

    /// What a model of people's preference makes of the image and the whole prompt.
    fn preference(&self, model: Option<&dyn Preference>) -> Scored {
        let model = model.ok_or("this model of people's preference is not loaded")?;
        let score = model.preference(self.image, &self.prompt.text)?;
        Ok((
            score,
            vec![Reason::Note { text: format!("{} says {score:.4} of the image for the whole prompt", model.id()) }],
        ))
    }

    /// Complex prompts are compared without their adjectives, as officially; the small world's adjectives are its
    /// colours and textures, the others' what spaCy took for one.
    fn compared_text(&self) -> String {
        let complex = self.prompt.category == "complex" || self.prompt.annotation.complex.is_some();
        if complex && self.prompt.suite == "shapes" {
            formulas::clip_text(&self.prompt.text, crate::shapes::is_adjective)
        } else if complex && wanted::is_compbench(self.prompt) {
            wanted::parse(self.prompt).clip_text()
        } else {
            self.prompt.text.clone()
        }
    }

    fn three_in_one(&self, mode: Mode, np_num: usize) -> Scored {
        let kind = self.prompt.annotation.complex.ok_or("the prompt is not a complex one")?;
        let unused = || Ok((0.0, Vec::new()));
        let attribute = self.b_vqa(np_num)?;
        let spatial = if kind == ComplexKind::Action { unused() } else { self.unidet_2d(mode) }?;
        let clip = if kind == ComplexKind::Spatial { unused() } else { self.clipscore() }?;
        let value = formulas::three_in_one(kind, attribute.0, spatial.0, clip.0);
        let mut reasons = attribute.1;
        reasons.extend(spatial.1);
        reasons.extend(clip.1);
        Ok((value, reasons))
    }
}

fn reason((phrase, Answer { yes, why }): (String, Answer)) -> Reason {
    Reason::Phrase { phrase, yes, why }
}

/// The question that [`MetricId::ActionVqa`] asks: "a red circle inside a blue square".
#[must_use]
pub fn action_phrase(action: &Action) -> String {
    let Action { kind, subject, object } = action;
    match kind {
        ActionKind::Inside => format!("{subject} inside {object}"),
        ActionKind::Touching => format!("{subject} touching {object}"),
        ActionKind::ConnectedTo => format!("{subject} connected to {object} by a line"),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
