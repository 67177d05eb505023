//! The table of scores as LaTeX and Markdown share it: the paper's columns in its order, then what only we have.

use crate::analysis::{Analysis, CategoryKey};
use crate::paper::COLUMNS;
use crate::run_info::{ArmInfo, RunInfo};
use crate::statistics::Interval;

/// A mean and its interval.
pub(super) type Score = (f64, Option<Interval>);

/// The table.
pub(super) struct Sheet<'a> {
    /// Headings of the scores.
    pub columns: Vec<String>,
    /// The arms in the run's order, which is the paper's in a recipe that repeats its table.
    pub rows: Vec<SheetRow<'a>>,
    /// The highest score of each column.
    best: Vec<f64>,
}

/// An arm and its scores.
pub(super) struct SheetRow<'a> {
    pub arm: &'a ArmInfo,
    pub scores: Vec<Option<Score>>,
}

/// Lays the scores out.
pub(super) fn sheet<'a>(info: &'a RunInfo, analysis: &'a Analysis) -> Sheet<'a> {
    let in_paper = |category: &&CategoryKey| COLUMNS.iter().any(|column| column.is(&category.id));
    let of_paper = COLUMNS.iter().flat_map(|column| {
        let here = analysis.categories.iter().filter(move |category| column.is(&category.id));
        here.map(move |category| (column.label.to_owned(), Some(category)))
    });
    let extra = analysis.categories.iter().filter(|c| !in_paper(c)).map(|c| (c.label.clone(), Some(c)));
    let places: Vec<(String, Option<&CategoryKey>)> =
        of_paper.chain([("Mean".to_owned(), None)]).chain(extra).collect();
    let rows: Vec<SheetRow> = info
        .arms
        .iter()
        .map(|arm| {
            let score = |category: &Option<&CategoryKey>| match category {
                Some(category) => analysis.headline(&arm.id, category).and_then(|e| Some((e.mean?, e.interval))),
                None => analysis.mean(&arm.id).and_then(|m| Some((m.mean?, m.interval))),
            };
            SheetRow { arm, scores: places.iter().map(|(_, category)| score(category)).collect() }
        })
        .collect();
    let highest = |column: usize| {
        rows.iter().filter_map(|row| row.scores[column]).map(|(mean, _)| mean).fold(f64::NEG_INFINITY, f64::max)
    };
    let best = (0..places.len()).map(highest).collect();
    Sheet { columns: places.into_iter().map(|(label, _)| label).collect(), rows, best }
}

impl Sheet<'_> {
    /// Whether a score is the highest of its column.
    pub fn is_best(&self, column: usize, score: Score) -> bool {
        score.0 == self.best[column]
    }
}
