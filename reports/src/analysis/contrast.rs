//! Contrasts: weighted sums of arms on the same prompt and noise. A difference of two arms is one, a main effect of several arms
//! is one, an interaction is one; all get their intervals and tests in the same way.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::cells::Cell;
use crate::observations::Name;
use crate::statistics::power::{Components, components};
use crate::statistics::{
    Cluster, ClusteredMean, Interval, LEVEL, Resampler, clustered_mean, percentile_interval, stream_of, t_test,
    unanimous_test,
};

/// The weight of each arm, in the run's order; they sum to 0.
pub(super) type Weights = Vec<f64>;

/// A contrast in one cell, or in the Mean.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    pub difference: Option<f64>,
    pub interval: Option<Interval>,
    pub standard_error: Option<f64>,
    pub degrees: f64,
    pub p: Option<f64>,
    pub prompts: usize,
    pub pairs: usize,
    /// Of one prompt's mean, over the prompts of this cell; for the Mean already divided by what it is averaged over.
    pub components: Option<Components>,
}

/// All contrasts of a run.
pub(super) struct Contrasts {
    /// `[cell][contrast]`.
    pub cells: Vec<Vec<Found>>,
    /// `[contrast]`: the plain mean over the headline cells that count.
    pub mean: Vec<Found>,
}

/// A contrast of one cell by prompt.
#[derive(Default)]
struct Column {
    prompts: BTreeMap<Name, Cluster>,
    squares: f64,
}

/// Computes every contrast in every cell and in the Mean.
pub(super) fn contrasts(cells: &[Cell], weights: &[Weights], resampler: Resampler, replicates: u32) -> Contrasts {
    let done: Vec<(Vec<Found>, Vec<Vec<f64>>)> =
        cells.par_iter().map(|cell| of_cell(cell, weights, resampler, replicates)).collect();
    let counted: Vec<usize> = (0..cells.len()).filter(|i| cells[*i].headline && cells[*i].category.in_mean).collect();
    let mean = (0..weights.len())
        .map(|column| {
            let found: Vec<Found> = counted.iter().map(|cell| done[*cell].0[column]).collect();
            let mut drawn: Vec<f64> = (0..replicates as usize)
                .map(|r| counted.iter().map(|cell| done[*cell].1[column][r]).sum::<f64>() / counted.len() as f64)
                .filter(|mean| mean.is_finite())
                .collect();
            of_mean(&found, &mut drawn)
        })
        .collect();
    Contrasts { cells: done.into_iter().map(|(found, _)| found).collect(), mean }
}

/// Scores of an arm by prompt, image and seed, in that order.
type Scores = Vec<((Name, u32, u64), f64)>;

/// What is found in a cell, and each contrast's mean in every resample of its prompts.
fn of_cell(cell: &Cell, weights: &[Weights], resampler: Resampler, replicates: u32) -> (Vec<Found>, Vec<Vec<f64>>) {
    let scores: Vec<Scores> = cell
        .arms
        .iter()
        .map(|rows| rows.iter().filter_map(|r| Some(((r.prompt, r.k, r.seed), r.value.ok()?))).collect())
        .collect();
    let columns: Vec<Column> = weights.iter().map(|weights| column(&scores, weights)).collect();
    let mut prompts: Vec<Name> = cell.grid.keys().map(|(prompt, _)| *prompt).collect();
    prompts.dedup();
    let table: Vec<Vec<Cluster>> = prompts
        .iter()
        .map(|prompt| columns.iter().map(|c| c.prompts.get(prompt).copied().unwrap_or_default()).collect())
        .collect();
    let stream = stream_of(&format!("{}/{}", cell.category.suite, cell.category.id));
    let mut drawn = vec![Vec::with_capacity(replicates as usize); columns.len()];
    let mut totals = vec![Cluster::default(); columns.len()];
    for replicate in 0..replicates {
        totals.fill(Cluster::default());
        resampler.draw(stream, replicate, table.len() as u32, |prompt| {
            for (total, cluster) in totals.iter_mut().zip(&table[prompt]) {
                total.sum += cluster.sum;
                total.count += cluster.count;
            }
        });
        for (drawn, total) in drawn.iter_mut().zip(&totals) {
            // Not a number where the resample has no image of this contrast: such a resample says nothing.
            drawn.push(total.sum / f64::from(total.count));
        }
    }
    let found = columns.iter().zip(&drawn).map(|(column, drawn)| {
        let mean = clustered_mean(column.prompts.values());
        mean.map_or_else(Found::default, |mean| of_column(column, &mean, drawn))
    });
    (found.collect(), drawn)
}

