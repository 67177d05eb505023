//! The verdicts: a word for each arm and category, with what it rests on and what would decide what is open.

use super::arm_views;
use super::section::{Figure, Section};
use super::table::{Cell, Row, Table};
use crate::analysis::{Analysis, CategoryKey, Judged, SettledBy, Word};
use crate::error::Result;
use crate::figures;
use crate::text::{ABSENT, grouped, p_value, percent, signed};

/// The section; none without an arm to compare.
pub(super) fn section(analysis: &Analysis) -> Result<Option<Section>> {
    let Some(baseline) = analysis.arm(&analysis.baseline) else { return Ok(None) };
    if analysis.arms.len() < 2 {
        return Ok(None);
    }
    let tested = analysis.verdicts.iter().filter(|v| v.judged.p.is_some()).count();
    let intro = format!(
        "Each arm against the baseline {} {}, image by image with the same prompt and noise. Better and worse hold for all {} \
         comparisons together (Holm at 5 %: in 95 of 100 such grids not one such word is wrong); equivalent means closer than {} points, by two one-sided tests; \
         undecided means that this run cannot say. Intervals are bootstrapped over prompts and not corrected.",
        baseline.letter,
        baseline.label,
        grouped(tested as u64),
        percent(analysis.method.margin).replace(".0", ""),
    );
    let tables = vec![words(analysis), numbers(analysis), open(analysis)];
    let figure = Figure {
        intro,
        legend: arm_views(analysis),
        panels: figures::forest(analysis)?,
        tables,
        open_tables: 1,
        ..Figure::default()
    };
    figure.section("verdicts", "Verdicts")
}

fn places(analysis: &Analysis) -> Vec<(String, Option<&CategoryKey>)> {
    let mut places: Vec<_> = analysis.categories.iter().map(|c| (c.label.clone(), Some(c))).collect();
    places.push(("Mean".to_owned(), None));
    places
}

fn words(analysis: &Analysis) -> Table {
    let rows = places(analysis).into_iter().map(|(head, category)| {
        let cells = analysis.challengers().map(|arm| match analysis.verdict(&arm.id, category) {
            Some(v) if v.judged.difference.is_some() => judged(&v.judged),
            _ => Cell::number(ABSENT),
        });
        Row { head, cells: cells.collect() }
    });
    let heads = analysis.challengers().map(|arm| arm.named());
    Table {
        caption: "Against the baseline: verdict, difference in points, 95 % interval".into(),
        columns: std::iter::once("Category".to_owned()).chain(heads).collect(),
        rows: rows.collect(),
    }
}

/// A word with its number below.
pub(super) fn judged(judged: &Judged) -> Cell {
    let class = match judged.word {
        Word::Better => "words verdict better",
        Word::Worse => "words verdict worse",
        Word::Equivalent => "words verdict equivalent",
        Word::Undecided => "words verdict undecided",
    };
    let number = Cell::difference(judged.difference, judged.interval);
    let interval = if number.note.is_empty() { String::new() } else { format!(" ({})", number.note) };
    Cell { text: judged.word.word().into(), note: format!("{}{interval}", number.text), class, ..Cell::default() }
}

fn numbers(analysis: &Analysis) -> Table {
    let label = |id: &str| analysis.arm(id).map_or(id.to_owned(), |arm| arm.letter.clone());
    let points = |value: Option<f64>| Cell::number(value.map_or(ABSENT.to_owned(), percent));
    let p = |value: Option<f64>| Cell::number(value.map_or(ABSENT.to_owned(), p_value));
    let rows = analysis.verdicts.iter().map(|v| {
        let category = analysis
            .categories
            .iter()
            .find(|c| Some(&c.suite) == v.suite.as_ref() && Some(&c.id) == v.category.as_ref());
        let place = category.map_or("Mean", |c| &c.label);
        let metric = v.metric.as_deref().map_or(String::new(), |metric| format!(" ({metric})"));
        let j = &v.judged;
        Row {
            head: format!("{}, {place}{metric}", label(&v.arm)),
            cells: vec![
                Cell::words(j.word.word()),
                Cell::difference(j.difference, j.interval),
                p(j.p),
                p(j.p_holm),
                p(j.p_bh),
                p(j.equivalence_holm),
                points(j.detectable),
                Cell::number(format!("{} / {}", grouped(j.prompts), grouped(j.pairs))),
            ],
        }
    });
    let columns = [
        "Arm, category",
        "Verdict",
        "Difference",
        "p",
        "p, Holm",
        "p, BH",
        "p of 2 points or more, Holm",
        "Detectable",
        "Prompts / pairs",
    ];
    Table {
        caption: "Every comparison of the grid, with adjusted p-values and the smallest difference that 80 of 100 such runs would find".into(),
        columns: columns.map(str::to_owned).into(),
        rows: rows.collect(),
    }
}

fn open(analysis: &Analysis) -> Table {
    let count = |value: Option<u64>| Cell::number(value.map_or("no number would do".to_owned(), grouped));
    let rows = places(analysis).into_iter().flat_map(|(head, category)| {
        analysis.challengers().filter_map(move |arm| {
            let j = &analysis.verdict(&arm.id, category)?.judged;
            let settle = j.settle?;
            let by = match settle.by {
                SettledBy::Difference => "that they differ",
                SettledBy::Equivalence => "that they do not",
            };
            let cells = vec![
                Cell::number(signed(j.difference?)),
                Cell::words(by),
                Cell::number(settle.more_prompts.map_or("over 10 million".to_owned(), grouped)),
                count(settle.images_per_prompt),
            ];
            Some(Row { head: format!("{}, {head}", arm.letter), cells })
        })
    });
    let columns =
        ["Arm, category", "Difference", "Would show", "More prompts", "Or so many images a prompt"].map(str::to_owned);
    Table {
        caption: "What would decide what is open, if the difference at hand is the true one (80 % power)".into(),
        columns: columns.into(),
        rows: rows.collect(),
    }
}
