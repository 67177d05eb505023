//! What motion-free guidance does: every metric of clips against its weight, over all categories, and paired with the same backbone
//! without it; and what another training does, paired with the baseline, both without guidance.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::cells::Cell;
use super::differences::{by_prompt, pairs};
use super::factors::{same_but_for_motion_guidance, settings};
use super::types::{Analysis, ArmKey};
use crate::observations::Name;
use crate::run_info::RunInfo;
use crate::statistics::{Cluster, Interval, LEVEL, Reading, clustered_mean, clusters_by};
use crate::text::{list, signed, signed_range};

/// One metric of one arm of clips.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MotionPoint {
    /// Arm id.
    pub arm: String,
    /// Metric id.
    pub metric: String,
    /// λ_M of motion-free guidance; 1 is off.
    pub weight: f64,
    /// Arms of one backbone, which differ in nothing but the weight, have one number.
    pub backbone: u32,
    /// Mean over all clips of all categories.
    pub mean: Option<f64>,
    /// Its interval, prompts as clusters.
    pub interval: Option<Interval>,
    /// Prompts with at least one score.
    pub prompts: u64,
    /// Against the same backbone without motion-free guidance, paired by prompt and noise; none of that arm itself, or where it is not there.
    pub against_off: Option<MotionChange>,
    /// Of another backbone without guidance, against the run's baseline if that has none either, paired by prompt and noise.
    pub against_baseline: Option<MotionChange>,
}

/// What the guidance, or another training, changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MotionChange {
    /// Mean difference over pairs.
    pub difference: f64,
    /// Its interval.
    pub interval: Option<Interval>,
    /// What the interval allows one to say, uncorrected for multiplicity.
    pub reading: Reading,
    /// Pairs of clips with both scores.
    pub pairs: u64,
}

/// Of every arm of clips, in order; the same for a run of pictures as no points.
pub(super) fn points(info: &RunInfo, cells: &[Cell]) -> Vec<MotionPoint> {
    let settings = settings(info);
    let clips = |arm: &usize| info.arms[*arm].frames.is_some() && settings[*arm].is_some();
    let arms: Vec<usize> = (0..info.arms.len()).filter(clips).collect();
    let unguided = |arm: &usize| weight(info, *arm) == 1.0;
    let baseline = arms.iter().copied().find(|&arm| info.arms[arm].id == info.baseline).filter(unguided);
    let metrics: BTreeSet<&str> = cells.iter().map(|cell| cell.metric.as_str()).collect();
    let mut points = Vec::new();
    for metric in metrics {
        let cells: Vec<&Cell> = cells.iter().filter(|cell| cell.metric == metric).collect();
        for &arm in &arms {
            let alike: Vec<usize> =
                arms.iter().copied().filter(|other| same_but_for_motion_guidance(&settings, arm, *other)).collect();
            let off = alike.iter().copied().find(unguided).filter(|off| *off != arm);
            let baseline = baseline.filter(|baseline| unguided(&arm) && !alike.contains(baseline));
            let values = cells.iter().flat_map(|cell| &cell.arms[arm]);
            let clusters = clusters_by(values.filter_map(|row| Some((row.prompt, row.value.ok()?))));
            let mean = clustered_mean(clusters.values());
            points.push(MotionPoint {
                arm: info.arms[arm].id.clone(),
                metric: metric.to_owned(),
                weight: weight(info, arm),
                backbone: alike[0] as u32,
                mean: mean.map(|m| m.mean),
                interval: mean.and_then(|m| m.interval(LEVEL)),
                prompts: mean.map_or(0, |m| m.clusters as u64),
                against_off: off.and_then(|off| change(&cells, arm, off)),
                against_baseline: baseline.and_then(|baseline| change(&cells, arm, baseline)),
            });
        }
    }
    points
}

/// λ_M of an arm, 1 where it is off.
fn weight(info: &RunInfo, arm: usize) -> f64 {
    let sampler = info.arms[arm].sampler.as_ref().unwrap_or(&info.protocol.sampler);
    sampler.motion_guidance.unwrap_or(1.0)
}

fn change(cells: &[&Cell], arm: usize, from: usize) -> Option<MotionChange> {
    let mut clusters: BTreeMap<Name, Cluster> = BTreeMap::new();
    let mut count = 0;
    for cell in cells {
        let paired = pairs(cell, arm, from);
        count += paired.differences.len() as u64;
        clusters.extend(by_prompt(&paired));
    }
    let mean = clustered_mean(clusters.values())?;
    let interval = mean.interval(LEVEL);
    let reading = match mean.standard_error {
        None => Reading::unanimous(mean.mean, mean.clusters),
        Some(_) => Reading::of(interval),
    };
    Some(MotionChange { difference: mean.mean, interval, reading, pairs: count })
}

