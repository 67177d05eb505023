//! `gentron work`: one worker's share of a run.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::setup;
use crate::cli::{DEFAULT_RUN, WorkArgs};
use crate::failure::{Outcome, REQUEUE};
use crate::interrupt;
use crate::progress;
use crate::remote;
use crate::score::ScorerPaths;
use crate::shards::folder::Held;
use crate::shards::seal::by_shard;
use crate::shards::status::Tally;
use crate::shards::{ShardFolder, Share, draw, observe, phase};
use crate::store::{Access, Run};
use crate::table;
use crate::workers::Ended;

/// `gentron work --help`.
pub const ABOUT: &str = "\
Do one worker's share of a plan: draw and score its shards.

Any number of workers, on any machines that see the run's folder, each started with another i of --shard i/N; without it, \
SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT, or JOB_COMPLETION_INDEX and GENTRON_WORKERS, say the same, and without those it is \
the whole plan. Tasks are grouped by arm, so that each network is loaded once; the images of a shard become one file with a seal of \
digests. What is sealed is kept, what was begun goes on, by whatever number of workers.

A run in an object store (s3://, gs://, az://) is mirrored in $GENTRON_SCRATCH, else in the cache folder: the plan and the shards of this \
worker come down, and what it seals goes up at once.

At SIGTERM the batch in hand is finished and the exit code is 75: run the same command again. Where GENTRON_GRACE says how many seconds \
remain until the scheduler kills, a batch that takes longer than 0.8 of them is given up, so that the exit code is still 75. Exit code 74 \
is for a disk or file server that failed (ESTALE, EIO, a timeout): it may be over. Exit code 2 says that another try will not help.";

/// After `gentron work --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron work runs/table2-shapes --shard 3/16
  gentron work /scratch/table2 --stage generate
  gentron work s3://bucket/table2 --shard 0/8
  gentron work /scratch/table2 --shard 1/8 --threads 2 --json";

/// What is done of a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Draw.
    Generate,
    /// Score what is drawn.
    Score,
}

impl Stage {
    /// As it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Score => "score",
        }
    }
}

/// A share to work on.
#[derive(Debug, Args)]
pub struct WorkerArgs {
    /// Folder of the run, which `plan` made
    #[arg(default_value = DEFAULT_RUN)]
    pub run: PathBuf,
    /// Which worker of how many, from 0 [default: what the scheduler says, else the whole plan]
    #[arg(long, value_name = "i/N")]
    pub shard: Option<Share>,
    /// Only this [default: both, one after the other]
    #[arg(long, value_enum)]
    pub stage: Option<Stage>,
    /// What to work with.
    #[command(flatten)]
    pub work: WorkArgs,
    /// Print JSON instead of a sentence
    #[arg(long)]
    pub json: bool,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Answer {
    run: String,
    share: String,
    generate: Option<Tally>,
    score: Option<Tally>,
    /// Shards that another worker has in hand.
    busy: Vec<u32>,
    complete: bool,
}

impl Answer {
    /// Of a worker that has done nothing yet.
    fn new(args: &WorkerArgs, share: Share) -> Self {
        let (run, share) = (args.run.display().to_string(), share.to_string());
        Self { run, share, generate: None, score: None, busy: Vec::new(), complete: false }
    }
}

/// Works until the share is done, or a stop is asked for.
///
/// # Errors
/// Whatever keeps it from its end, and will again.
pub fn run(args: &WorkerArgs) -> anyhow::Result<Outcome> {
    // A second signal, too, is the scheduler's, and the work is to be gone on with.
    interrupt::exit_with(REQUEUE);
    if let Some(grace) = interrupt::grace(|name| std::env::var(name).ok())? {
        interrupt::leave_after(interrupt::patience(grace));
    }
    let share = match args.shard {
        Some(share) => share,
        None => Share::of_environment(|name| std::env::var(name).ok())?.unwrap_or(Share::WHOLE),
    };
    remote::share(&args.run, share, |folder| on(folder, share, args))
}

fn on(folder: &Path, share: Share, args: &WorkerArgs) -> anyhow::Result<Outcome> {
    let run = Run::open_for(folder, Access::Shared)?;
    if !phase::is_open(&run, &args.run, args.stage != Some(Stage::Generate))? {
        return merged(args, share);
    }
    let shards = ShardFolder::of(&run.folder);
    let held = shards.hold(by_shard(&run.plan).into_keys().filter(|shard| share.has(*shard)))?;
    for shard in &held.busy {
        let lock = shards.lock(*shard);
        progress::say(&format!(
            "note: another process is at work on shard {shard}; if its machine is gone, remove {}",
            lock.display()
        ));
    }
    let mut answer = Answer::new(args, share);
    answer.busy.clone_from(&held.busy);
    let ended = stages(args, (&run, share), &held, &mut answer)?;
    answer.complete = ended == Ended::Complete && held.busy.is_empty();
    print(&answer, args.json)?;
    Ok(if answer.complete { Outcome::Done } else { Outcome::Requeue })
}

fn merged(args: &WorkerArgs, share: Share) -> anyhow::Result<Outcome> {
    if args.json {
        table::print_json(&Answer { complete: true, ..Answer::new(args, share) })?;
    } else {
        table::print(&format!("{} is merged: nothing is left to do\n", args.run.display()))?;
    }
    Ok(Outcome::Done)
}

fn stages(args: &WorkerArgs, (run, share): (&Run, Share), held: &Held, answer: &mut Answer) -> anyhow::Result<Ended> {
    let threads = args.work.threads();
    let prompts = setup::prompts_of(run, &args.work)?;
    if args.stage != Some(Stage::Score) {
        let sources = setup::sources_of(run, &args.work, share)?;
        let (tally, ended) = draw::draw(run, held, &prompts, &sources, threads)?;
        answer.generate = Some(tally);
        if ended == Ended::Stopped {
            return Ok(ended);
        }
    }
    if args.stage != Some(Stage::Generate) {
        let (scorer, _) = setup::scorer_of(run, &args.work, &ScorerPaths::default())?;
        let (tally, ended) = observe::observe(run, held, &prompts, &scorer, threads)?;
        answer.score = Some(tally);
        return Ok(ended);
    }
    Ok(Ended::Complete)
}

fn print(answer: &Answer, json: bool) -> anyhow::Result<()> {
    if json {
        return table::print_json(answer);
    }
    let sentence = |tally: Tally, verb: &str| {
        format!("{} of {} images {verb}, {} now", tally.kept + tally.done, tally.total, tally.done)
    };
    let parts =
        [answer.generate.map(|tally| sentence(tally, "drawn")), answer.score.map(|tally| sentence(tally, "scored"))];
    let mut text = format!("share {}: {}\n", answer.share, parts.into_iter().flatten().collect::<Vec<_>>().join("; "));
    if !answer.complete {
        text += "not done: run the same command again\n";
    }
    table::print(&text)
}
