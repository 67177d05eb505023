//! `gentron study new`: from images to a frozen study.

use std::fs;
use std::path::Path;

use image::RgbImage;
use image::imageops::{self, FilterType};

use super::design::{
    ANALYSIS, Clip, FORMAT, FlagRules, Gold, GoldKind, Item, Picture, Plan, Question, Study, StudyPrompt,
};
use super::event::Event;
use super::picture::Clips;
use super::secret::{Secret, token};
use super::source::Chosen;
use super::store::Sqlite;
use super::{folder, picture};
use crate::failure::{Explain as _, refuse};
use crate::store::run::pretty;
use crate::store::{atomic, digest};
use crate::version::VERSION;

/// What the user asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What people read at the top.
    pub title: String,
    /// A program will vote.
    pub simulated: bool,
    /// Seed of sides, orders and gold.
    pub seed: u64,
    /// Side of every picture, where they are not of one size.
    pub size: Option<u32>,
    /// How files hold clips.
    pub clips: Clips,
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

/// A picture, or a clip, of an arm and a prompt; of neither for practice.
type Shot = (Option<usize>, Option<usize>, Vec<RgbImage>);

/// Freezes a study of these images in a new folder.
///
/// # Errors
/// An image is missing, pictures are not of one size and length, the folder is taken, or the disk fails.
pub fn freeze(chosen: Chosen, wanted: &Wanted, target: &Path) -> anyhow::Result<Study> {
    if target.exists() && fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_some()) {
        let what = format!("{} is in the way: a frozen study is never changed", target.display());
        return Err(refuse(what, "name another folder"));
    }
    let Chosen { arms, rows, source } = chosen;
    let mut prompts: Vec<StudyPrompt> = Vec::new();
    let mut images: Vec<Shot> = Vec::new();
    for row in rows {
        for (arm, file) in row.files.iter().enumerate() {
            images.push((Some(arm), Some(prompts.len()), picture::read(file, wanted.clips.frames)?));
        }
        prompts.push(row.prompt);
    }
    // Each prompt is seen once, so that nobody's share is larger than their number.
    let mut plan = wanted.plan.clone();
    plan.pairs_per_rater = plan.pairs_per_rater.min(u32::try_from(prompts.len()).unwrap_or(u32::MAX));
    let size = one_size(&mut images, wanted.size)?;
    let frames = one_length(&images)?;
    let clip = (frames > 1).then_some(Clip { frames, fps: wanted.clips.fps });
    let spoil = |(arm, prompt, frames): &Shot| (*arm, *prompt, frames.iter().map(picture::spoil).collect());
    let spoilt: Vec<Shot> = images.iter().step_by(arms.len()).map(spoil).collect();
    images.extend(spoilt);
    images.extend(picture::practice(size).map(|image| (None, None, vec![image; frames as usize])));

    let pictures = fs::create_dir_all(target.join(folder::PICTURES));
    pictures.explain(|| (format!("cannot make the folder {}", target.display()), "name another folder"))?;
    let encoded: Vec<Vec<u8>> =
        images.iter().map(|(.., frames)| picture::encode(frames, clip)).collect::<anyhow::Result<_>>()?;
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
        source,
        seed: wanted.seed,
        questions: questions(),
        size,
        clip,
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
    let mut store = Sqlite::create(target)?;
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

fn one_size(images: &mut [Shot], wanted: Option<u32>) -> anyhow::Result<[u32; 2]> {
    let frames = || images.iter().flat_map(|(.., frames)| frames);
    if let Some(side) = wanted {
        for image in images.iter_mut().flat_map(|(.., frames)| frames) {
            if image.dimensions() != (side, side) {
                *image = imageops::resize(image, side, side, FilterType::Lanczos3);
            }
        }
        return Ok([side, side]);
    }
    let (width, height) = images[0].2[0].dimensions();
    match frames().find(|image| image.dimensions() != (width, height)) {
        None => Ok([width, height]),
        Some(other) => {
            let what = format!(
                "images are {width} x {height} and {} x {}: size gives an arm away",
                other.width(),
                other.height()
            );
            Err(refuse(what, "bring all to one size with --size PIXELS"))
        }
    }
}

fn one_length(images: &[Shot]) -> anyhow::Result<u32> {
    let first = images[0].2.len();
    match images.iter().find(|(.., frames)| frames.len() != first) {
        None => Ok(u32::try_from(first)?),
        Some((.., other)) => {
            let what = format!("clips have {first} and {} frames: length gives an arm away", other.len());
            Err(refuse(what, "cut all clips to one number of frames"))
        }
    }
}

pub(super) fn items(arms: usize, prompts: usize) -> Vec<Item> {
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
pub(super) fn gold(arms: usize, prompts: usize) -> Vec<Gold> {
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
