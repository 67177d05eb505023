//! The words of relations.

use gentron_suites::RelationKind::{
    self, Behind, BottomOf, HiddenBy, InFrontOf, LeftOf, Near, NextTo, OnSideOf, RightOf, TopOf,
};

use super::Space;

/// A relation in words, for people.
#[must_use]
pub fn relation_words(kind: RelationKind) -> &'static str {
    match kind {
        LeftOf => "left of",
        RightOf => "right of",
        TopOf => "top of",
        BottomOf => "bottom of",
        NextTo => "next to",
        Near => "near",
        OnSideOf => "on side of",
        InFrontOf => "in front of",
        Behind => "behind",
        HiddenBy => "hidden by",
    }
}

/// What prompts call the relations; of two that begin at one word, the longer is meant.
const PLANE: [(&str, RelationKind); 25] = [
    ("on the left side of", LeftOf),
    ("on the right side of", RightOf),
    ("on the left of", LeftOf),
    ("on the right of", RightOf),
    ("to the left of", LeftOf),
    ("to the right of", RightOf),
    ("left of", LeftOf),
    ("right of", RightOf),
    ("on the top of", TopOf),
    ("at the top of", TopOf),
    ("on top of", TopOf),
    ("above", TopOf),
    ("on the bottom of", BottomOf),
    ("at the bottom of", BottomOf),
    ("on bottom of", BottomOf),
    ("below", BottomOf),
    ("beneath", BottomOf),
    ("underneath", BottomOf),
    ("under", BottomOf),
    ("next to", NextTo),
    ("beside", NextTo),
    ("on the side of", OnSideOf),
    ("on side of", OnSideOf),
    ("close to", Near),
    ("near", Near),
];

const DEPTH: [(&str, RelationKind); 5] = [
    ("in front of", InFrontOf),
    ("behind", Behind),
    ("hidden by", HiddenBy),
    ("hidden behind", HiddenBy),
    ("obscured by", HiddenBy),
];

/// The first relation among words, which are lower-case: its kind, its words and where they are.
pub(super) fn first(words: &[String], space: Space) -> Option<(RelationKind, &'static str, std::ops::Range<usize>)> {
    let list: &[(&str, RelationKind)] = if space == Space::Plane { &PLANE } else { &DEPTH };
    let at = |start: usize| {
        let here = list.iter().filter_map(|&(phrase, kind)| {
            let length = phrase.split(' ').count();
            let same = words[start..].iter().take(length).map(String::as_str).eq(phrase.split(' '));
            same.then_some((kind, phrase, start..start + length))
        });
        here.max_by_key(|(_, _, range)| range.len())
    };
    (0..words.len()).find_map(at)
}
