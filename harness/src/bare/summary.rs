//! Averages of a folder, by category, and by challenge where the suite has any.

use std::collections::BTreeMap;

use gentron_metrics::{Average, MetricId};
use gentron_suites::Prompt;
use serde::Serialize;

use super::observe::Seen;
use crate::table::{self, Lean};

/// One mean, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What the images have in common: `t2i-compbench/color`, or `parti, challenge Quantity`.
    pub group: String,
    /// What the score is called.
    pub metric: String,
    /// Over all images that the score can be asked of; null while any of them is unscored.
    pub mean: Option<f64>,
    /// Between what that mean lies, whatever the unscored ones would score; where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<[f64; 2]>,
    /// Images with a score.
    pub scored: usize,
    /// Images without.
    pub missing: usize,
    /// Why, and how many each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub why: BTreeMap<String, usize>,
    /// Images of prompts that the score cannot be asked of, which are left out of the mean: why, and how many each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub outside: BTreeMap<String, usize>,
}

/// Averages what was seen, in its order. Groups are in the order of the prompts.
pub fn summarise(seen: &[Seen], prompts: &[Prompt], bounds: bool) -> Vec<Line> {
    let challenge = |prompt: &Prompt| prompt.annotation.attributes.get("challenge").cloned();
    let by_id: BTreeMap<&str, &Prompt> = prompts.iter().map(|prompt| (prompt.id.as_str(), prompt)).collect();
    let mut groups: Vec<(String, Vec<&Seen>)> = Vec::new();
    let mut add = |group: String, seen| match groups.iter_mut().find(|(name, _)| *name == group) {
        Some((_, members)) => members.push(seen),
        None => groups.push((group, vec![seen])),
    };
    let place = |seen: &Seen| prompts.iter().position(|prompt| prompt.category == seen.category).unwrap_or(usize::MAX);
    let mut ordered: Vec<&Seen> = seen.iter().collect();
    ordered.sort_by_key(|seen| place(seen));
    for seen in &ordered {
        add(format!("{}/{}", seen.suite, seen.category), *seen);
    }
    for seen in &ordered {
        if let Some(name) = by_id.get(seen.prompt_id.as_str()).and_then(|prompt| challenge(prompt)) {
            add(format!("{}, challenge {name}", seen.suite), *seen);
        }
    }
    groups.iter().flat_map(|(group, members)| lines(group, members, bounds)).collect()
}

fn lines(group: &str, members: &[&Seen], bounds: bool) -> Vec<Line> {
    let mut metrics: Vec<&str> = Vec::new();
    for observation in members.iter().flat_map(|seen| &seen.observations) {
        if !metrics.contains(&observation.metric.as_str()) {
            metrics.push(&observation.metric);
        }
    }
    let line = |metric: &str| {
        let range = MetricId::of_score(metric).map_or([0.0, 1.0], |(id, _)| id.card().range);
        let outcomes = members.iter().flat_map(|seen| &seen.observations).filter(|o| o.metric == metric);
        let average = Average::of(outcomes.map(|observation| &observation.outcome), range);
        Line {
            group: group.to_owned(),
            metric: metric.to_owned(),
            mean: average.mean(),
            bounds: average.bounds().filter(|[least, most]| bounds && least.is_finite() && most.is_finite()),
            scored: average.scored(),
            missing: average.unscored(),
            why: average.reasons().clone(),
            outside: average.reasons_outside().clone(),
        }
    };
    metrics.into_iter().map(line).collect()
}

/// The table for people, and below it what is missing and why.
pub fn render(lines: &[Line]) -> String {
    let bounded = lines.iter().any(|line| line.bounds.is_some());
    let mut headings = vec![("group", Lean::Left), ("metric", Lean::Left), ("mean", Lean::Right)];
    if bounded {
        headings.push(("at least", Lean::Right));
        headings.push(("at most", Lean::Right));
    }
    headings.extend([("scored", Lean::Right), ("missing", Lean::Right)]);
    let outside = lines.iter().any(|line| !line.outside.is_empty());
    if outside {
        headings.push(("outside", Lean::Right));
    }
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
    let row = |line: &Line| {
        let mut row = vec![line.group.clone(), line.metric.clone(), number(line.mean)];
        if bounded {
            row.extend([0, 1].map(|side| number(line.bounds.map(|bounds| bounds[side]))));
        }
        row.extend([line.scored.to_string(), line.missing.to_string()]);
        if outside {
            row.push(line.outside.values().sum::<usize>().to_string());
        }
        row
    };
    let mut text = table::render(&headings, &lines.iter().map(row).collect::<Vec<_>>());
    for (reason, counts) in reasons(lines, |line| &line.why) {
        text += &format!("\nunscored, {counts}: {reason}\n");
    }
    for (reason, counts) in reasons(lines, |line| &line.outside) {
        text += &format!("\noutside the score and its mean, {counts}: {reason}\n");
    }
    text
}

/// Each reason once, with "18 of unidet-2d-fixed": how many images of which scores.
fn reasons<'a>(lines: &'a [Line], of: impl Fn(&'a Line) -> &'a BTreeMap<String, usize>) -> BTreeMap<&'a str, String> {
    let mut reasons: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.group.contains(", challenge ")) {
        for (reason, count) in of(line) {
            *reasons.entry(reason).or_default().entry(&line.metric).or_default() += count;
        }
    }
    let counts = |metrics: BTreeMap<&str, usize>| {
        metrics.iter().map(|(metric, count)| format!("{count} of {metric}")).collect::<Vec<_>>().join(", ")
    };
    reasons.into_iter().map(|(reason, metrics)| (reason, counts(metrics))).collect()
}
