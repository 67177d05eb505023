//! An arm against another in every category and metric and in the Mean: one grid, judged together. Within a run the other is the baseline,
//! between runs it is the same arm of the first.

use serde::Serialize;

use super::cells::Cell;
use super::contrast::{Contrasts, Found, Weights, contrasts};
use super::types::MeanDifference;
use super::verdict::{Judged, Word, judge};
use crate::run_info::RunInfo;
use crate::statistics::Resampler;

/// An arm against another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Arm id.
    pub arm: String,
    /// Id of the arm that is subtracted.
    pub against: String,
    /// Suite id; none for the Mean.
    pub suite: Option<String>,
    /// Category id; none for the Mean.
    pub category: Option<String>,
    /// Metric id; none for the Mean.
    pub metric: Option<String>,
    /// Whether the metric stands for its category; true for the Mean.
    pub headline: bool,
    /// The effect and what may be said of it.
    #[serde(flatten)]
    pub judged: Judged,
}

/// The contrast of two arms of a run, given by their places.
pub(super) fn contrast(arms: usize, arm: usize, against: usize) -> Weights {
    let mut weights = vec![0.0; arms];
    (weights[arm], weights[against]) = (1.0, -1.0);
    weights
}

/// One contrast for every arm but the baseline, in the run's order.
pub(super) fn weights(info: &RunInfo, baseline: usize) -> Vec<Weights> {
    let count = info.arms.len();
    (0..count).filter(|arm| *arm != baseline).map(|arm| contrast(count, arm, baseline)).collect()
}

/// Judges the first contrasts of `found`, one for each of `couples` (an arm's id and that of the arm it is compared with), in every cell
/// and in the Mean: those of a couple stand together.
pub(super) fn verdicts(couples: &[(&str, &str)], cells: &[Cell], found: &Contrasts) -> Vec<Verdict> {
    let mut heads: Vec<(&str, &str, Option<&Cell>)> = Vec::new();
    let mut grid: Vec<Found> = Vec::new();
    for (column, (arm, against)) in couples.iter().enumerate() {
        for (cell, found) in cells.iter().zip(&found.cells) {
            heads.push((arm, against, Some(cell)));
            grid.push(found[column]);
        }
        heads.push((arm, against, None));
        grid.push(found.mean[column]);
    }
    let verdict = |((arm, against, cell), judged): ((&str, &str, Option<&Cell>), Judged)| Verdict {
        arm: arm.to_owned(),
        against: against.to_owned(),
        suite: cell.map(|c| c.category.suite.clone()),
        category: cell.map(|c| c.category.id.clone()),
        metric: cell.map(|c| c.metric.clone()),
        headline: cell.is_none_or(|c| c.headline),
        judged,
    };
    heads.into_iter().zip(judge(&grid)).map(verdict).collect()
}

/// Judges the differences of Means by the standard of the verdicts. Against the baseline the word is the verdict's. The other pairs are
/// judged by Holm over the grid of verdicts and all of them together, so that whoever looks for the highest Mean afterwards is covered.
pub(super) fn judge_means(
    info: &RunInfo,
    cells: &[Cell],
    found: &Contrasts,
    verdicts: &[Verdict],
    differences: &mut [MeanDifference],
) {
    let place = |id: &str| info.arms.iter().position(|arm| arm.id == id);
    let with_baseline = |d: &MeanDifference| d.arm == info.baseline || d.against == info.baseline;
    let pairs: Vec<Weights> = differences
        .iter()
        .filter(|d| !with_baseline(d))
        .filter_map(|d| Some(contrast(info.arms.len(), place(&d.arm)?, place(&d.against)?)))
        .collect();
    // Words need tests alone, and tests no resampling.
    let of_pairs = contrasts(cells, &pairs, Resampler { seed: 0 }, 0);
    let challengers = info.arms.len().saturating_sub(1);
    let mut grid: Vec<Found> = found.cells.iter().flat_map(|cell| cell.iter().take(challengers)).copied().collect();
    grid.extend(found.mean.iter().take(challengers));
    let before = grid.len();
    grid.extend(&of_pairs.mean);
    let mut words = judge(&grid).into_iter().skip(before).map(|judged| judged.word);
    for difference in differences {
        difference.word = if with_baseline(difference) {
            let challenger = if difference.arm == info.baseline { &difference.against } else { &difference.arm };
            let verdict = verdicts.iter().find(|v| v.category.is_none() && &v.arm == challenger);
            let word = verdict.map_or(Word::Undecided, |verdict| verdict.judged.word);
            if difference.arm == info.baseline { word.reversed() } else { word }
        } else {
            words.next().unwrap_or(Word::Undecided)
        };
    }
}
