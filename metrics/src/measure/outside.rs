//! Which prompts a metric cannot be asked of: a fact of prompt, metric and detector. No image is looked at.

use std::slice;

use gentron_suites::{ComplexKind, Prompt};

use crate::card::MetricId;
use crate::formulas::naming;
use crate::perception::Detector;
use crate::wanted::{self, Mode, Reading, Space};

/// Why a metric of pictures cannot be asked of a prompt, whatever its image shows: the prompt names nothing of the kind, or, for the
/// repaired scores, something that the detector has no class for. Nothing where it can be asked.
///
/// Officially a thing without a class is a thing that is not found, so it keeps no prompt outside an official score. 3-in-1 is outside
/// where a part that its kind of prompt needs is: averaged over fewer parts it would be another score.
#[must_use]
pub fn outside(prompt: &Prompt, metric: MetricId, detector: &dyn Detector) -> Option<String> {
    let related = |space, mode| unrelated(prompt, space, mode, detector);
    match metric {
        MetricId::BVqa | MetricId::BVqaNp2 => no_phrases(prompt),
        MetricId::Unidet2d => related(Space::Plane, Mode::Official),
        MetricId::Unidet2dFixed => related(Space::Plane, Mode::Fixed),
        MetricId::Unidet3d => related(Space::Depth, Mode::Official),
        MetricId::Unidet3dFixed => related(Space::Depth, Mode::Fixed),
        MetricId::UnidetNumeracy => no_counts(prompt),
        MetricId::UnidetNumeracyFixed => no_counts(prompt).or_else(|| {
            let counts = &prompt.annotation.counts;
            counts.iter().find_map(|count| nameless(slice::from_ref(&count.noun), detector))
        }),
        MetricId::ActionVqa => prompt.annotation.action.is_none().then(|| "the prompt asks for no action".to_owned()),
        MetricId::ThreeInOne | MetricId::ThreeInOneNp2 => part(prompt, Mode::Official, detector),
        MetricId::ThreeInOneFixed => part(prompt, Mode::Fixed, detector),
        MetricId::ClipScore
        | MetricId::PickScore
        | MetricId::HpsV2
        | MetricId::ImageReward
        | MetricId::Motion
        | MetricId::Flicker
        | MetricId::Consistency
        | MetricId::ClipSim
        | MetricId::SubjectSize
        | MetricId::SubjectCentrality => None,
    }
}

fn no_phrases(prompt: &Prompt) -> Option<String> {
    prompt.annotation.phrases.is_empty().then(|| "the prompt's annotation names no phrases".to_owned())
}

fn no_counts(prompt: &Prompt) -> Option<String> {
    prompt.annotation.counts.is_empty().then(|| "the prompt asks for no number of anything".to_owned())
}

/// Why a spatial score has no relation to judge.
fn unrelated(prompt: &Prompt, space: Space, mode: Mode, detector: &dyn Detector) -> Option<String> {
    match wanted::relation(prompt, space, mode) {
        Reading::Absent(why) => Some(why.to_owned()),
        Reading::Found(wanted) if mode == Mode::Fixed => {
            nameless(&wanted.subject, detector).or_else(|| nameless(&wanted.object, detector))
        }
        Reading::Found(_) | Reading::Zero(_) => None,
    }
}

/// Why 3-in-1 lacks a part.
fn part(prompt: &Prompt, mode: Mode, detector: &dyn Detector) -> Option<String> {
    let Some(kind) = prompt.annotation.complex else { return Some("the prompt is not a complex one".to_owned()) };
    let spatial = || if kind == ComplexKind::Action { None } else { unrelated(prompt, Space::Plane, mode, detector) };
    no_phrases(prompt).or_else(spatial)
}

/// Why a detector cannot find a thing under any of its names.
fn nameless(names: &[String], detector: &dyn Detector) -> Option<String> {
    let labels = detector.vocabulary()?;
    let known = |name: &String| labels.iter().any(|label| naming(label, name).is_some());
    if names.iter().any(known) {
        return None;
    }
    let noun = names.last().map_or("", String::as_str);
    Some(format!("{} has no class for \"{noun}\"", detector.id()))
}
