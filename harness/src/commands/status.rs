//! `gentron status`: how far a run is.

use std::path::PathBuf;

use clap::Args;

use crate::cli::DEFAULT_RUN;
use crate::failure::Outcome;
use crate::remote;
use crate::shards::phase::{self, Phase};
use crate::shards::status::{RunStatus, Standing, of};
use crate::store::{Access, Run};
use crate::table::{self, Lean};

/// `gentron status --help`.
pub const ABOUT: &str = "\
How far a run is, whoever works on it.

Reads seals and journals without disturbing anybody, of a run in shards as of one that `ablate` draws. Digests of what is sealed are \
left to `merge`. Exit code 1 says that a sealed shard is broken.";

/// After `gentron status --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron status
  gentron status /scratch/table2
  gentron status /scratch/table2 --json";

/// A run to look at.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Folder of the run
    #[arg(default_value = DEFAULT_RUN)]
    pub run: PathBuf,
    /// Print JSON, with every shard, instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Looks, prints.
///
/// # Errors
/// There is no run, or it cannot be read.
pub fn run(args: &StatusArgs) -> anyhow::Result<Outcome> {
    let looked = remote::look(&args.run)?;
    let run = Run::open_for(&looked.folder, Access::Look)?;
    let status = of(&run)?;
    if args.json {
        table::print_json(&status)?;
    } else {
        let next = if phase::of(&run)? == Phase::Drawn {
            format!("\nnext: gentron score {}\n", args.run.display())
        } else {
            String::new()
        };
        table::print(&(text(args, &status) + &next))?;
    }
    let broken = status.shards.iter().any(|shard| shard.fault.is_some());
    Ok(if broken { Outcome::GateFailed } else { Outcome::Done })
}

fn text(args: &StatusArgs, status: &RunStatus) -> String {
    let share = |part: usize, total: usize| format!("{part} of {total}");
    let rows: Vec<Vec<String>> = status
        .arms
        .iter()
        .map(|arm| vec![arm.arm.clone(), share(arm.drawn, arm.total), share(arm.scored, arm.total)])
        .collect();
    let headings = [("arm", Lean::Left), ("drawn", Lean::Right), ("scored", Lean::Right)];
    let mut text = table::render(&headings, &rows);
    if !status.shards.is_empty() {
        let count = |standing: Standing, of: fn(&crate::shards::status::ShardStatus) -> Standing| {
            status.shards.iter().filter(|shard| of(shard) == standing).count()
        };
        text += &format!(
            "\n{} shards: {} drawn, {} begun, {} untouched; {} scored; {} in hand\n",
            status.shards.len(),
            count(Standing::Whole, |shard| shard.images),
            count(Standing::Begun, |shard| shard.images),
            count(Standing::Untouched, |shard| shard.images),
            count(Standing::Whole, |shard| shard.observations),
            status.shards.iter().filter(|shard| shard.busy).count(),
        );
        for (shard, fault) in status.shards.iter().filter_map(|shard| Some((shard.shard, shard.fault.as_ref()?))) {
            text += &format!("shard {shard} is broken: {fault}\n");
        }
        let whole = status.shards.iter().all(|shard| shard.images == Standing::Whole);
        let scored = status.shards.iter().all(|shard| shard.observations == Standing::Whole);
        let folder = args.run.display();
        text += &match (whole, scored) {
            (true, true) => format!("next: gentron merge {folder}, gentron report {folder}\n"),
            (true, false) => format!("next: gentron work {folder} --stage score\n"),
            (false, _) => format!("next: gentron work {folder}, or gentron retry-plan {folder}\n"),
        };
    }
    text
}
