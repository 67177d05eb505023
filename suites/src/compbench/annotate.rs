//! From a prompt's text to its annotation, as the official scorer of its category reads it.

use std::collections::HashMap;

use super::Category;
use crate::official::{Countables, complex_relation, counts, depth_relation, plane_relation};
use crate::phrases::{Parse, SpacyModel};
use crate::{Annotation, ComplexKind};

/// What annotating needs beside the text.
pub(super) struct Annotator {
    pub model: SpacyModel,
    /// Absent where no category counts.
    pub countables: Option<Countables>,
    /// Absent where it is not known which complex prompts are which.
    pub kinds: Option<Kinds>,
}

impl Annotator {
    pub fn annotate(&self, category: Category, text: &str) -> Annotation {
        let parse = Parse::of(text, self.model);
        let phrases: Vec<String> = parse.phrases().into_iter().map(str::to_owned).collect();
        let counts = match &self.countables {
            Some(countables) if category == Category::Numeracy => counts(&parse, countables),
            _ => Vec::new(),
        };
        let relation = match category {
            Category::Spatial => plane_relation(&parse).complete(),
            Category::Spatial3d => depth_relation(&parse).complete(),
            Category::Complex => complex_relation(&parse).complete(),
            _ => None,
        };
        let things = match category {
            Category::Color | Category::Shape | Category::Texture | Category::Complex => phrases.len() as u32,
            Category::Spatial | Category::Spatial3d => 2,
            Category::Numeracy => counts.iter().map(|count| count.count).sum(),
            Category::NonSpatial => 0,
        };
        let complex = self.kinds.as_ref().filter(|_| category == Category::Complex).and_then(|kinds| kinds.of(text));
        Annotation {
            phrases,
            things,
            relation,
            counts,
            complex,
            phrase_source: Some(parse.source),
            ..Annotation::default()
        }
    }
}

/// Which complex prompts are about place, which about action, which about both.
pub(super) struct Kinds(HashMap<String, ComplexKind>);

impl Kinds {
    /// Of prompts and their part; the first mention counts, as in the official script, which looks for place before
    /// action.
    pub fn new<'a>(prompts: impl Iterator<Item = (&'a str, ComplexKind)>) -> Self {
        let mut kinds = HashMap::new();
        for (text, kind) in prompts {
            kinds.entry(key(text)).or_insert(kind);
        }
        Self(kinds)
    }

    /// Absent for a prompt of neither part: two lines of `complex.txt` lost a word that the parts still have.
    fn of(&self, text: &str) -> Option<ComplexKind> {
        self.0.get(&key(text)).copied()
    }
}

/// `3_in_1.py` compares what stands before the first full stop, in lower case.
fn key(text: &str) -> String {
    text.split('.').next().unwrap_or(text).to_lowercase()
}
