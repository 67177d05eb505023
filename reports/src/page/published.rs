//! The paper's other tables, struck through wherever their protocol is not this run's.

use askama::Template;

use super::table::{Cell, Row, Table};
use crate::analysis::Analysis;
use crate::error::Result;
use crate::paper::{
    COCO_CARD, COLUMNS, COMPBENCH_CARD, HUMAN, HUMAN_CARD, HUMAN_SOURCE, TABLE_3, TABLE_3_SOURCE, TABLE_4,
    TABLE_4_SOURCE,
};
use crate::protocol::{FieldDifference, PublishedCard, locked_by};
use crate::run_info::{Protocol, RunInfo};
use crate::text::ABSENT;

/// A published table and whether it may stand beside ours.
#[derive(Template)]
#[template(path = "published.html")]
pub(super) struct Published {
    title: &'static str,
    table: Table,
    source: &'static str,
    lock: String,
}

/// Tables 3 and 4 and the votes.
pub(super) fn others(info: &RunInfo, analysis: &Analysis) -> Result<Vec<String>> {
    let protocol = &info.protocol;
    let views = [table_3(info, analysis), table_4(protocol), human(protocol)];
    views.iter().map(|view| Ok(view.render()?)).collect()
}

/// Whether numbers of this card are struck, and the sentence that says why.
pub(super) fn lock(card: &PublishedCard, ours: &Protocol) -> (bool, String) {
    let differing = locked_by(card, ours);
    let untold = format!("No source tells its {}.", card.untold);
    if differing.is_empty() {
        return (false, format!("Every field that is known of its protocol matches this run’s. {untold}"));
    }
    let named = |d: &FieldDifference| format!("{}: {} there, {} here", d.field, d.theirs, d.ours);
    let fields: Vec<String> = differing.iter().map(named).collect();
    (true, format!("Struck through, because the protocol is not this run’s. {}. {untold}", fields.join("; ")))
}

/// The letters of the arms that stand for a row of the paper.
pub(super) fn letters(info: &RunInfo, analysis: &Analysis, row: &str) -> String {
    let arms = info.arms.iter().filter(|arm| arm.paper_row.as_deref() == Some(row));
    let letters: Vec<&str> = arms.filter_map(|arm| Some(analysis.arm(&arm.id)?.letter.as_str())).collect();
    if letters.is_empty() { ABSENT.to_owned() } else { letters.join(", ") }
}

fn table_3(info: &RunInfo, analysis: &Analysis) -> Published {
    let (struck, lock) = lock(&COMPBENCH_CARD, &info.protocol);
    let mut columns = ["Model", "Arm here"].map(str::to_owned).to_vec();
    columns.extend(COLUMNS.iter().map(|c| c.label.to_owned()));
    columns.push("Mean".into());
    let rows = TABLE_3.iter().map(|row| {
        let numbers = row.scores.iter().chain([&row.mean]);
        let mut cells = vec![Cell::words(letters(info, analysis, row.id))];
        cells.extend(numbers.map(|v| Cell::number(format!("{v:.2}")).struck(struck)));
        Row { head: row.model.into(), cells }
    });
    let table = Table { caption: "T2I-CompBench, percent".into(), columns, rows: rows.collect() };
    Published { title: "Table 3: earlier models", table, source: TABLE_3_SOURCE, lock }
}

fn table_4(protocol: &Protocol) -> Published {
    let (struck, lock) = lock(&COCO_CARD, protocol);
    let columns = ["Model", "Parameters", "FID-30K", "CLIP score", "CompBench Mean", "Known from"];
    let optional = |value: Option<String>| Cell::number(value.unwrap_or(ABSENT.into())).struck(struck);
    let rows = TABLE_4.iter().map(|row| Row {
        head: row.model.into(),
        cells: vec![
            Cell::number(row.parameters),
            Cell::number(format!("{:.2}", row.fid)).struck(struck),
            optional(row.clip.map(|v| format!("{v:.3}"))),
            optional(row.mean.map(|v| format!("{v:.2}"))),
            Cell::words(row.confidence),
        ],
    });
    let table = Table { caption: "MS-COCO".into(), columns: columns.map(str::to_owned).into(), rows: rows.collect() };
    Published { title: "Table 4: MS-COCO", table, source: TABLE_4_SOURCE, lock }
}

fn human(protocol: &Protocol) -> Published {
    let (struck, lock) = lock(&HUMAN_CARD, protocol);
    let rows = HUMAN.iter().map(|row| Row {
        head: row.question.into(),
        cells: row.votes.iter().map(|v| Cell::number(format!("{v:.1}")).struck(struck)).collect(),
    });
    let table = Table {
        caption: "Votes, percent".into(),
        columns: ["Question", "GenTron", "Tie", "SDXL"].map(str::to_owned).into(),
        rows: rows.collect(),
    };
    Published { title: "Figure 7: people’s choice between GenTron and SDXL", table, source: HUMAN_SOURCE, lock }
}
