//! Reading for analysis: only the columns that statistics need, checked, interned and sorted.

use std::fs::File;
use std::path::Path;

use polars::prelude::*;

use super::Absence;
use super::names::{Collector, Name, Names};
use crate::error::{ReportError, Result};

/// One observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Arm id.
    pub arm: Name,
    /// Suite id.
    pub suite: Name,
    /// Category id.
    pub category: Name,
    /// Prompt id: the cluster.
    pub prompt: Name,
    /// Image index within the prompt.
    pub k: u32,
    /// Metric id.
    pub metric: Name,
    /// `seen`, `unseen` or `unsplit`.
    pub split: Name,
    /// How many objects the prompt asks for.
    pub things: u32,
    /// Seed of the image's noise.
    pub seed: u64,
    /// The score, or why there is none.
    pub value: std::result::Result<f64, Absence<Name>>,
}

/// All observations of a run, sorted by (arm, suite, category, prompt, k, metric).
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// The strings that rows refer to.
    pub names: Names,
    /// The rows.
    pub rows: Vec<Row>,
}

const TEXTS: [&str; 7] = ["arm", "suite", "category", "prompt_id", "metric", "split", "task"];

/// Reads and checks the observations of a run folder.
///
/// # Errors
/// The file is missing, damaged or lacks a column; a row has not exactly one of value, reason for being unscored and reason for being
/// outside; a value is not finite; two rows describe the same observation.
pub fn read_observations(run_dir: &Path) -> Result<Observations> {
    let path = run_dir.join(super::FILE);
    let parquet = || ReportError::parquet(&path);
    let mut stored = open(&path)?;
    // Older files have no such column.
    let knows_outside = stored.schema().map_err(parquet())?.contains("outside");
    let wanted = ["things", "k", "seed", "value", "unscored"].into_iter().chain(knows_outside.then_some("outside"));
    let columns = TEXTS.into_iter().chain(wanted).map(str::to_owned).collect();
    let frame = stored.with_columns(Some(columns)).finish().map_err(parquet())?;
    let hole = |column, row| ReportError::Hole { path: path.clone(), column, row };

    let texts =
        TEXTS.iter().map(|name| frame.column(name)?.str()).collect::<PolarsResult<Vec<_>>>().map_err(parquet())?;
    let things = frame.column("things").and_then(|c| c.u32()).map_err(parquet())?;
    let ks = frame.column("k").and_then(|c| c.u32()).map_err(parquet())?;
    let seeds = frame.column("seed").and_then(|c| c.u64()).map_err(parquet())?;
    let values = frame.column("value").and_then(|c| c.f64()).map_err(parquet())?;
    let unscored = frame.column("unscored").and_then(|c| c.str()).map_err(parquet())?;
    let outside =
        if knows_outside { Some(frame.column("outside").and_then(|c| c.str()).map_err(parquet())?) } else { None };

    let mut collector = Collector::default();
    let mut rows = Vec::with_capacity(frame.height());
    for row in 0..frame.height() {
        let mut text = [""; 7];
        for (slot, (column, name)) in text.iter_mut().zip(texts.iter().zip(TEXTS)) {
            *slot = column.get(row).ok_or_else(|| hole(name, row))?;
        }
        let value = match (values.get(row), unscored.get(row), outside.and_then(|column| column.get(row))) {
            (Some(value), None, None) if value.is_finite() => Ok(value),
            (Some(value), None, None) => return Err(not_finite(text[6], text[4], value)),
            (None, Some(why), None) => Err(Absence::Unscored(collector.add(why))),
            (None, None, Some(why)) => Err(Absence::Outside(collector.add(why))),
            _ => return Err(ReportError::ValueXorReason { task: text[6].into(), metric: text[4].into() }),
        };
        let names = [0, 1, 2, 3, 4, 5].map(|i| collector.add(text[i]));
        rows.push((
            names,
            value,
            things.get(row).ok_or_else(|| hole("things", row))?,
            ks.get(row).ok_or_else(|| hole("k", row))?,
            seeds.get(row).ok_or_else(|| hole("seed", row))?,
        ));
    }

    let (names, map) = collector.finish();
    let name = |provisional: u32| map[provisional as usize];
    let mut rows: Vec<Row> = rows
        .into_iter()
        .map(|([arm, suite, category, prompt, metric, split], value, things, k, seed)| Row {
            arm: name(arm),
            suite: name(suite),
            category: name(category),
            prompt: name(prompt),
            metric: name(metric),
            split: name(split),
            things,
            k,
            seed,
            value: value.map_err(|absence| absence.map(name)),
        })
        .collect();
    let key = |r: &Row| (r.arm, r.suite, r.category, r.prompt, r.k, r.metric);
    rows.sort_by_key(key);
    if let Some(pair) = rows.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
        return Err(ReportError::Duplicate {
            arm: names.text(pair[0].arm).into(),
            prompt: names.text(pair[0].prompt).into(),
            k: pair[0].k,
            metric: names.text(pair[0].metric).into(),
        });
    }
    Ok(Observations { names, rows })
}

