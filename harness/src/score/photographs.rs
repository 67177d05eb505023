//! One image of a published suite: what can be scored is, and the rest says what is missing.

use gentron_metrics::depth::WithDepth;
use gentron_metrics::detections::{FoundDetections, UNIDET_RS200, official_detector};
use gentron_metrics::{
    Answer, Backends, Detections, Detector, ImageText, MetricError, MetricId, Observation, Outcome, Vqa, also_by,
    measure, outside, score_name,
};
use gentron_suites::{ComplexKind, Prompt};
use image::RgbImage;

use super::clip::OFFICIAL;
use super::eyes::{Eyes, Needs};

/// Stands where a back-end is missing; metrics that would ask it are unscored before.
struct Nobody;

fn nobody() -> MetricError {
    MetricError::Backend { backend: "none".to_owned(), source: "there is no back-end".into() }
}

impl Vqa for Nobody {
    fn id(&self) -> &str {
        "none"
    }

    fn answer(&self, _: &RgbImage, _: &str) -> Result<Answer, MetricError> {
        Err(nobody())
    }
}

impl Detector for Nobody {
    fn id(&self) -> &str {
        "none"
    }

    fn detect(&self, _: &RgbImage) -> Result<Detections, MetricError> {
        Err(nobody())
    }
}

/// What a score is called with these eyes: each network that it asks and that is not the official one has its name there, in 3-in-1 as in
/// its parts.
pub fn name(eyes: &Eyes, metric: MetricId) -> String {
    let blip = eyes.blip.as_ref().and_then(Vqa::name_in_score).filter(|_| metric.uses_vqa());
    let clip = eyes.clip.as_ref().map(|(clip, _)| ImageText::id(clip));
    let clip = clip.filter(|id| metric.uses_image_text() && *id != OFFICIAL);
    [blip, clip].into_iter().flatten().fold(score_name(metric, finder(eyes, metric)), also_by)
}

/// Who finds a metric's objects in some image: of a file, what it says of one of its own.
fn finder(eyes: &Eyes, metric: MetricId) -> &dyn Detector {
    match (&eyes.found, eyes.unidet(metric)) {
        (Some(found), _) => &found.named,
        (None, Some(unidet)) => unidet,
        (None, None) => &Nobody,
    }
}

/// Why a metric cannot be asked of a prompt, whatever its image shows.
pub fn cannot_be_asked(eyes: &Eyes, prompt: &Prompt, metric: MetricId) -> Option<String> {
    outside(prompt, metric, finder(eyes, metric))
}

/// Who finds a metric's objects; metrics with the same one are measured together, so that it looks once for all of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finder {
    /// The metric asks for no boxes.
    Nobody,
    /// A file, or the UniDet of this metric's kind.
    Of { plane: bool, depth: bool },
}

impl Finder {
    fn of(metric: MetricId) -> Self {
        let needs = Needs::of(metric);
        if needs.detector {
            Self::Of { plane: official_detector(metric) == UNIDET_RS200, depth: needs.depth }
        } else {
            Self::Nobody
        }
    }
}

