//! Which knob made the difference: main effects and interactions of the factors that the arms differ in.
//!
//! An effect is a contrast of arms on the same prompt and noise, averaged over all pairs (or quadruples) of arms that differ in
//! nothing else, with the prompt as the random unit. So an incomplete factorial is no obstacle, and what no arms can tell apart
//! gets no number. Each arm is one set of weights: what another training would give is not in the intervals.

use serde::Serialize;

use super::cells::Cell;
use super::contrast::{Contrasts, Found, Weights};
use super::factors::{FACTORS, levels, settings, sibling, steps};
use super::verdict::{Judged, Word, judge};
use crate::run_info::RunInfo;
use crate::text::{list, percent, signed, signed_range};

/// A change of one factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The factor: `conditioning`, `text encoder`, `scale`, `guidance`, `steps`, `sampler`, `motion-free guidance`,
    /// `motion-free training`.
    pub factor: String,
    /// The level that it is changed from.
    pub from: String,
    /// The level that it is changed to.
    pub to: String,
}

/// A main effect, or an interaction of two factors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// What is changed.
    pub step: Step,
    /// For an interaction: the other change, which the effect of the first one is compared across.
    pub across: Option<Step>,
    /// Ids of the arms that it is computed from.
    pub arms: Vec<String>,
    /// In how many surroundings it was seen: pairs of arms, or quadruples for an interaction.
    pub surroundings: u32,
    /// On the Mean.
    pub mean: Judged,
    /// On each category's headline score, in the order of categories.
    pub categories: Vec<CategoryEffect>,
    /// In words, from these numbers alone.
    pub sentence: String,
}

impl Effect {
    /// "adaLN-Zero to cross-attention"; of an interaction also what it is compared across.
    pub fn name(&self) -> String {
        let step = |step: &Step| format!("{} → {}", step.from, step.to);
        match &self.across {
            None => step(&self.step),
            Some(across) => format!("{} × {}", step(&self.step), step(across)),
        }
    }
}

/// An effect within a category.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CategoryEffect {
    /// Suite id.
    pub suite: String,
    /// Category id.
    pub category: String,
    /// The effect.
    #[serde(flatten)]
    pub judged: Judged,
}

/// An effect that can be computed, before it is.
pub(super) struct Planned {
    step: Step,
    across: Option<Step>,
    surroundings: u32,
    pub weights: Weights,
}

/// All effects that the arms allow.
pub(super) fn plan(info: &RunInfo) -> Vec<Planned> {
    let settings = settings(info);
    let step = |factor: usize, (from, to): (&str, &str)| Step {
        factor: FACTORS[factor].into(),
        from: from.into(),
        to: to.into(),
    };
    let mut planned = Vec::new();
    let all: Vec<(usize, Vec<String>)> = (0..FACTORS.len()).map(|factor| (factor, levels(&settings, factor))).collect();
    let has = |arm: usize, factor: usize, level: &str| settings[arm].as_ref().is_some_and(|s| s[factor] == level);
    for (factor, levels) in &all {
        for (from, to) in steps(levels) {
            let pairs = (0..settings.len()).filter(|arm| has(*arm, *factor, from));
            let pairs = pairs.filter_map(|arm| Some([arm, sibling(&settings, arm, &[(*factor, to)])?]));
            planned.extend(average(info, &pairs.collect::<Vec<_>>(), [-1.0, 1.0], step(*factor, (from, to)), None));
        }
    }
    for (index, (factor, levels)) in all.iter().enumerate() {
        for (other, other_levels) in &all[index + 1..] {
            for (from, to) in steps(levels) {
                for (low, high) in steps(other_levels) {
                    let corners = (0..settings.len()).filter(|arm| has(*arm, *factor, from) && has(*arm, *other, low));
                    let corners = corners.filter_map(|arm| {
                        let up = sibling(&settings, arm, &[(*factor, to)])?;
                        let right = sibling(&settings, arm, &[(*other, high)])?;
                        Some([arm, up, right, sibling(&settings, arm, &[(*factor, to), (*other, high)])?])
                    });
                    let across = Some(step(*other, (low, high)));
                    let signs = [1.0, -1.0, -1.0, 1.0];
                    planned.extend(average(
                        info,
                        &corners.collect::<Vec<_>>(),
                        signs,
                        step(*factor, (from, to)),
                        across,
                    ));
                }
            }
        }
    }
    planned
}

fn average<const N: usize>(
    info: &RunInfo,
    groups: &[[usize; N]],
    signs: [f64; N],
    step: Step,
    across: Option<Step>,
) -> Option<Planned> {
    let mut weights = vec![0.0; info.arms.len()];
    for group in groups {
        for (arm, sign) in group.iter().zip(signs) {
            weights[*arm] += sign / groups.len() as f64;
        }
    }
    (!groups.is_empty()).then_some(Planned { step, across, surroundings: groups.len() as u32, weights })
}

