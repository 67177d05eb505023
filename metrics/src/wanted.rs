//! What a spatial score looks for in an image, read from the prompt: officially, and put right.
//!
//! The official scripts read the prompt itself, with spaCy, and sometimes read it wrongly; that reading is
//! [`gentron_suites::official`]'s. [`relation()`] chooses between it and [`read_relation()`], which knows more relations
//! and finds the nouns beside the relation's words.

mod relation;
mod words;

use gentron_suites::official::{OfficialRelation, complex_relation, depth_relation, plane_relation};
use gentron_suites::phrases::{Parse, PhraseSource, SpacyModel};
use gentron_suites::{Prompt, RelationKind};

pub use relation::read_relation;
pub use words::relation_words;

/// Which reading, and which formulas go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// As published scores were made, defects included.
    Official,
    /// With the defects repaired; under another score name.
    Fixed,
}

/// Which relations a score knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// Left, right, top, bottom, near.
    Plane,
    /// In front, behind, hidden.
    Depth,
}

/// Two things and how they lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The rule; absent where the official code has none for the prompt's words, so that place earns nothing.
    pub kind: Option<RelationKind>,
    /// The relation in words.
    pub words: String,
    /// Names of the first thing, the most specific first; one in the official reading.
    pub subject: Vec<String>,
    /// Names of the second thing, likewise.
    pub object: Vec<String>,
}

/// What became of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Something to look for.
    Found(Wanted),
    /// The official script finds nothing to look for and scores 0.
    Zero(&'static str),
    /// There is no score, for this reason.
    Absent(&'static str),
}

/// Whether the prompt is one of T2I-CompBench's, which are read from their text; others have annotations.
pub(crate) fn is_compbench(prompt: &Prompt) -> bool {
    prompt.suite.starts_with("t2i-compbench")
}

/// The parse of a prompt, by whoever cut it into phrases.
pub(crate) fn parse(prompt: &Prompt) -> Parse<'_> {
    match prompt.annotation.phrase_source {
        Some(PhraseSource::OwnChunker) => Parse::own(&prompt.text),
        Some(PhraseSource::Spacy(model)) => Parse::of(&prompt.text, model),
        None => Parse::of(&prompt.text, SpacyModel::default()),
    }
}

/// What a spatial score of this prompt looks for.
#[must_use]
pub fn relation(prompt: &Prompt, space: Space, mode: Mode) -> Reading {
    const NO_PLANE: &str = "the prompt asks for no relation in the plane";
    const NO_DEPTH: &str = "the prompt asks for no relation in depth";
    let none = Reading::Absent(if space == Space::Plane { NO_PLANE } else { NO_DEPTH });
    if !is_compbench(prompt) {
        let annotated = prompt.annotation.relation.as_ref().filter(|relation| space_of(relation.kind) == space);
        return annotated.map_or(none, |relation| {
            Reading::Found(Wanted {
                kind: Some(relation.kind),
                words: relation_words(relation.kind).to_owned(),
                subject: vec![relation.subject.clone()],
                object: vec![relation.object.clone()],
            })
        });
    }
    match (mode, space, prompt.category.as_str()) {
        (_, Space::Plane, "3d_spatial") | (_, Space::Depth, "spatial" | "complex") => none,
        (Mode::Fixed, ..) => read_relation(&parse(prompt), space).map_or(none, Reading::Found),
        (Mode::Official, Space::Plane, "spatial") => simple(plane_relation(&parse(prompt))),
        (Mode::Official, Space::Depth, "3d_spatial") => simple(depth_relation(&parse(prompt))),
        (Mode::Official, Space::Plane, "complex") => {
            let found = complex_relation(&parse(prompt));
            wanted(found).unwrap_or(Reading::Zero("the official script found not exactly two objects in the prompt"))
        }
        _ => none,
    }
}

fn simple(found: OfficialRelation) -> Reading {
    wanted(found).unwrap_or(Reading::Absent("the prompt has no noun, at which the official script stops"))
}

fn wanted(found: OfficialRelation) -> Option<Reading> {
    let (subject, object) = found.objects?;
    let words = found.words.unwrap_or("in no known relation to").to_owned();
    Some(Reading::Found(Wanted { kind: found.kind, words, subject: vec![subject], object: vec![object] }))
}

/// Where a relation can be seen.
pub(crate) fn space_of(kind: RelationKind) -> Space {
    use RelationKind::{Behind, HiddenBy, InFrontOf};
    if matches!(kind, InFrontOf | Behind | HiddenBy) { Space::Depth } else { Space::Plane }
}
