//! Mean scores by category and metric.

use std::collections::BTreeMap;

use gentron_metrics::shapes::ShapesPerception;
use gentron_metrics::{Backends, MetricId, Outcome, measure};
use gentron_suites::shapes::{render, scene_for, suite};
use gentron_suites::{Prompt, Suite};
use image::RgbImage;

/// A picture that shows what the prompt says.
pub fn truth(prompt: &Prompt, seed: u64) -> RgbImage {
    render(&scene_for(prompt, seed))
}

/// Mean by category and metric.
pub type Means = BTreeMap<(String, String), f64>;

/// Every category and exact metric that applies to it, sorted. CLIPScore is learnt, not exact, and so is 3-in-1, except
/// for complex prompts whose third part it is not.
pub const EXACT: [(&str, &str); 11] = [
    ("2d_spatial", "unidet-2d"),
    ("3d_spatial", "unidet-3d"),
    ("color", "b-vqa"),
    ("complex", "3-in-1"),
    ("complex", "action-vqa"),
    ("complex", "b-vqa"),
    ("complex", "unidet-2d"),
    ("non_spatial", "action-vqa"),
    ("numeracy", "unidet-numeracy"),
    ("shape", "b-vqa"),
    ("texture", "b-vqa"),
];

/// Scores every prompt of the fixed suite on `seeds` pictures, which `picture` gives together with the prompt to be
/// asked.
pub fn means(seeds: u64, mut picture: impl FnMut(&Prompt, u64) -> (Prompt, RgbImage)) -> Means {
    let mut sums: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
    let perception = ShapesPerception::new();
    let backends = Backends::new(&perception, &perception);
    for prompt in suite().prompts() {
        for seed in 0..seeds {
            let (asked, image) = picture(prompt, seed);
            for observation in measure(&asked, &image, &backends, &wanted(&asked.category)) {
                if let Outcome::Scored { value, .. } = observation.outcome {
                    assert!((0.0..=1.0).contains(&value), "{} {}: {value}", asked.text, observation.metric);
                    let sum = sums.entry((asked.category.clone(), observation.metric)).or_default();
                    *sum = (sum.0 + value, sum.1 + 1.0);
                }
            }
        }
    }
    sums.into_iter().map(|(key, (sum, count))| (key, sum / count)).collect()
}

/// What the category is scored by, exact metrics only.
fn wanted(category: &str) -> Vec<MetricId> {
    EXACT.iter().filter(|(c, _)| *c == category).filter_map(|(_, metric)| metric.parse().ok()).collect()
}

/// Every prompt on pictures of the prompts 7, 23 and 41 places further on in its category, none of which asks for the
/// same.
pub fn chance(seeds: u64) -> Means {
    const STEPS: [usize; 3] = [7, 23, 41];
    let suite = suite();
    means(seeds, |prompt, seed| {
        let category: Vec<&Prompt> = suite.prompts().iter().filter(|other| other.category == prompt.category).collect();
        let other = (prompt.index as usize + STEPS[seed as usize % STEPS.len()]) % category.len();
        (prompt.clone(), truth(category[other], seed))
    })
}

/// What pictures of other prompts may score at most on average: the chance level that was measured, and a little room.
///
/// Why it is not 0 everywhere: two of six nouns may be there by luck, and then `unidet-3d` pays half for any depth,
/// `numeracy` half for any number, and a relation holds by luck once in four or, for near and next to, mostly. Pictures
/// of complex prompts hold three to five of the six shapes, so that both nouns of a relation are there more often than not.
pub fn chance_bound(category: &str, metric: &str) -> f64 {
    match (category, metric) {
        ("shape", _) | ("2d_spatial", _) => 0.08,
        ("3d_spatial", _) | ("numeracy", _) => 0.27,
        ("complex", "unidet-2d") => 0.32,
        ("complex", "3-in-1") => 0.18,
        _ => 0.02,
    }
}
