//! The summary in plain words, generated from the numbers and never beyond them. Words on two arms are the verdicts' or judged by their
//! standard, corrected for the grid; an interval beside a word is not, so one without zero may stand beside "undecided".

use super::motion::{self, MotionPoint};
use super::types::{Analysis, ArmKey, OverallMean, Standing};
use super::verdict::Word;
use crate::run_info::RunInfo;
use crate::text::{between, counted, grouped, list, percent, range, signed, signed_range};

/// The sentences, the most important first. Needs everything of `analysis` but the summary and the gallery.
pub(super) fn summary(analysis: &Analysis, info: &RunInfo) -> Vec<String> {
    let mut sentences = vec![format!("{}{}", state(analysis), leader(analysis))];
    sentences.extend(analysis.challengers().map(|arm| against_baseline(analysis, arm)));
    sentences.extend(guided(analysis));
    sentences.extend(paper(analysis));
    sentences.push(missing(analysis));
    sentences.push(scope(analysis, info));
    sentences
}

fn state(analysis: &Analysis) -> String {
    if !analysis.is_unfinished() {
        return String::new();
    }
    format!(
        "This run is not finished ({} of {} images), so everything here is provisional. ",
        grouped(analysis.finished_tasks),
        grouped(analysis.planned_tasks)
    )
}

fn scope(analysis: &Analysis, info: &RunInfo) -> String {
    let prompts: u64 = info.protocol.suites.iter().map(|suite| suite.prompts).sum();
    format!(
        "{}, {}, {} for each prompt and arm, the same noise in every arm. Scores are in percent, ranges are 95 % \
         intervals.{} Each arm is one set of weights, so they cover the choice of prompts and noise, not what another \
         training seed would give.",
        counted(analysis.arms.len() as u64, "arm"),
        counted(prompts, "prompt"),
        counted(u64::from(info.protocol.images_per_prompt), "image"),
        if analysis.counted() > 1 { " The Mean is a macro mean: each category counts alike." } else { "" },
    )
}

/// What motion-free guidance of the paper's weight does, and what another training; the other weights have their section.
fn guided(analysis: &Analysis) -> Vec<String> {
    const PAPER: f64 = 1.2;
    let told = |point: &&MotionPoint| point.weight == PAPER || point.against_baseline.is_some();
    let of: Vec<MotionPoint> = analysis.motion.iter().filter(told).cloned().collect();
    motion::sentences(analysis, &of)
}

fn of_id(analysis: &Analysis, id: &str) -> String {
    analysis.arm(id).map_or(id.to_owned(), ArmKey::named)
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
        of_id(analysis, &top.arm),
        percent(top.mean.unwrap_or_default())
    );
    let rivals = analysis.means.iter().filter(|m| m.arm != top.arm && m.mean.is_some());
    let rivals: Vec<(&str, Rival)> = rivals
        .filter_map(|m| Some((analysis.arm(&m.arm)?.letter.as_str(), rival(analysis, &top.arm, &m.arm)?)))
        .collect();
    if !rivals.is_empty() && rivals.iter().all(|(_, rival)| *rival == Rival::Open) {
        return format!("{start}, but no other arm can be told apart from it ({STANDARD}).");
    }
    let names =
        |wanted| -> Vec<&str> { rivals.iter().filter(|(_, r)| *r == wanted).map(|(letter, _)| *letter).collect() };
    let (below, equal, open) = (names(Rival::Below), names(Rival::Equal), names(Rival::Open));
    let mut clauses = Vec::new();
    if !below.is_empty() {
        clauses.push(format!("its lead over {} is larger than the uncertainty", list(&below)));
    }
    if !equal.is_empty() {
        let verb = if equal.len() == 1 { "is" } else { "are" };
        let margin = percent(analysis.method.margin).replace(".0", "");
        clauses.push(format!("{} {verb} equivalent to it, closer than {margin} points", list(&equal)));
    }
    if !open.is_empty() {
        clauses.push(format!("against {} the order is undecided", list(&open)));
    }
    if clauses.is_empty() { format!("{start}.") } else { format!("{start}: {} ({STANDARD}).", clauses.join("; ")) }
}

