//! The sections that are figures: scores, differences, seen and unseen, number of things, training.

use super::arm_views;
use super::section::{Figure, Section};
use super::table::{Cell, Row, Table};
use super::worlds::yardstick;
use crate::analysis::{Analysis, ByThings, CategoryKey};
use crate::error::Result;
use crate::figures;
use crate::run_info::RunInfo;
use crate::text::{between, duration, grouped, short, signed};

/// Bars of every arm.
pub(super) fn scores(analysis: &Analysis, info: &RunInfo) -> Result<Option<Section>> {
    let rows = analysis.categories.iter().map(|category| {
        let estimates = analysis.arms.iter().map(|arm| {
            let e = analysis.headline(&arm.id, category);
            Cell::score(e.and_then(|e| e.mean), e.and_then(|e| e.interval))
        });
        let yardsticks = [category.chance, category.ceiling].map(|v| Cell::number(yardstick(v)));
        let metric = Cell::code(category.headline_metric.clone());
        Row { head: category.label.clone(), cells: estimates.chain(yardsticks).chain([metric]).collect() }
    });
    let means = analysis.arms.iter().map(|arm| {
        let mean = analysis.mean(&arm.id);
        Cell::score(mean.and_then(|m| m.mean), mean.and_then(|m| m.interval))
    });
    let mean = Row {
        head: mean_head(analysis).into(),
        cells: means.chain([Cell::default(), Cell::default(), Cell::default()]).collect(),
    };
    let mut columns = with_letters(analysis, "Category");
    columns.extend(["Chance", "Ceiling", "Metric"].map(str::to_owned));
    let table = Table { caption: "Headline scores, percent".into(), columns, rows: rows.chain([mean]).collect() };
    let figure = Figure {
        intro: "Headline score of each arm in percent; whiskers are 95 % intervals with prompts as clusters. \
                Grey strokes: what another prompt’s picture gets (chance, left) and what rendered ground truth gets \
                (ceiling, right), where they are known. A hollow diamond is the paper’s score, which stands here only where its protocol is this run’s."
            .into(),
        legend: arm_views(analysis),
        panels: figures::bars(analysis, info)?.into_iter().chain(figures::radar(analysis)?).collect(),
        tables: vec![table, counts(analysis)],
        ..Figure::default()
    };
    figure.section("scores", "Scores")
}

/// What the Mean is called where a reader meets it: over several categories it is a mean of means.
fn mean_head(analysis: &Analysis) -> &'static str {
    if analysis.counted() > 1 { "Mean (macro: each category counts alike)" } else { "Mean" }
}

fn counts(analysis: &Analysis) -> Table {
    // While images are still to come, bounds of those that are there say little.
    let bounded = !analysis.is_unfinished();
    let rows = analysis.categories.iter().map(|category| {
        let cells = analysis.arms.iter().map(|arm| match analysis.headline(&arm.id, category) {
            None => Cell::number("–"),
            Some(e) => {
                let bounds = e.bounds.filter(|_| bounded).map(|bounds| format!(", mean between {}", between(bounds)));
                let bounds = bounds.unwrap_or_default();
                let missing = (e.missing > 0).then(|| format!("{} missing{bounds}", grouped(e.missing)));
                let outside = (e.outside > 0).then(|| format!("{} not to be asked", grouped(e.outside)));
                let notes: Vec<String> = missing.into_iter().chain(outside).collect();
                let text = format!("{} of {} prompts", grouped(e.scored), grouped(e.prompts));
                Cell { text, note: notes.join("; "), ..Cell::default() }
            }
        });
        Row { head: category.label.clone(), cells: cells.collect() }
    });
    let caption = if analysis.missing.is_empty() || !bounded {
        "Images scored"
    } else {
        "Images scored; where some are missing, between what the mean lies whatever they would score"
    };
    Table { caption: caption.into(), columns: with_letters(analysis, "Category"), rows: rows.collect() }
}

/// Seen and unseen combinations, and every metric that was measured.
pub(super) fn breakdown(analysis: &Analysis) -> Result<Option<Section>> {
    let panels = figures::splits(analysis)?;
    let intro = if panels.is_empty() {
        "The prompts of this run are not divided into seen and unseen combinations.".to_owned()
    } else {
        "Filled circle: prompts whose combinations of attributes occur in training (seen). Hollow diamond: combinations \
         that training never shows (unseen). Their prompts differ, so a gap can also come from the prompts; right: seen | unseen \
         in percent."
            .to_owned()
    };
    let mut rows = Vec::new();
    for category in &analysis.categories {
        for split in ["seen", "unseen", "unsplit"] {
            let of = |arm: &str| analysis.of_split(arm, category, split);
            if analysis.arms.iter().any(|arm| of(&arm.id).is_some()) {
                let cells = analysis.arms.iter().map(|arm| {
                    let e = of(&arm.id);
                    Cell::score(e.and_then(|e| e.mean), e.and_then(|e| e.interval))
                });
                rows.push(Row { head: format!("{}, {split}", category.label), cells: cells.collect() });
            }
        }
    }
    let mut tables = vec![metrics(analysis)];
    if !rows.is_empty() {
        let columns = with_letters(analysis, "Category and split");
        tables.insert(0, Table { caption: "Seen and unseen, percent".into(), columns, rows });
    }
    Figure { intro, panels, tables, ..Figure::default() }.section("breakdown", "Seen and unseen combinations")
}

