//! How many of what, as `numeracy_eval.py` finds it.

use std::path::Path;

use crate::files::{Origin, SourceFile, Text};
use crate::phrases::Parse;
use crate::{Count, SuitesError};

const ONE: [&str; 3] = ["a", "an", "one"];
const MORE: [(&str, u32); 7] =
    [("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6), ("seven", 7), ("eight", 8)];

/// The things that numeracy prompts count, from `new_objects.txt`: singular and plural.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Countables {
    pairs: Vec<(String, String)>,
    source: SourceFile,
}

impl Countables {
    /// Reads lines of `singular - plural`.
    ///
    /// # Errors
    /// The file cannot be read, or a line has no ` - `.
    pub fn load(path: &Path) -> Result<Self, SuitesError> {
        let text = Text::read(path)?;
        let pair = |(line, words): (u64, &str)| match words.split_once(" - ") {
            Some((one, many)) => Ok((one.trim().to_lowercase(), many.trim().to_lowercase())),
            None => Err(SuitesError::Value {
                path: path.to_owned(),
                line,
                column: "1".into(),
                got: format!("`{words}`"),
                expected: "`singular - plural`",
            }),
        };
        let pairs = text.lines().map(pair).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { source: text.source(Some(Origin::Compbench), pairs.len()), pairs })
    }

    /// What the file was.
    pub fn source(&self) -> &SourceFile {
        &self.source
    }

    /// Pairs of singular and plural, in the file's order, duplicates included.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    fn is_singular(&self, word: &str) -> bool {
        self.pairs.iter().any(|(one, _)| one == word)
    }

    fn singular(&self, word: &str) -> Option<&str> {
        self.pairs.iter().find(|(_, many)| many == word).map(|(one, _)| one.as_str())
    }
}

/// What the prompt counts: after a number word, a word or two of `countables`.
///
/// A number that says one beside a plural counts as one of the singular, as in the script; a larger number beside a
/// word that is only singular, which stops the script, is left out. Neither occurs in an official file.
pub fn counts(parse: &Parse<'_>, countables: &Countables) -> Vec<Count> {
    let number = |at: usize| {
        let word = parse.span(at..at + 1);
        let more = || MORE.iter().find(|(more, _)| *more == word).map(|&(_, count)| count);
        ONE.contains(&word).then_some(1).or_else(more)
    };
    let of = |count: u32, words: &str| {
        let noun = if count == 1 && countables.is_singular(words) { Some(words) } else { countables.singular(words) };
        noun.map(|noun| Count { noun: noun.to_owned(), count })
    };
    let two_words = |at: usize| {
        let known = |words: &String| countables.is_singular(words) || countables.singular(words).is_some();
        (at + 2 < parse.tokens.len())
            .then(|| format!("{} {}", parse.span(at + 1..at + 2), parse.span(at + 2..at + 3)))
            .filter(known)
    };
    let target = |at: usize| {
        let count = number(at)?;
        two_words(at).map_or_else(|| of(count, parse.span(at + 1..at + 2)), |words| of(count, &words))
    };
    (0..parse.tokens.len()).filter_map(target).collect()
}
