//! The table for people at a terminal: categories down, arms across, so that it fits 80 columns with five arms.

use std::fmt::Write as _;

use crate::analysis::{Analysis, ArmKey, Judged};
use crate::statistics::Interval;
use crate::text::{ABSENT, counted, grouped, list, percent, range, signed, signed_range};

/// Arms side by side before the table wraps.
const ARMS_ACROSS: usize = 5;

/// An aligned table of the headline scores in percent with the half-widths of their 95 % intervals, and every arm's Mean
/// against the baseline's. Ends with a newline; holds no escape sequences.
pub fn terminal_table(analysis: &Analysis) -> String {
    let mut text = String::new();
    let unfinished = if analysis.is_unfinished() { ", NOT FINISHED" } else { "" };
    line(
        &mut text,
        &format!(
            "{}: {} of {}{unfinished}",
            analysis.run,
            grouped(analysis.finished_tasks),
            counted(analysis.planned_tasks, "image")
        ),
    );
    line(&mut text, "Scores in percent ± half of the 95 % interval, prompts as clusters.");
    line(&mut text, "");
    for arm in &analysis.arms {
        let baseline = if arm.id == analysis.baseline { " (baseline)" } else { "" };
        line(&mut text, &format!("  {}  {}{baseline}", arm.letter, arm.label));
    }
    for arms in analysis.arms.chunks(ARMS_ACROSS) {
        line(&mut text, "");
        block(&mut text, analysis, arms);
    }
    bounds(&mut text, analysis);
    differences(&mut text, analysis);
    text
}

/// What the missing scores could make of the Means; nothing while images are still to come, which no bounds know of.
fn bounds(text: &mut String, analysis: &Analysis) {
    let of = |arm: &ArmKey| Some(format!("  {}  {}", arm.letter, range(analysis.mean(&arm.id)?.bounds?)));
    let known: Vec<String> = analysis.arms.iter().filter_map(of).collect();
    if analysis.is_unfinished() || known.is_empty() {
        return;
    }
    line(text, "");
    line(text, "Missing scores are in no mean. Whatever they would be, the Mean lies within");
    for bounds in &known {
        line(text, bounds);
    }
}

fn block(text: &mut String, analysis: &Analysis, arms: &[ArmKey]) {
    let mut rows: Vec<Vec<String>> = vec![vec![String::new()]];
    rows[0].extend(arms.iter().map(|arm| arm.letter.clone()));
    for category in &analysis.categories {
        let cells = arms.iter().map(|arm| {
            let estimate = analysis.headline(&arm.id, category);
            cell(estimate.and_then(|e| e.mean), estimate.and_then(|e| e.interval))
        });
        let mark = if category.in_mean { "" } else { " *" };
        rows.push(std::iter::once(format!("{}{mark}", category.label)).chain(cells).collect());
    }
    let means = arms.iter().map(|arm| {
        let mean = analysis.mean(&arm.id);
        cell(mean.and_then(|m| m.mean), mean.and_then(|m| m.interval))
    });
    rows.push(std::iter::once("Mean".to_owned()).chain(means).collect());
    let missing = arms.iter().map(|arm| {
        let of_arm = analysis.estimates.iter().filter(|e| e.headline && e.split == "all" && e.arm == arm.id);
        format!("{}      ", grouped(of_arm.map(|e| e.missing).sum()))
    });
    rows.push(std::iter::once("missing".to_owned()).chain(missing).collect());

    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..=arms.len()).map(width).collect();
    for row in &rows {
        let mut padded = format!("{:<1$}", row[0], widths[0]);
        for (column, cell) in row.iter().enumerate().skip(1) {
            let _ = write!(padded, "  {cell:>0$}", widths[column]);
        }
        line(text, padded.trim_end());
    }
    if analysis.counted() > 1 {
        line(text, &format!("Mean: the macro mean over {} categories, each counting alike", analysis.counted()));
    }
    let outside: Vec<&str> = analysis.categories.iter().filter(|c| !c.in_mean).map(|c| c.label.as_str()).collect();
    if !outside.is_empty() {
        line(text, &format!("* {} not in the Mean, as in the paper", list(&outside)));
    }
}

/// "81.2 ±3.1", with room for "±10.0" so that decimal points stand under each other.
fn cell(mean: Option<f64>, interval: Option<Interval>) -> String {
    match (mean, interval) {
        (None, _) => format!("{ABSENT}      "),
        (Some(mean), None) => format!("{}      ", percent(mean)),
        (Some(mean), Some(interval)) => {
            format!("{} {:<5}", percent(mean), format!("±{}", percent(interval.half_width())))
        }
    }
}

fn differences(text: &mut String, analysis: &Analysis) {
    let Some(baseline) = analysis.arm(&analysis.baseline) else { return };
    if analysis.arms.len() < 2 {
        return;
    }
    line(text, "");
    line(text, &format!("Mean minus that of {}, paired by prompt and noise, in points:", baseline.letter));
    for arm in analysis.challengers() {
        let found = analysis.verdict(&arm.id, None).map(|verdict| &verdict.judged);
        let described = found.and_then(|judged| {
            let interval = judged.interval.map(signed_range).unwrap_or_default();
            let word = judged.word.word();
            Some(format!("{:>6}  {interval:<14}  {word}{}", signed(judged.difference?), more(judged)))
        });
        line(text, format!("  {}  {}", arm.letter, described.unwrap_or_else(|| ABSENT.to_owned())).trim_end());
    }
}

/// What would decide an open verdict.
fn more(judged: &Judged) -> String {
    match judged.settle.and_then(|settle| settle.more_prompts) {
        Some(prompts) => format!(" ({} would decide)", counted(prompts, "more prompt")),
        None => String::new(),
    }
}

/// One line without control characters: labels come from files.
fn line(text: &mut String, content: &str) {
    text.extend(content.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
    text.push('\n');
}
