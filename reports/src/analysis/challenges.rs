//! Category by challenge: where PartiPrompts is hard for an arm.

use std::collections::{BTreeMap, BTreeSet};

use super::cells::{Cell, Share};
use super::differences::{by_prompt, pairs};
use super::types::ByChallenge;
use crate::observations::{Name, Observations};
use crate::run_info::RunInfo;
use crate::statistics::clustered_mean;

/// Every arm in one category, challenge by challenge; nothing where the suite names no challenges.
pub(super) fn by_challenge(
    info: &RunInfo,
    observations: &Observations,
    cell: &Cell,
    baseline: usize,
) -> Vec<ByChallenge> {
    if info.challenges.is_empty() {
        return Vec::new();
    }
    let of_prompt = |prompt: Name| {
        let id = observations.names.text(prompt);
        Some((prompt, info.challenges.get(id)?.as_str()))
    };
    let challenges: BTreeMap<Name, &str> = cell.grid.keys().filter_map(|(prompt, _)| of_prompt(*prompt)).collect();
    let names: BTreeSet<&str> = challenges.values().copied().collect();
    let mut found = Vec::new();
    for (index, arm) in info.arms.iter().enumerate() {
        let differences = (index != baseline).then(|| by_prompt(&pairs(cell, index, baseline)));
        for name in &names {
            let Share { mean, missing } = cell.share(index, |row| challenges.get(&row.prompt) == Some(name));
            let difference = differences.as_ref().and_then(|differences| {
                let clusters = differences.iter().filter(|(prompt, _)| challenges.get(prompt) == Some(name));
                clustered_mean(clusters.map(|(_, cluster)| cluster))
            });
            found.push(ByChallenge {
                arm: arm.id.clone(),
                suite: cell.category.suite.clone(),
                category: cell.category.id.clone(),
                challenge: (*name).to_owned(),
                mean: mean.map(|m| m.mean),
                difference: difference.map(|m| m.mean),
                prompts: mean.map_or(0, |m| m.clusters as u64),
                scored: mean.map_or(0, |m| m.count as u64),
                missing,
            });
        }
    }
    found
}
