//! `gentron score`: the second stage.

use super::setup;
use crate::cli::ScoreArgs;
use crate::failure::{Interrupted, Outcome};
use crate::workers::Ended;
use crate::{score, table};

/// Scores what is drawn.
///
/// # Errors
/// Whatever keeps it from its end.
pub fn run(args: &ScoreArgs) -> anyhow::Result<Outcome> {
    let (run, prompts, scorer) = setup::reopen(&args.run, args.work.weights.as_deref())?;
    if score::score(&run, &prompts, &scorer, args.work.threads())? == Ended::Stopped {
        return Err(Interrupted.into());
    }
    let (images, path) = (run.plan.tasks.len(), run.path(gentron_reports::observations::FILE));
    if args.json {
        table::print_json(&serde_json::json!({
            "run": run.folder.display().to_string(),
            "images": images,
            "observations": path.display().to_string(),
        }))?;
    } else {
        table::print(&format!("{images} images scored: {}\n", path.display()))?;
    }
    Ok(Outcome::Done)
}
