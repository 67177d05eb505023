//! Paired differences of two arms within a cell.

use std::collections::BTreeMap;

use super::cells::Cell;
use super::types::Difference;
use crate::observations::Name;
use crate::statistics::{Cluster, LEVEL, Paired, Reading, clustered_mean, clusters_by, paired_differences};

/// What makes two images a pair: prompt, index and noise. With another seed the same index is another noise, and no partner.
type PairKey = (Name, u32, u64);

/// The scores of one arm by pair key.
fn scores(cell: &Cell, arm: usize) -> BTreeMap<PairKey, f64> {
    cell.arms[arm].iter().filter_map(|row| Some(((row.prompt, row.k, row.seed), row.value.ok()?))).collect()
}

/// Pairs two arms of a cell, given by index: `arm − against`.
pub(super) fn pairs(cell: &Cell, arm: usize, against: usize) -> Paired<PairKey> {
    paired_differences(&scores(cell, arm), &scores(cell, against))
}

/// The differences grouped by prompt.
pub(super) fn by_prompt(paired: &Paired<PairKey>) -> BTreeMap<Name, Cluster> {
    clusters_by(paired.differences.iter().map(|((prompt, ..), difference)| (*prompt, *difference)))
}

/// The difference of two arms, given by index and id, with its cluster-robust interval.
pub(super) fn difference(cell: &Cell, arm: (usize, &str), against: (usize, &str)) -> Difference {
    let paired = pairs(cell, arm.0, against.0);
    let mean = clustered_mean(by_prompt(&paired).values());
    let interval = mean.and_then(|m| m.interval(LEVEL));
    Difference {
        arm: arm.1.to_owned(),
        against: against.1.to_owned(),
        suite: cell.category.suite.clone(),
        category: cell.category.id.clone(),
        metric: cell.metric.clone(),
        headline: cell.headline,
        difference: mean.map(|m| m.mean),
        interval,
        reading: match mean {
            Some(m) if m.standard_error.is_none() => Reading::unanimous(m.mean, m.clusters),
            _ => Reading::of(interval),
        },
        prompts: mean.map_or(0, |m| m.clusters as u64),
        pairs: paired.differences.len() as u64,
        unpaired: paired.unpaired as u64,
    }
}
