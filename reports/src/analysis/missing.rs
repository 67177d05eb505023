//! What was not scored, and why. Absence is data.

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
        for why in rows.iter().filter_map(|row| row.value.err()) {
            *reasons.entry(Some(observations.names.text(why).to_owned())).or_default() += 1;
        }
        let absent = cell.grid.len() - rows.len();
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
