//! From a text that anybody typed to what this world makes of it.

use super::caption::phrase;
use super::description::Thing;
use super::words::number_of;
use super::{Color, ID, Shape, Texture, suite, tokens};
use crate::{Action, ActionKind, Annotation, Count, Prompt, Relation, RelationKind, Split, Suite as _};

/// Words for places, those that contain others first.
const RELATIONS: [(&str, RelationKind); 20] = [
    ("on the left of", RelationKind::LeftOf),
    ("to the left of", RelationKind::LeftOf),
    ("left of", RelationKind::LeftOf),
    ("on the right of", RelationKind::RightOf),
    ("to the right of", RelationKind::RightOf),
    ("right of", RelationKind::RightOf),
    ("on the top of", RelationKind::TopOf),
    ("on top of", RelationKind::TopOf),
    ("above", RelationKind::TopOf),
    ("on the bottom of", RelationKind::BottomOf),
    ("below", RelationKind::BottomOf),
    ("next to", RelationKind::NextTo),
    ("beside", RelationKind::NextTo),
    ("on side of", RelationKind::OnSideOf),
    ("close to", RelationKind::Near),
    ("near", RelationKind::Near),
    ("in front of", RelationKind::InFrontOf),
    ("partly hidden by", RelationKind::HiddenBy),
    ("hidden by", RelationKind::HiddenBy),
    ("behind", RelationKind::Behind),
];

const ACTIONS: [(&str, ActionKind); 4] = [
    ("inside", ActionKind::Inside),
    ("touching", ActionKind::Touching),
    ("that touches", ActionKind::Touching),
    ("connected to", ActionKind::ConnectedTo),
];

/// A noun phrase and where it stands among the tokens.
struct Found {
    thing: Thing,
    counted: bool,
    start: usize,
    end: usize,
}

/// Reads a text: the suite's own prompt where it is one, to the letter; else things, numbers, and the first relation and action between
/// two of them, in the words that training has. What is not understood is left out; [`super::Description::of`] says whether the rest makes
/// a picture.
pub fn read(text: &str) -> Prompt {
    if let Some(prompt) = suite().prompts().iter().find(|prompt| prompt.text == text.trim()) {
        return prompt.clone();
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().flat_map(tokens).collect();
    let things = things(&words);
    let counted = things.iter().any(|found| found.counted || found.thing.count > 1);
    let between = |start: usize, length: usize| {
        let subject = things.iter().rev().find(|found| found.end <= start)?;
        let object = things.iter().find(|found| found.start >= start + length)?;
        Some((&subject.thing, &object.thing))
    };
    let noun = |thing: &Thing| thing.shape.word().to_owned();
    let action = said(&words, &ACTIONS).and_then(|(kind, start, length)| {
        let (subject, object) = between(start, length)?;
        Some(Action { kind, subject: phrase(subject, false), object: phrase(object, false) })
    });
    let relation = said(&words, &RELATIONS).and_then(|(kind, start, length)| {
        let (subject, object) = between(start, length)?;
        Some(Relation { kind, subject: noun(subject), object: noun(object) })
    });
    let count = |found: &Found| Count { noun: noun(&found.thing), count: found.thing.count };
    Prompt {
        id: "typed".to_owned(),
        suite: ID.to_owned(),
        category: "typed".to_owned(),
        index: 0,
        split: Split::Unsplit,
        text: text.to_owned(),
        annotation: Annotation {
            phrases: things.iter().map(|found| phrase(&found.thing, found.counted)).collect(),
            things: things.iter().map(|found| found.thing.count).sum(),
            counts: things.iter().filter(|_| counted).map(count).collect(),
            relation,
            action,
            ..Annotation::default()
        },
    }
}

/// The first of some phrases, where it begins and how many words it has.
fn said<K: Copy>(words: &[&str], phrases: &[(&str, K)]) -> Option<(K, usize, usize)> {
    (0..words.len()).find_map(|start| {
        phrases.iter().find_map(|(phrase, kind)| {
            let length = phrase.split(' ').count();
            let here = words.get(start..start + length)?;
            phrase.split(' ').eq(here.iter().copied()).then_some((*kind, start, length))
        })
    })
}

fn things(words: &[&str]) -> Vec<Found> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Ok(shape) = word.parse::<Shape>() else { continue };
        let mut thing = Thing::new(shape);
        let mut start = at;
        while start > 0 && describe(&mut thing, words[start - 1]) {
            start -= 1;
        }
        let number = start.checked_sub(1).and_then(|before| number_of(words[before]));
        thing.count = number.unwrap_or(1);
        let mut end = at + 1;
        if let Some(["that", "is" | "are", said]) = words.get(end..end + 3)
            && describe(&mut thing, said)
        {
            end += 3;
        }
        if let Some(["with", pattern]) = words.get(end..end + 2) {
            let texture = Texture::NAMED.into_iter().find(|texture| pattern_of(*texture) == *pattern);
            if texture.is_some() && thing.texture.is_none() {
                (thing.texture, end) = (texture, end + 2);
            }
        }
        found.push(Found { thing, counted: number.is_some(), start, end });
    }
    found
}

/// Takes an adjective, if it is one and nothing of its kind was said before.
fn describe(thing: &mut Thing, word: &str) -> bool {
    if let (Ok(color), None) = (word.parse::<Color>(), thing.color) {
        thing.color = Some(color);
        return true;
    }
    let named = Texture::NAMED.into_iter().find(|texture| texture.word() == word);
    if named.is_some() && thing.texture.is_none() {
        thing.texture = named;
        return true;
    }
    false
}

fn pattern_of(texture: Texture) -> &'static str {
    match texture {
        Texture::Plain => "",
        Texture::Striped => "stripes",
        Texture::Dotted => "dots",
        Texture::Checkered => "checks",
    }
}

#[cfg(test)]
mod tests {
    use super::super::Description;
    use super::*;

    #[test]
    fn the_suites_own_prompts_are_themselves_and_any_of_them_is_read_alike() {
        for prompt in suite().prompts() {
            assert_eq!(read(&prompt.text), *prompt);
            // With words before it, it is nobody's prompt to the letter, and must be understood.
            let again = read(&format!("there is {}", prompt.text));
            let (one, other) = (Description::of(prompt).unwrap(), Description::of(&again));
            let other = other.unwrap_or_else(|error| panic!("{}: {error}", prompt.text));
            assert_eq!(
                (&one.things, one.relation, one.action),
                (&other.things, other.relation, other.action),
                "{}",
                prompt.text
            );
        }
    }

    #[test]
    fn free_words_are_understood_as_far_as_they_go() {
        let prompt = read("A Circle that is red, to the left of two squares with stripes and an elephant");
        assert_eq!(prompt.annotation.phrases, ["a red circle", "two striped squares"]);
        assert_eq!(
            prompt.annotation.relation.map(|r| (r.kind, r.subject, r.object)),
            Some((RelationKind::LeftOf, "circle".into(), "square".into()))
        );
        assert_eq!(prompt.annotation.things, 3);
        assert!(read("an elephant").annotation.phrases.is_empty());
        let action = read("a star inside a blue circle").annotation.action.unwrap();
        assert_eq!((action.kind, action.object.as_str()), (ActionKind::Inside, "a blue circle"));
    }
}
