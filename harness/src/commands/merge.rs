//! `gentron merge`: from shards to a run like any other.

use std::path::{Path, PathBuf};

use clap::Args;

use super::setup;
use super::work::Stage;
use crate::cli::{DEFAULT_RUN, WorkArgs};
use crate::failure::Outcome;
use crate::remote;
use crate::score::ScorerPaths;
use crate::shards::{fault::Faults, merge};
use crate::store::Run;
use crate::table;

/// `gentron merge --help`.
pub const ABOUT: &str = "\
Make one run of what the workers did, or say what is missing.

Every shard must be there once, whole, of this plan, and scored by the scorers that are here; every digest is computed anew. What is \
missing, double or different is named, with --json all of it, and nothing is changed then. Otherwise images, images.jsonl and observations.parquet are \
written and the shards removed: the run is the same to the byte as one of `ablate`, and `gentron report` concludes from it.

Where machines share no file system, each works on a copy of the folder that `plan` made, and --from names the copies.";

/// After `gentron merge --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron merge /scratch/table2
  gentron merge runs/table2 --from copies/node1 --from copies/node2
  gentron merge /scratch/table2 --stage generate
  gentron merge s3://bucket/table2";

/// A run to merge.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Folder of the run
    #[arg(default_value = DEFAULT_RUN)]
    pub run: PathBuf,
    /// A copy of it that another machine worked on; may be given several times
    #[arg(long, value_name = "DIR")]
    pub from: Vec<PathBuf>,
    /// `generate`: the images alone; they may be scored later, by `gentron score`
    #[arg(long, value_enum)]
    pub stage: Option<Stage>,
    /// What to work with.
    #[command(flatten)]
    pub work: WorkArgs,
    /// Print JSON instead of a sentence
    #[arg(long)]
    pub json: bool,
}

/// Checks, merges, prints.
///
/// # Errors
/// Something is missing, double or different, which `--json` prints as a list, too; or the disk fails.
pub fn run(args: &MergeArgs) -> anyhow::Result<Outcome> {
    remote::whole(&args.run, |folder| on(folder, args))
}

fn on(folder: &Path, args: &MergeArgs) -> anyhow::Result<Outcome> {
    let run = Run::open(folder)?;
    let scorer = match args.stage {
        Some(Stage::Generate) => None,
        _ => Some(setup::scorer_of(&run, &args.work, &ScorerPaths::default())?.0),
    };
    let folder = args.run.display();
    let merged = merge::merge(&run, &args.run, &args.from, scorer.as_ref());
    if let Err(error) = &merged
        && let Some(Faults(faults)) = error.downcast_ref::<Faults>()
        && args.json
    {
        table::print_json(&serde_json::json!({ "run": folder.to_string(), "faults": faults }))?;
    }
    let merged = merged?;
    if args.json {
        let answer = serde_json::json!({ "run": folder.to_string(), "images": merged.images, "scored": merged.scored });
        table::print_json(&answer)?;
    } else {
        let next = if merged.scored { "report" } else { "score" };
        table::print(&format!("{} images merged\nnext: gentron {next} {folder}\n", merged.images))?;
    }
    Ok(Outcome::Done)
}
