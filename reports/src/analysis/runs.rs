//! Contrasts between the arms of several runs, judged as one grid.

use super::cells::cells;
use super::conclude::{BOOTSTRAP_REPLICATES, BOOTSTRAP_SEED};
use super::contrast::contrasts;
use super::verdict::{Judged, judge};
use crate::error::Result;
use crate::observations::Observations;
use crate::run_info::RunInfo;
use crate::statistics::Resampler;

/// Suite and category, metric, whether it is the headline; none for the Mean.
pub(crate) type Place = Option<((String, String), String, bool)>;

/// Each couple's first arm minus its second, in every cell and in the Mean; a couple's results stand together.
pub(crate) fn contrast_runs(
    info: &RunInfo,
    observations: &Observations,
    couples: &[(usize, usize)],
) -> Result<Vec<(usize, Place, Judged)>> {
    let cells = cells(info, observations)?;
    let weights: Vec<Vec<f64>> = couples
        .iter()
        .map(|(arm, against)| {
            let mut weights = vec![0.0; info.arms.len()];
            (weights[*arm], weights[*against]) = (1.0, -1.0);
            weights
        })
        .collect();
    let found = contrasts(&cells, &weights, Resampler { seed: BOOTSTRAP_SEED }, BOOTSTRAP_REPLICATES);
    let (mut places, mut grid): (Vec<(usize, Place)>, Vec<_>) = (Vec::new(), Vec::new());
    for couple in 0..couples.len() {
        for (cell, found) in cells.iter().zip(&found.cells) {
            let category = (cell.category.suite.clone(), cell.category.id.clone());
            places.push((couple, Some((category, cell.metric.clone(), cell.headline))));
            grid.push(found[couple]);
        }
        places.push((couple, None));
        grid.push(found.mean[couple]);
    }
    Ok(places.into_iter().zip(judge(&grid)).map(|((couple, place), judged)| (couple, place, judged)).collect())
}
