//! What `measure` does with what it is given.

use std::sync::Mutex;

use gentron_metrics::shapes::ShapesPerception;
use gentron_metrics::{
    Answer, Backends, ClipBackends, ImageText, MetricError, MetricId, Observation, Outcome, Reason, Vqa, measure,
    measure_clip, metrics_for, official_metrics, outside, unscored,
};
use gentron_suites::shapes::{motion, render, scene_for, suite};
use gentron_suites::{ComplexKind, Prompt, Suite};
use image::RgbImage;

fn prompt(wanted: impl Fn(&Prompt) -> bool) -> Prompt {
    suite().prompts().iter().find(|p| wanted(p)).cloned().unwrap_or_else(|| panic!("no such prompt"))
}

/// Says 0.25 of everything and remembers nothing.
struct Quarter;

impl ImageText for Quarter {
    fn id(&self) -> &str {
        "quarter"
    }

    fn cosine(&self, _: &RgbImage, text: &str) -> Result<f64, MetricError> {
        assert!(!text.contains("red") && !text.contains("striped"), "adjectives are dropped: {text}");
        Ok(0.25)
    }
}

fn score(prompt: &Prompt, image: &RgbImage, image_text: Option<&dyn ImageText>, metric: MetricId) -> Outcome {
    let eyes = ShapesPerception::new();
    let backends = Backends { image_text, ..Backends::new(&eyes, &eyes) };
    measure(prompt, image, &backends, &[metric]).remove(0).outcome
}

#[test]
fn an_image_without_pixels_is_unscored_for_every_metric() {
    let prompt = prompt(|p| p.category == "complex");
    for metric in MetricId::ALL {
        let outcome = score(&prompt, &RgbImage::new(0, 0), None, metric);
        if !matches!(&outcome, Outcome::Outside { .. }) {
            assert_eq!(outcome, Outcome::Unscored { why: "the image has no pixels".into() }, "{metric}");
        }
    }
}

#[test]
fn what_a_metric_cannot_be_asked_of_is_known_without_an_image() {
    let eyes = ShapesPerception::new();
    let (empty, prompts) = (RgbImage::new(0, 0), suite());
    let mut left_out = 0;
    for prompt in prompts.prompts().iter().step_by(7) {
        let drawn = render(&scene_for(prompt, 3));
        for metric in MetricId::ALL {
            let known = outside(prompt, metric, &eyes).map(|why| Outcome::Outside { why });
            left_out += usize::from(known.is_some());
            for image in [&empty, &drawn] {
                let outcome = score(prompt, image, None, metric);
                assert_eq!(matches!(outcome, Outcome::Outside { .. }), known.is_some(), "{}: {outcome:?}", prompt.text);
                assert!(known.is_none() || known == Some(outcome), "{}: {known:?}", prompt.text);
            }
        }
        // The headline number of a category can be asked of every one of its prompts.
        assert_eq!(outside(prompt, official_metrics(&prompt.category)[0], &eyes), None, "{}", prompt.text);
    }
    assert!(left_out > 0);
}

#[test]
fn a_prompt_without_phrases_is_outside_and_not_right() {
    let mut prompt = prompt(|p| p.category == "complex");
    prompt.annotation.phrases.clear();
    let image = render(&scene_for(&prompt, 0));
    for metric in MetricId::ALL.into_iter().filter(|metric| metric.np_num().is_some()) {
        let outcome = score(&prompt, &image, Some(&Quarter), metric);
        assert!(matches!(&outcome, Outcome::Outside { why } if why.contains("no phrases")), "{metric}: {outcome:?}");
    }
}

/// Says how often it was asked what, and who it is.
#[derive(Default)]
struct Counting(Mutex<Vec<Vec<String>>>);

impl Vqa for Counting {
    fn id(&self) -> &str {
        "counting"
    }

    fn answer(&self, image: &RgbImage, phrase: &str) -> Result<Answer, MetricError> {
        Ok(self.answers(image, &[phrase])?.remove(0))
    }

    fn answers(&self, _: &RgbImage, phrases: &[&str]) -> Result<Vec<Answer>, MetricError> {
        if phrases.contains(&"unreadable") {
            return Err(MetricError::Backend { backend: "counting".into(), source: "unreadable".into() });
        }
        self.0.lock().unwrap().push(phrases.iter().map(|&phrase| phrase.to_owned()).collect());
        Ok(phrases.iter().map(|phrase| Answer { yes: 1.0 / phrase.len() as f64, why: String::new() }).collect())
    }

    fn name_in_score(&self) -> Option<&str> {
        Some("counting")
    }
}

