//! What the exact scorers say of a network while it trains.

use std::collections::BTreeMap;

use gentron_metrics::shapes::ShapesPerception;
use gentron_metrics::{Backends, MetricId, measure, metrics_for};
use gentron_model::train::Exam;
use gentron_suites::{Prompt, Split, Suite as _, shapes};
use image::RgbImage;

/// Categories whose scores are yes or no.
const CATEGORIES: [&str; 5] = ["color", "shape", "texture", "2d_spatial", "numeracy"];

/// Prompts a category: a trend, not a result.
const PROMPTS: usize = 24;

/// Prompts of the evaluation set whose combinations training shows, each drawn once from noise that no run uses.
pub struct ShapesExam {
    prompts: Vec<Prompt>,
    perception: ShapesPerception,
}

impl Default for ShapesExam {
    fn default() -> Self {
        let suite = shapes::suite();
        let of = |category| {
            suite.prompts().iter().filter(move |p| p.category == category && p.split == Split::Seen).take(PROMPTS)
        };
        let prompts = CATEGORIES.into_iter().flat_map(of).cloned().collect();
        Self { prompts, perception: ShapesPerception::default() }
    }
}

impl Exam for ShapesExam {
    fn texts(&self) -> Vec<String> {
        self.prompts.iter().map(|prompt| prompt.text.clone()).collect()
    }

    fn mark(&self, pictures: &[RgbImage]) -> BTreeMap<String, f64> {
        let backends = Backends::new(&self.perception, &self.perception);
        let mut marks: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (prompt, picture) in self.prompts.iter().zip(pictures) {
            let metric: Option<MetricId> = metrics_for(&prompt.suite, &prompt.category).first().copied();
            let observed = measure(prompt, picture, &backends, metric.as_slice());
            let values = observed.iter().filter_map(|observation| observation.outcome.value());
            marks.entry(prompt.category.clone()).or_default().extend(values);
        }
        let mean = |(category, marks): (String, Vec<f64>)| (category, marks.iter().sum::<f64>() / marks.len() as f64);
        marks.into_iter().filter(|(_, marks)| !marks.is_empty()).map(mean).collect()
    }
}
