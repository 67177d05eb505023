//! `gentron verify`: digests recomputed, and random images drawn again, byte for byte.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::Args;

use super::setup;
use crate::failure::{Explain as _, Interrupted, Outcome};
use crate::generate::{Sources, engine, png};
use crate::plan::{Batch, Task, select};
use crate::progress::Progress;
use crate::registry::{Library, Places};
use crate::remote;
use crate::report::verify::{Check, State, digests};
use crate::shards::Share;
use crate::store::{Run, digest};
use crate::table::{self, Lean};
use crate::workers::{self, Ended};

/// `gentron verify --help`.
pub const ABOUT: &str = "\
Check that a run is what it says: every digest, and random images drawn again.

Plan, images, observations, weights and report are compared with their recorded digests. Then --sample images, chosen by --seed, are \
drawn once more and compared byte for byte; another machine or version may draw other bytes, and then exit code 1 says so.";

/// After `gentron verify --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron verify
  gentron verify runs/quick --sample 20
  gentron verify runs/quick --sample 0 --json";

/// A run to check.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Folder of the run
    #[arg(default_value = crate::cli::DEFAULT_RUN)]
    pub run: PathBuf,
    /// Images to draw again; 0 for none
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub sample: usize,
    /// Chooses which
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// What to work with.
    #[command(flatten)]
    pub work: crate::cli::WorkArgs,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Checks, prints; a difference makes exit code 1.
///
/// # Errors
/// There is no run, or its images cannot be drawn again for want of weights or suites.
pub fn run(args: &VerifyArgs) -> anyhow::Result<Outcome> {
    remote::whole(&args.run, |folder| on(folder, args))
}

fn on(folder: &Path, args: &VerifyArgs) -> anyhow::Result<Outcome> {
    let run = Run::open(folder)?;
    let folder = weights_of(&run, args.work.weights.as_deref())?;
    let mut checks = digests(&run, folder.as_deref())?;
    if args.sample > 0 {
        let embeddings = setup::embeddings_of(&run, folder.as_deref(), (Share::WHOLE, args.work.threads()));
        let sources = Sources { weights: folder, outside: run.manifest.outside.clone(), embeddings };
        checks.extend(redraw(&run, &sources, args)?);
    }
    print(&checks, args.json)
}

/// Prints the checks.
///
/// # Errors
/// Whoever reads stdout has gone away.
pub fn print(checks: &[Check], json: bool) -> anyhow::Result<Outcome> {
    if json {
        table::print_json(&checks)?;
    } else {
        let row = |check: &Check| vec![check.what.clone(), check.state.word().to_owned(), check.detail.clone()];
        let rows: Vec<Vec<String>> = checks.iter().map(row).collect();
        table::print(&table::render(&[("what", Lean::Left), ("state", Lean::Left), ("", Lean::Left)], &rows))?;
    }
    let differs = checks.iter().any(|check| check.state == State::Differs);
    Ok(if differs { Outcome::GateFailed } else { Outcome::Done })
}

/// The weights folder of a run, where it used one.
///
/// # Errors
/// One was named and is not there, or the run used one and none is found.
pub fn weights_of(run: &Run, named: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    if run.manifest.weights.is_empty() && named.is_none() {
        return Ok(None);
    }
    Ok(Some(setup::weights_of(run, named)?))
}

/// Draws a sample again. A batch is drawn whole, as it was, since its images share their computation.
fn redraw(run: &Run, sources: &Sources, args: &VerifyArgs) -> anyhow::Result<Vec<Check>> {
    let recipe = &run.manifest.recipe;
    let library = Library::new(Places::new(args.work.suites.as_deref())?, run.manifest.suite_places.clone());
    let prompts = select(&recipe.suites, &library)?;
    let mut chosen: Vec<&Task> = run.plan.tasks.iter().filter(|task| run.folder.join(task.image()).exists()).collect();
    chosen.sort_by_cached_key(|task| digest::of_value(&("verify", args.seed, &task.task)));
    chosen.truncate(args.sample);
    let is_chosen = |task: &Task| chosen.iter().any(|chosen| chosen.task == task.task);
    let progress = Progress::new("draw again", chosen.len());
    let checks = Mutex::new(Vec::new());
    for arm in &recipe.arms {
        let batches: Vec<Batch> =
            run.plan.batches().filter(|batch| batch[0].arm == arm.name && batch.iter().any(is_chosen)).collect();
        if batches.is_empty() {
            continue;
        }
        let engine = engine::prepare(recipe, arm, sources, &prompts)?;
        let ended = workers::for_each(args.work.threads(), &batches, |batch| {
            let images = engine.draw(batch)?;
            for (task, image) in batch.iter().zip(&images).filter(|(task, _)| is_chosen(task)) {
                let path = run.folder.join(task.image());
                let there = std::fs::read(&path)
                    .explain(|| (format!("cannot read {}", path.display()), "`gentron generate` draws it anew"))?;
                let same = png::encode(image)? == there;
                let state = if same { State::Intact } else { State::Differs };
                let detail = if same { "the same bytes, drawn again" } else { "comes out with other bytes here" };
                let check = Check::new(task.image_text(), state, detail);
                checks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(check);
                progress.advance(1);
            }
            Ok(())
        })?;
        if ended == Ended::Stopped {
            return Err(Interrupted.into());
        }
    }
    progress.finish();
    let mut checks = checks.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    checks.sort_by(|a, b| a.what.cmp(&b.what));
    Ok(checks)
}
