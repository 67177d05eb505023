//! Wording: from a description to a text, in the official form or in one of many others.

use super::description::{Description, Form, Thing};
use super::{article, number_word, tokens};
use crate::rng::Rng;
use crate::{ActionKind, RelationKind};

/// `a striped red circle`, `three circles`.
pub fn phrase(thing: &Thing, counted: bool) -> String {
    let adjectives = adjectives(thing);
    let first = adjectives.first().copied().unwrap_or(thing.shape.word());
    let lead = if counted || thing.count != 1 { number_word(thing.count) } else { article(first) };
    let noun = if thing.count == 1 { thing.shape.word() } else { thing.shape.plural() };
    [&[lead], adjectives.as_slice(), &[noun]].concat().join(" ")
}

fn adjectives(thing: &Thing) -> Vec<&'static str> {
    let texture = thing.texture.map(|texture| texture.word());
    texture.into_iter().chain(thing.color.map(|color| color.word())).collect()
}

/// The official wording of a spatial relation.
pub const fn relation_words(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::LeftOf => "on the left of",
        RelationKind::RightOf => "on the right of",
        RelationKind::TopOf => "on the top of",
        RelationKind::BottomOf => "on the bottom of",
        RelationKind::NextTo => "next to",
        RelationKind::Near => "near",
        RelationKind::OnSideOf => "on side of",
        RelationKind::InFrontOf => "in front of",
        RelationKind::Behind => "behind",
        RelationKind::HiddenBy => "hidden by",
    }
}

/// The same place, seen from the other side.
pub const fn converse(kind: RelationKind) -> RelationKind {
    match kind {
        RelationKind::LeftOf => RelationKind::RightOf,
        RelationKind::RightOf => RelationKind::LeftOf,
        RelationKind::TopOf => RelationKind::BottomOf,
        RelationKind::BottomOf => RelationKind::TopOf,
        RelationKind::InFrontOf => RelationKind::Behind,
        RelationKind::Behind | RelationKind::HiddenBy => RelationKind::InFrontOf,
        symmetric => symmetric,
    }
}

/// The official wording, as evaluation prompts have it.
pub fn official(description: &Description) -> String {
    let counted = description.form == Form::Numeracy;
    assemble(description, |thing| phrase(thing, counted), |kind| relation_words(kind).to_owned())
}

/// Related things first (`A on the left of B`), then the others as a list.
fn assemble(
    description: &Description,
    mut phrase: impl FnMut(&Thing) -> String,
    mut relation: impl FnMut(RelationKind) -> String,
) -> String {
    let phrases: Vec<String> = description.things.iter().map(&mut phrase).collect();
    let mut used = vec![false; phrases.len()];
    let mut parts = Vec::new();
    if let Some((subject, kind, object)) = description.action {
        (used[subject], used[object]) = (true, true);
        let (subject, object) = (&phrases[subject], &phrases[object]);
        parts.push(match kind {
            ActionKind::Inside => format!("{subject} inside {object}"),
            ActionKind::Touching => format!("{subject} touching {object}"),
            ActionKind::ConnectedTo => format!("{subject} connected to {object} by a line"),
        });
    }
    if let Some((subject, kind, object)) = description.relation {
        (used[subject], used[object]) = (true, true);
        parts.push(format!("{} {} {}", phrases[subject], relation(kind), phrases[object]));
    }
    let related = !parts.is_empty();
    parts.extend(phrases.into_iter().zip(used).filter(|(_, used)| !used).map(|(phrase, _)| phrase));
    list(&parts, related)
}

/// `a`, `a and b`, `a, b and c`; with `clauses`, `a, and b`, because the first is longer than a noun phrase.
pub fn list(parts: &[String], clauses: bool) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first, last] if clauses => format!("{first}, and {last}"),
        [first, last] => format!("{first} and {last}"),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A training caption: about half are official, the others vary words and order. Never above `limit` tokens.
pub fn varied(description: &Description, limit: usize, rng: &mut Rng) -> String {
    if rng.chance(0.5) {
        return official(description);
    }
    let text = reworded(description, rng);
    if tokens(&text).count() <= limit { text } else { official(description) }
}

