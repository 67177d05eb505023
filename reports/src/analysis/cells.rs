//! Grouping observations into cells: one per category and metric, within it one list per arm.

use std::collections::{BTreeMap, BTreeSet};

use super::ranges::range_of;
use super::types::{ByThings, Estimate};
use crate::error::{ReportError, Result};
use crate::observations::{Name, Observations, Row};
use crate::run_info::{CategoryInfo, RunInfo};
use crate::statistics::{ClusteredMean, Interval, LEVEL, clustered_mean, clusters_by};

/// All observations of one metric in one category.
pub(super) struct Cell<'a> {
    pub category: &'a CategoryInfo,
    pub metric: String,
    pub headline: bool,
    /// Per arm, in the run's order; sorted by (prompt, k).
    pub arms: Vec<Vec<&'a Row>>,
    /// Every image that any arm has an observation of and whose prompt the metric can be asked of: what each arm should have.
    pub grid: BTreeMap<(Name, u32), &'a Row>,
    /// The images whose prompt it cannot be asked of, in any arm: no arm should have them.
    pub outside: BTreeMap<(Name, u32), &'a Row>,
}

/// What an arm has of a cell, or of a part of it.
pub(super) struct Share {
    /// Over the images that are scored.
    pub mean: Option<ClusteredMean>,
    /// Images of the grid without a score.
    pub missing: u64,
}

impl Share {
    /// Between what the mean would lie if the missing images were scored: at the metric's least, and at its most. None where nothing is
    /// missing, nothing is scored or the metric has no such ends.
    pub fn bounds(&self, metric: &str) -> Option<Interval> {
        let mean = self.mean.filter(|_| self.missing > 0)?;
        let (scored, missing) = (mean.count as f64, self.missing as f64);
        let [low, high] = range_of(metric)?.map(|end| (mean.mean * scored + end * missing) / (scored + missing));
        Some(Interval { low, high })
    }
}

/// Groups the observations in the order of the run's categories. A category's headline cell is there even if it is empty.
pub(super) fn cells<'a>(info: &'a RunInfo, observations: &'a Observations) -> Result<Vec<Cell<'a>>> {
    let names = &observations.names;
    let unknown = |what, name: &str, known: Vec<String>| ReportError::Unknown { what, name: name.into(), known };
    let mut groups = BTreeMap::<(usize, String), Vec<Vec<&Row>>>::new();
    for (index, category) in info.categories.iter().enumerate() {
        groups.insert((index, category.headline_metric.clone()), vec![Vec::new(); info.arms.len()]);
    }
    // Rows are sorted, so that arm and category change rarely: look them up once per change.
    let mut last: Option<(Name, Name, Name, usize, usize)> = None;
    for row in &observations.rows {
        let (arm, category) = match last {
            Some((a, s, c, arm, category)) if (a, s, c) == (row.arm, row.suite, row.category) => (arm, category),
            _ => {
                let (a, s, c) = (names.text(row.arm), names.text(row.suite), names.text(row.category));
                let arm = info
                    .arms
                    .iter()
                    .position(|arm| arm.id == a)
                    .ok_or_else(|| unknown("arm", a, info.arms.iter().map(|arm| arm.id.clone()).collect()))?;
                let category = info.categories.iter().position(|k| k.suite == s && k.id == c).ok_or_else(|| {
                    let known = info.categories.iter().map(|k| format!("{}/{}", k.suite, k.id)).collect();
                    unknown("category", &format!("{s}/{c}"), known)
                })?;
                last = Some((row.arm, row.suite, row.category, arm, category));
                (arm, category)
            }
        };
        let metric = names.text(row.metric).to_owned();
        groups.entry((category, metric)).or_insert_with(|| vec![Vec::new(); info.arms.len()])[arm].push(row);
    }
    Ok(groups
        .into_iter()
        .map(|((category, metric), arms)| {
            let category = &info.categories[category];
            let keyed = |row: &&'a Row| ((row.prompt, row.k), *row);
            let mut grid: BTreeMap<(Name, u32), &Row> = arms.iter().flatten().map(keyed).collect();
            // A score in any arm shows that it can be asked; then the others miss theirs.
            let asked: BTreeSet<(Name, u32)> =
                arms.iter().flatten().filter(|row| row.value.is_ok()).map(|row| (row.prompt, row.k)).collect();
            let is_outside = |row: &&&'a Row| row.value.is_err_and(|absence| absence.outside().is_some());
            let mut outside: BTreeMap<(Name, u32), &Row> =
                arms.iter().flatten().filter(is_outside).map(keyed).collect();
            outside.retain(|key, _| !asked.contains(key));
            grid.retain(|key, _| !outside.contains_key(key));
            Cell { category, headline: metric == category.headline_metric, metric, arms, grid, outside }
        })
        .collect())
}

impl Cell<'_> {
    /// The splits to report beside "all"; none where the suite has no split.
    pub fn splits(&self, observations: &Observations) -> Vec<Name> {
        let splits: BTreeSet<Name> = self.grid.values().map(|row| row.split).collect();
        splits.into_iter().filter(|split| observations.names.text(*split) != "unsplit").collect()
    }

    /// The numbers of things asked for, if there are several.
    pub fn things(&self) -> Vec<u32> {
        let things: BTreeSet<u32> = self.grid.values().map(|row| row.things).collect();
        if things.len() > 1 { things.into_iter().collect() } else { Vec::new() }
    }

    /// An arm's scored images among those `wanted`, and how many are missing from the grid.
    pub fn share(&self, arm: usize, wanted: impl Fn(&Row) -> bool) -> Share {
        let expected = self.grid.values().filter(|row| wanted(row)).count();
        let scored = self.arms[arm].iter().filter(|row| wanted(row));
        let clusters = clusters_by(scored.filter_map(|row| Some((row.prompt, row.value.ok()?))));
        let mean = clustered_mean(clusters.values());
        Share { mean, missing: (expected - mean.map_or(0, |m| m.count)) as u64 }
    }

    /// The estimate of an arm (given by index and id) over all prompts, or over one split.
    pub fn estimate(&self, arm: usize, id: &str, split: Option<(Name, &str)>) -> Estimate {
        let wanted = |row: &Row| split.is_none_or(|(split, _)| row.split == split);
        let share = self.share(arm, wanted);
        let Share { mean, missing } = share;
        Estimate {
            arm: id.to_owned(),
            suite: self.category.suite.clone(),
            category: self.category.id.clone(),
            split: split.map_or("all", |(_, text)| text).to_owned(),
            metric: self.metric.clone(),
            headline: self.headline,
            mean: mean.map(|m| m.mean),
            interval: mean.and_then(|m| m.interval(LEVEL)),
            bounds: share.bounds(&self.metric),
            prompts: mean.map_or(0, |m| m.clusters as u64),
            scored: mean.map_or(0, |m| m.count as u64),
            missing,
            outside: self.outside.values().filter(|row| wanted(row)).count() as u64,
        }
    }

    /// The estimate of an arm among prompts that ask for so many things.
    pub fn by_things(&self, arm: usize, id: &str, things: u32) -> ByThings {
        let Share { mean, missing } = self.share(arm, |row| row.things == things);
        ByThings {
            arm: id.to_owned(),
            suite: self.category.suite.clone(),
            category: self.category.id.clone(),
            things,
            mean: mean.map(|m| m.mean),
            interval: mean.and_then(|m| m.interval(LEVEL)),
            prompts: mean.map_or(0, |m| m.clusters as u64),
            scored: mean.map_or(0, |m| m.count as u64),
            missing,
        }
    }
}