#[test]
fn the_phrases_of_an_image_are_asked_once_and_together_in_whatever_order() {
    let mut prompt = prompt(|p| p.category == "color");
    prompt.annotation.phrases = ["ab", "abcd", "abcde"].map(String::from).to_vec();
    let eyes = ShapesPerception::new();
    let image = RgbImage::new(8, 8);
    for metrics in [[MetricId::BVqa, MetricId::BVqaNp2], [MetricId::BVqaNp2, MetricId::BVqa]] {
        let vqa = Counting::default();
        let observed = measure(&prompt, &image, &Backends::new(&vqa, &eyes), &metrics);
        assert_eq!(*vqa.0.lock().unwrap(), [["ab", "abcd", "abcde"]], "{metrics:?}");
        for (observation, metric) in observed.iter().zip(metrics) {
            let wanted = if metric == MetricId::BVqa { 0.025 } else { 0.125 };
            assert_eq!(observation.outcome.value(), Some(wanted), "{metric}");
            assert_eq!(observation.metric, format!("{metric}@counting"));
        }
    }
    // Whoever stops before a phrase that cannot be answered is not hurt by it.
    prompt.annotation.phrases[2] = "unreadable".into();
    let vqa = Counting::default();
    let observed = measure(&prompt, &image, &Backends::new(&vqa, &eyes), &[MetricId::BVqa, MetricId::BVqaNp2]);
    assert_eq!(observed[1].outcome.value(), Some(0.125));
    assert!(matches!(&observed[0].outcome, Outcome::Unscored { why } if why.contains("unreadable")), "{observed:?}");
}

#[test]
fn a_missing_image_is_unscored_with_its_reason() {
    let observations = unscored(&official_metrics("complex"), "the file is missing");
    assert_eq!(observations.len(), 4);
    assert!(observations.iter().all(|o| o.outcome == Outcome::Unscored { why: "the file is missing".into() }));
}

#[test]
fn metrics_that_do_not_apply_say_so() {
    let color = prompt(|p| p.category == "color");
    let image = render(&scene_for(&color, 0));
    for metric in [MetricId::Unidet2d, MetricId::Unidet3d, MetricId::UnidetNumeracy, MetricId::ActionVqa] {
        let outcome = score(&color, &image, None, metric);
        assert!(
            matches!(&outcome, Outcome::Outside { why } if why.starts_with("the prompt asks for no")),
            "{outcome:?}"
        );
    }
    assert_eq!(score(&color, &image, None, MetricId::BVqa).value(), Some(1.0));
}

#[test]
fn clipscore_without_a_model_is_unscored() {
    let prompt = prompt(|p| p.category == "non_spatial");
    let outcome = score(&prompt, &render(&scene_for(&prompt, 0)), None, MetricId::ClipScore);
    assert_eq!(outcome, Outcome::Unscored { why: "no image-text model is loaded".into() });
}

#[test]
fn three_in_one_averages_what_the_kind_of_prompt_is_about() {
    for (kind, wanted) in
        [(ComplexKind::Spatial, 1.0), (ComplexKind::Action, 0.625), (ComplexKind::SpatialAction, 0.75)]
    {
        let prompt = prompt(|p| p.annotation.complex == Some(kind));
        let value = score(&prompt, &render(&scene_for(&prompt, 0)), Some(&Quarter), MetricId::ThreeInOne).value();
        assert!(value.is_some_and(|v| (v - wanted).abs() < 1e-3), "{kind:?}: {value:?}");
    }
}

#[test]
fn three_in_one_over_two_phrases_asks_for_no_third() {
    let mut prompt = prompt(|p| p.annotation.complex == Some(ComplexKind::Action));
    prompt.annotation.phrases = ["ab", "abcd", "abcde"].map(String::from).to_vec();
    let (vqa, eyes, image) = (Counting::default(), ShapesPerception::new(), RgbImage::new(8, 8));
    let backends = Backends { image_text: Some(&Quarter), ..Backends::new(&vqa, &eyes) };
    let both = [MetricId::ThreeInOneNp2, MetricId::ThreeInOne];
    let values = |metrics: &[MetricId]| -> Vec<f64> {
        measure(&prompt, &image, &backends, metrics).iter().filter_map(|o| o.outcome.value()).collect()
    };
    // The mean of 1/2 · 1/4, and of that · 1/5, with a cosine of 1/4.
    assert_eq!(values(&both), [(0.125 + 0.25) / 2.0, (0.025 + 0.25) / 2.0]);
    assert_eq!(*vqa.0.lock().unwrap(), [["ab", "abcd", "abcde"]]);
    assert_eq!(values(&both[..1]), [(0.125 + 0.25) / 2.0]);
    assert_eq!(vqa.0.lock().unwrap()[1], ["ab", "abcd"]);
    assert_eq!(measure(&prompt, &image, &backends, &both[..1])[0].metric, "3-in-1-np2@counting");
}

#[test]
fn a_phrase_outside_the_grammar_leaves_the_image_unscored() {
    let mut prompt = prompt(|p| p.category == "color");
    prompt.annotation.phrases[0] = "a pink zebra".into();
    let outcome = score(&prompt, &render(&scene_for(&prompt, 0)), None, MetricId::BVqa);
    assert!(matches!(outcome, Outcome::Unscored { why } if why.contains("\"pink\", \"zebra\"")));
}

