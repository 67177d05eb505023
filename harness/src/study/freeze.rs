//! `gentron study new`: from a run to a frozen study.

use std::fs;
use std::path::Path;

use image::RgbImage;
use image::imageops::{self, FilterType};

use super::design::{
    ANALYSIS, FORMAT, FlagRules, Gold, GoldKind, Item, Picture, Plan, Question, Source, Study, StudyArm, StudyPrompt,
};
use super::event::Event;
use super::secret::{Secret, token};
use super::store::Store;
use super::{folder, picture};
use crate::failure::{Explain as _, refuse};
use crate::names;
use crate::plan::Task;
use crate::store::run::pretty;
use crate::store::{Run, atomic, digest};
use crate::version::VERSION;

/// What the user asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Ids of at least two arms.
    pub arms: Vec<String>,
    /// Prompts at most, spread over the categories.
    pub prompts: Option<usize>,
    /// What people read at the top.
    pub title: String,
    /// A program will vote.
    pub simulated: bool,
    /// Seed of sides, orders and gold.
    pub seed: u64,
    /// Side of every picture, where they are not of one size.
    pub size: Option<u32>,
    /// Rules.
    pub plan: Plan,
}

/// The rules that hold unless the user wants others.
pub fn default_plan() -> Plan {
    Plan {
        votes_per_pair: 30,
        pairs_per_rater: 50,
        gold_every: 10,
        lease_minutes: 30,
        open: false,
        most_raters: 10_000,
        flags: FlagRules::default(),
        analysis: ANALYSIS.to_owned(),
    }
}

/// Freezes a study of a run's images in a new folder.
///
/// # Errors
/// An arm is unknown, an image is missing, the folder is taken, or the disk fails.
pub fn freeze(run: &Run, wanted: &Wanted, target: &Path) -> anyhow::Result<Study> {
    if target.exists() && fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_some()) {
        let what = format!("{} is in the way: a frozen study is never changed", target.display());
        return Err(refuse(what, "name another folder"));
    }
    let arms = arms(run, &wanted.arms)?;
    let tasks = tasks(run, &arms, wanted)?;
    let mut prompts: Vec<StudyPrompt> = Vec::new();
    let mut images: Vec<(Option<usize>, Option<usize>, RgbImage)> = Vec::new();
    for row in &tasks {
        let prompt = prompts.len();
        let of = row[0];
        let (id, suite, category) = (of.prompt_id.clone(), of.suite.clone(), of.category.clone());
        prompts.push(StudyPrompt { id, suite, category, text: of.prompt.clone() });
        for (arm, task) in row.iter().enumerate() {
            images.push((Some(arm), Some(prompt), picture::read(&run.path(&task.image_text()))?));
        }
    }
    // Each prompt is seen once, so that nobody's share is larger than their number.
    let mut plan = wanted.plan.clone();
    plan.pairs_per_rater = plan.pairs_per_rater.min(u32::try_from(prompts.len()).unwrap_or(u32::MAX));
    let size = one_size(&mut images, wanted.size)?;
    let spoilt = images.iter().step_by(arms.len()).map(|(arm, prompt, image)| (*arm, *prompt, picture::spoil(image)));
    let spoilt: Vec<_> = spoilt.collect();
    images.extend(spoilt);
    images.extend(picture::practice(size).map(|image| (None, None, image)));

    let pictures = fs::create_dir_all(target.join(folder::PICTURES));
    pictures.explain(|| (format!("cannot make the folder {}", target.display()), "name another folder"))?;
    let encoded: Vec<Vec<u8>> =
        images.iter().map(|(.., image)| picture::encode(image)).collect::<anyhow::Result<_>>()?;
    let bytes = picture::common_length(encoded.iter().map(Vec::len));
    let mut listed = Vec::new();
    for ((arm, prompt, _), encoded) in images.iter().zip(encoded) {
        let file = format!("{}.png", token()?);
        let padded = picture::pad(encoded, bytes);
        atomic::write(&target.join(folder::PICTURES).join(&file), &padded)?;
        listed.push(Picture { file, arm: *arm, prompt: *prompt, sha256: digest::of_bytes(&padded) });
    }
    let study = Study {
        format: FORMAT,
        title: wanted.title.clone(),
        simulated: wanted.simulated,
        made_by: VERSION.to_owned(),
        source: Source {
            run: run.manifest.run_info.name.clone(),
            manifest: digest::of_file(&run.path("manifest.json"))?,
        },
        seed: wanted.seed,
        questions: questions(),
        size,
        bytes,
        items: items(arms.len(), prompts.len()),
        gold: gold(arms.len(), prompts.len()),
        arms,
        prompts,
        pictures: listed,
        plan,
    };
    Secret::new()?.write(target)?;
    let json = pretty(&study)?;
    let store = Store::create(target)?;
    let opened = Event::Opened { design: digest::of_bytes(&json) };
    store.append(&[super::event::Record::new(0, super::writer::now(), "", opened)])?;
    // Last, so that a folder with study.json has everything that a study begins with.
    atomic::write(&target.join(folder::DESIGN), &json)?;
    Ok(study)
}

