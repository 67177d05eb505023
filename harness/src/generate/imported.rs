//! An import as an arm: its images, as they were checked.

use gentron_suites::Prompt;
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
    let wanted = plan.tasks.iter().filter(|task| task.arm == arm.name);
    check_places(arm, &open(arm, sources)?, wanted.map(|task| (task.prompt_id.as_str(), task.k)))
}

/// Whether an arm's import has so many `images` of each prompt, which is what a plan will ask of it.
///
/// # Errors
/// It lacks some, with their number.
pub fn check_prompts(arm: &ResolvedArm, import: &Import, prompts: &[Prompt], images: u32) -> anyhow::Result<()> {
    let places = prompts.iter().flat_map(|prompt| (0..images).map(move |k| (prompt.id.as_str(), k)));
    check_places(arm, import, places)
}

/// Whether an import has the image of each prompt id and number.
fn check_places<'a>(
    arm: &ResolvedArm,
    import: &Import,
    wanted: impl Iterator<Item = (&'a str, u32)>,
) -> anyhow::Result<()> {
    let (mut count, mut missing) = (0usize, Vec::new());
    for (prompt_id, k) in wanted {
        count += 1;
        if !import.has(prompt_id, k) {
            missing.push((prompt_id, k));
        }
    }
    let Some((prompt_id, k)) = missing.first() else { return Ok(()) };
    let what = format!(
        "the arm {} lacks {} of {count} images, the first of them image {k} of {prompt_id}",
        arm.name,
        missing.len()
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
