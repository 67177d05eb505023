//! `gentron ablate`: all stages.

use super::{report as report_command, setup};
use crate::cli::RunArgs;
use crate::failure::{Interrupted, Outcome};
use crate::progress;
use crate::shards::folder::refuse_unmerged;
use crate::workers::Ended;
use crate::{generate, report, score};

/// Draws, scores, reports.
///
/// # Errors
/// Whatever keeps a stage from its end.
pub fn run(args: &RunArgs) -> anyhow::Result<Outcome> {
    let setup = setup::begin(args)?;
    refuse_unmerged(&setup.run.folder)?;
    let run = &setup.run;
    progress::say(&format!("{} images in {}", run.plan.tasks.len(), run.folder.display()));
    let generated = generate::generate(run, &setup.prompts, setup.weights.as_deref(), setup.threads)?;
    if generated.ended == Ended::Stopped {
        return Err(Interrupted.into());
    }
    if score::score(run, &setup.prompts, &setup.scorer, setup.threads)? == Ended::Stopped {
        return Err(Interrupted.into());
    }
    let reported = report::report(run)?;
    report_command::print(run, &reported, args.json)
}
