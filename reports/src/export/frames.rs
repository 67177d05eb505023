//! Scores and verdicts as data frames, one row a number.

use polars::prelude::*;

use crate::analysis::Analysis;
use crate::statistics::Interval;

/// Arm, suite, category, split, metric, headline, mean, interval, scored, missing.
type ScoreRow<'a> =
    (&'a str, &'a str, &'a str, &'a str, &'a str, bool, Option<f64>, Option<Interval>, Option<u64>, Option<u64>);

/// Every estimate, and the Means with `category` = `mean`.
pub(super) fn scores(analysis: &Analysis) -> PolarsResult<DataFrame> {
    let mut rows: Vec<ScoreRow> = analysis
        .estimates
        .iter()
        .map(|e| {
            let names = (e.arm.as_str(), e.suite.as_str(), e.category.as_str(), e.split.as_str(), e.metric.as_str());
            (
                names.0,
                names.1,
                names.2,
                names.3,
                names.4,
                e.headline,
                e.mean,
                e.interval,
                Some(e.scored),
                Some(e.missing),
            )
        })
        .collect();
    rows.extend(
        analysis.means.iter().map(|m| (m.arm.as_str(), "", "mean", "all", "", true, m.mean, m.interval, None, None)),
    );
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("arm".into(), rows.iter().map(|r| r.0).collect::<Vec<_>>()),
            Column::new("suite".into(), rows.iter().map(|r| r.1).collect::<Vec<_>>()),
            Column::new("category".into(), rows.iter().map(|r| r.2).collect::<Vec<_>>()),
            Column::new("split".into(), rows.iter().map(|r| r.3).collect::<Vec<_>>()),
            Column::new("metric".into(), rows.iter().map(|r| r.4).collect::<Vec<_>>()),
            Column::new("headline".into(), rows.iter().map(|r| r.5).collect::<Vec<_>>()),
            Column::new("mean".into(), rows.iter().map(|r| r.6).collect::<Vec<_>>()),
            Column::new("low".into(), rows.iter().map(|r| r.7.map(|i| i.low)).collect::<Vec<_>>()),
            Column::new("high".into(), rows.iter().map(|r| r.7.map(|i| i.high)).collect::<Vec<_>>()),
            Column::new("scored".into(), rows.iter().map(|r| r.8).collect::<Vec<_>>()),
            Column::new("missing".into(), rows.iter().map(|r| r.9).collect::<Vec<_>>()),
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
