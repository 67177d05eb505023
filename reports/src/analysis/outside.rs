//! Prompts that a metric cannot be asked of. They are no arm's doing, so they are counted once for all arms.

use std::collections::{BTreeMap, BTreeSet};

use super::cells::Cell;
use super::types::OutsidePrompts;
use crate::observations::{Name, Observations};

/// The prompts of a cell that its metric cannot be asked of, by reason.
pub(super) fn outside(observations: &Observations, cell: &Cell) -> Vec<OutsidePrompts> {
    let mut reasons = BTreeMap::<Name, BTreeSet<Name>>::new();
    for row in cell.outside.values() {
        if let Err(absence) = row.value {
            reasons.entry(absence.why()).or_default().insert(row.prompt);
        }
    }
    let told = |(why, prompts): (Name, BTreeSet<Name>)| OutsidePrompts {
        suite: cell.category.suite.clone(),
        category: cell.category.id.clone(),
        metric: cell.metric.clone(),
        why: observations.names.text(why).to_owned(),
        prompts: prompts.len() as u64,
    };
    reasons.into_iter().map(told).collect()
}