/// One observation a metric, in their order; `file` is the image's name in a file of detections.
pub fn observe(eyes: &Eyes, prompt: &Prompt, image: &RgbImage, file: &str, metrics: &[MetricId]) -> Vec<Observation> {
    let detected = eyes.found.as_ref().map(|found| found.file.of(file).map_err(|error| error.to_string()));
    // Maps are read only for scores that look at them: one that is not there costs the others nothing.
    let wanted = detected.clone().filter(|_| metrics.iter().any(|&metric| Needs::of(metric).depth));
    let mapped = wanted.map(|found| found.and_then(with_map));
    let undetected = |needs: Needs| {
        let asked = if needs.depth { &mapped } else { &detected };
        asked.as_ref().filter(|_| needs.detector).and_then(|found| found.as_ref().err()).cloned()
    };
    let absent = |metric: MetricId| -> Option<Outcome> {
        let needs = needs(metric, prompt);
        if let Some(why) = eyes.lacks(needs).next() {
            return Some(Outcome::Unscored { why: why.to_owned() });
        }
        // What no image can change comes before what is wrong with this one.
        if let Some(why) = cannot_be_asked(eyes, prompt, metric) {
            return Some(Outcome::Outside { why });
        }
        undetected(needs).map(|why| Outcome::Unscored { why })
    };
    let observation = |metric: MetricId, outcome: Outcome| Observation { metric: name(eyes, metric), outcome };
    let mut observations: Vec<Option<Observation>> =
        metrics.iter().map(|&metric| absent(metric).map(|outcome| observation(metric, outcome))).collect();
    while let Some(first) = observations.iter().position(Option::is_none) {
        let finder = Finder::of(metrics[first]);
        let places: Vec<usize> =
            (first..metrics.len()).filter(|&i| observations[i].is_none() && Finder::of(metrics[i]) == finder).collect();
        let together: Vec<MetricId> = places.iter().map(|&i| metrics[i]).collect();
        let asked = if matches!(finder, Finder::Of { depth: true, .. }) { &mapped } else { &detected };
        let detector: &dyn Detector = match (asked, eyes.unidet(metrics[first])) {
            (Some(Ok(found)), _) => found,
            (None, Some(unidet)) => unidet,
            _ => &Nobody,
        };
        let with_depth = match (eyes.fills_depth(), finder) {
            (Some(depth), Finder::Of { depth: true, .. }) => Some(WithDepth { detector, depth }),
            _ => None,
        };
        let backends = Backends {
            vqa: eyes.blip.as_ref().map_or(&Nobody as &dyn Vqa, |blip| blip),
            detector: with_depth.as_ref().map_or(detector, |both| both),
            image_text: eyes.clip.as_ref().map(|(clip, _)| clip as &dyn ImageText),
            preferences: eyes.preferences(),
        };
        let mut scored = measure(prompt, image, &backends, &together).into_iter();
        for place in places {
            let none = || Outcome::Unscored { why: "the metric gave no observation".to_owned() };
            let outcome = scored.next().map_or_else(none, |scored| scored.outcome);
            observations[place] = Some(observation(metrics[place], outcome));
        }
    }
    observations.into_iter().flatten().collect()
}

/// What a file says of an image, with its depth map. Where the file has none for it and the others are of a network that is not ours, the
/// reason: nobody can make one that belongs to them.
fn with_map(found: FoundDetections) -> Result<FoundDetections, String> {
    if let Some(model) = found.depth_in_score().filter(|_| !found.has_map()) {
        return Err(format!("the file has no depth map for this image, and `{model}` is not ours to run"));
    }
    found.with_its_map().map_err(|error| error.to_string())
}

