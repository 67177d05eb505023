//! `gentron generate`: the first stage.

use serde::Serialize;

use super::setup;
use crate::cli::RunArgs;
use crate::failure::{Interrupted, Outcome};
use crate::shards::folder::refuse_unmerged;
use crate::workers::Ended;
use crate::{generate, table};

/// What is printed with `--json`.
#[derive(Serialize)]
struct Answer {
    run: String,
    images: usize,
    kept: usize,
    drawn: usize,
}

/// Draws what is missing.
///
/// # Errors
/// Whatever keeps it from its end.
pub fn run(args: &RunArgs) -> anyhow::Result<Outcome> {
    let setup = setup::begin(args)?;
    refuse_unmerged(&setup.run.folder)?;
    let generated = generate::generate(&setup.run, &setup.prompts, setup.weights.as_deref(), setup.threads)?;
    if generated.ended == Ended::Stopped {
        return Err(Interrupted.into());
    }
    let answer = Answer {
        run: setup.run.folder.display().to_string(),
        images: setup.run.plan.tasks.len(),
        kept: generated.kept,
        drawn: generated.drawn,
    };
    if args.json {
        table::print_json(&answer)?;
    } else {
        let Answer { run, images, kept, drawn } = answer;
        table::print(&format!("{images} images in {run}: {drawn} drawn, {kept} kept\n"))?;
    }
    Ok(Outcome::Done)
}
