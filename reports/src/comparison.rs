//! Several runs beside each other, from their observations alone: what changed, and whether that is more than chance.

use std::path::Path;

use serde::Serialize;

use crate::analysis::{Verdict, contrast_runs};
use crate::error::{ReportError, Result};
use crate::observations::{merge, read_observations};
use crate::protocol::{FieldDifference, field_differences};
use crate::run_info::{CategoryInfo, RunInfo};

/// An arm of a later run against the same arm of the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Which run, from 1: the first is 0.
    pub run: usize,
    /// The change and what may be said of it; `against` is the arm's id in the first run.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// How later runs compare with the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Names of the runs; the first is compared with.
    pub runs: Vec<String>,
    /// What pairs are made of: images of the same prompt and noise, or means of the same prompt.
    pub paired_by: PairedBy,
    /// Where the protocol cards differ, by run from 1.
    pub cards: Vec<Vec<FieldDifference>>,
    /// Arms without a partner, as `run/arm`.
    pub alone: Vec<String>,
    /// The changes, judged as one grid.
    pub changes: Vec<Change>,
}

/// What pairs are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PairedBy {
    /// Prompt, image index and noise.
    Noise,
    /// The prompt alone: the runs' noise differs.
    Prompt,
}

/// A run to compare: its folder and its description.
pub type RunToCompare<'a> = (&'a Path, &'a RunInfo);

/// Compares every later run with the first. Nothing is drawn or scored.
///
/// # Errors
/// Fewer than two runs, damaged observations, or runs without an arm in common.
pub fn compare(runs: &[RunToCompare]) -> Result<Comparison> {
    let Some(((_, first), later)) = runs.split_first().filter(|(_, later)| !later.is_empty()) else {
        return Err(ReportError::NothingToCompare { why: "it takes two runs" });
    };
    let by_prompt = later.iter().any(|(_, info)| info.protocol.seed != first.protocol.seed);
    let observations = runs.iter().map(|(folder, _)| read_observations(folder)).collect::<Result<Vec<_>>>()?;
    let merged = merge::merge(observations, by_prompt);
    let mut info = (*first).clone();
    info.arms = runs
        .iter()
        .enumerate()
        .flat_map(|(run, (_, info))| info.arms.iter().map(move |arm| (run, arm)))
        .map(|(run, arm)| crate::ArmInfo { id: merge::arm_of_run(run, &arm.id), ..arm.clone() })
        .collect();
    info.categories = categories(runs);
    let mut couples: Vec<(usize, String, String)> = Vec::new();
    let mut alone: Vec<String> = Vec::new();
    for (run, (_, other)) in runs.iter().enumerate().skip(1) {
        let single = other.arms.len() == 1 && first.arms.len() == 1;
        for arm in &other.arms {
            match first.arms.iter().find(|known| known.id == arm.id || single) {
                Some(known) => couples.push((run, arm.id.clone(), known.id.clone())),
                None => alone.push(merge::arm_of_run(run, &arm.id)),
            }
        }
    }
    if couples.is_empty() {
        return Err(ReportError::NothingToCompare { why: "no arm has the same name in both" });
    }
    let place = |run: usize, arm: &str| {
        let id = merge::arm_of_run(run, arm);
        info.arms.iter().position(|arm| arm.id == id).unwrap_or(0)
    };
    let pairs: Vec<(usize, usize)> =
        couples.iter().map(|(run, arm, known)| (place(*run, arm), place(0, known))).collect();
    let judged = contrast_runs(&info, &merged, &pairs)?;
    let changes = couples.into_iter().zip(judged).flat_map(|((run, arm, against), verdicts)| {
        verdicts.into_iter().map(move |verdict| Change {
            run,
            verdict: Verdict { arm: arm.clone(), against: against.clone(), ..verdict },
        })
    });
    Ok(Comparison {
        runs: runs.iter().map(|(folder, _)| folder.display().to_string()).collect(),
        paired_by: if by_prompt { PairedBy::Prompt } else { PairedBy::Noise },
        cards: later.iter().map(|(_, info)| field_differences(&first.protocol, &info.protocol)).collect(),
        alone,
        changes: changes.collect(),
    })
}

/// The categories of all runs, each as the first run that has it describes it.
fn categories(runs: &[RunToCompare]) -> Vec<CategoryInfo> {
    let mut found: Vec<CategoryInfo> = Vec::new();
    for category in runs.iter().flat_map(|(_, info)| &info.categories) {
        if !found.iter().any(|known| known.suite == category.suite && known.id == category.id) {
            found.push(category.clone());
        }
    }
    // The Mean is over what every run has: else no arm would have one.
    for category in &mut found {
        let everywhere =
            |info: &RunInfo| info.categories.iter().any(|c| c.suite == category.suite && c.id == category.id);
        category.in_mean = category.in_mean && runs.iter().all(|(_, info)| everywhere(info));
    }
    found
}
