//! From a prompt and an image to observations.

use std::cell::OnceCell;

use gentron_suites::{Action, ActionKind, ComplexKind, Prompt, Relation, RelationKind};
use image::RgbImage;

use crate::card::MetricId;
use crate::error::MetricError;
use crate::formulas::{self, DepthAxes, Frame, RelationScore};
use crate::observation::{Observation, Outcome, Reason};
use crate::perception::{Detections, Detector, ImageText, Vqa};

/// Who looks at the image.
#[derive(Clone, Copy)]
pub struct Backends<'a> {
    /// Answers phrases.
    pub vqa: &'a dyn Vqa,
    /// Finds objects and their depth.
    pub detector: &'a dyn Detector,
    /// Compares image and text; without one the metrics that need it are unscored.
    pub image_text: Option<&'a dyn ImageText>,
}

/// One observation for each of `metrics`, in their order.
///
/// A metric that does not apply to the prompt, lacks a back-end or fails is unscored with the reason; nothing panics on
/// any image. The result depends on the arguments alone.
#[must_use]
pub fn measure(prompt: &Prompt, image: &RgbImage, backends: &Backends<'_>, metrics: &[MetricId]) -> Vec<Observation> {
    let look = Look { prompt, image, backends, detections: OnceCell::new() };
    metrics.iter().map(|&metric| Observation { metric: metric.to_string(), outcome: look.outcome(metric) }).collect()
}

/// The observations of an image that does not exist or cannot be read: all unscored, for the reason given.
#[must_use]
pub fn unscored(metrics: &[MetricId], why: &str) -> Vec<Observation> {
    let outcome = Outcome::Unscored { why: why.to_owned() };
    metrics.iter().map(|metric| Observation { metric: metric.to_string(), outcome: outcome.clone() }).collect()
}

/// Why a metric has no value.
enum Absent {
    /// The prompt gives it nothing to measure, or a back-end is missing.
    Because(&'static str),
    /// A back-end refused.
    Failed(MetricError),
}

impl From<MetricError> for Absent {
    fn from(error: MetricError) -> Self {
        Self::Failed(error)
    }
}

type Scored = Result<(f64, Vec<Reason>), Absent>;

/// One image under one prompt; objects are looked for once, whichever metrics need them.
struct Look<'a> {
    prompt: &'a Prompt,
    image: &'a RgbImage,
    backends: &'a Backends<'a>,
    detections: OnceCell<Detections>,
}

