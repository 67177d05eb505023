//! A run's images in the layout of the official T2I-CompBench scripts: `OUT/<category>/samples/{prompt}_{NNNNNN}.png`.
//!
//! The scripts take the prompt from what stands before the first underscore, and the order from the number: image k of the category's prompt
//! j has number `images_per_prompt * j + k`. Each category is a folder of its own, which a script is given as `--out_dir`.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use gentron_metrics::official::Sample;
use gentron_suites::Prompt;

use super::few;
use crate::failure::{Explain as _, refuse};
use crate::plan::Task;
use crate::progress::Progress;
use crate::store::{Ledger, Run};

/// One image, and what it will be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Relative to the run's folder.
    pub from: PathBuf,
    /// Relative to the folder of the export.
    pub to: PathBuf,
}

/// The most bytes that a file's name has on common file systems.
const LONGEST: usize = 255;

/// What the images of an arm will be called, of all categories or of some.
///
/// # Errors
/// Images are missing, or a prompt cannot be a part of a file's name; they are named, of many images the first.
pub fn names(run: &Run, prompts: &[Prompt], arm: &str, categories: &[String]) -> anyhow::Result<Vec<Given>> {
    let asked = |task: &&Task| task.arm == arm && (categories.is_empty() || categories.contains(&task.category));
    let tasks: Vec<&Task> = run.plan.tasks.iter().filter(asked).collect();
    let ledger = Ledger::open(&run.folder)?;
    let intact: HashMap<&str, bool> = run
        .plan
        .tasks
        .iter()
        .zip(ledger.verify(&run.plan))
        .map(|(task, intact)| (task.task.as_str(), intact))
        .collect();
    let lost = |task: &&&Task| !intact[task.task.as_str()];
    let missing: Vec<String> = tasks.iter().filter(lost).map(|task| task.image_text()).collect();
    if !missing.is_empty() {
        let (count, named) = (missing.len(), few(&missing));
        let what = format!("{count} of {} images of {arm} are missing or damaged: {named}", tasks.len());
        return Err(refuse(what, "`gentron generate` with the run's recipe draws them"));
    }
    // Where a category's prompt stands among those of its category, in the suite's own order.
    let mut places: HashMap<&str, u64> = HashMap::new();
    let mut counts: HashMap<(&str, &str), u64> = HashMap::new();
    for prompt in prompts {
        let next = counts.entry((&prompt.suite, &prompt.category)).or_default();
        places.insert(&prompt.id, *next);
        *next += 1;
    }
    let several = counts.keys().any(|(suite, _)| *suite != prompts[0].suite);
    let images = u64::from(run.manifest.recipe.images_per_prompt);
    let mut given = Vec::with_capacity(tasks.len());
    let mut impossible: Vec<&str> = Vec::new();
    for task in tasks {
        let place = places.get(task.prompt_id.as_str()).context("the plan's prompt is not in the suite")?;
        let name = Sample::file_name(&task.prompt, images * place + u64::from(task.k));
        let cannot_be = name.len() > LONGEST || name.contains(['/', '\\', '\0']) || task.prompt.contains('_');
        if cannot_be && impossible.last() != Some(&task.prompt_id.as_str()) {
            impossible.push(&task.prompt_id);
        }
        let folder = if several { Path::new(&task.suite).join(&task.category) } else { PathBuf::from(&task.category) };
        given.push(Given { from: task.image(), to: folder.join("samples").join(name) });
    }
    if !impossible.is_empty() {
        let what =
            format!("prompts that the official scripts could not find in a file's name: {}", impossible.join(", "));
        let hint = "leave out their category with --category; the scripts are made for T2I-CompBench's own prompts";
        return Err(refuse(what, hint));
    }
    Ok(given)
}

/// Writes the images into the new folder `to`, which is there whole or not at all.
///
/// # Errors
/// The folder is there already, or the disk fails.
pub fn give(run: &Run, given: &[Given], to: &Path) -> anyhow::Result<()> {
    let cannot = || (format!("cannot write {}", to.display()), "choose another folder with --to");
    if to.exists() {
        return Err(refuse(format!("{} is there already", to.display()), "choose another folder with --to"));
    }
    let name = to.file_name().with_context(|| format!("{} has no name", to.display())).explain(cannot)?;
    let staging = to.with_file_name(format!(".{}.exporting", name.to_string_lossy()));
    if staging.exists() {
        fs::remove_dir_all(&staging).explain(cannot)?;
    }
    let progress = Progress::new("export", given.len());
    let write = || -> anyhow::Result<()> {
        for Given { from, to } in given {
            let path = staging.join(to);
            fs::create_dir_all(path.parent().unwrap_or(&staging))?;
            let from = run.folder.join(from);
            let bytes = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
            let mut file = File::create(&path)?;
            file.write_all(&bytes)?;
            file.sync_data()?;
            progress.advance(1);
        }
        Ok(fs::rename(&staging, to)?)
    };
    let written = write();
    progress.finish();
    written.inspect_err(|_| drop(fs::remove_dir_all(&staging))).explain(cannot)
}
