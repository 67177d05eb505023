//! Protocol and provenance, and what was missing.

use askama::Template;

use super::embed::Embedder;
use super::section::Section;
use super::table::{Cell, Row, Table};
use crate::analysis::Analysis;
use crate::error::Result;
use crate::run_info::{ArmInfo, RunInfo};
use crate::text::{ABSENT, counted, duration, grouped, list, short};

#[derive(Template)]
#[template(path = "provenance.html")]
struct Provenance<'a> {
    command: &'a str,
    dirty: bool,
    tables: Vec<Table>,
    recipes: Vec<(String, &'a str)>,
}

#[derive(Template)]
#[template(path = "missing.html")]
struct MissingView {
    table: Option<Table>,
    outside: Option<Table>,
    notes: Vec<String>,
}

/// Protocol and provenance.
pub(super) fn section(info: &RunInfo, analysis: &Analysis) -> Result<Option<Section>> {
    let recipes = info.arms.iter().zip(&analysis.arms).filter_map(|(arm, key)| {
        let recipe = arm.training.as_ref()?.recipe.as_str();
        (!recipe.trim().is_empty()).then(|| (key.named(), recipe))
    });
    let provenance = Provenance {
        command: &info.command,
        dirty: info.code.dirty == Some(true),
        tables: vec![protocol(info, analysis), scorers(info), arms(info, analysis), spent(info, analysis)],
        recipes: recipes.collect(),
    };
    Ok(Some(Section { id: "protocol", title: "Protocol and provenance", body: provenance.render()? }))
}

fn protocol(info: &RunInfo, analysis: &Analysis) -> Table {
    let p = &info.protocol;
    let mut rows = Vec::new();
    let mut add = |head: &str, cell: Cell| rows.push(Row { head: head.to_owned(), cells: vec![cell] });
    for suite in &p.suites {
        let mut cell = Cell::words(format!("{}, {}", suite.id, counted(suite.prompts, "prompt")));
        cell.note = format!("sha256 {}", suite.digest);
        add("Suite", cell);
        add("Licence of its prompts", Cell::words(suite.licence.as_deref().unwrap_or("not known")));
        for file in &suite.files {
            let mut cell = Cell::words(format!("{}, {}", file.name, file.revision));
            cell.note = format!("sha256 {}", file.sha256);
            add("File of prompts", cell);
        }
    }
    add("Images per prompt", Cell::words(grouped(u64::from(p.images_per_prompt))));
    add("Seed", Cell::words(p.seed.to_string()));
    let sampler = &p.sampler;
    let guidance = short(sampler.guidance);
    add("Sampler", Cell::words(format!("{}, {} steps, guidance {guidance}", sampler.kind, sampler.steps)));
    add("Image size", Cell::words(format!("{} × {} pixels", p.image_size[0], p.image_size[1])));
    add("Resizing before scoring", Cell::words(p.resize.clone()));
    let np_num = p.np_num.map_or("not the same in all categories".to_owned(), |n| format!("at most {n}"));
    add("Noun phrases asked (np_num)", Cell::words(np_num));
    let method = &analysis.method;
    add("Interval of a cell", Cell::words(format!("95 %, {}", method.cell_interval)));
    let bootstrap = format!(
        "95 %, {}; {} replicates, key {:#x}",
        method.mean_interval,
        grouped(u64::from(method.bootstrap_replicates)),
        method.bootstrap_seed
    );
    add("Interval of the Mean", Cell::words(bootstrap));
    add("Code", Cell::words(info.code.version.clone()));
    let tree = match info.code.dirty {
        Some(true) => "had changes that no commit holds",
        Some(false) => "clean",
        None => "unknown",
    };
    add("Working tree", Cell::words(tree));
    if let Some(device) = &info.device {
        add("Device", Cell::words(device.clone()));
    }
    if let Some(created) = &info.created {
        add("Created", Cell::words(created.clone()));
    }
    Table { caption: "Protocol".into(), columns: vec!["Field".into(), "Value".into()], rows }
}

fn scorers(info: &RunInfo) -> Table {
    let rows = info.protocol.scorers.iter().map(|scorer| Row {
        head: scorer.metric.clone(),
        cells: vec![
            Cell::words(scorer.name.clone()),
            Cell::code(scorer.version.clone()),
            Cell::words(scorer.licence.as_deref().unwrap_or("not known")),
        ],
    });
    Table {
        caption: "Scorers".into(),
        columns: ["Metric", "Computed by", "Version or digest", "Licence"].map(str::to_owned).into(),
        rows: rows.collect(),
    }
}

fn arms(info: &RunInfo, analysis: &Analysis) -> Table {
    let row = |head: &str, cell: &dyn Fn(&ArmInfo) -> Cell| Row {
        head: head.to_owned(),
        cells: info.arms.iter().map(cell).collect(),
    };
    let optional = |value: Option<f64>| value.map_or("–".to_owned(), short);
    let rows = vec![
        row("Conditioning", &|arm| Cell::words(arm.conditioning.clone())),
        row("Text encoders", &|arm| Cell::words(list(&arm.text_encoders))),
        row("Scale", &|arm| Cell::words(arm.scale.clone())),
        row("Parameters", &|arm| Cell::words(grouped(arm.parameters))),
        row("GFLOPs per image", &|arm| Cell::words(optional(arm.gflops_per_image))),
        row("Seconds per image", &|arm| Cell::words(optional(arm.seconds_per_image))),
        row("Trained on", &|arm| {
            let data = arm.training.as_ref().and_then(|card| card.data.clone());
            Cell::words(data.unwrap_or_default())
        }),
        row("Weights, sha256", &|arm| Cell::code(arm.weights_digest.clone())),
    ];
    let columns = std::iter::once("Arm".to_owned()).chain(analysis.arms.iter().map(|arm| arm.named()));
    Table { caption: "Arms".into(), columns: columns.collect(), rows }
}

