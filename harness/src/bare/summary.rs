//! Averages of a folder, by category, over a whole suite whose categories are scored alike, and by challenge where the suite has any.

use std::collections::{BTreeMap, BTreeSet};

use gentron_metrics::{Average, MetricId};
use gentron_suites::Prompt;
use serde::Serialize;

use super::observe::Seen;
use crate::table::{self, Lean};

/// One mean, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What the images have in common: `t2i-compbench/color`, `parti, all` or `parti, challenge Quantity`.
    pub group: String,
    /// Whether its images stand in the line of their category, too.
    #[serde(skip)]
    pub again: bool,
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
    let place = |seen: &Seen| prompts.iter().position(|prompt| prompt.category == seen.category).unwrap_or(usize::MAX);
    let mut ordered: Vec<&Seen> = seen.iter().collect();
    ordered.sort_by_key(|seen| place(seen));
    let (mut categories, mut challenges) = (Groups::new(), Groups::new());
    for seen in &ordered {
        add(&mut categories, format!("{}/{}", seen.suite, seen.category), seen);
        if let Some(name) = by_id.get(seen.prompt_id.as_str()).and_then(|prompt| challenge(prompt)) {
            add(&mut challenges, format!("{}, challenge {name}", seen.suite), seen);
        }
    }
    let again: Groups = whole(&categories).into_iter().chain(challenges).collect();
    let once = categories.iter().flat_map(|(group, members)| lines((group.as_str(), false), members, bounds));
    once.chain(again.iter().flat_map(|(group, members)| lines((group.as_str(), true), members, bounds))).collect()
}

/// Images by what they have in common, in order of appearance.
type Groups<'a> = Vec<(String, Vec<&'a Seen>)>;

fn add<'a>(groups: &mut Groups<'a>, group: String, seen: &'a Seen) {
    match groups.iter_mut().find(|(name, _)| *name == group) {
        Some((_, members)) => members.push(seen),
        None => groups.push((group, vec![seen])),
    }
}

/// All images of every suite that has several categories and the same scores in each. Elsewhere a mean over the suite would mix scores, or
/// be of a part of its images.
fn whole<'a>(categories: &[(String, Vec<&'a Seen>)]) -> Groups<'a> {
    let mut suites: BTreeMap<&str, Vec<&Vec<&'a Seen>>> = BTreeMap::new();
    for (_, members) in categories {
        if let Some(first) = members.first() {
            suites.entry(&first.suite).or_default().push(members);
        }
    }
    let names = |members: &[&'a Seen]| -> BTreeSet<&'a str> { metrics(members).into_iter().collect() };
    let alike =
        |groups: &[&Vec<&'a Seen>]| groups.len() > 1 && groups.windows(2).all(|pair| names(pair[0]) == names(pair[1]));
    let suites = suites.into_iter().filter(|(_, groups)| alike(groups));
    suites.map(|(suite, groups)| (format!("{suite}, all"), groups.into_iter().flatten().copied().collect())).collect()
}

/// The names of the scores of these images, in order of appearance.
fn metrics<'a>(members: &[&'a Seen]) -> Vec<&'a str> {
    let mut metrics: Vec<&str> = Vec::new();
    for observation in members.iter().flat_map(|seen| &seen.observations) {
        if !metrics.contains(&observation.metric.as_str()) {
            metrics.push(&observation.metric);
        }
    }
    metrics
}

fn lines((group, again): (&str, bool), members: &[&Seen], bounds: bool) -> Vec<Line> {
    let line = |metric: &str| {
        let range = MetricId::of_score(metric).map_or([0.0, 1.0], |(id, _)| id.card().range);
        let outcomes = members.iter().flat_map(|seen| &seen.observations).filter(|o| o.metric == metric);
        let average = Average::of(outcomes.map(|observation| &observation.outcome), range);
        Line {
            group: group.to_owned(),
            again,
            metric: metric.to_owned(),
            mean: average.mean(),
            bounds: average.bounds().filter(|[least, most]| bounds && least.is_finite() && most.is_finite()),
            scored: average.scored(),
            missing: average.unscored(),
            why: average.reasons().clone(),
            outside: average.reasons_outside().clone(),
        }
    };
    metrics(members).into_iter().map(line).collect()
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
    for line in lines.iter().filter(|line| !line.again) {
        for (reason, count) in of(line) {
            *reasons.entry(reason).or_default().entry(&line.metric).or_default() += count;
        }
    }
    let counts = |metrics: BTreeMap<&str, usize>| {
        metrics.iter().map(|(metric, count)| format!("{count} of {metric}")).collect::<Vec<_>>().join(", ")
    };
    reasons.into_iter().map(|(reason, metrics)| (reason, counts(metrics))).collect()
}

#[cfg(test)]
mod tests {
    use gentron_metrics::{Observation, Outcome};

    use super::*;

    fn seen(category: &str, metric: &str, value: Option<f64>) -> Seen {
        let outcome = match value {
            Some(value) => Outcome::Scored { value, reasons: Vec::new() },
            None => Outcome::Unscored { why: "the image is missing".into() },
        };
        Seen {
            image: None,
            sha256: None,
            scorer: String::new(),
            suite: "parti".into(),
            category: category.into(),
            prompt_id: format!("{category}-0"),
            prompt: String::new(),
            k: 0,
            observations: vec![Observation { metric: metric.into(), outcome }],
        }
    }

    fn of<'a>(lines: &'a [Line], group: &str) -> Option<&'a Line> {
        lines.iter().find(|line| line.group == group)
    }

    #[test]
    fn a_suite_that_is_scored_alike_has_a_mean_over_all_its_images() {
        let of_category = |category: &str, value| seen(category, "clipscore", Some(value));
        let mut all = vec![of_category("Animals", 0.25), of_category("Animals", 0.25), of_category("Food", 1.0)];
        let lines = summarise(&all, &[], false);
        let groups: Vec<&str> = lines.iter().map(|line| line.group.as_str()).collect();
        assert_eq!(groups, ["parti/Animals", "parti/Food", "parti, all"]);
        assert_eq!(of(&lines, "parti, all").unwrap().mean, Some(0.5), "each image counts alike, not each category");

        // What is missing withholds it as it does any mean, and is counted once below the table.
        all.push(seen("Food", "clipscore", None));
        let lines = summarise(&all, &[], false);
        let whole = of(&lines, "parti, all").unwrap();
        assert_eq!((whole.mean, whole.scored, whole.missing), (None, 3, 1));
        assert!(render(&lines).contains("unscored, 1 of clipscore: the image is missing"), "{}", render(&lines));

        // One category is its own whole, and of categories with other scores there is none.
        assert!(of(&summarise(&all[..2], &[], false), "parti, all").is_none());
        all.push(seen("Food", "b-vqa", Some(1.0)));
        assert!(of(&summarise(&all, &[], false), "parti, all").is_none());
    }
}