/// The metrics of clips in words, in the order in which they are spoken of, and whether the paper claims that guidance raises them.
pub(crate) const SPOKEN: [(&str, &str); 7] = [
    ("motion", "motion accuracy"),
    ("b-vqa", "B-VQA of the frames"),
    ("subject-size", "size of the named thing"),
    ("subject-centrality", "centrality of the named thing"),
    ("clipsim", "CLIPSIM"),
    ("consistency", "temporal consistency"),
    ("flicker", "the flicker score (1 is none)"),
];

/// A sentence for each arm with guidance, and for each other training without it: what it raises, lowers and leaves open.
pub(crate) fn sentences(analysis: &Analysis, points: &[MotionPoint]) -> Vec<String> {
    let baseline = analysis.arm(&analysis.baseline).map_or(analysis.baseline.clone(), ArmKey::named);
    let off = "the same weights without motion-free guidance".to_owned();
    let baseline = format!("the baseline ({baseline})");
    let mut sentences = Vec::new();
    for arm in &analysis.arms {
        let guided = spoken(points, &arm.id, |point| point.against_off.as_ref());
        let trained = spoken(points, &arm.id, |point| point.against_baseline.as_ref());
        let (found, from) = if guided.is_empty() { (trained, &baseline) } else { (guided, &off) };
        if found.is_empty() {
            continue;
        }
        let of = |reading: Reading| -> Vec<String> {
            found.iter().filter(|(_, off)| off.reading == reading).map(|(words, off)| said(words, off)).collect()
        };
        let part = |verb: &str, said: Vec<String>| {
            let said: Vec<&str> = said.iter().map(String::as_str).collect();
            (!said.is_empty()).then(|| format!("{verb} {}", list(&said)))
        };
        let parts = [
            part("raises", of(Reading::Higher)),
            part("lowers", of(Reading::Lower)),
            part("leaves undecided", of(Reading::Undecided)),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        sentences.push(format!("{}: against {from} it {}.", arm.named(), parts.join("; it ")));
    }
    sentences
}

/// The paper's claim about guidance, and what all arms with guidance say to it, in one sentence; none where there is no such arm.
pub(crate) fn claim(analysis: &Analysis) -> Option<String> {
    let found = |metric: &str| -> Vec<Reading> {
        let points = analysis.motion.iter().filter(|point| point.metric == metric);
        points.filter_map(|point| Some(point.against_off.as_ref()?.reading)).collect()
    };
    let one = |metric: &str, more: &str, less: &str| -> Option<String> {
        let readings = found(metric);
        let count = |wanted: Reading| readings.iter().filter(|reading| **reading == wanted).count();
        let arms = readings.len();
        let (higher, lower) = (count(Reading::Higher), count(Reading::Lower));
        Some(match (higher, lower) {
            _ if arms == 0 => return None,
            (0, 0) => format!("whether it makes it {more} stays undecided in all {arms} comparisons"),
            (higher, 0) => format!("it makes it {more} in {higher} of {arms} comparisons, and {less} in none"),
            (0, lower) => format!("it makes it {less} in {lower} of {arms} comparisons, and {more} in none"),
            (higher, lower) => format!("it makes it {more} in {higher} of {arms} comparisons and {less} in {lower}"),
        })
    };
    let parts = [one("subject-size", "larger", "smaller"), one("subject-centrality", "more central", "less central")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| {
        format!(
            "The paper says that motion-free guidance makes the named thing larger and more central. Here {}.",
            parts.join("; ")
        )
    })
}

/// The changes of an arm, with the words for their metrics.
fn spoken<'a>(
    points: &'a [MotionPoint],
    arm: &str,
    change: fn(&MotionPoint) -> Option<&MotionChange>,
) -> Vec<(&'static str, &'a MotionChange)> {
    let of = |metric: &str| points.iter().find(|point| point.arm == arm && point.metric == metric);
    SPOKEN.iter().filter_map(|(metric, words)| Some((*words, change(of(metric)?)?))).collect()
}

fn said(words: &str, change: &MotionChange) -> String {
    let interval = change.interval.map(|interval| format!(", {}", signed_range(interval))).unwrap_or_default();
    format!("{words} ({} points{interval})", signed(change.difference))
}