fn not_finite(task: &str, metric: &str, value: f64) -> ReportError {
    ReportError::NotFinite { task: task.into(), metric: metric.into(), value }
}

/// A reader that decodes only the columns and rows that are asked for. A missing file is reported as such, not as a polars error.
pub(super) fn open(path: &Path) -> Result<ParquetReader<File>> {
    let file = File::open(path).map_err(ReportError::read(path))?;
    // One piece a column: rows are looked up by number.
    Ok(ParquetReader::new(file).set_rechunk(true))
}

#[cfg(test)]
mod tests {
    use super::super::{ObservationRow, write_observations};
    use super::*;

    fn row(k: u32, value: std::result::Result<f64, Absence>) -> ObservationRow {
        ObservationRow {
            task: format!("task-{k}"),
            arm: "arm".into(),
            suite: "suite".into(),
            category: "category".into(),
            split: "unsplit".into(),
            prompt_id: "prompt".into(),
            prompt: "a wallet".into(),
            things: 1,
            k,
            seed: 7,
            metric: "unidet-2d-fixed".into(),
            headline: true,
            value,
            reasons: "[]".into(),
            image: format!("images/arm/prompt/{k}.png"),
        }
    }

    fn values(folder: &Path) -> Vec<std::result::Result<f64, Absence>> {
        let Observations { names, rows } = read_observations(folder).unwrap();
        let told = |absence: Absence<Name>| absence.map(|why| names.text(why).to_owned());
        rows.iter().map(|row| row.value.map_err(told)).collect()
    }

    /// Changes the file of a folder as another program might.
    fn rewrite(folder: &Path, change: impl FnOnce(DataFrame) -> DataFrame) {
        let path = folder.join(super::super::FILE);
        let mut changed = change(open(&path).unwrap().finish().unwrap());
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).finish(&mut changed).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    #[test]
    fn a_value_or_one_kind_of_absence_comes_back_and_older_files_know_no_outside() {
        let folder = tempfile::tempdir().unwrap();
        let unscored = || Absence::Unscored("no weights".to_owned());
        let all = vec![Ok(0.5), Err(unscored()), Err(Absence::Outside("no class".to_owned()))];
        let rows = all.iter().cloned().zip(0..).map(|(value, k)| row(k, value)).collect();
        write_observations(folder.path(), rows).unwrap();
        assert_eq!(values(folder.path()), all);

        // A file of before: without the column a row that is neither scored nor unscored is damage.
        rewrite(folder.path(), |frame| frame.drop("outside").unwrap());
        assert!(matches!(read_observations(folder.path()), Err(ReportError::ValueXorReason { .. })));
        write_observations(folder.path(), vec![row(0, Ok(0.5)), row(1, Err(unscored()))]).unwrap();
        rewrite(folder.path(), |frame| frame.drop("outside").unwrap());
        assert_eq!(values(folder.path()), [Ok(0.5), Err(unscored())]);
    }

    #[test]
    fn two_kinds_of_absence_at_once_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        write_observations(folder.path(), vec![row(0, Err(Absence::Outside("no class".to_owned())))]).unwrap();
        rewrite(folder.path(), |mut frame| {
            let both = frame.column("outside").unwrap().clone().with_name("unscored".into());
            frame.with_column(both).unwrap().clone()
        });
        assert!(matches!(read_observations(folder.path()), Err(ReportError::ValueXorReason { .. })));
    }
}
