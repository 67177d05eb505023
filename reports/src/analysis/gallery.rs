//! Which prompts to show. Chosen from the numbers alone, so that nobody picks cherries.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::cells::Cell;
use super::types::{Analysis, GalleryItem, Picked, Shot};
use crate::error::Result;
use crate::observations::{Name, Observations, Row, read_shown};
use crate::reason::Reason;
use crate::run_info::RunInfo;

/// Prompts shown per category: the first half for the largest disagreement between arms, the rest spread over all scores.
pub const PROMPTS_PER_CATEGORY: usize = 16;

/// A prompt and image index that at least two arms have a score of.
struct Candidate {
    prompt: Name,
    k: u32,
    range: f64,
    mean: f64,
}

/// Picks the prompts of one category. Ties go to the alphabetically first prompt and the lowest index.
pub(super) fn pick(info: &RunInfo, observations: &Observations, cell: &Cell) -> Vec<GalleryItem> {
    let mut scores = BTreeMap::<(Name, u32), Vec<f64>>::new();
    for row in cell.arms.iter().flatten() {
        scores.entry((row.prompt, row.k)).or_default().extend(row.value.ok());
    }
    let candidates: Vec<Candidate> = scores
        .into_iter()
        .filter(|(_, values)| values.len() >= 2.min(info.arms.len()))
        .map(|((prompt, k), values)| {
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            Candidate { prompt, k, range: high - low, mean: values.iter().sum::<f64>() / values.len() as f64 }
        })
        .collect();

    let mut by_range: Vec<&Candidate> = candidates.iter().collect();
    by_range.sort_by(|a, b| b.range.total_cmp(&a.range).then((a.prompt, a.k).cmp(&(b.prompt, b.k))));
    let mut chosen: Vec<(&Candidate, Picked)> = Vec::new();
    for candidate in by_range {
        if chosen.len() >= PROMPTS_PER_CATEGORY.div_ceil(2) {
            break;
        }
        if chosen.iter().all(|(c, _)| c.prompt != candidate.prompt) && candidate.range > 0.0 {
            chosen.push((candidate, Picked::Disagreement { range: candidate.range }));
        }
    }

    // Of the others the first image each: choosing the image too would favour extremes.
    let mut taken: BTreeSet<Name> = chosen.iter().map(|(c, _)| c.prompt).collect();
    let mut rest: Vec<&Candidate> = candidates.iter().filter(|c| taken.insert(c.prompt)).collect();
    rest.sort_by(|a, b| b.mean.total_cmp(&a.mean).then(a.prompt.cmp(&b.prompt)));
    let wanted = (PROMPTS_PER_CATEGORY - chosen.len()).min(rest.len());
    for i in 0..wanted {
        chosen.push((rest[(2 * i + 1) * rest.len() / (2 * wanted)], Picked::Spread));
    }
    chosen.into_iter().map(|(c, picked)| item(info, observations, cell, c, picked)).collect()
}

fn item(
    info: &RunInfo,
    observations: &Observations,
    cell: &Cell,
    candidate: &Candidate,
    picked: Picked,
) -> GalleryItem {
    let text = |name| observations.names.text(name).to_owned();
    let any: &Row = cell.grid[&(candidate.prompt, candidate.k)];
    let shots = info.arms.iter().zip(&cell.arms).map(|(arm, rows)| {
        let row = rows.iter().find(|row| (row.prompt, row.k) == (candidate.prompt, candidate.k));
        Shot {
            arm: arm.id.clone(),
            image: None,
            value: row.and_then(|row| row.value.ok()),
            unscored: row.and_then(|row| row.value.err()).map(|absence| text(absence.why())),
            reasons: Vec::new(),
        }
    });
    GalleryItem {
        suite: cell.category.suite.clone(),
        category: cell.category.id.clone(),
        prompt_id: text(candidate.prompt),
        prompt: String::new(),
        split: text(any.split),
        things: any.things,
        k: candidate.k,
        range: candidate.range,
        picked,
        shots: shots.collect(),
    }
}

/// Reads what the gallery shows of its prompts (texts, reasons, paths) from the run folder.
pub fn attach_shown(analysis: &mut Analysis, run_dir: &Path) -> Result<()> {
    let prompts: Vec<&str> = analysis.gallery.iter().map(|item| item.prompt_id.as_str()).collect();
    let shown = read_shown(run_dir, &prompts)?;
    for item in &mut analysis.gallery {
        let category = analysis.categories.iter().find(|c| c.suite == item.suite && c.id == item.category);
        let metric = category.map(|c| c.headline_metric.clone()).unwrap_or_default();
        for shot in &mut item.shots {
            let key = (shot.arm.clone(), item.prompt_id.clone(), item.k, metric.clone());
            if let Some(found) = shown.get(&key) {
                item.prompt.clone_from(&found.prompt);
                shot.image = Some(found.image.clone());
                shot.reasons = Reason::parse(&found.reasons);
            }
        }
    }
    Ok(())
}
