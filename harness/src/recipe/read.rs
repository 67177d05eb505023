//! From the word on the command line to a parsed recipe.

use std::path::{Path, PathBuf};

use super::schema::Recipe;
use crate::failure::{Explain as _, refuse};
use crate::names;

/// Recipes that are part of the program, by name; the first one is the default.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("table2-shapes", include_str!("../../../recipes/table2-shapes.toml")),
    ("limits-shapes", include_str!("../../../recipes/limits-shapes.toml")),
    ("reconstruction-shapes", include_str!("../../../recipes/reconstruction-shapes.toml")),
    ("mfg-shapes", include_str!("../../../recipes/mfg-shapes.toml")),
    ("limits-motion", include_str!("../../../recipes/limits-motion.toml")),
];

/// Where a recipe came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Part of the program.
    BuiltIn(&'static str),
    /// A file.
    File(PathBuf),
}

impl Source {
    /// The folder that the recipe's relative paths start from, if it is a file.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::BuiltIn(_) => None,
            Self::File(path) => Some(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))),
        }
    }

    /// What the user typed, or could have typed.
    pub fn word(&self) -> String {
        match self {
            Self::BuiltIn(name) => (*name).to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// Reads a recipe: a file, or the name of a built-in one; without a word, the default.
///
/// # Errors
/// There is no such file, or it is not a recipe: then the message has file and line.
pub fn load(word: Option<&Path>) -> anyhow::Result<(Recipe, Source)> {
    let default = BUILT_IN[0];
    let Some(word) = word else { return Ok((parse(default.1, default.0)?, Source::BuiltIn(default.0))) };
    if let Some((name, text)) = BUILT_IN.iter().find(|(name, _)| Path::new(name) == word) {
        return Ok((parse(text, name)?, Source::BuiltIn(name)));
    }
    let shown = word.display().to_string();
    let text = std::fs::read_to_string(word).explain(|| {
        let built_in = BUILT_IN.iter().map(|(name, _)| *name);
        let suggestion = names::suggestion(&shown, built_in);
        (format!("cannot read the recipe {shown}"), format!("give a TOML file or a built-in recipe: {suggestion}"))
    })?;
    Ok((parse(&text, &shown)?, Source::File(word.to_owned())))
}

/// Parses a recipe's text, of an ablation or of a training; `shown` names it in errors.
///
/// # Errors
/// The text is no such recipe: the message has file and line.
pub fn parse<T: serde::de::DeserializeOwned>(text: &str, shown: &str) -> anyhow::Result<T> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let (line, column) = error.span().map_or((1, 1), |span| position(text, span.start));
        let message = error.message().trim().replace('\n', " ");
        let hint = format!("look at line {line} of {shown}; `gentron ablate --help` shows a recipe, recipes/train-shapes.toml one of a training");
        refuse(format!("{shown}:{line}:{column}: {message}"), hint)
    })
}

/// Line and column, from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_recipe_parses_under_its_own_name() {
        for (name, text) in BUILT_IN {
            assert_eq!(parse::<Recipe>(text, name).unwrap().name, *name);
        }
    }

    #[test]
    fn a_broken_recipe_names_file_and_line() {
        let text = "name = \"a\"\nseed = 1\nimages_per_promt = 2\nsuites = []\n";
        let message = parse::<Recipe>(text, "r.toml").unwrap_err().to_string();
        assert!(message.starts_with("r.toml:3:1: unknown field `images_per_promt`"), "{message}");
        let message = parse::<Recipe>("name = \"a\nseed = 1", "r.toml").unwrap_err().to_string();
        assert!(message.starts_with("r.toml:1:"), "{message}");
    }
}
