//! One image of a published suite: what can be scored is, and the rest says what is missing.

use gentron_metrics::depth::WithDepth;
use gentron_metrics::detections::{UNIDET_RS200, official_detector};
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
    let detected = eyes.found.as_ref().map(|found| found.file.of(file));
    let undetected = detected.as_ref().and_then(|found| found.as_ref().err()).map(ToString::to_string);
    let absent = |metric: MetricId| -> Option<Outcome> {
        let needs = needs(metric, prompt);
        if let Some(why) = eyes.lacks(needs).next() {
            return Some(Outcome::Unscored { why: why.to_owned() });
        }
        // What no image can change comes before what is wrong with this one.
        if let Some(why) = cannot_be_asked(eyes, prompt, metric) {
            return Some(Outcome::Outside { why });
        }
        undetected.clone().filter(|_| needs.detector).map(|why| Outcome::Unscored { why })
    };
    let observation = |metric: MetricId, outcome: Outcome| Observation { metric: name(eyes, metric), outcome };
    let mut observations: Vec<Option<Observation>> =
        metrics.iter().map(|&metric| absent(metric).map(|outcome| observation(metric, outcome))).collect();
    while let Some(first) = observations.iter().position(Option::is_none) {
        let finder = Finder::of(metrics[first]);
        let places: Vec<usize> =
            (first..metrics.len()).filter(|&i| observations[i].is_none() && Finder::of(metrics[i]) == finder).collect();
        let together: Vec<MetricId> = places.iter().map(|&i| metrics[i]).collect();
        let detector: &dyn Detector = match (&detected, eyes.unidet(metrics[first])) {
            (Some(Ok(found)), _) => found,
            (None, Some(unidet)) => unidet,
            _ => &Nobody,
        };
        let with_depth = match (&eyes.depth, finder) {
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

/// A complex prompt is scored by the parts that it has.
fn needs(metric: MetricId, prompt: &Prompt) -> Needs {
    let needs = Needs::of(metric);
    if !matches!(metric, MetricId::ThreeInOne | MetricId::ThreeInOneFixed) {
        return needs;
    }
    let kind = prompt.annotation.complex;
    Needs { detector: kind != Some(ComplexKind::Action), image_text: kind != Some(ComplexKind::Spatial), ..needs }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gentron_suites::{Suite as _, shapes};

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
