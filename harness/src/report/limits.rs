//! The yardsticks of every category: what a perfect drawing scores, and what luck does.

use std::collections::BTreeMap;

use gentron_metrics::Outcome;
use gentron_suites::Prompt;
use gentron_suites::shapes::{self, motion};

use crate::failure::Interrupted;
use crate::generate::strip;
use crate::generate::truth::Truth;
use crate::score::Scorer;
use crate::workers::{self, Ended};

/// Headline scores of a category.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Mean over rendered ground truth.
    pub ceiling: Option<f64>,
    /// Mean over ground truth of other prompts of the category.
    pub chance: Option<f64>,
}

/// Limits by suite and category, over the prompts of a run, one image each. Prompts whose score is absent are left out, and so are suites
/// that nobody can render.
///
/// # Errors
/// A prompt cannot be rendered, or a stop was asked for: limits of a part of the prompts would be wrong.
pub fn measure(
    prompts: &[Prompt],
    scorer: &Scorer,
    seed: u64,
    threads: usize,
) -> anyhow::Result<BTreeMap<(String, String), Limits>> {
    let mut limits: BTreeMap<(String, String), Limits> = BTreeMap::new();
    let rendered: Vec<Prompt> =
        prompts.iter().filter(|prompt| [shapes::ID, motion::ID].contains(&prompt.suite.as_str())).cloned().collect();
    let prompts = rendered.as_slice();
    for shuffled in [false, true] {
        let truth = Truth::new(prompts, shuffled);
        let scores: Vec<std::sync::Mutex<Option<f64>>> = prompts.iter().map(|_| std::sync::Mutex::default()).collect();
        let indices: Vec<usize> = (0..prompts.len()).collect();
        let ended = workers::for_each(threads, &indices, |&index| {
            let prompt = &prompts[index];
            let image = truth.image(&prompt.id, 0, seed)?;
            let observations = if prompt.suite == motion::ID {
                scorer.observe_headline(prompt, &strip::split(&image, motion::FRAMES as u32)?)
            } else {
                scorer.observe(prompt, &image, "")
            };
            if let Some(Outcome::Scored { value, .. }) = observations.first().map(|first| &first.outcome) {
                *scores[index].lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(*value);
            }
            Ok(())
        })?;
        if ended == Ended::Stopped {
            return Err(Interrupted.into());
        }
        let mut by_category: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
        for (prompt, score) in prompts.iter().zip(scores) {
            if let Some(score) = score.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
                by_category.entry((prompt.suite.clone(), prompt.category.clone())).or_default().push(score);
            }
        }
        for (category, scores) in by_category {
            let mean = Some(scores.iter().sum::<f64>() / scores.len() as f64);
            let limits = limits.entry(category).or_default();
            if shuffled { limits.chance = mean } else { limits.ceiling = mean }
        }
    }
    Ok(limits)
}