impl Look<'_> {
    fn outcome(&self, metric: MetricId) -> Outcome {
        let scored = if self.image.width() == 0 || self.image.height() == 0 {
            Err(Absent::Because("the image has no pixels"))
        } else {
            match metric {
                MetricId::BVqa => self.b_vqa(),
                MetricId::Unidet2d => self.unidet_2d(),
                MetricId::Unidet3d => self.unidet_3d(),
                MetricId::UnidetNumeracy => self.unidet_numeracy(),
                MetricId::ClipScore => self.clipscore(),
                MetricId::ActionVqa => self.action_vqa(),
                MetricId::ThreeInOne => self.three_in_one(),
            }
        };
        match scored {
            Ok((value, reasons)) if value.is_finite() => Outcome::Scored { value, reasons },
            Ok((value, _)) => Outcome::Unscored { why: format!("the back-end returned {value}") },
            Err(Absent::Because(why)) => Outcome::Unscored { why: why.to_owned() },
            Err(Absent::Failed(error)) => Outcome::Unscored { why: chain(&error) },
        }
    }

    fn ask(&self, phrase: String) -> Result<(f64, Reason), MetricError> {
        let answer = self.backends.vqa.answer(self.image, &phrase)?;
        Ok((answer.yes, Reason::Phrase { phrase, yes: answer.yes, why: answer.why }))
    }

    fn b_vqa(&self) -> Scored {
        let phrases = &self.prompt.annotation.phrases;
        if phrases.is_empty() {
            return Err(Absent::Because("the prompt's annotation names no phrases"));
        }
        let answers = phrases.iter().take(formulas::NP_NUM).map(|phrase| self.ask(phrase.clone()));
        let (yes, reasons): (Vec<f64>, Vec<Reason>) = answers.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        Ok((formulas::b_vqa(&yes, formulas::NP_NUM), reasons))
    }

    fn action_vqa(&self) -> Scored {
        let action = self.prompt.annotation.action.as_ref().ok_or(Absent::Because("the prompt asks for no action"))?;
        let (yes, reason) = self.ask(action_phrase(action))?;
        Ok((yes, vec![reason]))
    }

    fn detections(&self) -> Result<&Detections, MetricError> {
        if self.detections.get().is_none() {
            let found = self.backends.detector.detect(self.image)?;
            return Ok(self.detections.get_or_init(|| found));
        }
        Ok(self.detections.get_or_init(Detections::default))
    }

    fn relation(&self, in_depth: bool) -> Result<&Relation, Absent> {
        let wanted = |relation: &&Relation| is_depth(relation.kind) == in_depth;
        self.prompt.annotation.relation.as_ref().filter(wanted).ok_or(Absent::Because(if in_depth {
            "the prompt asks for no relation in depth"
        } else {
            "the prompt asks for no relation in the plane"
        }))
    }

    fn unidet_2d(&self) -> Scored {
        let relation = self.relation(false)?;
        let found = self.detections()?;
        let boxes = Frame::of(self.image.width(), self.image.height()).scale_all(&found.boxes);
        let score = formulas::unidet_2d(&boxes, Some(relation.kind), &relation.subject, &relation.object);
        Ok((score.value, relation_reasons(relation, &score, found)))
    }

    fn unidet_3d(&self) -> Scored {
        let relation = self.relation(true)?;
        let found = self.detections()?;
        let depth = found.depth.as_ref().ok_or(Absent::Because("the detector gives no depth"))?;
        let frame = Frame::of(self.image.width(), self.image.height());
        let axes = if self.prompt.suite == "shapes" { DepthAxes::Fixed } else { DepthAxes::Official };
        let (boxes, depth) = (frame.scale_all(&found.boxes), frame.depth(depth));
        let score =
            formulas::unidet_3d(&boxes, Some(&depth), Some(relation.kind), &relation.subject, &relation.object, axes);
        Ok((score.value, relation_reasons(relation, &score, found)))
    }

    fn unidet_numeracy(&self) -> Scored {
        let counts = &self.prompt.annotation.counts;
        let found = self.detections()?;
        let boxes = Frame::of(self.image.width(), self.image.height()).scale_all(&found.boxes);
        let score = formulas::unidet_numeracy(&boxes, counts)
            .ok_or(Absent::Because("the prompt asks for no number of anything"))?;
        let reason = |(count, &found): (&gentron_suites::Count, &u32)| Reason::Count {
            noun: count.noun.clone(),
            wanted: count.count,
            found,
        };
        Ok((score.value, counts.iter().zip(&score.found).map(reason).collect()))
    }

    fn clipscore(&self) -> Scored {
        let model = self.backends.image_text.ok_or(Absent::Because("no image-text model is loaded"))?;
        let text = self.compared_text();
        let cosine = model.cosine(self.image, &text)?;
        Ok((cosine, vec![Reason::Similarity { text, cosine }]))
    }

    /// Complex prompts are compared without their adjectives, as officially; the small world's adjectives are its
    /// colours and textures.
    fn compared_text(&self) -> String {
        if self.prompt.annotation.complex.is_some() && self.prompt.suite == "shapes" {
            formulas::clip_text(&self.prompt.text, crate::shapes::is_adjective)
        } else {
            self.prompt.text.clone()
        }
    }

    fn three_in_one(&self) -> Scored {
        let kind = self.prompt.annotation.complex.ok_or(Absent::Because("the prompt is not a complex one"))?;
        let unused = || Ok((0.0, Vec::new()));
        let attribute = self.b_vqa()?;
        let spatial = if kind == ComplexKind::Action { unused() } else { self.unidet_2d() }?;
        let clip = if kind == ComplexKind::Spatial { unused() } else { self.clipscore() }?;
        let value = formulas::three_in_one(kind, attribute.0, spatial.0, clip.0);
        let mut reasons = attribute.1;
        reasons.extend(spatial.1);
        reasons.extend(clip.1);
        Ok((value, reasons))
    }
}

fn is_depth(kind: RelationKind) -> bool {
    matches!(kind, RelationKind::InFrontOf | RelationKind::Behind | RelationKind::HiddenBy)
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

fn relation_reasons(relation: &Relation, score: &RelationScore, found: &Detections) -> Vec<Reason> {
    let used = [score.subject, score.object].into_iter().flatten().map(|index| &found.boxes[index]);
    let mut reasons: Vec<Reason> =
        used.map(|d| Reason::Box { label: d.label.clone(), score: d.score, bbox: d.bbox }).collect();
    let words = match relation.kind {
        RelationKind::LeftOf => "left of",
        RelationKind::RightOf => "right of",
        RelationKind::TopOf => "top of",
        RelationKind::BottomOf => "bottom of",
        RelationKind::NextTo => "next to",
        RelationKind::Near => "near",
        RelationKind::OnSideOf => "on side of",
        RelationKind::InFrontOf => "in front of",
        RelationKind::Behind => "behind",
        RelationKind::HiddenBy => "hidden by",
    };
    let (subject, object) = (&relation.subject, &relation.object);
    let why = match (score.subject, score.object) {
        (None, None) => format!("neither a {subject} nor a {object} was found"),
        (None, Some(_)) => format!("no {subject} was found"),
        (Some(_), None) => format!("no {object} was found"),
        (Some(_), Some(_)) if score.position >= 1.0 => format!("the {subject} is {words} the {object}"),
        (Some(_), Some(_)) if score.position > 0.0 => {
            format!("the {subject} is {words} the {object}, but their boxes earn only {:.2}", score.position)
        }
        (Some(_), Some(_)) => format!("the {subject} is not {words} the {object}"),
    };
    let (relation, subject, object) = (words.to_owned(), subject.clone(), object.clone());
    reasons.push(Reason::Relation { relation, subject, object, position: score.position, why });
    reasons
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
