//! The Mean over categories and its paired differences, with intervals by stratified cluster bootstrap.

use rayon::prelude::*;

use super::cells::Cell;
use super::differences::{by_prompt, pairs};
use super::types::{MeanDifference, OverallMean};
use super::verdict::Word;
use crate::run_info::RunInfo;
use crate::statistics::{Cluster, Interval, LEVEL, Reading, Resampler, clusters_by, percentile_interval, stream_of};

/// One category of the Mean: for every prompt and every column (an arm, or a pair of arms) the prompt's sum and count.
struct Stratum {
    stream: u64,
    /// `[prompt][column]`.
    prompts: Vec<Vec<Cluster>>,
}

/// The Means of all arms, and the difference of every arm to every arm before it, whose words are not judged yet: see
/// [`super::verdicts::judge_means`].
pub(super) fn means(
    info: &RunInfo,
    cells: &[Cell],
    resampler: Resampler,
    replicates: u32,
) -> (Vec<OverallMean>, Vec<MeanDifference>) {
    let cells: Vec<&Cell> = cells.iter().filter(|c| c.headline && c.category.in_mean).collect();
    let arms = info.arms.len();
    let couples: Vec<(usize, usize)> = (0..arms).flat_map(|b| (0..b).map(move |a| (b, a))).collect();
    let strata: Vec<Stratum> = cells.iter().map(|cell| stratum(cell, arms, &couples)).collect();
    let columns = arms + couples.len();

    let drawn: Vec<Vec<f64>> =
        (0..replicates).into_par_iter().map(|r| replicate(&strata, columns, resampler, r)).collect();
    let estimate = |column: usize| -> (Option<f64>, Option<Interval>) {
        let point = plain_mean(strata.iter().map(|s| total(s.prompts.iter().map(|p| p[column]))));
        // One prompt drawn with replacement is always itself: no spread, and so no interval.
        let enough = strata.iter().all(|s| s.prompts.iter().filter(|p| p[column].count > 0).count() > 1);
        // A resample without a single score of this column says nothing about it.
        let mut values: Vec<f64> = drawn.iter().map(|d| d[column]).filter(|v| v.is_finite()).collect();
        let interval = point.filter(|_| enough).and_then(|_| percentile_interval(&mut values, LEVEL));
        (point, interval)
    };

    let means = info.arms.iter().enumerate().map(|(index, arm)| {
        let (mean, interval) = estimate(index);
        let empty = |s: &Stratum| s.prompts.iter().all(|p| p[index].count == 0);
        let without = cells.iter().zip(&strata).filter(|(_, s)| empty(s)).map(|(c, _)| c.category.id.clone()).collect();
        OverallMean { arm: arm.id.clone(), mean, interval, bounds: mean.and_then(|_| bounds(&cells, index)), without }
    });
    let differences = couples.iter().enumerate().map(|(index, (arm, against))| {
        let (difference, interval) = estimate(arms + index);
        MeanDifference {
            arm: info.arms[*arm].id.clone(),
            against: info.arms[*against].id.clone(),
            difference,
            interval,
            reading: Reading::of(interval),
            word: Word::Undecided,
        }
    });
    (means.collect(), differences.collect())
}

/// Between what an arm's Mean would lie if no image were missing; none where none is, or where a metric has no ends.
fn bounds(cells: &[&Cell], arm: usize) -> Option<Interval> {
    let (mut low, mut high, mut missing) = (0.0, 0.0, 0);
    for cell in cells {
        let share = cell.share(arm, |_| true);
        let mean = share.mean?.mean;
        let ends = if share.missing > 0 { share.bounds(&cell.metric)? } else { Interval { low: mean, high: mean } };
        (low, high, missing) = (low + ends.low, high + ends.high, missing + share.missing);
    }
    let count = cells.len() as f64;
    (missing > 0).then(|| Interval { low: low / count, high: high / count })
}

fn stratum(cell: &Cell, arms: usize, couples: &[(usize, usize)]) -> Stratum {
    let mut prompts: Vec<_> = cell.grid.keys().map(|(prompt, _)| *prompt).collect();
    prompts.dedup();
    let of_arms =
        (0..arms).map(|arm| clusters_by(cell.arms[arm].iter().filter_map(|row| Some((row.prompt, row.value.ok()?)))));
    let of_couples = couples.iter().map(|(arm, against)| by_prompt(&pairs(cell, *arm, *against)));
    let columns: Vec<_> = of_arms.chain(of_couples).collect();
    let prompts = prompts
        .into_iter()
        .map(|prompt| columns.iter().map(|c| c.get(&prompt).copied().unwrap_or_default()).collect())
        .collect();
    let name = format!("{}/{}", cell.category.suite, cell.category.id);
    Stratum { stream: stream_of(&name), prompts }
}

/// The Mean of every column in one resample.
fn replicate(strata: &[Stratum], columns: usize, resampler: Resampler, replicate: u32) -> Vec<f64> {
    let mut means = vec![0.0; columns];
    for stratum in strata {
        let mut totals = vec![Cluster::default(); columns];
        resampler.draw(stratum.stream, replicate, stratum.prompts.len() as u32, |prompt| {
            for (total, cluster) in totals.iter_mut().zip(&stratum.prompts[prompt]) {
                total.sum += cluster.sum;
                total.count += cluster.count;
            }
        });
        for (mean, total) in means.iter_mut().zip(&totals) {
            *mean += total.sum / f64::from(total.count) / strata.len() as f64;
        }
    }
    means
}

fn total(clusters: impl Iterator<Item = Cluster>) -> Option<f64> {
    let total = clusters.fold(Cluster::default(), |a, b| Cluster { sum: a.sum + b.sum, count: a.count + b.count });
    (total.count > 0).then(|| total.sum / f64::from(total.count))
}

/// The mean of all, or none if one of them is missing or there is none at all.
fn plain_mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
