//! Filling the [`Analysis`].

use std::collections::BTreeSet;

use super::cells::{Cell, cells};
use super::types::{Analysis, ArmKey, CategoryKey, Method};
use super::{
    attribution, challenges, contrast, differences, gallery, means, missing, motion, order, outside, summary, verdict,
    verdicts,
};
use crate::error::{ReportError, Result};
use crate::observations::Observations;
use crate::run_info::RunInfo;
use crate::statistics::{LEVEL, Resampler};

/// Replicates of the bootstrap: the Monte-Carlo error of an interval's end is then some 3 % of its half-width.
pub const BOOTSTRAP_REPLICATES: u32 = 4000;

/// Key of the bootstrap's generator: a constant ("GENTRON" in ASCII), so that the same observations give the same intervals.
pub const BOOTSTRAP_SEED: u64 = 0x0047_454e_5452_4f4e;

/// Concludes from observations. The gallery's texts, reasons and paths are still empty: see [`super::attach_shown`].
///
/// # Errors
/// The observations name an arm or category that `info` does not describe, or `info` a baseline or row of the paper that is not there.
pub fn conclude(info: &RunInfo, observations: &Observations) -> Result<Analysis> {
    let baseline =
        info.arms.iter().position(|arm| arm.id == info.baseline).ok_or_else(|| ReportError::UnknownBaseline {
            baseline: info.baseline.clone(),
            arms: info.arms.iter().map(|arm| arm.id.clone()).collect(),
        })?;
    let cells = cells(info, observations)?;
    let (means, mut mean_differences) =
        means::means(info, &cells, Resampler { seed: BOOTSTRAP_SEED }, BOOTSTRAP_REPLICATES);
    let planned = attribution::plan(info);
    let mut weights = verdicts::weights(info, baseline);
    weights.extend(planned.iter().map(|effect| effect.weights.clone()));
    let found = contrast::contrasts(&cells, &weights, Resampler { seed: BOOTSTRAP_SEED }, BOOTSTRAP_REPLICATES);
    let challengers = info.arms.iter().map(|arm| arm.id.as_str()).filter(|id| *id != info.baseline);
    let couples: Vec<(&str, &str)> = challengers.map(|arm| (arm, info.baseline.as_str())).collect();
    let paper_pairs = order::paper_pairs(info, &mean_differences)?;
    let judged = verdicts::verdicts(&couples, &cells, &found);
    verdicts::judge_means(info, &cells, &found, &judged, &mut mean_differences);
    let mut analysis = Analysis {
        format: 4,
        run: info.name.clone(),
        summary: Vec::new(),
        method: Method {
            level: LEVEL,
            cell_interval: "Student t on cluster-robust standard error, clusters are prompts, G - 1 degrees of freedom",
            mean_interval: "percentile bootstrap, prompts resampled within categories",
            verdict_interval: "percentile bootstrap, prompts resampled within categories, not corrected for the grid",
            verdict_test: "t test on cluster-robust standard error (Welch-Satterthwaite for the Mean), Holm over the grid; equivalence by two one-sided tests, Holm over the grid",
            alpha: verdict::ALPHA,
            margin: verdict::MARGIN,
            bootstrap_replicates: BOOTSTRAP_REPLICATES,
            bootstrap_seed: BOOTSTRAP_SEED,
        },
        baseline: info.baseline.clone(),
        planned_tasks: info.planned_tasks,
        finished_tasks: info.finished_tasks.unwrap_or_else(|| images(observations)),
        arms: info.arms.iter().enumerate().map(|(index, arm)| arm_key(index, &arm.id, &arm.label)).collect(),
        categories: info.categories.iter().map(category_key).collect(),
        estimates: Vec::new(),
        means,
        differences: Vec::new(),
        mean_differences,
        verdicts: judged,
        effects: attribution::effects(info, &cells, planned, &found),
        paper_pairs,
        motion: motion::points(info, &cells),
        by_things: Vec::new(),
        by_challenge: Vec::new(),
        missing: Vec::new(),
        outside: Vec::new(),
        gallery: Vec::new(),
        people: Vec::new(),
    };
    for cell in &cells {
        fill(&mut analysis, info, observations, cell, baseline);
    }
    // The prompts that made the most difference first; a stable sort, so that equals stay in the order of categories.
    analysis.gallery.sort_by(|a, b| b.range.total_cmp(&a.range));
    analysis.summary = summary::summary(&analysis, info);
    Ok(analysis)
}

fn fill(analysis: &mut Analysis, info: &RunInfo, observations: &Observations, cell: &Cell, baseline: usize) {
    for (index, arm) in info.arms.iter().enumerate() {
        analysis.estimates.push(cell.estimate(index, &arm.id, None));
        for split in cell.splits(observations) {
            let named = Some((split, observations.names.text(split)));
            analysis.estimates.push(cell.estimate(index, &arm.id, named));
        }
        if index != baseline {
            let against = (baseline, info.baseline.as_str());
            analysis.differences.push(differences::difference(cell, (index, &arm.id), against));
        }
        if cell.headline {
            let things = cell.things();
            analysis.by_things.extend(things.iter().map(|n| cell.by_things(index, &arm.id, *n)));
        }
    }
    if cell.headline {
        analysis.by_challenge.extend(challenges::by_challenge(info, observations, cell, baseline));
    }
    analysis.missing.extend(missing::missing(info, observations, cell));
    analysis.outside.extend(outside::outside(observations, cell));
    if cell.headline {
        analysis.gallery.extend(gallery::pick(info, observations, cell));
    }
}

/// Distinct images that have an observation.
fn images(observations: &Observations) -> u64 {
    observations.rows.iter().map(|row| (row.arm, row.suite, row.prompt, row.k)).collect::<BTreeSet<_>>().len() as u64
}

fn arm_key(index: usize, id: &str, label: &str) -> ArmKey {
    // A to Z, then A1, B1, ...: nobody compares so many, but nothing may break.
    let letter = char::from(b'A' + (index % 26) as u8).to_string();
    let letter = if index < 26 { letter } else { format!("{letter}{}", index / 26) };
    ArmKey { id: id.to_owned(), label: label.to_owned(), letter }
}

fn category_key(category: &crate::run_info::CategoryInfo) -> CategoryKey {
    CategoryKey {
        suite: category.suite.clone(),
        id: category.id.clone(),
        label: category.label.clone(),
        headline_metric: category.headline_metric.clone(),
        in_mean: category.in_mean,
        ceiling: category.ceiling,
        chance: category.chance,
    }
}
