//! The words with which an export comes back by `gentron import`.

use std::path::{Path, PathBuf};

use gentron_suites::Prompt;

use crate::commands::suites;
use crate::failure::quoted;
use crate::names;
use crate::registry::Known;
use crate::store::Run;

/// An export that was written.
pub(super) struct Exported<'a> {
    pub run: &'a Run,
    pub arm: &'a str,
    /// The prompts of its images, in the run's order.
    pub prompts: Vec<&'a Prompt>,
    /// Whether each suite has a folder of its own.
    pub several: bool,
    /// Its folder.
    pub to: &'a Path,
    /// What `--suites` names.
    pub suites: Option<&'a Path>,
}

/// How a part of an export comes back.
pub(super) enum Way {
    /// By this command line.
    Command(String),
    /// No word for a suite means these prompts and no others.
    Wordless {
        /// The suite.
        suite: String,
        /// How many prompts.
        prompts: usize,
    },
}

impl Way {
    /// For the terminal.
    pub fn sentence(&self) -> String {
        match self {
            Self::Command(command) => format!("they come back by: {command}\n"),
            Self::Wordless { suite, prompts } => format!(
                "no word for a suite means these {prompts} prompts of {suite} alone: `gentron import` takes their images with a file of \
                 them instead, with the columns prompt and category\n"
            ),
        }
    }
}

/// How all of it comes back: each command was tried, and means the very prompts that were exported.
pub(super) fn ways(exported: &Exported<'_>) -> Vec<Way> {
    let mut names: Vec<&str> = exported.prompts.iter().map(|prompt| prompt.suite.as_str()).collect();
    names.dedup();
    names.into_iter().flat_map(|suite| exported.of_suite(suite)).collect()
}

/// What a user types for prompts of a suite.
struct Word<'a> {
    /// For `--suite`.
    suite: String,
    /// For `--category`, where the word for the suite does not say it.
    categories: Vec<String>,
    /// For `--suites`, where the folder of the files must be named.
    folder: Option<&'a Path>,
}

impl<'a> Exported<'a> {
    /// One import of all prompts of a suite where words mean these, so that one arm can name it, else one for each category.
    fn of_suite(&self, suite: &str) -> Vec<Way> {
        let own: Vec<&Prompt> = self.prompts.iter().copied().filter(|prompt| prompt.suite == suite).collect();
        let mut categories: Vec<String> = own.iter().map(|prompt| prompt.category.clone()).collect();
        categories.dedup();
        let some = || (categories.len() > 1).then(|| self.word(suite, &categories, &own)).flatten();
        if let Some(word) = self.word(suite, &[], &own).or_else(some) {
            return vec![Way::Command(self.command(suite, &word, None))];
        }
        let (mut ways, mut wordless) = (Vec::new(), 0);
        for category in &categories {
            let own: Vec<&Prompt> = own.iter().copied().filter(|prompt| prompt.category == *category).collect();
            match self.word(suite, std::slice::from_ref(category), &own) {
                Some(word) => ways.push(Way::Command(self.command(suite, &word, Some(category.as_str())))),
                None => wordless += own.len(),
            }
        }
        if wordless > 0 {
            ways.push(Way::Wordless { suite: suite.to_owned(), prompts: wordless });
        }
        ways
    }

    /// What a user would type for these prompts and no others, as a whole suite or as these categories of it.
    fn word(&self, suite: &str, categories: &[String], own: &[&Prompt]) -> Option<Word<'a>> {
        let manifest = &self.run.manifest;
        let place = manifest.suite_places.get(suite).map(PathBuf::as_path);
        let known = Known::find(suite);
        let (base, categories) = match (known, categories) {
            (Some(known), [category]) => (format!("{}/{category}", known.key), Vec::new()),
            (Some(known), _) => (known.key.to_owned(), categories.to_vec()),
            (None, _) => (place?.display().to_string(), categories.to_vec()),
        };
        let subsets = manifest.recipe.suites.iter().filter(|choice| choice.id == suite);
        let subsets = subsets.filter_map(|choice| match (choice.subset?, choice.subset_seed) {
            (count, 0) => Some(format!("{base}:{count}")),
            (count, seed) => Some(format!("{base}:{count}@{seed}")),
        });
        let words: Vec<String> = std::iter::once(base.clone()).chain(subsets).collect();
        let folders = match known {
            Some(known) if !known.is_built_in() => vec![self.suites, place],
            _ => vec![None],
        };
        let means = |word: &str, folder: Option<&Path>| {
            suites::part(word, &categories, folder).is_ok_and(|(prompts, opened)| {
                opened.id() == suite && prompts.iter().map(|prompt| &prompt.id).eq(own.iter().map(|prompt| &prompt.id))
            })
        };
        let mut tried = folders.into_iter().flat_map(|folder| words.iter().map(move |word| (word.clone(), folder)));
        let (word, folder) = tried.find(|(word, folder)| means(word, *folder))?;
        Some(Word { suite: word, categories, folder })
    }

    fn command(&self, suite: &str, word: &Word<'_>, category: Option<&str>) -> String {
        let shown = |path: &Path| quoted(&path.display().to_string());
        let from = if self.several { shown(&self.to.join(suite)) } else { shown(self.to) };
        let parts = [Some(self.arm), self.several.then_some(suite), category];
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join("-");
        let name = if names::is_path_safe(&name) { name.as_str() } else { self.arm };
        let images = self.run.manifest.recipe.images_per_prompt;
        let mut command = format!("gentron import {from} --suite {}", quoted(&word.suite));
        command.extend(word.categories.iter().map(|name| format!(" --category {}", quoted(name))));
        command += &format!(" --name {name} --images {images}");
        match word.folder {
            Some(folder) => format!("{command} --suites {}", shown(folder)),
            None => command,
        }
    }
}
