//! The summary in plain words, generated from the numbers and never beyond them: where an interval holds zero the word is "undecided".

use super::types::{Analysis, MeanDifference, OverallMean, Standing};
use crate::run_info::RunInfo;
use crate::statistics::Reading;
use crate::text::{counted, grouped, list, percent, range, signed, signed_range};

/// The sentences, the most important first. Needs everything of `analysis` but the summary and the gallery.
pub(super) fn summary(analysis: &Analysis, info: &RunInfo) -> Vec<String> {
    let mut sentences = vec![scope(analysis, info)];
    sentences.push(leader(analysis));
    sentences.extend(analysis.challengers().map(|arm| against_baseline(analysis, &arm.id)));
    sentences.extend(paper(analysis));
    sentences.push(missing(analysis));
    sentences.push(
        "Each arm is one set of weights, so the intervals cover the choice of prompts and noise, not what another \
         training seed would give."
            .to_owned(),
    );
    sentences
}

fn scope(analysis: &Analysis, info: &RunInfo) -> String {
    let prompts: u64 = info.protocol.suites.iter().map(|suite| suite.prompts).sum();
    let each = u64::from(info.protocol.images_per_prompt);
    let state = if analysis.is_unfinished() {
        format!(
            "This run is not finished ({} of {} images), so everything here is provisional. ",
            grouped(analysis.finished_tasks),
            grouped(analysis.planned_tasks)
        )
    } else {
        String::new()
    };
    format!(
        "{state}{}, {}, {} for each prompt and arm, the same noise in every arm. Scores are in percent, \
         ranges are 95 % intervals.",
        counted(analysis.arms.len() as u64, "arm"),
        counted(prompts, "prompt"),
        counted(each, "image"),
    )
}

fn label<'a>(analysis: &'a Analysis, id: &'a str) -> &'a str {
    analysis.arm(id).map_or(id, |arm| &arm.label)
}

fn leader(analysis: &Analysis) -> String {
    let with_mean = |m: &&OverallMean| m.mean.is_some();
    let Some(top) = analysis
        .means
        .iter()
        .filter(with_mean)
        // Of equals the first: `max_by` would take the last.
        .reduce(|best, m| if m.mean > best.mean { m } else { best })
    else {
        return "No arm has a score in every category that counts, so there is no Mean yet.".to_owned();
    };
    let interval = top.interval.map(|i| format!(" ({})", range(i))).unwrap_or_default();
    let start = format!(
        "{} has the highest Mean, {}{interval}",
        label(analysis, &top.arm),
        percent(top.mean.unwrap_or_default())
    );
    let rivals: Vec<MeanDifference> = analysis
        .means
        .iter()
        .filter(|m| m.arm != top.arm && m.mean.is_some())
        .filter_map(|m| analysis.mean_difference(&top.arm, &m.arm))
        .collect();
    let names = |reading| -> Vec<&str> {
        let of = rivals.iter().filter(|d| d.reading == reading);
        of.map(|d| analysis.arm(&d.against).map_or("", |arm| &arm.label)).collect()
    };
    let (below, open) = (names(Reading::Higher), names(Reading::Undecided));
    match (below.is_empty(), open.is_empty()) {
        (true, true) => format!("{start}."),
        (false, true) => format!("{start}; its paired difference to every other arm excludes zero."),
        (true, false) => format!("{start}, but no other arm can be told apart from it."),
        (false, false) => format!(
            "{start}; its paired difference to {} excludes zero, the order against {} is undecided.",
            list(&below),
            list(&open)
        ),
    }
}

fn against_baseline(analysis: &Analysis, arm: &str) -> String {
    let start = format!("{} against the baseline {}: ", label(analysis, arm), label(analysis, &analysis.baseline));
    let mean = analysis.mean_difference(arm, &analysis.baseline).and_then(|d| {
        let interval = d.interval.map(|i| format!(" ({})", signed_range(i))).unwrap_or_default();
        Some(format!("Mean {} points{interval}, {}", signed(d.difference?), d.reading.word()))
    });
    let mut parts = vec![mean.unwrap_or_else(|| "no Mean to compare yet".to_owned())];
    for reading in [Reading::Higher, Reading::Lower, Reading::Undecided] {
        let of = |category: &&super::CategoryKey| {
            analysis.difference(arm, category).is_some_and(|d| d.reading == reading && d.difference.is_some())
        };
        let labels: Vec<&str> = analysis.categories.iter().filter(of).map(|c| c.label.as_str()).collect();
        if !labels.is_empty() {
            parts.push(format!("{} in {}", reading.word(), list(&labels)));
        }
    }
    format!("{start}{}.", parts.join("; "))
}

fn paper(analysis: &Analysis) -> Option<String> {
    let of = |standing| analysis.paper_pairs.iter().filter(|pair| pair.standing == standing).count();
    let (same, reversed, open) = (of(Standing::Same), of(Standing::Reversed), of(Standing::Undecided));
    let total = analysis.paper_pairs.len() as u64;
    (total > 0).then(|| {
        format!(
            "The paper's Table 2 orders these arms by Mean in {}: {same} the same way here, {reversed} the other way, \
             {open} undecided. The numbers of the two worlds cannot be compared, only such orders.",
            counted(total, "pair"),
        )
    })
}

fn missing(analysis: &Analysis) -> String {
    let headline = analysis.estimates.iter().filter(|e| e.headline && e.split == "all");
    let (scored, missing) = headline.fold((0, 0), |(s, m), e| (s + e.scored, m + e.missing));
    if missing == 0 {
        return format!("No score is missing among {} of the headline metrics.", grouped(scored));
    }
    format!(
        "{} of {} scores of the headline metrics are missing; they are left out of every mean, never counted as 0.",
        grouped(missing),
        grouped(scored + missing)
    )
}