/// What training took, and what drawing computes. How long drawing took is a part of the page only where it need not be the same in every
/// execution.
fn spent(info: &RunInfo, analysis: &Analysis) -> Table {
    let images = info.planned_tasks / (info.arms.len() as u64).max(1);
    let timed = info.arms.iter().any(|arm| arm.seconds_per_image.is_some());
    let rows = info.arms.iter().zip(&analysis.arms).map(|(arm, key)| {
        let seconds = arm.training.as_ref().map(|card| card.wall_seconds);
        let energy = seconds.zip(info.power.as_ref()).map(|(seconds, power)| power.energy(seconds));
        let computed = arm.gflops_per_image.map(|gflops| grouped((gflops * images as f64).round() as u64));
        let mut cells = vec![seconds.map(duration), energy, computed];
        if timed {
            cells.push(arm.seconds_per_image.map(|seconds| duration(seconds * images as f64)));
        }
        let cells = cells.into_iter().map(|cell| Cell::number(cell.unwrap_or(ABSENT.to_owned())));
        Row { head: key.named(), cells: cells.collect() }
    });
    let estimate = match &info.power {
        Some(power) => format!("the energy is an estimate at {} W, {}", short(power.watts), power.basis),
        None => "no power is assumed of this device, so there is no estimate of energy".to_owned(),
    };
    let mut columns =
        ["Arm", "Training took", "Training’s energy", "GFLOPs of all its images"].map(str::to_owned).to_vec();
    let more = if timed {
        columns.push("Drawing them took".into());
        "Drawing is timed by the clock, whatever else this machine did"
    } else {
        "How long drawing and scoring took lies in timings.json; `gentron report` prints it, and writes it with --times"
    };
    Table { caption: format!("Time and energy; {estimate}. {more}"), columns, rows: rows.collect() }
}

/// What was missing: scores, images, planned work.
pub(super) fn missing(analysis: &Analysis, images: &Embedder) -> Result<Option<Section>> {
    let label = |id: &str| analysis.arm(id).map_or(id.to_owned(), |arm| arm.named());
    let rows: Vec<Row> = analysis
        .missing
        .iter()
        .map(|gap| {
            let category = analysis.categories.iter().find(|c| c.suite == gap.suite && c.id == gap.category);
            let why = gap.why.clone().unwrap_or_else(|| "no observation, though another arm has one".to_owned());
            Row {
                head: label(&gap.arm),
                cells: vec![
                    Cell::words(category.map_or(gap.category.clone(), |c| c.label.clone())),
                    Cell::code(gap.metric.clone()),
                    Cell::words(why),
                    Cell::number(grouped(gap.count)),
                ],
            }
        })
        .collect();
    let mut notes = Vec::new();
    if analysis.is_unfinished() {
        let left = analysis.planned_tasks - analysis.finished_tasks;
        notes.push(format!("{} of the plan not drawn and scored yet.", counted(left, "image")));
    }
    for mean in analysis.means.iter().filter(|m| !m.without.is_empty()) {
        notes.push(format!("{} has no Mean: no score in {}.", label(&mean.arm), list(&mean.without)));
    }
    if images.unreadable > 0 {
        notes
            .push(format!("{} of the gallery not in the run folder, or not PNG.", counted(images.unreadable, "image")));
    }
    if images.left_out > 0 {
        notes.push(format!("{} of the gallery left out to keep this file small.", counted(images.left_out, "image")));
    }
    if rows.is_empty() && notes.is_empty() {
        notes.push(
            "Nothing: every planned image is drawn, and every metric has a score on what it can be asked of."
                .to_owned(),
        );
    }
    let table = (!rows.is_empty()).then(|| Table {
        caption: "Scores that are not there; they are left out of every mean".into(),
        columns: ["Arm", "Category", "Metric", "Why", "Count"].map(str::to_owned).into(),
        rows,
    });
    let view = MissingView { table, outside: outside(analysis), notes };
    Ok(Some(Section { id: "missing", title: "What was missing", body: view.render()? }))
}

/// What no arm can be asked, once for all of them.
fn outside(analysis: &Analysis) -> Option<Table> {
    let rows = analysis.outside.iter().map(|outside| {
        let category = analysis.categories.iter().find(|c| c.suite == outside.suite && c.id == outside.category);
        Row {
            head: category.map_or(outside.category.clone(), |c| c.label.clone()),
            cells: vec![
                Cell::code(outside.metric.clone()),
                Cell::words(outside.why.clone()),
                Cell::number(grouped(outside.prompts)),
            ],
        }
    });
    (!analysis.outside.is_empty()).then(|| Table {
        caption: "Prompts that a score cannot be asked of; they are neither scored nor missing".into(),
        columns: ["Category", "Metric", "Why", "Prompts"].map(str::to_owned).into(),
        rows: rows.collect(),
    })
}