fn reworded(description: &Description, rng: &mut Rng) -> String {
    let mut told = description.clone();
    if rng.chance(0.4) {
        turn(&mut told);
    }
    let counted = told.form == Form::Numeracy && rng.chance(0.7);
    // Each choice is drawn once per caption, so that its parts sound alike.
    let style = rng.below(4);
    let body = match told.action.filter(|_| rng.chance(0.5)) {
        Some(action) => acting(&told, action, counted, rng),
        None => assemble(&told, |thing| noun_phrase(thing, counted, style), |kind| synonym(kind, rng).to_owned()),
    };
    let plural =
        told.things.first().is_some_and(|thing| thing.count > 1) && told.relation.is_none() && told.action.is_none();
    match rng.below(7) {
        0 => body,
        1 => format!("{body}."),
        2 => format!("there {} {body}.", if plural { "are" } else { "is" }),
        3 => format!("a picture of {body}"),
        4 => format!("an image of {body}"),
        5 => format!("a drawing of {body}."),
        _ => format!("here {} {body}.", if plural { "are" } else { "is" }),
    }
}

/// Tells it from the other side: the second thing first.
fn turn(told: &mut Description) {
    match (&mut told.relation, told.action) {
        (Some((subject, kind, object)), _) => {
            std::mem::swap(subject, object);
            *kind = converse(*kind);
        }
        (None, None) => told.things.reverse(),
        _ => {}
    }
}

/// `a circle that is red`, `a red circle with stripes`, or plainly.
fn noun_phrase(thing: &Thing, counted: bool, style: usize) -> String {
    use super::Texture;
    let bare = Thing { color: None, texture: None, ..*thing };
    let verb = if thing.count == 1 { "is" } else { "are" };
    match (style, thing.texture, thing.color) {
        (1, None, Some(color)) => {
            format!("{} that {verb} {}", phrase(&bare, counted), color.word())
        }
        (1, Some(texture), None) => {
            format!("{} that {verb} {}", phrase(&bare, counted), texture.word())
        }
        (1, Some(texture), Some(_)) => {
            format!("{} that {verb} {}", phrase(&Thing { texture: None, ..*thing }, counted), texture.word())
        }
        (2, Some(texture), _) => {
            let pattern = match texture {
                Texture::Plain | Texture::Striped => "stripes",
                Texture::Dotted => "dots",
                Texture::Checkered => "checks",
            };
            format!("{} with {pattern}", phrase(&Thing { texture: None, ..*thing }, counted))
        }
        _ => phrase(thing, counted),
    }
}

fn synonym(kind: RelationKind, rng: &mut Rng) -> &'static str {
    match kind {
        RelationKind::LeftOf => rng.pick(&["on the left of", "to the left of", "left of"]),
        RelationKind::RightOf => rng.pick(&["on the right of", "to the right of", "right of"]),
        RelationKind::TopOf => rng.pick(&["on the top of", "above"]),
        RelationKind::BottomOf => rng.pick(&["on the bottom of", "below"]),
        RelationKind::NextTo => rng.pick(&["next to", "beside"]),
        RelationKind::Near => rng.pick(&["near", "close to"]),
        RelationKind::Behind | RelationKind::HiddenBy => rng.pick(&["behind", "hidden by", "partly hidden by"]),
        other => relation_words(other),
    }
}

/// Actions told with other verbs; the rest follows as a list.
fn acting(
    told: &Description,
    (subject, kind, object): (usize, ActionKind, usize),
    counted: bool,
    rng: &mut Rng,
) -> String {
    let [inner, outer] = [subject, object].map(|index| phrase(&told.things[index], counted));
    let first = match kind {
        ActionKind::Inside => match rng.below(2) {
            0 => format!("{outer} around {inner}"),
            _ => format!("{outer} with {inner} inside it"),
        },
        ActionKind::Touching => match rng.below(2) {
            0 => format!("{outer} touching {inner}"),
            _ => format!("{inner} that touches {outer}"),
        },
        ActionKind::ConnectedTo => match rng.below(2) {
            0 => format!("{inner} and {outer} connected by a line"),
            _ => format!("a line that connects {inner} and {outer}"),
        },
    };
    let mut rest = told.clone();
    rest.action = None;
    let keep: Vec<usize> = (0..told.things.len()).filter(|&index| index != subject && index != object).collect();
    rest.things = keep.iter().map(|&index| told.things[index]).collect();
    let shift = |index: usize| keep.iter().position(|&kept| kept == index);
    rest.relation = told.relation.and_then(|(one, kind, other)| Some((shift(one)?, kind, shift(other)?)));
    if rest.things.is_empty() {
        return first;
    }
    let rest = assemble(&rest, |thing| phrase(thing, counted), |kind| relation_words(kind).to_owned());
    format!("{first}, and {rest}")
}
