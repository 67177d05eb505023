//! `gentron ablate`: all stages.

use std::path::{Path, PathBuf};

use super::{report as report_command, setup};
use crate::cli::RunArgs;
use crate::failure::{Interrupted, Outcome};
use crate::progress;
use crate::shards::folder::refuse_unmerged;
use crate::workers::Ended;
use crate::{generate, recipe, report, score, weights};

/// The recipe of clips that follows the default one: with both, all three of the paper's ablations are made.
const OF_CLIPS: &str = "mfg-shapes";

/// Draws, scores, reports; without any recipe named, the pictures and then the clips.
///
/// # Errors
/// Whatever keeps a stage from its end.
pub fn run(args: &RunArgs) -> anyhow::Result<Outcome> {
    let pictures = one(args)?;
    if !asks_for_everything(args) {
        return Ok(pictures);
    }
    if let Some(missing) = missing_for_clips(args.work.weights.as_deref())? {
        progress::say(&format!("note: {OF_CLIPS} (motion-free guidance) is left out, because {missing}"));
        return Ok(pictures);
    }
    let clips = one(&RunArgs { recipe: Some(PathBuf::from(OF_CLIPS)), ..args.clone() })?;
    Ok(if clips == Outcome::Done { pictures } else { clips })
}

fn one(args: &RunArgs) -> anyhow::Result<Outcome> {
    let setup = setup::begin(args)?;
    refuse_unmerged(&setup.run.folder)?;
    let run = &setup.run;
    progress::say(&format!("{} images in {}", run.plan.tasks.len(), run.folder.display()));
    let generated = generate::generate(run, &setup.prompts, &setup.sources, setup.threads)?;
    if generated.ended == Ended::Stopped {
        return Err(Interrupted.into());
    }
    if score::score(run, &setup.prompts, &setup.scorer, setup.threads)? == Ended::Stopped {
        return Err(Interrupted.into());
    }
    let reported = report::report(run)?;
    report_command::print(run, &reported, args.json, None)
}

/// Whether nothing was said that only one recipe could be meant by.
fn asks_for_everything(args: &RunArgs) -> bool {
    let RunArgs { recipe, out, arms, categories, json, .. } = args;
    recipe.is_none() && out.is_none() && arms.is_empty() && categories.is_empty() && !json
}

/// Which weights of the recipe of clips are not here.
fn missing_for_clips(named: Option<&Path>) -> anyhow::Result<Option<String>> {
    let (recipe, source) = recipe::load(Some(Path::new(OF_CLIPS)))?;
    let folder = weights::find(named, source.folder(), &recipe.weights.folder)?.folder;
    let missing = recipe.arms.iter().filter_map(|arm| arm.weights.as_ref()).find(|name| !folder.join(name).is_dir());
    Ok(missing.map(|name| format!("{} is not there", folder.join(name).display())))
}
