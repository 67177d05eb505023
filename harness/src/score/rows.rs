//! One image's observations as rows of `observations.parquet`.

use gentron_metrics::{MetricId, Observation, Outcome};
use gentron_reports::observations::ObservationRow;
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
        Outcome::Unscored { why } | Outcome::Outside { why } => (Err(why), "[]".to_owned()),
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
