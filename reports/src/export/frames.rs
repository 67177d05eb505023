//! Scores and verdicts as data frames, one row a number.

use polars::prelude::*;

use crate::analysis::Analysis;
use crate::statistics::Interval;

/// Arm, suite, category, split, metric, headline, mean, its interval and its bounds, and how many images are scored, missing and outside.
type ScoreRow<'a> = ([&'a str; 5], bool, Option<f64>, [Option<Interval>; 2], [Option<u64>; 3]);

/// Every estimate, and the Means with `category` = `mean`.
pub(super) fn scores(analysis: &Analysis) -> PolarsResult<DataFrame> {
    let mut rows: Vec<ScoreRow> = analysis
        .estimates
        .iter()
        .map(|e| {
            let names = [&e.arm, &e.suite, &e.category, &e.split, &e.metric].map(String::as_str);
            let counts = [e.scored, e.missing, e.outside].map(Some);
            (names, e.headline, e.mean, [e.interval, e.bounds], counts)
        })
        .collect();
    rows.extend(analysis.means.iter().map(|m| {
        let names = [m.arm.as_str(), "", "mean", "all", ""];
        (names, true, m.mean, [m.interval, m.bounds], [None; 3])
    }));
    let name =
        |column: &str, place: usize| Column::new(column.into(), rows.iter().map(|r| r.0[place]).collect::<Vec<_>>());
    let end = |column: &str, place: usize, get: fn(Interval) -> f64| {
        Column::new(column.into(), rows.iter().map(|r| r.3[place].map(get)).collect::<Vec<_>>())
    };
    let count =
        |column: &str, place: usize| Column::new(column.into(), rows.iter().map(|r| r.4[place]).collect::<Vec<_>>());
    DataFrame::new(
        rows.len(),
        vec![
            name("arm", 0),
            name("suite", 1),
            name("category", 2),
            name("split", 3),
            name("metric", 4),
            Column::new("headline".into(), rows.iter().map(|r| r.1).collect::<Vec<_>>()),
            Column::new("mean".into(), rows.iter().map(|r| r.2).collect::<Vec<_>>()),
            end("low", 0, |i| i.low),
            end("high", 0, |i| i.high),
            count("scored", 0),
            count("missing", 1),
            end("at_least", 1, |i| i.low),
            end("at_most", 1, |i| i.high),
            count("outside", 2),
        ],
    )
}

/// Every verdict.
pub(super) fn verdicts(analysis: &Analysis) -> PolarsResult<DataFrame> {
    let rows = &analysis.verdicts;
    let number = |name: &str, get: &dyn Fn(&crate::Verdict) -> Option<f64>| {
        Column::new(name.into(), rows.iter().map(get).collect::<Vec<_>>())
    };
    let text = |name: &str, get: &dyn Fn(&crate::Verdict) -> String| {
        Column::new(name.into(), rows.iter().map(get).collect::<Vec<_>>())
    };
    let count = |name: &str, get: &dyn Fn(&crate::Verdict) -> Option<u64>| {
        Column::new(name.into(), rows.iter().map(get).collect::<Vec<_>>())
    };
    DataFrame::new(
        rows.len(),
        vec![
            text("arm", &|v| v.arm.clone()),
            text("against", &|v| v.against.clone()),
            text("suite", &|v| v.suite.clone().unwrap_or_default()),
            text("category", &|v| v.category.clone().unwrap_or_else(|| "mean".into())),
            text("metric", &|v| v.metric.clone().unwrap_or_default()),
            text("verdict", &|v| v.judged.word.word().into()),
            number("difference", &|v| v.judged.difference),
            number("low", &|v| v.judged.interval.map(|i| i.low)),
            number("high", &|v| v.judged.interval.map(|i| i.high)),
            number("p", &|v| v.judged.p),
            number("p_holm", &|v| v.judged.p_holm),
            number("p_bh", &|v| v.judged.p_bh),
            number("equivalence_holm", &|v| v.judged.equivalence_holm),
            number("detectable", &|v| v.judged.detectable),
            count("more_prompts", &|v| v.judged.settle.and_then(|s| s.more_prompts)),
            count("images_per_prompt", &|v| v.judged.settle.and_then(|s| s.images_per_prompt)),
            count("prompts", &|v| Some(v.judged.prompts)),
            count("pairs", &|v| Some(v.judged.pairs)),
        ],
    )
}

pub(super) fn csv(frame: &mut DataFrame) -> PolarsResult<Vec<u8>> {
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes).finish(frame)?;
    Ok(bytes)
}

pub(crate) fn parquet(frame: &mut DataFrame) -> PolarsResult<Vec<u8>> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(None))
        .set_parallel(false)
        .finish(frame)?;
    Ok(bytes)
}
