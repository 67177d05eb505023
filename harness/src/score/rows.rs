//! One image's observations as rows of `observations.parquet`.

use gentron_metrics::{MetricId, Observation, Outcome};
use gentron_reports::observations::{Absence, ObservationRow};
use gentron_suites::Split;

use crate::plan::Task;

/// One row a metric; `headline` is the metric that stands for the task's category.
///
/// # Errors
/// A reason cannot be written as JSON.
pub fn of_task(
    task: &Task,
    headline: Option<MetricId>,
    observations: Vec<Observation>,
) -> anyhow::Result<Vec<ObservationRow>> {
    observations.into_iter().map(|observation| row(task, headline, observation)).collect()
}

fn row(task: &Task, headline: Option<MetricId>, observation: Observation) -> anyhow::Result<ObservationRow> {
    let (value, reasons) = match observation.outcome {
        Outcome::Scored { value, reasons } => (Ok(value), serde_json::to_string(&reasons)?),
        Outcome::Unscored { why } => (Err(Absence::Unscored(why)), "[]".to_owned()),
        Outcome::Outside { why } => (Err(Absence::Outside(why)), "[]".to_owned()),
    };
    Ok(ObservationRow {
        task: task.task.clone(),
        arm: task.arm.clone(),
        suite: task.suite.clone(),
        category: task.category.clone(),
        split: split(task.split).to_owned(),
        prompt_id: task.prompt_id.clone(),
        prompt: task.prompt.clone(),
        things: task.things,
        k: task.k,
        seed: task.seed,
        headline: headline.is_some() && headline == MetricId::of_score(&observation.metric).map(|(metric, _)| metric),
        metric: observation.metric,
        value,
        reasons,
        image: task.image_text(),
    })
}

/// A split as the column has it.
pub fn split(split: Split) -> &'static str {
    match split {
        Split::Seen => "seen",
        Split::Unseen => "unseen",
        Split::Unsplit => "unsplit",
    }
}

#[cfg(test)]
mod tests {
    use gentron_metrics::registry;
    use gentron_reports::range_of;

    use super::*;

    #[test]
    fn outside_is_no_kind_of_unscored() {
        let task = Task {
            task: "t".into(),
            arm: "arm".into(),
            suite: "t2i-compbench".into(),
            category: "spatial".into(),
            split: Split::Unsplit,
            prompt_id: "p".into(),
            prompt: "a wallet on the left of a cat".into(),
            things: 2,
            k: 0,
            seed: 0,
            batch: 0,
            shard: 0,
            frames: None,
        };
        let of = |metric: &str, outcome| Observation { metric: metric.to_owned(), outcome };
        let observations = vec![
            of("unidet-2d", Outcome::Unscored { why: "no weights".into() }),
            of("unidet-2d-fixed", Outcome::Outside { why: "no class".into() }),
        ];
        let rows = of_task(&task, Some(MetricId::Unidet2d), observations).unwrap();
        let values: Vec<_> = rows.into_iter().map(|row| row.value).collect();
        let wanted: Vec<Result<f64, Absence>> =
            vec![Err(Absence::Unscored("no weights".into())), Err(Absence::Outside("no class".into()))];
        assert_eq!(values, wanted);
    }

    /// Reports bound a mean with missing scores by the ends of its metric, and cannot ask the metrics themselves.
    #[test]
    fn reports_know_between_what_the_metrics_lie() {
        for card in registry() {
            let [low, high] = card.range;
            let wanted = (low >= -1.0 && high <= 1.0).then_some(card.range);
            assert_eq!(range_of(card.id.as_str()), wanted, "{}", card.id);
        }
    }
}
