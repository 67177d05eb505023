//! Contrasts between the arms of several runs, judged as one grid.

use super::cells::cells;
use super::conclude::{BOOTSTRAP_REPLICATES, BOOTSTRAP_SEED};
use super::contrast::contrasts;
use super::verdicts::{Verdict, contrast, verdicts};
use crate::error::Result;
use crate::observations::Observations;
use crate::run_info::RunInfo;
use crate::statistics::Resampler;

/// Each couple's first arm minus its second, in every cell and in the Mean; one list a couple.
pub(crate) fn contrast_runs(
    info: &RunInfo,
    observations: &Observations,
    couples: &[(usize, usize)],
) -> Result<Vec<Vec<Verdict>>> {
    let cells = cells(info, observations)?;
    let weights: Vec<Vec<f64>> =
        couples.iter().map(|(arm, against)| contrast(info.arms.len(), *arm, *against)).collect();
    let found = contrasts(&cells, &weights, Resampler { seed: BOOTSTRAP_SEED }, BOOTSTRAP_REPLICATES);
    let id = |place: usize| info.arms[place].id.as_str();
    let ids: Vec<(&str, &str)> = couples.iter().map(|(arm, against)| (id(*arm), id(*against))).collect();
    let mut judged = verdicts(&ids, &cells, &found);
    Ok(couples.iter().map(|_| judged.drain(..=cells.len()).collect()).collect())
}
