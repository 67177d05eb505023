//! `gentron submit slurm`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Common;
use super::check::check;
use super::line::{absolute, command, place, this_program, typed};
use super::say::{Asked, say_estimate};
use crate::commands::retry_plan::left;
use crate::commands::work::Stage;
use crate::failure::Outcome;
use crate::remote;
use crate::store::{Access, Run};
use crate::submit::estimate::Stages;
use crate::submit::slurm;
use crate::table;

/// After `gentron submit slurm --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron submit slurm /scratch/table2 --workers 32 --option=--gpus=1 --option=--time=04:00:00
  gentron submit slurm /scratch/table2 --workers 256 --at-once 40 --logs /scratch/logs
  gentron submit slurm /scratch/table2 --dry-run --budget 20 --watts 350";

/// For Slurm.
#[derive(Debug, Args)]
pub struct SlurmArgs {
    /// What holds for all.
    #[command(flatten)]
    pub common: Common,
    /// An option of sbatch for every job, as --option=--partition=gpu; may be given several times
    #[arg(long = "option", value_name = "OPTION", allow_hyphen_values = true)]
    pub options: Vec<String>,
    /// Run at most so many workers at once
    #[arg(long, value_name = "K", hide_short_help = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub at_once: Option<u32>,
    /// Seconds before a time limit at which workers are told to stop
    #[arg(long, value_name = "S", default_value_t = 120, hide_short_help = true, value_parser = clap::value_parser!(u32).range(1..=65_535))]
    pub grace: u32,
    /// The cluster's MaxArraySize [default: what it says itself, else 1001]
    #[arg(long, value_name = "N", hide_short_help = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_array_size: Option<u32>,
    /// Folder of scripts and logs [default: RUN-slurm]
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub logs: Option<PathBuf>,
}

/// Submits, or says what it would.
///
/// # Errors
/// There is no such run, the probe fails, or Slurm refuses.
pub fn run(args: &SlurmArgs) -> anyhow::Result<Outcome> {
    let Common { run: folder, workers, dry_run, work, .. } = &args.common;
    let looked = remote::look(folder)?;
    let run = Run::open_for(&looked.folder, Access::Look)?;
    check(&run, work)?;
    let (drawing, scoring) = (left(&run, *workers, Some(Stage::Generate))?, left(&run, *workers, Some(Stage::Score))?);
    let (program, here) = (this_program()?, place(folder));
    let stage = |name: &'static str, workers| slurm::Stage {
        name,
        commands: vec![command(&program, &["work", "--stage", name], &here, work, true)],
        workers: Some(workers),
    };
    let mut stages = Vec::new();
    if !drawing.is_empty() {
        stages.push(stage("generate", &drawing));
    }
    if !scoring.is_empty() {
        stages.push(stage("score", &scoring));
    }
    stages.push(slurm::Stage {
        name: "report",
        commands: vec![
            command(&program, &["merge"], &here, work, true),
            vec![program.clone(), "report".to_owned(), here.clone()],
        ],
        workers: None,
    });
    let logs = match &args.logs {
        Some(logs) => PathBuf::from(absolute(logs)),
        // Of a run in a store, in the folder where this is typed.
        None if remote::is_address(folder) => slurm::logs_of(Path::new(folder.file_name().unwrap_or_default()))?,
        None => slurm::logs_of(folder)?,
    };
    let size = args.max_array_size.or_else(slurm::max_array_size).unwrap_or(slurm::MAX_ARRAY_SIZE);
    let resources = slurm::Resources { options: args.options.clone(), grace: args.grace };
    let jobs: Vec<slurm::Job> = stages.iter().map(|stage| slurm::job(stage, &resources, size, &logs)).collect();
    if *dry_run {
        let gpus = args.options.iter().any(|option| option.contains("gpu"));
        let asked = Asked { gpus, at_once: args.at_once, stages: Stages::OneAfterTheOther, grace: Some(args.grace) };
        let mut text = say_estimate(&run, &args.common, &asked)?;
        let mut before: Option<String> = None;
        for job in &jobs {
            let script = logs.join(format!("{}.sh", job.name)).display().to_string();
            let turns = slurm::takes_turns(&job.arrays, args.at_once);
            for (at, slurm::Array { options, arguments }) in
                slurm::arrays(job, *workers, args.at_once).into_iter().enumerate()
            {
                // Ids are not known yet: all of a stage, or of its arrays the one with a number, from 1.
                let previous = (turns && at > 0).then(|| format!("({} {at})", job.name));
                let after = slurm::dependency(before.as_deref(), previous.as_deref());
                text += &format!("\nsbatch {}", typed(options.iter().chain(&after).chain([&script]).chain(&arguments)));
            }
            text += &format!("\n{}", job.script);
            before = Some(format!("({})", job.name));
        }
        table::print(&text)?;
        return Ok(Outcome::Done);
    }
    let submitted = slurm::submit(&jobs, *workers, args.at_once, &logs)?;
    let lines = submitted.iter().map(|(name, ids)| format!("{name}: {}\n", ids.join(", ")));
    table::print(&format!("{}logs: {}\n", lines.collect::<String>(), logs.display()))?;
    Ok(Outcome::Done)
}