/// By what every arm is held against the one with the highest Mean.
const STANDARD: &str = "all judged as the verdicts are, by Holm at 5 % over all comparisons";

/// How another arm stands to the one with the highest Mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rival {
    Below,
    Equal,
    Open,
}

/// One standard for all: the word of the pair's difference, which against the baseline is the verdict, so that this sentence and the verdicts
/// below it say the same. Where images are unpaired, the paired difference may point the other way than the Means: then the order is open.
fn rival(analysis: &Analysis, top: &str, other: &str) -> Option<Rival> {
    Some(match analysis.mean_difference(top, other)?.word {
        Word::Better => Rival::Below,
        Word::Equivalent => Rival::Equal,
        Word::Worse | Word::Undecided => Rival::Open,
    })
}

fn against_baseline(analysis: &Analysis, arm: &ArmKey) -> String {
    let baseline = analysis.arm(&analysis.baseline).map_or("", |arm| &arm.letter);
    let mean = analysis.verdict(&arm.id, None).and_then(|v| {
        let points = signed(v.judged.difference?);
        let interval = v.judged.interval.map(|i| format!(" ({})", signed_range(i))).unwrap_or_default();
        Some(format!("Mean {}, {points} points{interval}", v.judged.word.word()))
    });
    let mut parts = vec![mean.unwrap_or_else(|| "no Mean to compare yet".to_owned())];
    let words: Vec<(&str, Word)> = analysis
        .categories
        .iter()
        .filter_map(|c| {
            let judged = &analysis.verdict(&arm.id, Some(c))?.judged;
            judged.difference.map(|_| (c.label.as_str(), judged.word))
        })
        .collect();
    for word in [Word::Better, Word::Worse, Word::Equivalent, Word::Undecided] {
        let labels: Vec<&str> = words.iter().filter(|(_, w)| *w == word).map(|(label, _)| *label).collect();
        if labels.len() > 1 && labels.len() == analysis.categories.len() {
            parts.push(format!("{} in each of the {} categories", word.word(), labels.len()));
        } else if !labels.is_empty() {
            parts.push(format!("{} in {}", word.word(), list(&labels)));
        }
    }
    format!("{} against the baseline {baseline}: {}.", arm.named(), parts.join("; "))
}

fn paper(analysis: &Analysis) -> Option<String> {
    let of = |standing| analysis.paper_pairs.iter().filter(|pair| pair.standing == standing).count();
    let (same, reversed, open) = (of(Standing::Same), of(Standing::Reversed), of(Standing::Undecided));
    let total = analysis.paper_pairs.len() as u64;
    (total > 0).then(|| {
        format!(
            "The paper's Table 2 orders these arms by Mean in {}: {same} the same way here, {reversed} the other way, \
             {open} undecided (each pair by its own paired 95 % interval). The numbers of the two worlds cannot be compared, only such orders.",
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
        "{} of {} scores of the headline metrics are missing; they are left out of every mean, never counted as 0.{}",
        grouped(missing),
        grouped(scored + missing),
        bounds(analysis)
    )
}

/// What the missing scores could make of the Means; nothing while images are still to come, which no bounds know of.
fn bounds(analysis: &Analysis) -> String {
    let of = |mean: &OverallMean| {
        let letter = &analysis.arm(&mean.arm)?.letter;
        Some(format!("between {} for {letter}", mean.bounds.map(between)?))
    };
    let known: Vec<String> = analysis.means.iter().filter_map(of).collect();
    if analysis.is_unfinished() || known.is_empty() {
        return String::new();
    }
    format!(" Whatever they would be, the Mean lies {}.", list(&known))
}
