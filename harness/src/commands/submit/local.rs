//! `gentron submit local`.

use clap::Args;

use super::Common;
use super::check::check;
use super::line::{command, place, this_program, typed};
use super::say::{Asked, say_estimate};
use crate::cli::{ReportArgs, WorkArgs};
use crate::commands::retry_plan::left;
use crate::commands::{merge, report};
use crate::failure::Outcome;
use crate::remote;
use crate::store::{Access, Run};
use crate::submit::estimate::Stages;
use crate::submit::local;
use crate::table;

/// After `gentron submit local --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron submit local runs/table2 --workers 2
  gentron submit local runs/table2 --workers 8 --gpus 8
  gentron submit local runs/table2 --dry-run";

/// For this machine.
#[derive(Debug, Args)]
pub struct LocalArgs {
    /// What holds for all.
    #[command(flatten)]
    pub common: Common,
    /// GPUs of this machine: worker i gets number i, in turn
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub gpus: u32,
}

/// Works, merges and reports, or says what it would.
///
/// # Errors
/// There is no such run, the probe fails, or a worker does.
pub fn run(args: &LocalArgs) -> anyhow::Result<Outcome> {
    let Common { run: folder, workers, dry_run, work, .. } = &args.common;
    let looked = remote::look(folder)?;
    let run = Run::open_for(&looked.folder, Access::Look)?;
    check(&run, work)?;
    let indices = left(&run, *workers, None)?;
    let (program, here) = (this_program()?, place(folder));
    // Without a word on threads, all workers together have as many as there are cores.
    let share = (work.threads() / *workers as usize).max(1) as u16;
    let work = WorkArgs { threads: Some(work.threads.unwrap_or(share)), ..work.clone() };
    let worker = command(&program, &["work"], &here, &work, true);
    if *dry_run {
        let asked = Asked { gpus: args.gpus > 0, at_once: None, stages: Stages::Together, grace: None };
        let text = say_estimate(&run, &args.common, &asked)?;
        let lines: String = indices.iter().map(|i| format!("{} --shard {i}/{workers}\n", typed(&worker))).collect();
        table::print(&format!("{text}\n{lines}"))?;
        return Ok(Outcome::Done);
    }
    local::run(&local::Workers { command: &worker, indices: &indices, count: *workers, gpus: args.gpus })?;
    merge::run(&merge::MergeArgs {
        run: folder.clone(),
        from: Vec::new(),
        stage: None,
        work: work.clone(),
        json: false,
    })?;
    report::run(&ReportArgs {
        run: folder.clone(),
        export: None,
        verify: false,
        votes: Vec::new(),
        watch: None,
        times: false,
        watts: None,
        work,
        json: false,
    })
}
