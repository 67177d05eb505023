//! Relation and objects of a spatial prompt as `2D_spatial_eval.py` and `3D_spatial_eval.py` find them.

use crate::phrases::{Parse, WordClass};
use crate::{Relation, RelationKind};

/// In the order in which the script looks for them. It knows the words "on top of", but has no rule for them.
const PLANE: [(&str, Option<RelationKind>); 8] = [
    ("on side of", Some(RelationKind::OnSideOf)),
    ("next to", Some(RelationKind::NextTo)),
    ("near", Some(RelationKind::Near)),
    ("on the left of", Some(RelationKind::LeftOf)),
    ("on the right of", Some(RelationKind::RightOf)),
    ("on the bottom of", Some(RelationKind::BottomOf)),
    ("on the top of", Some(RelationKind::TopOf)),
    ("on top of", None),
];

const DEPTH: [(&str, Option<RelationKind>); 3] = [
    ("in front of", Some(RelationKind::InFrontOf)),
    ("behind", Some(RelationKind::Behind)),
    ("hidden", Some(RelationKind::HiddenBy)),
];

/// Words around which the script collects the objects of a complex prompt. Not the same list as [`PLANE`].
const COMPLEX: [&str; 7] =
    ["on top of", "on bottom of", "on the left", "on the right", "next to", "on side of", "near"];

/// What a spatial score goes by. Nouns stand as written, before `girl`, `boy`, `man` and `woman` become `person`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficialRelation {
    /// The words found, as a part of the prompt (`near` is found in `nearby`, too); absent where there are none.
    pub words: Option<&'static str>,
    /// The rule for the words: absent without words, and for `on top of`, for which there is none, so that place earns
    /// nothing.
    pub kind: Option<RelationKind>,
    /// Subject and object. Absent where a simple prompt has no noun, which stops the official script, and where not
    /// exactly two objects were collected from a complex one, which scores 0.
    pub objects: Option<(String, String)>,
}

impl OfficialRelation {
    /// The relation, where a rule and both nouns were found.
    pub fn complete(&self) -> Option<Relation> {
        let (subject, object) = self.objects.clone()?;
        Some(Relation { kind: self.kind?, subject, object })
    }
}

/// Of a prompt of the category `spatial`.
pub fn plane_relation(parse: &Parse<'_>) -> OfficialRelation {
    found(parse, &PLANE, simple_objects(parse))
}

/// Of a prompt of the category `3d_spatial`.
pub fn depth_relation(parse: &Parse<'_>) -> OfficialRelation {
    found(parse, &DEPTH, simple_objects(parse))
}

/// Of a prompt of the category `complex`, as with the script's option `--complex`.
pub fn complex_relation(parse: &Parse<'_>) -> OfficialRelation {
    found(parse, &PLANE, complex_objects(parse))
}

fn found(
    parse: &Parse<'_>,
    list: &[(&'static str, Option<RelationKind>)],
    objects: Option<(String, String)>,
) -> OfficialRelation {
    let first = list.iter().find(|(words, _)| parse.text.contains(words));
    OfficialRelation { words: first.map(|(words, _)| *words), kind: first.and_then(|(_, kind)| *kind), objects }
}

fn simple_objects(parse: &Parse<'_>) -> Option<(String, String)> {
    parse.outer_nouns().map(|(first, last)| (first.to_owned(), last.to_owned()))
}

fn complex_objects(parse: &Parse<'_>) -> Option<(String, String)> {
    let class = |at: usize| parse.tokens[at].class;
    let is_name = |at: usize| class(at) == WordClass::ProperNoun;
    let count = parse.tokens.len();
    let mut objects = Vec::new();
    for at in 0..count {
        let Some(length) = (1..=3).rev().find(|&n| COMPLEX.contains(&parse.span(at..at + n))) else { continue };
        objects.extend((0..at).rev().find(|&before| is_name(before) || class(before) == WordClass::Noun));
        let after = at + length..count;
        let noun = after.clone().find(|&after| class(after) == WordClass::Noun);
        objects.extend(noun.or_else(|| after.clone().find(|&at| is_name(at) && at + 1 < count && !is_name(at + 1))));
    }
    match objects[..] {
        [one, other] => Some((parse.span(one..one + 1).to_owned(), parse.span(other..other + 1).to_owned())),
        _ => None,
    }
}