/// The two questions of the paper.
fn questions() -> Vec<Question> {
    let question = |id: &str, text: &str| Question { id: id.into(), text: text.into() };
    vec![question("quality", super::words::ENGLISH.quality), question("alignment", super::words::ENGLISH.alignment)]
}

fn arms(run: &Run, ids: &[String]) -> anyhow::Result<Vec<StudyArm>> {
    let known = &run.manifest.run_info.arms;
    let mut arms: Vec<StudyArm> = Vec::new();
    for id in ids {
        let Some(arm) = known.iter().find(|arm| arm.id == *id) else {
            let hint = names::suggestion(id, known.iter().map(|arm| arm.id.as_str()));
            return Err(refuse(format!("the run has no arm `{id}`"), hint));
        };
        if arms.iter().any(|listed| listed.id == *id) {
            return Err(refuse(format!("the arm `{id}` is named twice"), "name each arm once"));
        }
        arms.push(StudyArm { id: arm.id.clone(), label: arm.label.clone() });
    }
    if arms.len() < 2 {
        return Err(refuse("a preference needs at least two arms", "name them with --arms A,B"));
    }
    Ok(arms)
}

/// The first image of each prompt by each arm: same prompt, same noise. Fewer prompts are taken from all categories in turn.
fn tasks<'a>(run: &'a Run, arms: &[StudyArm], wanted: &Wanted) -> anyhow::Result<Vec<Vec<&'a Task>>> {
    let of_arm =
        |arm: &StudyArm| run.plan.tasks.iter().filter(|task| task.arm == arm.id && task.k == 0).collect::<Vec<_>>();
    let first = of_arm(&arms[0]);
    let mut by_category: Vec<(&str, Vec<&Task>)> = Vec::new();
    for task in &first {
        match by_category.iter_mut().find(|(category, _)| *category == task.category) {
            Some((_, tasks)) => tasks.push(task),
            None => by_category.push((&task.category, vec![task])),
        }
    }
    let longest = by_category.iter().map(|(_, tasks)| tasks.len()).max().unwrap_or(0);
    let turns = (0..longest).flat_map(|turn| by_category.iter().filter_map(move |(_, tasks)| tasks.get(turn).copied()));
    let chosen: Vec<&Task> = turns.take(wanted.prompts.unwrap_or(usize::MAX)).collect();
    if chosen.is_empty() {
        return Err(refuse("the run has no images of these arms", "`gentron generate` draws them"));
    }
    let others: Vec<Vec<&Task>> = arms.iter().map(of_arm).collect();
    let mut rows = Vec::new();
    for task in chosen {
        let same = |other: &&&Task| other.prompt_id == task.prompt_id && other.suite == task.suite;
        let row: Option<Vec<&Task>> = others.iter().map(|tasks| tasks.iter().find(same).copied()).collect();
        let hint = "choose arms that were drawn for the same prompts";
        rows.push(row.ok_or_else(|| refuse(format!("not every arm has the prompt {}", task.prompt_id), hint))?);
    }
    Ok(rows)
}

fn one_size(images: &mut [(Option<usize>, Option<usize>, RgbImage)], wanted: Option<u32>) -> anyhow::Result<[u32; 2]> {
    if let Some(side) = wanted {
        for (.., image) in images.iter_mut() {
            if image.dimensions() != (side, side) {
                *image = imageops::resize(image, side, side, FilterType::Lanczos3);
            }
        }
    }
    let (width, height) = images[0].2.dimensions();
    match images.iter().find(|(.., image)| image.dimensions() != (width, height)) {
        None => Ok([width, height]),
        Some((.., other)) => {
            let what = format!(
                "images are {width} x {height} and {} x {}: size gives an arm away",
                other.width(),
                other.height()
            );
            Err(refuse(what, "bring all to one size with --size PIXELS"))
        }
    }
}

fn items(arms: usize, prompts: usize) -> Vec<Item> {
    let mut items = Vec::new();
    for prompt in 0..prompts {
        for first in 0..arms {
            for second in first + 1..arms {
                let pictures = [prompt * arms + first, prompt * arms + second];
                items.push(Item { prompt, arms: [first, second], pictures });
            }
        }
    }
    items
}

/// For each prompt one of each kind; arms take turns.
fn gold(arms: usize, prompts: usize) -> Vec<Gold> {
    let mut gold = Vec::new();
    for prompt in 0..prompts {
        let own = prompt * arms + prompt % arms;
        gold.push(Gold { kind: GoldKind::Identical, prompt, pictures: [own, own] });
        gold.push(Gold { kind: GoldKind::Degraded, prompt, pictures: [prompt * arms, arms * prompts + prompt] });
        if prompts > 1 {
            // Half way round: a neighbour may ask for nearly the same.
            let other = (prompt + prompts.div_ceil(2)) % prompts;
            gold.push(Gold { kind: GoldKind::WrongPrompt, prompt, pictures: [own, other * arms + prompt % arms] });
        }
    }
    gold
}