fn metrics(analysis: &Analysis) -> Table {
    let mut rows = Vec::new();
    for category in &analysis.categories {
        let here = |e: &&crate::Estimate| e.suite == category.suite && e.category == category.id && e.split == "all";
        let mut metrics: Vec<(bool, &str)> =
            analysis.estimates.iter().filter(here).map(|e| (!e.headline, e.metric.as_str())).collect();
        metrics.sort_unstable();
        metrics.dedup();
        for (_, metric) in metrics {
            let cells = analysis.arms.iter().map(|arm| {
                let e = analysis.estimates.iter().filter(here).find(|e| e.arm == arm.id && e.metric == metric);
                Cell::score(e.and_then(|e| e.mean), e.and_then(|e| e.interval))
            });
            rows.push(Row { head: format!("{}: {metric}", category.label), cells: cells.collect() });
        }
    }
    let columns = with_letters(analysis, "Category and metric");
    Table { caption: "Every metric, percent".into(), columns, rows }
}

/// Score against the number of things.
pub(super) fn things(analysis: &Analysis) -> Result<Option<Section>> {
    let panels = figures::things(analysis)?;
    if panels.is_empty() {
        return Ok(None);
    }
    let mut rows = Vec::new();
    for category in &analysis.categories {
        let here = |b: &&ByThings| b.suite == category.suite && b.category == category.id;
        let mut counts: Vec<u32> = analysis.by_things.iter().filter(here).map(|b| b.things).collect();
        counts.sort_unstable();
        counts.dedup();
        rows.extend(counts.into_iter().map(|count| things_row(analysis, category, count)));
    }
    let table = Table {
        caption: "Score by number of things, percent".into(),
        columns: with_letters(analysis, "Category and things"),
        rows,
    };
    let figure = Figure {
        intro: "Does an arm hold on when a prompt asks for more? Headline score in percent against the number of objects asked \
                for, in the categories that ask for different numbers. Bars are 95 % intervals."
            .into(),
        legend: arm_views(analysis),
        panels,
        tables: vec![table],
        ..Figure::default()
    };
    figure.section("things", "Score against the number of things asked for")
}

fn things_row(analysis: &Analysis, category: &CategoryKey, count: u32) -> Row {
    let cells = analysis.arms.iter().map(|arm| {
        let found = analysis
            .by_things
            .iter()
            .find(|b| b.arm == arm.id && b.suite == category.suite && b.category == category.id && b.things == count);
        Cell::score(found.and_then(|b| b.mean), found.and_then(|b| b.interval))
    });
    Row { head: format!("{}, {count}", category.label), cells: cells.collect() }
}

/// Category by challenge, where a suite names challenges.
pub(super) fn challenges(analysis: &Analysis) -> Result<Option<Section>> {
    let panels = figures::heat(analysis)?;
    if panels.is_empty() {
        return Ok(None);
    }
    let mut rows = Vec::new();
    for category in figures::challenged(analysis) {
        for challenge in figures::challenges(analysis) {
            let of = |arm: &str| figures::at(analysis, arm, category, challenge);
            let Some(prompts) = analysis.arms.iter().filter_map(|arm| of(&arm.id)).map(|b| b.prompts).max() else {
                continue;
            };
            let cells = analysis.arms.iter().map(|arm| {
                let found = of(&arm.id);
                let note = found.and_then(|b| b.difference).map(signed).unwrap_or_default();
                Cell { note, ..Cell::score(found.and_then(|b| b.mean), None) }
            });
            let head = format!("{}, {challenge}", category.label);
            rows.push(Row { head, cells: cells.chain([Cell::number(grouped(prompts))]).collect() });
        }
    }
    let mut columns = with_letters(analysis, "Category, challenge");
    columns.push("Prompts".into());
    let figure = Figure {
        intro: "Headline score by category and by what makes the prompt hard. The baseline’s panel shows its scores in percent, the \
                others the paired difference to it in points: blue is higher, orange lower, and the scale is the same for all arms. \
                A cell is few prompts (their number is in the table), so look for rows and columns, not for single cells; nothing here \
                is tested."
            .into(),
        legend: arm_views(analysis),
        panels,
        tables: vec![Table { caption: "Score in percent, below it points against the baseline".into(), columns, rows }],
        ..Figure::default()
    };
    figure.section("challenges", "Category by challenge")
}

/// Training curves and what training cost.
pub(super) fn training(analysis: &Analysis, info: &RunInfo) -> Result<Option<Section>> {
    let panels = figures::curves(analysis, info)?;
    let rows = analysis.arms.iter().zip(&info.arms).filter_map(|(key, arm)| {
        let card = arm.training.as_ref()?;
        let cells = [
            grouped(card.samples),
            grouped(card.steps),
            grouped(u64::from(card.batch)),
            card.seed.to_string(),
            duration(card.wall_seconds),
            short(card.final_loss),
        ];
        Some(Row { head: key.named(), cells: cells.map(Cell::number).into() })
    });
    let rows: Vec<Row> = rows.collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let columns = ["Arm", "Samples", "Steps", "Batch", "Seed", "Time", "Final loss"];
    let table = Table { caption: "Training".into(), columns: columns.map(str::to_owned).into(), rows };
    let figure = Figure {
        intro: "Training loss against training samples seen. A lower loss is not a better picture: compare the scores."
            .into(),
        legend: arm_views(analysis),
        panels,
        tables: vec![table],
        ..Figure::default()
    };
    figure.section("training", "Training curves")
}

fn with_letters(analysis: &Analysis, first: &str) -> Vec<String> {
    std::iter::once(first.to_owned()).chain(analysis.arms.iter().map(|arm| arm.letter.clone())).collect()
}