#[test]
fn observations_survive_json() {
    let eyes = ShapesPerception::new();
    let backends = Backends::new(&eyes, &eyes);
    for category in ["color", "2d_spatial", "3d_spatial", "numeracy", "non_spatial", "complex"] {
        let prompt = prompt(|p| p.category == category);
        let image = render(&scene_for(&prompt, 0));
        for observation in measure(&prompt, &image, &backends, &MetricId::ALL) {
            let text = serde_json::to_string(&observation).unwrap_or_default();
            let back: Observation = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
            // serde_json reads floats to within one unit in the last place only, so what is compared is what it writes.
            assert_eq!(back.metric, observation.metric);
            assert_eq!(back.outcome.value(), observation.outcome.value());
            assert_eq!(std::mem::discriminant(&back.outcome), std::mem::discriminant(&observation.outcome));
        }
    }
    let reason = Reason::Count { noun: "star".into(), wanted: 3, found: 2 };
    let text = serde_json::to_string(&reason).unwrap_or_default();
    assert_eq!(text, r#"{"kind":"count","noun":"star","wanted":3,"found":2}"#);
}

/// All metrics of clips of a prompt on some frames, seen exactly.
fn of_clip(prompt: &Prompt, frames: &[RgbImage]) -> Vec<Observation> {
    let eyes = ShapesPerception::new();
    let backends = Backends::new(&eyes, &eyes);
    let of_frame = |frame: &RgbImage, metrics: &[MetricId]| measure(prompt, frame, &backends, metrics);
    let whole = ClipBackends { tracker: Some(&eyes), ..ClipBackends::default() };
    measure_clip(prompt, frames, &whole, &of_frame, &metrics_for(motion::ID, &prompt.category))
}

fn value(observations: &[Observation], metric: MetricId) -> Option<f64> {
    observations.iter().find(|o| o.metric == metric.as_str()).and_then(|o| o.outcome.value())
}

#[test]
fn rendered_clips_move_as_told_and_other_clips_do_not() {
    for prompt in motion::suite().prompts() {
        for seed in [1, 2] {
            let clip = motion::clip_for(prompt, seed);
            let frames = clip.render();
            let observed = of_clip(prompt, &frames);
            let moved = observed.iter().find(|o| o.metric == "motion");
            assert_eq!(value(&observed, MetricId::Motion), Some(1.0), "{}: {moved:?}", prompt.text);
            // Size and place of the objects are known.
            let size = |frame| {
                let boxes = clip.scene(frame).objects.iter().map(|o| f64::from(o.size).powi(2)).collect::<Vec<_>>();
                boxes.iter().sum::<f64>() / boxes.len() as f64 / 4096.0
            };
            if prompt.category != "turn" && !prompt.text.contains("turning") {
                let want = (0..frames.len()).map(size).sum::<f64>() / frames.len() as f64;
                let got = value(&observed, MetricId::SubjectSize).unwrap();
                // In pixels of a box's side: a tip or a dot at the edge is thinner than a pixel, whatever the size.
                let [got, want] = [got, want].map(|area| 64.0 * area.sqrt());
                assert!((got - want).abs() <= 2.5, "{}: side {got}, not {want}", prompt.text);
            }
        }
        let still = vec![motion::clip_for(prompt, 1).render().remove(0); motion::FRAMES];
        let held = prompt.annotation.motions.iter().filter(|m| m.motion == gentron_suites::Motion::Still).count();
        let want = held as f64 / prompt.annotation.motions.len() as f64;
        assert_eq!(value(&of_clip(prompt, &still), MetricId::Motion), Some(want), "{} standing still", prompt.text);
        assert_eq!(value(&of_clip(prompt, &still), MetricId::Flicker), Some(1.0));
    }
}

#[test]
fn a_clip_of_nothing_has_no_subject_and_moves_nothing() {
    let suite = motion::suite();
    let prompt = &suite.prompts()[0];
    let blank = vec![RgbImage::from_pixel(64, 64, image::Rgb([240; 3])); motion::FRAMES];
    let observed = of_clip(prompt, &blank);
    assert_eq!(value(&observed, MetricId::Motion), Some(0.0));
    assert_eq!(value(&observed, MetricId::BVqa), Some(0.0));
    for metric in [MetricId::SubjectSize, MetricId::SubjectCentrality, MetricId::Consistency, MetricId::ClipSim] {
        assert_eq!(value(&observed, metric), None, "{metric}");
    }
    assert!(
        of_clip(prompt, &[])
            .iter()
            .all(|o| matches!(&o.outcome, Outcome::Unscored { why } if why == "the clip has no frames"))
    );
    // A picture has no motion to be scored.
    assert!(matches!(score(prompt, &blank[0], None, MetricId::Motion), Outcome::Unscored { .. }));
}
