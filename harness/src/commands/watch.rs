//! `gentron report --watch`: a report that keeps up with a run.

use std::time::{Duration, Instant};

use super::{report as report_command, setup};
use crate::cli::ReportArgs;
use crate::failure::{Interrupted, Outcome};
use crate::report::partial::Partial;
use crate::report::stage::report;
use crate::score::ScorerPaths;
use crate::store::{Access, Run};
use crate::{interrupt, progress};

/// Reports every so many seconds until the run is finished, then once more as `gentron report` does.
///
/// # Errors
/// There is no run, it cannot be scored, or it was asked to stop.
pub fn run(args: &ReportArgs, seconds: u32) -> anyhow::Result<Outcome> {
    let run = Run::open_for(&args.run, Access::Look)?;
    let prompts = setup::prompts_of(&run, &args.work)?;
    let (scorer, _) = setup::scorer_of(&run, &args.work, &ScorerPaths::default())?;
    // One thread unless told otherwise: the run needs the others.
    let threads = args.work.threads.map_or(1, usize::from);
    let mut partial = Partial::new(prompts, scorer, threads);
    let mut shown = None;
    while !partial.is_over(&run) {
        match partial.report(&run, Some(seconds)) {
            Ok(analysis) if shown != Some(analysis.finished_tasks) => {
                shown = Some(analysis.finished_tasks);
                let (done, of, path) = (analysis.finished_tasks, analysis.planned_tasks, run.path("report.html"));
                progress::say(&format!("{done} of {of} images in {}", path.display()));
            }
            Ok(_) => {}
            // Before the first image there is nothing to show, but something to wait for.
            Err(error) if shown.is_none() && error.is::<crate::failure::Explained>() => {
                shown = Some(0);
                progress::say("waiting for the first image");
            }
            Err(error) => return Err(error),
        }
        wait(Duration::from_secs(seconds.into()))?;
    }
    // Whoever did the work may still hold the folder, for its own report.
    let run = loop {
        match Run::open(&args.run) {
            Ok(run) => break run,
            Err(_) if args.run.join("manifest.json").exists() => wait(Duration::from_millis(500))?,
            Err(error) => return Err(error),
        }
    };
    report_command::print(&run, &report(&run)?, args.json, args.watts)
}

fn wait(time: Duration) -> anyhow::Result<()> {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if interrupt::requested() {
            return Err(Interrupted.into());
        }
        std::thread::sleep(Duration::from_millis(100).min(time));
    }
    Ok(())
}
