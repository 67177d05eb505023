//! One image of a published suite: what can be scored is, and the rest says what is missing.

use gentron_metrics::{
    Answer, Backends, Detections, Detector, ImageText, MetricError, MetricId, Observation, Outcome, Vqa, measure,
    score_name,
};
use gentron_suites::{ComplexKind, Prompt};
use image::RgbImage;

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

/// What a score is called with these eyes.
pub fn name(eyes: &Eyes, metric: MetricId) -> String {
    eyes.found.as_ref().map_or_else(|| score_name(metric, &Nobody), |found| score_name(metric, &found.named))
}

/// One observation a metric, in their order; `file` is the image's name in a file of detections.
pub fn observe(eyes: &Eyes, prompt: &Prompt, image: &RgbImage, file: &str, metrics: &[MetricId]) -> Vec<Observation> {
    let detected = eyes.found.as_ref().map(|found| found.file.of(file));
    let (detector, undetected): (&dyn Detector, _) = match &detected {
        Some(Ok(detector)) => (detector, None),
        Some(Err(error)) => (&Nobody, Some(error.to_string())),
        None => (&Nobody, None),
    };
    let why = |metric: MetricId| -> Option<String> {
        let needs = needs(metric, prompt);
        eyes.lacks(needs).next().map(str::to_owned).or_else(|| undetected.clone().filter(|_| needs.detector))
    };
    let backends = Backends {
        vqa: eyes.blip.as_ref().map_or(&Nobody as &dyn Vqa, |blip| blip),
        detector,
        image_text: eyes.clip.as_ref().map(|(clip, _)| clip as &dyn ImageText),
    };
    // Together, so that boxes are looked at once for all of them.
    let possible: Vec<MetricId> = metrics.iter().copied().filter(|metric| why(*metric).is_none()).collect();
    let mut scored = measure(prompt, image, &backends, &possible).into_iter();
    let observation = |&metric: &MetricId| match why(metric) {
        Some(why) => Observation { metric: name(eyes, metric), outcome: Outcome::Unscored { why } },
        None => scored.next().unwrap_or_else(|| Observation {
            metric: name(eyes, metric),
            outcome: Outcome::Unscored { why: "the metric gave no observation".to_owned() },
        }),
    };
    metrics.iter().map(observation).collect()
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
                why.starts_with("no BLIP") || why.starts_with("no detections") || why.starts_with("no CLIP"),
                "{why}"
            );
        }
    }
}
