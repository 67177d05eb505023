//! `gentron retry-plan`: what a scheduler is to be asked for again.

use std::path::PathBuf;

use clap::Args;

use crate::cli::DEFAULT_RUN;
use crate::failure::{Outcome, quoted, refuse};
use crate::remote;
use crate::shards::array::{Piece, pieces};
use crate::shards::phase;
use crate::shards::share::{OFFSET, WORKERS};
use crate::shards::status::{ShardStatus, Standing, of};
use crate::store::{Access, Run};
use crate::submit::slurm::takes_turns;
use crate::table;

use super::work::Stage;

/// `gentron retry-plan --help`.
pub const ABOUT: &str = "\
Which workers have something left, as a job array.

Prints one command for each array that Slurm is to be given, as sbatch --array=3,7,12-15%8, in pieces whose indices stay below the \
cluster's MaxArraySize; an offset is added by the worker itself. Where fewer are to run at once than several pieces have, each piece \
waits for the end of the one before. Nothing is printed where nothing is left. What the workers must know goes \
through the environment, which sbatch passes on; named in --export, it would start a login shell on every node.

With as many --workers as before, those that failed are named; with the default, one for each logical shard, every shard that is not whole.";

/// After `gentron retry-plan --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron retry-plan /scratch/table2
  gentron retry-plan /scratch/table2 --workers 16 --at-once 8 --script logs/generate.sh | sh
  gentron retry-plan /scratch/table2 --max-array-size 64 --json";

/// What to ask for.
#[derive(Debug, Args)]
pub struct RetryArgs {
    /// Folder of the run
    #[arg(default_value = DEFAULT_RUN)]
    pub run: PathBuf,
    /// Workers that the plan is divided among [default: one for each logical shard]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub workers: Option<u32>,
    /// Only what this stage has left [default: both]
    #[arg(long, value_enum)]
    pub stage: Option<Stage>,
    /// The cluster's MaxArraySize
    #[arg(long, value_name = "N", default_value_t = 1001, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_array_size: u32,
    /// Run at most so many at once
    #[arg(long, value_name = "K")]
    pub at_once: Option<u32>,
    /// The script that each command ends with, such as `submit slurm` left one; without it the commands lack their end
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub script: Option<PathBuf>,
    /// Print JSON instead of lines
    #[arg(long)]
    pub json: bool,
}

/// Looks, prints.
///
/// # Errors
/// There is no run, or it cannot be read, or what it lacks is nothing for workers.
pub fn run(args: &RetryArgs) -> anyhow::Result<Outcome> {
    let looked = remote::look(&args.run)?;
    let run = Run::open_for(&looked.folder, Access::Look)?;
    // `left` asks the same, and knows no other name than the folder's.
    phase::is_open(&run, &args.run, args.stage != Some(Stage::Generate))?;
    let workers = args.workers.unwrap_or(run.manifest.plan.shards);
    let left = left(&run, workers, args.stage)?;
    let pieces = pieces(&left, args.max_array_size);
    if args.json {
        table::print_json(&serde_json::json!({ "workers": workers, "left": left, "arrays": pieces }))?;
    } else {
        let script = args.script.as_ref().map(|script| quoted(&script.to_string_lossy()));
        table::print(&lines(&pieces, workers, args.at_once, script.as_deref())?)?;
    }
    Ok(Outcome::Done)
}

/// A line for the shell for each array. Those that take turns hand on the id that `sbatch` says, on a federation as id;cluster.
///
/// # Errors
/// They take turns, and no script ends the commands.
fn lines(pieces: &[Piece], workers: u32, at_once: Option<u32>, script: Option<&str>) -> anyhow::Result<String> {
    let turns = takes_turns(pieces, at_once);
    if turns && script.is_none() {
        let what = format!("the arrays are {}, and each has to wait for the one before", pieces.len());
        return Err(refuse(what, "name what they run with --script FILE, or leave --at-once away"));
    }
    let throttle = at_once.map_or_else(String::new, |count| format!("%{count}"));
    let script = script.map_or_else(String::new, |script| format!(" {script}"));
    let line = |(at, piece): (usize, &Piece)| {
        let Piece { indices, offset, .. } = piece;
        let told = format!("{WORKERS}={workers} {OFFSET}={offset}");
        if !turns {
            return format!("{told} sbatch --array={indices}{throttle}{script}\n");
        }
        let after = if at == 0 { "" } else { " --dependency=afterany:${before%%;*}" };
        format!("before=$({told} sbatch --parsable --array={indices}{throttle}{after}{script}) && echo $before\n")
    };
    Ok(pieces.iter().enumerate().map(line).collect())
}

/// Workers of `workers` that have something left of a stage, or of any.
///
/// # Errors
/// The run's folder cannot be read, or what it lacks is nothing for workers.
pub fn left(run: &Run, workers: u32, stage: Option<Stage>) -> anyhow::Result<Vec<u32>> {
    if !phase::is_open(run, &run.folder, stage != Some(Stage::Generate))? {
        return Ok(Vec::new());
    }
    let mut status = of(run)?;
    if status.shards.is_empty() {
        status.shards = crate::shards::status::untouched(run);
    }
    let drawn = |shard: &ShardStatus| shard.images == Standing::Whole;
    let scored = |shard: &ShardStatus| shard.observations == Standing::Whole;
    Ok(status.unfinished(workers, |shard| match stage {
        Some(Stage::Generate) => drawn(shard),
        Some(Stage::Score) => scored(shard),
        None => drawn(shard) && scored(shard),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_which_few_may_run_at_once_wait_for_one_another() {
        let pieces = pieces(&[3, 103, 107], 100);
        let of = |at_once, script| lines(&pieces, 200, at_once, script);
        assert_eq!(
            of(None, None).unwrap(),
            "GENTRON_WORKERS=200 GENTRON_SHARD_OFFSET=3 sbatch --array=0\n\
             GENTRON_WORKERS=200 GENTRON_SHARD_OFFSET=103 sbatch --array=0,4\n"
        );
        assert_eq!(
            of(Some(1), Some("g.sh")).unwrap(),
            "before=$(GENTRON_WORKERS=200 GENTRON_SHARD_OFFSET=3 sbatch --parsable --array=0%1 g.sh) && echo $before\n\
             before=$(GENTRON_WORKERS=200 GENTRON_SHARD_OFFSET=103 sbatch --parsable --array=0,4%1 \
             --dependency=afterany:${before%%;*} g.sh) && echo $before\n"
        );
        assert!(!of(Some(3), Some("g.sh")).unwrap().contains("afterany"), "all may run at once");
        assert!(of(Some(1), None).unwrap_err().to_string().contains("the arrays are 2"));
    }
}
