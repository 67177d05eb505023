//! An import as an arm: its images, as they were checked.

use image::RgbImage;

use super::{Engine, Sources};
use crate::exchange::Import;
use crate::failure::{Explain as _, refuse};
use crate::plan::{Batch, Plan};
use crate::recipe::ResolvedArm;

/// Reads instead of drawing.
struct Imported(Import);

impl Engine for Imported {
    fn draw(&self, batch: Batch<'_>) -> anyhow::Result<Vec<RgbImage>> {
        let image = |task: &crate::plan::Task| {
            let bytes = self.0.read(&task.prompt_id, task.k)?;
            Ok(image::load_from_memory(&bytes)?.to_rgb8())
        };
        batch.iter().map(image).collect()
    }
}

/// The import of an arm.
///
/// # Errors
/// There is none where the recipe says.
pub fn open(arm: &ResolvedArm, sources: &Sources) -> anyhow::Result<Import> {
    Import::open(&sources.outside(&arm.name)?.folder).explain(|| {
        (
            format!("no images of the arm {}", arm.name),
            "`gentron import FOLDER --suite SUITE --name NAME` makes them one",
        )
    })
}

/// An import, ready to be read.
///
/// # Errors
/// There is none where the recipe says.
pub fn prepare(arm: &ResolvedArm, sources: &Sources) -> anyhow::Result<Box<dyn Engine>> {
    Ok(Box::new(Imported(open(arm, sources)?)))
}

/// Whether an arm's import has every image of the plan.
///
/// # Errors
/// It lacks some: before the first image of any arm, and with their number.
pub fn check(arm: &ResolvedArm, sources: &Sources, plan: &Plan) -> anyhow::Result<()> {
    let import = open(arm, sources)?;
    let mut wanted = plan.tasks.iter().filter(|task| task.arm == arm.name);
    let count = wanted.clone().count();
    let missing = wanted.clone().filter(|task| !import.has(task)).count();
    let Some(first) = wanted.find(|task| !import.has(task)) else { return Ok(()) };
    let what = format!(
        "the arm {} lacks {missing} of {count} images, the first of them image {} of {}",
        arm.name, first.k, first.prompt_id
    );
    let has = &import.record;
    let hint = format!(
        "{} holds {} images of {}, {} a prompt: ask for what it has, or import more",
        import.folder.display(),
        has.images.len(),
        has.suite,
        has.images_per_prompt
    );
    Err(refuse(what, hint))
}
