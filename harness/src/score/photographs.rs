//! One image of a published suite: what can be scored is, and the rest says what is missing.

use gentron_metrics::depth::WithDepth;
use gentron_metrics::detections::{UNIDET_RS200, official_detector};
use gentron_metrics::{
    Answer, Backends, Detections, Detector, ImageText, MetricError, MetricId, Observation, Outcome, Vqa, measure,
    score_name,
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

/// What a score is called with these eyes: a cosine of another CLIP than the official one carries its name, as boxes do their detector's.
pub fn name(eyes: &Eyes, metric: MetricId) -> String {
    let clip = eyes.clip.as_ref().map(|(clip, _)| ImageText::id(clip)).filter(|_| metric == MetricId::ClipScore);
    if let Some(other) = clip.filter(|id| *id != OFFICIAL) {
        return format!("{metric}@{other}");
    }
    match (&eyes.found, eyes.unidet(metric)) {
        (Some(found), _) => score_name(metric, &found.named),
        (None, Some(unidet)) => score_name(metric, unidet),
        (None, None) => score_name(metric, &Nobody),
    }
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
    let why = |metric: MetricId| -> Option<String> {
        let needs = needs(metric, prompt);
        eyes.lacks(needs).next().map(str::to_owned).or_else(|| undetected.clone().filter(|_| needs.detector))
    };
    let unscored =
        |metric: MetricId, why: String| Observation { metric: name(eyes, metric), outcome: Outcome::Unscored { why } };
    let mut observations: Vec<Option<Observation>> =
        metrics.iter().map(|&metric| why(metric).map(|why| unscored(metric, why))).collect();
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
            let none = || unscored(metrics[place], "the metric gave no observation".to_owned());
            let mut observation = scored.next().unwrap_or_else(none);
            if metrics[place] == MetricId::ClipScore {
                observation.metric = name(eyes, MetricId::ClipScore);
            }
            observations[place] = Some(observation);
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
