//! Where a study's pictures come from: the arms of a run, or bare folders, one an arm, that anything may have drawn.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use gentron_suites::Prompt;

use super::design::{self, StudyArm, StudyPrompt};
use crate::bare::{self, layout};
use crate::failure::refuse;
use crate::names;
use crate::plan::Task;
use crate::store::{Run, digest};

/// What is to be compared, file by file.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The arms.
    pub arms: Vec<StudyArm>,
    /// The prompts, each with a file of every arm.
    pub rows: Vec<Row>,
    /// Where they come from.
    pub source: design::Source,
}

/// A prompt, and the file of each arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The prompt.
    pub prompt: StudyPrompt,
    /// Files, in the order of the arms.
    pub files: Vec<PathBuf>,
}

/// Which prompts.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// At most so many, from all categories in turn.
    pub most: Option<usize>,
    /// Only these.
    pub prompts: Option<Vec<Prompt>>,
}

/// The first image of each prompt by each arm of a run: same prompt, same noise.
///
/// # Errors
/// An arm is unknown, or has not all of the prompts.
pub fn of_run(run: &Run, ids: &[String], which: &Which) -> anyhow::Result<Chosen> {
    let arms = arms_of_run(run, ids)?;
    let wanted: Option<HashSet<(&str, &str)>> =
        which.prompts.as_ref().map(|prompts| prompts.iter().map(|p| (p.suite.as_str(), p.id.as_str())).collect());
    let is_wanted = |task: &&Task| {
        task.k == 0 && wanted.as_ref().is_none_or(|w| w.contains(&(task.suite.as_str(), task.prompt_id.as_str())))
    };
    let of_arm = |arm: &StudyArm| -> Vec<&Task> {
        run.plan.tasks.iter().filter(|task| task.arm == arm.id).filter(is_wanted).collect()
    };
    let by_arm: Vec<Vec<&Task>> = arms.iter().map(of_arm).collect();
    let chosen = in_turn(&by_arm[0], |task| &task.category, which.most);
    let mut rows = Vec::new();
    for task in chosen {
        let same = |other: &&&Task| other.prompt_id == task.prompt_id && other.suite == task.suite;
        let files: Option<Vec<PathBuf>> =
            by_arm.iter().map(|tasks| tasks.iter().find(same).map(|task| run.path(&task.image_text()))).collect();
        let hint = "choose arms that were drawn for the same prompts";
        let files = files.ok_or_else(|| refuse(format!("not every arm has the prompt {}", task.prompt_id), hint))?;
        let prompt = StudyPrompt {
            id: task.prompt_id.clone(),
            suite: task.suite.clone(),
            category: task.category.clone(),
            text: task.prompt.clone(),
        };
        rows.push(Row { prompt, files });
    }
    if rows.is_empty() {
        return Err(refuse("the run has no images of these arms and prompts", "`gentron generate` draws them"));
    }
    let manifest = digest::of_file(&run.path("manifest.json"))?;
    Ok(Chosen { arms, rows, source: design::Source { run: run.manifest.run_info.name.clone(), manifest } })
}

fn arms_of_run(run: &Run, ids: &[String]) -> anyhow::Result<Vec<StudyArm>> {
    let known = &run.manifest.run_info.arms;
    let arm = |id: &String| match known.iter().find(|arm| arm.id == *id) {
        Some(arm) => Ok(StudyArm { id: arm.id.clone(), label: arm.label.clone() }),
        None => {
            let hint = names::suggestion(id, known.iter().map(|arm| arm.id.as_str()));
            Err(refuse(format!("the run has no arm `{id}`"), hint))
        }
    };
    several(ids.iter().map(arm).collect::<anyhow::Result<_>>()?)
}

/// Folders of images, `NAME=DIR` each, for the same prompts. Prompts that a folder has no image of are left out, and counted.
///
/// # Errors
/// A folder cannot be read, or no prompt has an image in every one.
pub fn of_folders(
    named: &[(String, PathBuf)],
    prompts: &[Prompt],
    most: Option<usize>,
) -> anyhow::Result<(Chosen, usize)> {
    let arms = named.iter().map(|(name, _)| StudyArm { id: name.clone(), label: name.clone() });
    let arms = several(arms.collect())?;
    let mut files: Vec<Vec<Option<PathBuf>>> = Vec::new();
    for (_, folder) in named {
        let found = layout::find(bare::Source { folder, map: None, images: None }, prompts)?;
        let mut of_prompt = vec![None; prompts.len()];
        for picture in found.known.into_iter().filter(|picture| picture.k == 0) {
            of_prompt[picture.prompt] = Some(picture.path);
        }
        files.push(of_prompt);
    }
    let complete = |at: &usize| files.iter().all(|of_prompt| of_prompt[*at].is_some());
    let there: Vec<usize> = (0..prompts.len()).filter(complete).collect();
    let lacking = prompts.len() - there.len();
    let row = |at: usize| {
        let prompt = &prompts[at];
        let prompt = StudyPrompt {
            id: prompt.id.clone(),
            suite: prompt.suite.clone(),
            category: prompt.category.clone(),
            text: prompt.text.clone(),
        };
        Row { prompt, files: files.iter().filter_map(|of_prompt| of_prompt[at].clone()).collect() }
    };
    let there: Vec<&usize> = there.iter().collect();
    let rows: Vec<Row> = in_turn(&there, |at| &prompts[**at].category, most).into_iter().map(|at| row(*at)).collect();
    if rows.is_empty() {
        return Err(refuse("no prompt has an image in every folder", "name folders of images for the same prompts"));
    }
    let digests = rows.iter().flat_map(|row| &row.files).map(|file| digest::of_file(file));
    let manifest = digest::of_value(&digests.collect::<Result<Vec<_>, _>>()?);
    let run = named.iter().map(|(_, folder)| name(folder)).collect::<Vec<_>>().join(", ");
    Ok((Chosen { arms, rows, source: design::Source { run, manifest } }, lacking))
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// At least two arms, no two of one name.
fn several(arms: Vec<StudyArm>) -> anyhow::Result<Vec<StudyArm>> {
    for (index, arm) in arms.iter().enumerate() {
        if arms[..index].iter().any(|other| other.id == arm.id) {
            return Err(refuse(format!("the arm `{}` is named twice", arm.id), "name each arm once"));
        }
    }
    if arms.len() < 2 {
        return Err(refuse("a preference needs at least two arms", "name them with --arms A,B"));
    }
    Ok(arms)
}

/// The first of each category, then the second of each, and so on, so that fewer are spread over all.
fn in_turn<'a, T>(all: &[&'a T], category: impl Fn(&&'a T) -> &'a str, most: Option<usize>) -> Vec<&'a T> {
    let mut by_category: Vec<(&str, Vec<&T>)> = Vec::new();
    for one in all {
        let name = category(one);
        match by_category.iter_mut().find(|(known, _)| *known == name) {
            Some((_, ones)) => ones.push(one),
            None => by_category.push((name, vec![one])),
        }
    }
    let longest = by_category.iter().map(|(_, ones)| ones.len()).max().unwrap_or(0);
    let turns = (0..longest).flat_map(|turn| by_category.iter().filter_map(move |(_, ones)| ones.get(turn).copied()));
    turns.take(most.unwrap_or(usize::MAX)).collect()
}
