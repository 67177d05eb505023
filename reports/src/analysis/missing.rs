//! What was not scored, and why. Absence is data. What a metric cannot be asked of is not missing: see [`super::outside`].

use std::collections::BTreeMap;

use super::cells::Cell;
use super::types::Missing;
use crate::observations::Observations;
use crate::run_info::RunInfo;

/// Counts the gaps of a cell by arm and reason.
pub(super) fn missing(info: &RunInfo, observations: &Observations, cell: &Cell) -> Vec<Missing> {
    let mut found = Vec::new();
    for (arm, rows) in info.arms.iter().zip(&cell.arms) {
        let mut reasons = BTreeMap::<Option<String>, u64>::new();
        let expected: Vec<_> = rows.iter().filter(|row| cell.grid.contains_key(&(row.prompt, row.k))).collect();
        for absence in expected.iter().filter_map(|row| row.value.err()) {
            *reasons.entry(Some(observations.names.text(absence.why()).to_owned())).or_default() += 1;
        }
        let absent = cell.grid.len() - expected.len();
        if absent > 0 {
            reasons.insert(None, absent as u64);
        }
        found.extend(reasons.into_iter().map(|(why, count)| Missing {
            arm: arm.id.clone(),
            suite: cell.category.suite.clone(),
            category: cell.category.id.clone(),
            metric: cell.metric.clone(),
            why,
            count,
        }));
    }
    found
}