/// A complex prompt is scored by the parts that it has.
fn needs(metric: MetricId, prompt: &Prompt) -> Needs {
    let needs = Needs::of(metric);
    if !metric.is_three_in_one() {
        return needs;
    }
    let kind = prompt.annotation.complex;
    Needs { detector: kind != Some(ComplexKind::Action), image_text: kind != Some(ComplexKind::Spatial), ..needs }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use gentron_metrics::depth::{DPT_HYBRID, DptConfig, DptHybrid, DptNetwork};
    use gentron_metrics::weights::{Invented, WeightsStatement};
    use gentron_suites::{RelationKind, Suite as _, shapes};
    use serde_json::{Value, json};

    use super::*;
    use crate::score::ScorerPaths;

    /// A depth network that must not be asked: it is all zeros.
    fn depth() -> DptHybrid {
        let network = DptNetwork::load(&Invented::default(), &DptConfig::small()).unwrap();
        let statement =
            WeightsStatement { card: DPT_HYBRID, path: "".into(), sha256: "0".to_owned(), layout: "invented" };
        DptHybrid::new(network, statement, &Device::Cpu)
    }

    /// The first prompt of the small world with this relation, and boxes of its two things in a frame of 64 pixels.
    fn related(kind: RelationKind) -> (Prompt, Value) {
        let suite = shapes::suite();
        let related = |prompt: &&Prompt| prompt.annotation.relation.as_ref().is_some_and(|of| of.kind == kind);
        let prompt = suite.prompts().iter().find(related).unwrap().clone();
        let of = prompt.annotation.relation.as_ref().unwrap();
        let boxes = json!([
            {"label": of.subject, "score": 0.9, "box": [4.0, 20.0, 30.0, 40.0]},
            {"label": of.object, "score": 0.8, "box": [20.0, 20.0, 60.0, 40.0]},
        ]);
        (prompt, boxes)
    }

    /// What the metric says of an image, and what its score is called.
    fn said(eyes: &Eyes, prompt: &Prompt, file: &str, metric: MetricId) -> (String, Outcome) {
        let observation = observe(eyes, prompt, &RgbImage::new(64, 64), file, &[metric]).remove(0);
        (observation.metric, observation.outcome)
    }

    /// A file in `folder` with an image `a.png` whose map is `map`, and one `b.png` that has none.
    fn eyes(folder: &std::path::Path, map: &str, model: &str, boxes: &Value) -> Eyes {
        let file = json!({"detector": "unidet-r50", "depth_model": model, "frame": [64, 64], "images": [
            {"image": "a.png", "depth": map, "detections": boxes}, {"image": "b.png", "detections": boxes},
        ]});
        let path = folder.join("boxes.json");
        std::fs::write(&path, file.to_string()).unwrap();
        Eyes::open(&ScorerPaths { detections: Some(path), ..ScorerPaths::default() }).unwrap()
    }

    #[test]
    fn a_score_called_after_one_depth_network_is_not_half_by_another() {
        let folder = tempfile::tempdir().unwrap();
        image::GrayImage::new(64, 64).save(folder.path().join("a-depth.png")).unwrap();
        let (prompt, boxes) = related(RelationKind::InFrontOf);
        let of = |model: &str| Eyes { depth: Some(depth()), ..eyes(folder.path(), "a-depth.png", model, &boxes) };
        let others = of("zoe");
        let (name, mapped) = said(&others, &prompt, "a.png", MetricId::Unidet3d);
        assert_eq!(name, "unidet-3d@zoe");
        assert!(mapped.value().is_some(), "{mapped:?}");
        let (name, unmapped) = said(&others, &prompt, "b.png", MetricId::Unidet3d);
        assert_eq!(name, "unidet-3d@zoe");
        let why = "the file has no depth map for this image, and `zoe` is not ours to run";
        assert_eq!(unmapped, Outcome::Unscored { why: why.to_owned() });
        // The card says the same: DPT is asked beside its own maps, or beside none.
        let stated = |eyes: &Eyes| eyes.named(MetricId::Unidet3d)[1].0.clone();
        assert_eq!(stated(&others), "unidet-r50 with depth of zoe, from a file");
        assert_eq!(stated(&of("dpt-hybrid")), "unidet-r50 with depth of dpt-hybrid, from a file with dpt-hybrid");
        assert!(others.fills_depth().is_none() && of("dpt-hybrid").fills_depth().is_some());
        assert!(Eyes { depth: Some(depth()), ..Eyes::default() }.fills_depth().is_some());
    }

    #[test]
    fn a_depth_map_that_is_not_there_costs_scores_in_depth_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (in_plane, boxes) = related(RelationKind::LeftOf);
        // `a.png` is the file's first image, which also says how all scores are called.
        let eyes = eyes(folder.path(), "gone.png", "dpt-hybrid", &boxes);
        let (name, plane) = said(&eyes, &in_plane, "a.png", MetricId::Unidet2d);
        assert_eq!(name, "unidet-2d@unidet-r50");
        assert!(plane.value().is_some(), "{plane:?}");
        let (in_depth, _) = related(RelationKind::InFrontOf);
        let (name, depth) = said(&eyes, &in_depth, "a.png", MetricId::Unidet3d);
        assert_eq!(name, "unidet-3d");
        assert!(matches!(&depth, Outcome::Unscored { why } if why.contains("gone.png")), "{depth:?}");
    }

    #[test]
    fn without_any_eyes_every_metric_says_what_it_lacks() {
        let suite = shapes::suite();
        let prompt = &suite.prompts()[0];
        let image = RgbImage::new(8, 8);
        let observations = observe(&Eyes::default(), prompt, &image, "a.png", &MetricId::ALL);
        assert_eq!(observations.len(), MetricId::ALL.len());
        for observation in observations {
            let Outcome::Unscored { why } = observation.outcome else { panic!("{} is scored", observation.metric) };
            assert!(
                why.starts_with("no BLIP")
                    || why.starts_with("no depth")
                    || why.starts_with("no detections")
                    || why.starts_with("no CLIP")
                    || why == "it is a score of clips, and this is a picture"
                    || why.starts_with("no PickScore")
                    || why.starts_with("no HPSv2.1")
                    || why.starts_with("no ImageReward"),
                "{why}"
            );
        }
    }
}
