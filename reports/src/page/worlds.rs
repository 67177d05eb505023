//! The paper's Table 2 beside ours: two worlds that share an order at most.

use askama::Template;

use super::published;
use super::section::Section;
use super::table::{Cell, Row, Table};
use crate::analysis::{Analysis, CategoryKey, Standing};
use crate::error::Result;
use crate::paper::{self, COLUMNS, TABLE_2};
use crate::run_info::RunInfo;
use crate::text::{list, percent};

#[derive(Template)]
#[template(path = "worlds.html")]
struct Worlds {
    theirs: Table,
    confidence: &'static str,
    citation: &'static str,
    ours: Table,
    mean_note: String,
    pairs: Option<Table>,
    lock: String,
    others: Vec<String>,
}

/// The section.
pub(super) fn section(info: &RunInfo, analysis: &Analysis) -> Result<Option<Section>> {
    let (struck, lock) = published::lock(&paper::COMPBENCH_CARD, &info.protocol);
    let worlds = Worlds {
        theirs: theirs(info, analysis, struck),
        confidence: paper::CONFIDENCE,
        citation: paper::CITATION,
        ours: ours(info, analysis),
        mean_note: mean_note(analysis),
        pairs: pairs(analysis),
        lock,
        others: published::others(info, analysis)?,
    };
    Ok(Some(Section { id: "table", title: "Table 2, the paper’s and ours", body: worlds.render()? }))
}

fn theirs(info: &RunInfo, analysis: &Analysis, struck: bool) -> Table {
    let mut columns: Vec<String> = ["Arm here", "Text encoder", "Integration", "Scale"].map(str::to_owned).into();
    columns.extend(COLUMNS.iter().map(|c| c.label.to_owned()));
    columns.push("Mean".to_owned());
    let best = |column: usize| TABLE_2.iter().map(|row| row.scores[column]).fold(0.0, f64::max);
    let top = TABLE_2.iter().map(|row| row.mean).fold(0.0, f64::max);
    let rows = TABLE_2.iter().map(|row| {
        let mut cells = vec![
            Cell { text: row.text_encoder.into(), note: row.kind.into(), class: "words", struck: false },
            Cell::words(row.integration),
            Cell::words(row.scale),
        ];
        let scores = row.scores.iter().enumerate();
        cells.extend(
            scores.map(|(i, score)| Cell::number(format!("{score:.2}")).strong(*score == best(i)).struck(struck)),
        );
        cells.push(Cell::number(format!("{:.2}", row.mean)).strong(row.mean == top).struck(struck));
        Row { head: published::letters(info, analysis, row.id), cells }
    });
    Table { caption: "GenTron on T2I-CompBench, photographs, percent".into(), columns, rows: rows.collect() }
}

fn ours(info: &RunInfo, analysis: &Analysis) -> Table {
    let in_paper = |category: &&CategoryKey| COLUMNS.iter().any(|column| column.is(&category.id));
    // The paper's columns first and in its order, then what only we have; a column we did not run stays empty, unless we ran none.
    let of_paper = COLUMNS
        .iter()
        .map(|column| (column.label.to_owned(), analysis.categories.iter().find(|category| column.is(&category.id))));
    let extra = analysis.categories.iter().filter(|c| !in_paper(c)).map(|c| (c.label.clone(), Some(c)));
    let (mut of_paper, extra): (Vec<_>, Vec<_>) = (of_paper.collect(), extra.collect());
    if of_paper.iter().all(|(_, category)| category.is_none()) {
        of_paper.clear();
    }

    let mut columns: Vec<String> = ["Arm", "Text encoder", "Integration", "Scale"].map(str::to_owned).into();
    columns.extend(of_paper.iter().map(|(label, _)| label.clone()));
    columns.push("Mean".to_owned());
    columns.extend(extra.iter().map(|(label, _)| label.clone()));

    let score = |arm: &str, category: Option<&CategoryKey>| {
        category.and_then(|c| analysis.headline(arm, c)).and_then(|e| Some((e.mean?, e.interval)))
    };
    let best = |category: Option<&CategoryKey>| {
        info.arms.iter().filter_map(|arm| score(&arm.id, category)).map(|s| s.0).fold(f64::NEG_INFINITY, f64::max)
    };
    let top = analysis.means.iter().filter_map(|m| m.mean).fold(f64::NEG_INFINITY, f64::max);
    let rows = info.arms.iter().zip(&analysis.arms).map(|(arm, key)| {
        let cell = |(_, category): &(String, Option<&CategoryKey>)| {
            let found = score(&arm.id, *category);
            Cell::score(found.map(|s| s.0), found.and_then(|s| s.1))
                .strong(found.is_some_and(|s| s.0 == best(*category)))
        };
        let mut cells = vec![
            Cell::words(list(&arm.text_encoders)),
            Cell::words(arm.conditioning.clone()),
            Cell::words(arm.scale.clone()),
        ];
        cells.extend(of_paper.iter().map(cell));
        let mean = analysis.mean(&arm.id);
        cells.push(
            Cell::score(mean.and_then(|m| m.mean), mean.and_then(|m| m.interval))
                .strong(mean.and_then(|m| m.mean).is_some_and(|m| m == top)),
        );
        cells.extend(extra.iter().map(cell));
        Row { head: key.letter.clone(), cells }
    });
    Table { caption: format!("The run {}, percent, 95 % intervals below", analysis.run), columns, rows: rows.collect() }
}

fn mean_note(analysis: &Analysis) -> String {
    let labels = |inside| -> Vec<&str> {
        analysis.categories.iter().filter(|c| c.in_mean == inside).map(|c| c.label.as_str()).collect()
    };
    let (inside, outside) = (labels(true), labels(false));
    let rest = if outside.is_empty() { String::new() } else { format!("; {} not counted", list(&outside)) };
    let what = if inside.len() > 1 { "the macro mean, each category counting alike," } else { "the plain mean" };
    format!("Mean: {what} over {}{rest}.", list(&inside))
}

fn pairs(analysis: &Analysis) -> Option<Table> {
    let label = |id: &str| analysis.arm(id).map_or(id.to_owned(), |arm| arm.named());
    let rows = analysis.paper_pairs.iter().map(|pair| {
        let ours = analysis.mean_difference(&pair.higher, &pair.lower);
        let found = match pair.standing {
            Standing::Same => "same order",
            Standing::Reversed => "opposite order",
            Standing::Undecided => "undecided",
        };
        Row {
            head: format!("{} above {}", label(&pair.higher), label(&pair.lower)),
            cells: vec![
                Cell::difference(ours.as_ref().and_then(|d| d.difference), ours.and_then(|d| d.interval)),
                Cell::words(found),
            ],
        }
    });
    (!analysis.paper_pairs.is_empty()).then(|| Table {
        caption: "The paper’s order by Mean, pair by pair".into(),
        columns: ["In the paper", "Difference here, points", "Here"].map(str::to_owned).into(),
        rows: rows.collect(),
    })
}

/// Ceiling or chance for tables.
pub(super) fn yardstick(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), percent)
}
