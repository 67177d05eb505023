//! `gentron score`: the second stage, or the images of a folder.

use std::path::Path;

use super::{folder, setup};
use crate::cli::ScoreArgs;
use crate::failure::{Interrupted, Outcome};
use crate::shards::folder::refuse_unmerged;
use crate::workers::Ended;
use crate::{remote, score, table};

/// Scores what is drawn: a run, or with `--suite` any folder of images.
///
/// # Errors
/// Whatever keeps it from its end.
pub fn run(args: &ScoreArgs) -> anyhow::Result<Outcome> {
    if let Some(suite) = &args.suite {
        return folder::run(args, suite);
    }
    remote::whole(&args.run, |folder| on(folder, args))
}

fn on(folder: &Path, args: &ScoreArgs) -> anyhow::Result<Outcome> {
    refuse_unmerged(folder)?;
    let (run, prompts, scorer) = setup::reopen(folder, &args.work, &args.scorers.paths())?;
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
