//! `gentron generate`: the first stage.

use serde::Serialize;

use super::setup;
use crate::cli::GenerateArgs;
use crate::failure::{Interrupted, Outcome};
use crate::plan::Plan;
use crate::shards::folder::refuse_unmerged;
use crate::workers::Ended;
use crate::{generate, movie, table};

/// What is printed with `--json`.
#[derive(Serialize)]
struct Answer {
    run: String,
    images: usize,
    kept: usize,
    drawn: usize,
    /// Clips that were written as files to look at; null without `--video`.
    clips: Option<usize>,
}

/// Draws what is missing.
///
/// # Errors
/// Whatever keeps it from its end.
pub fn run(args: &GenerateArgs) -> anyhow::Result<Outcome> {
    // A run that cannot give what is asked for is not begun.
    let fits = |plan: &Plan| if args.video { movie::export::check(plan).map(drop) } else { Ok(()) };
    let setup = setup::begin_if(&args.run, fits)?;
    refuse_unmerged(&setup.run.folder)?;
    let generated = generate::generate(&setup.run, &setup.prompts, &setup.sources, setup.threads)?;
    if generated.ended == Ended::Stopped {
        return Err(Interrupted.into());
    }
    let clips = args.video.then(|| movie::export::export(&setup.run, setup.threads)).transpose()?;
    let answer = Answer {
        run: setup.run.folder.display().to_string(),
        images: setup.run.plan.tasks.len(),
        kept: generated.kept,
        drawn: generated.drawn,
        clips,
    };
    if args.run.json {
        table::print_json(&answer)?;
    } else {
        let Answer { run, images, kept, drawn, clips } = answer;
        let clips = clips.map(|clips| format!("{clips} clips to look at in {run}/clips\n")).unwrap_or_default();
        table::print(&format!("{images} images in {run}: {drawn} drawn, {kept} kept\n{clips}"))?;
    }
    Ok(Outcome::Done)
}