/// Judges the effects, whose contrasts are the last ones of `found`, as a grid of their own.
pub(super) fn effects(info: &RunInfo, cells: &[Cell], planned: Vec<Planned>, found: &Contrasts) -> Vec<Effect> {
    let first = found.mean.len() - planned.len();
    let headline: Vec<usize> = (0..cells.len()).filter(|cell| cells[*cell].headline).collect();
    let grid: Vec<Found> = (0..planned.len())
        .flat_map(|effect| {
            let of_cells = headline.iter().map(move |cell| found.cells[*cell][first + effect]);
            of_cells.chain([found.mean[first + effect]])
        })
        .collect();
    let mut judged = judge(&grid).into_iter();
    let mut effects = Vec::new();
    for effect in planned {
        let categories: Vec<CategoryEffect> = headline
            .iter()
            .zip(judged.by_ref())
            .map(|(cell, judged)| CategoryEffect {
                suite: cells[*cell].category.suite.clone(),
                category: cells[*cell].category.id.clone(),
                judged,
            })
            .collect();
        let Some(mean) = judged.next() else { break };
        let arms = info.arms.iter().zip(&effect.weights).filter(|(_, w)| **w != 0.0).map(|(arm, _)| arm.id.clone());
        let labels: Vec<&str> = headline.iter().map(|cell| cells[*cell].category.label.as_str()).collect();
        effects.push(Effect {
            sentence: sentence(&effect, &mean, &labels, &categories),
            arms: arms.collect(),
            step: effect.step,
            across: effect.across,
            surroundings: effect.surroundings,
            mean,
            categories,
        });
    }
    effects
}

fn sentence(effect: &Planned, mean: &Judged, labels: &[&str], categories: &[CategoryEffect]) -> String {
    let Step { from, to, .. } = &effect.step;
    let seen = match (&effect.across, effect.surroundings) {
        (None, 1) => "one pair of arms that differ in nothing else".to_owned(),
        (None, pairs) => format!("{pairs} pairs of arms that differ in nothing else"),
        (Some(_), groups) => format!("{} arms", 4 * groups),
    };
    let size = mean.difference.map(|d| {
        let interval = mean.interval.map(|i| format!(" ({})", signed_range(i))).unwrap_or_default();
        format!("{} points{interval}", signed(d))
    });
    let subject = match &effect.across {
        None => format!("From {from} to {to}"),
        Some(across) => {
            format!("The step from {from} to {to}, with {} instead of {}", across.to, across.from)
        }
    };
    let on_mean = match (&size, mean.word, effect.across.is_some()) {
        (None, ..) => "has no Mean to be seen on yet".to_owned(),
        (Some(size), Word::Better, false) => format!("raises the Mean by {size}"),
        (Some(size), Word::Worse, false) => format!("lowers the Mean: {size}"),
        (Some(size), Word::Equivalent, false) => format!("changes the Mean by less than 2 points: {size}"),
        (Some(size), Word::Undecided, false) => format!("leaves the Mean undecided: {size}"),
        (Some(size), Word::Better, true) => format!("does more for the Mean: {size}"),
        (Some(size), Word::Worse, true) => format!("does less for the Mean: {size}"),
        (Some(size), Word::Equivalent, true) => format!("does the same for the Mean to within 2 points: {size}"),
        (Some(size), Word::Undecided, true) => format!("may do more or less for the Mean: {size}"),
    };
    let hidden = match (mean.word, mean.detectable) {
        (Word::Undecided, Some(seen)) => format!("; an effect below {} points could not be seen", percent(seen)),
        _ => String::new(),
    };
    let (more, less) = if effect.across.is_some() { ("more", "less") } else { ("better", "worse") };
    let of = |word: Word| -> Vec<&str> {
        labels.iter().zip(categories).filter(|(_, c)| c.judged.word == word).map(|(label, _)| *label).collect()
    };
    let named =
        [(Word::Better, more), (Word::Worse, less), (Word::Equivalent, "equivalent"), (Word::Undecided, "undecided")];
    let parts: Vec<String> = named
        .into_iter()
        .map(|(word, said)| (said, of(word)))
        .filter(|(_, labels)| !labels.is_empty())
        .map(|(said, found)| {
            if found.len() == labels.len() && found.len() > 1 {
                format!("{said} in each of the {} categories", found.len())
            } else {
                format!("{said} in {}", list(&found))
            }
        })
        .collect();
    format!("{subject} {on_mean}{hidden}. By category: {}. Seen on {seen}.", parts.join("; "))
}