fn column(scores: &[Scores], weights: &[f64]) -> Column {
    let used: Vec<usize> = (0..weights.len()).filter(|arm| weights[*arm] != 0.0).collect();
    let mut column = Column::default();
    let Some((first, rest)) = used.split_first() else { return column };
    for (key, value) in &scores[*first] {
        let partner = |arm: &usize| {
            let at = scores[*arm].binary_search_by(|(other, _)| other.cmp(key)).ok()?;
            Some(weights[*arm] * scores[*arm][at].1)
        };
        let Some(others) = rest.iter().map(partner).sum::<Option<f64>>() else { continue };
        let sum = weights[*first] * value + others;
        let cluster = column.prompts.entry(key.0).or_default();
        cluster.sum += sum;
        cluster.count += 1;
        column.squares += sum * sum;
    }
    column
}

fn of_column(column: &Column, mean: &ClusteredMean, drawn: &[f64]) -> Found {
    let degrees = mean.clusters as f64 - 1.0;
    let p = match mean.standard_error {
        Some(error) => t_test(mean.mean / error, degrees),
        // The same difference on every prompt: the sign test, or no sign of a difference at all.
        None if mean.mean.abs() > 1e-12 => Some(unanimous_test(mean.clusters)),
        None => Some(1.0),
    };
    let mut drawn: Vec<f64> = drawn.iter().copied().filter(|value| value.is_finite()).collect();
    let clusters: Vec<Cluster> = column.prompts.values().copied().collect();
    Found {
        difference: Some(mean.mean),
        interval: if mean.clusters > 1 { percentile_interval(&mut drawn, LEVEL) } else { None },
        standard_error: mean.standard_error,
        degrees,
        p,
        prompts: mean.clusters,
        pairs: mean.count,
        components: components(&clusters, column.squares, mean),
    }
}

/// The plain mean over cells, which are independent samples of prompts: variances add, and the degrees of freedom are Welch's and
/// Satterthwaite's (Biometrics Bulletin 2, 1946).
fn of_mean(cells: &[Found], drawn: &mut [f64]) -> Found {
    let differences: Option<Vec<f64>> = cells.iter().map(|cell| cell.difference).collect();
    let Some(differences) = differences.filter(|d| !d.is_empty()) else { return Found::default() };
    let n = cells.len() as f64;
    let difference = differences.iter().sum::<f64>() / n;
    let variances: Vec<f64> = cells.iter().map(|c| c.standard_error.map_or(0.0, |e| e * e)).collect();
    let variance: f64 = variances.iter().sum();
    let fourth: f64 = cells.iter().zip(&variances).map(|(c, v)| v * v / c.degrees.max(1.0)).sum();
    let standard_error = (variance > 0.0 && cells.iter().all(|c| c.prompts > 1)).then(|| variance.sqrt() / n);
    let degrees = if fourth > 0.0 { variance * variance / fourth } else { 0.0 };
    let sum = |get: fn(&Components) -> f64| -> Option<f64> {
        cells.iter().map(|c| Some(get(c.components.as_ref()?) / (c.prompts as f64 * n * n))).sum()
    };
    Found {
        difference: Some(difference),
        interval: standard_error.and_then(|_| percentile_interval(drawn, LEVEL)),
        standard_error,
        degrees,
        p: standard_error.and_then(|error| t_test(difference / error, degrees)),
        prompts: cells.iter().map(|c| c.prompts).sum(),
        pairs: cells.iter().map(|c| c.pairs).sum(),
        components: sum(|c| c.between).and_then(|between| Some(Components { between, within: sum(|c| c.within)? })),
    }
}
