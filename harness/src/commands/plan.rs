//! `gentron plan`: a run's folder with nothing in it but what it is to hold.

use std::path::Path;

use serde::Serialize;

use super::setup;
use crate::cli::RunArgs;
use crate::failure::Outcome;
use crate::remote;
use crate::shards::seal::by_shard;
use crate::table;

/// `gentron plan --help`.
pub const ABOUT: &str = "\
Write down what a recipe asks for, to be worked on by many.

The run's folder gets its manifest and its plan: every image with an id made of everything that changes its bytes, in up to 256 \
logical shards. Their number has nothing to do with that of the workers, so that what 16 have begun, 40 may finish. Everything that \
can be wrong with recipe, weights and suites is found now.";

/// After `gentron plan --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron plan
  gentron plan recipes/table2-shapes.toml --out /scratch/table2
  gentron plan recipes/table2.toml --out s3://bucket/table2
  gentron plan --prompts 20 --images 1 --out runs/quick --json";

/// What is printed with `--json`.
#[derive(Serialize)]
struct Answer {
    run: String,
    plan: String,
    images: usize,
    batches: usize,
    shards: usize,
}

/// Plans, prints.
///
/// # Errors
/// Whatever would keep the run from its end, as far as it can be known now.
pub fn run(args: &RunArgs) -> anyhow::Result<Outcome> {
    let Some(out) = args.out.as_deref().filter(|out| remote::is_address(out)) else { return on(args, None) };
    remote::begin(out, |folder| on(&RunArgs { out: Some(folder.to_owned()), ..args.clone() }, Some(out)))
}

/// Plans in the folder that `args` names; `out` is what the user calls it, where that is something else.
fn on(args: &RunArgs, out: Option<&Path>) -> anyhow::Result<Outcome> {
    let run = setup::begin(args)?.run;
    let plan = &run.manifest.plan;
    let answer = Answer {
        run: out.unwrap_or(&run.folder).display().to_string(),
        plan: plan.digest.clone(),
        images: plan.tasks,
        batches: plan.batches,
        shards: by_shard(&run.plan).len(),
    };
    if args.json {
        table::print_json(&answer)?;
    } else {
        let Answer { run, images, shards, .. } = answer;
        table::print(&format!(
            "{images} images in {shards} shards: {run}\nnext: gentron work {run} --shard i/N for each of N workers, or gentron submit\n"
        ))?;
    }
    Ok(Outcome::Done)
}
