//! Writing observations: the one place that fixes the columns, their types and their order.

use std::path::Path;

use polars::prelude::*;

use super::Absence;
use crate::error::{ReportError, Result};
use crate::file::write_atomically;

/// One row to write.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservationRow {
    /// Task id.
    pub task: String,
    /// Arm id.
    pub arm: String,
    /// Suite id.
    pub suite: String,
    /// Category id.
    pub category: String,
    /// `seen`, `unseen` or `unsplit`.
    pub split: String,
    /// Prompt id.
    pub prompt_id: String,
    /// The prompt's text.
    pub prompt: String,
    /// Objects that the prompt asks for.
    pub things: u32,
    /// Image index within the prompt.
    pub k: u32,
    /// Seed of the image's noise.
    pub seed: u64,
    /// Metric id.
    pub metric: String,
    /// Whether the metric stands for its category.
    pub headline: bool,
    /// The score, or why there is none.
    pub value: std::result::Result<f64, Absence>,
    /// JSON list of reasons.
    pub reasons: String,
    /// Path of the image, relative to the run folder.
    pub image: String,
}

/// Writes `observations.parquet` into a run folder, sorted by (arm, suite, category, prompt id, k, metric), so that the same rows in
/// any order give the same bytes. The file appears whole or not at all.
pub fn write_observations(run_dir: &Path, mut rows: Vec<ObservationRow>) -> Result<()> {
    let path = run_dir.join(super::FILE);
    rows.sort_by(|a, b| key(a).cmp(&key(b)));
    let mut bytes = Vec::new();
    frame(&rows)
        .and_then(|mut frame| {
            // One thread and explicit options: the bytes must not depend on the machine.
            ParquetWriter::new(&mut bytes)
                .with_compression(ParquetCompression::Zstd(None))
                .with_row_group_size(Some(1 << 16))
                .set_parallel(false)
                .finish(&mut frame)
        })
        .map_err(ReportError::parquet(&path))?;
    write_atomically(&path, &bytes)
}

fn key(row: &ObservationRow) -> (&str, &str, &str, &str, u32, &str) {
    (&row.arm, &row.suite, &row.category, &row.prompt_id, row.k, &row.metric)
}

fn frame(rows: &[ObservationRow]) -> PolarsResult<DataFrame> {
    let absent = |name: &str, get: fn(&Absence) -> Option<&String>| {
        let reasons = rows.iter().map(|row| get(row.value.as_ref().err()?).map(String::as_str));
        Column::new(name.into(), reasons.collect::<Vec<_>>())
    };
    let text = |name: &str, get: fn(&ObservationRow) -> &str| {
        Column::new(name.into(), rows.iter().map(get).collect::<Vec<_>>())
    };
    DataFrame::new(
        rows.len(),
        vec![
            text("task", |r| &r.task),
            text("arm", |r| &r.arm),
            text("suite", |r| &r.suite),
            text("category", |r| &r.category),
            text("split", |r| &r.split),
            text("prompt_id", |r| &r.prompt_id),
            text("prompt", |r| &r.prompt),
            Column::new("things".into(), rows.iter().map(|r| r.things).collect::<Vec<_>>()),
            Column::new("k".into(), rows.iter().map(|r| r.k).collect::<Vec<_>>()),
            Column::new("seed".into(), rows.iter().map(|r| r.seed).collect::<Vec<_>>()),
            text("metric", |r| &r.metric),
            Column::new("headline".into(), rows.iter().map(|r| r.headline).collect::<Vec<_>>()),
            Column::new("value".into(), rows.iter().map(|r| r.value.as_ref().ok().copied()).collect::<Vec<_>>()),
            absent("unscored", Absence::unscored),
            absent("outside", Absence::outside),
            text("reasons", |r| &r.reasons),
            text("image", |r| &r.image),
        ],
    )
}
