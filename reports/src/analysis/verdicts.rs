//! Every arm against the baseline in every category and metric and in the Mean: one grid, judged together.

use serde::Serialize;

use super::cells::Cell;
use super::contrast::{Contrasts, Found, Weights};
use super::verdict::{Judged, judge};
use crate::run_info::RunInfo;

/// An arm against the baseline.
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

/// One contrast for every arm but the baseline, in the run's order.
pub(super) fn weights(info: &RunInfo, baseline: usize) -> Vec<Weights> {
    let contrast = |arm: usize| {
        let mut weights = vec![0.0; info.arms.len()];
        (weights[arm], weights[baseline]) = (1.0, -1.0);
        weights
    };
    (0..info.arms.len()).filter(|arm| *arm != baseline).map(contrast).collect()
}

/// Judges the first contrasts of `found`, which [`weights`] made.
pub(super) fn verdicts(info: &RunInfo, cells: &[Cell], found: &Contrasts) -> Vec<Verdict> {
    let arms: Vec<&str> = info.arms.iter().map(|arm| arm.id.as_str()).filter(|id| *id != info.baseline).collect();
    let mut heads: Vec<(&str, Option<&Cell>)> = Vec::new();
    let mut grid: Vec<Found> = Vec::new();
    for (column, arm) in arms.iter().enumerate() {
        for (cell, found) in cells.iter().zip(&found.cells) {
            heads.push((arm, Some(cell)));
            grid.push(found[column]);
        }
        heads.push((arm, None));
        grid.push(found.mean[column]);
    }
    let verdict = |((arm, cell), judged): ((&str, Option<&Cell>), Judged)| Verdict {
        arm: arm.to_owned(),
        against: info.baseline.clone(),
        suite: cell.map(|c| c.category.suite.clone()),
        category: cell.map(|c| c.category.id.clone()),
        metric: cell.map(|c| c.metric.clone()),
        headline: cell.is_none_or(|c| c.headline),
        judged,
    };
    heads.into_iter().zip(judge(&grid)).map(verdict).collect()
}
