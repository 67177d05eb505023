//! Documents for span corruption: a scene told again and again from different sides.

use super::caption::{list, official, phrase, relation_words};
use super::description::{Description, Form, Thing};
use super::staging::Staged;
use super::tokens;
use super::{Object, Texture};
use crate::rng::Rng;
use crate::{ActionKind, RelationKind};

/// One to three sentences, at most `limit` tokens.
pub fn document(description: &Description, staged: &Staged, limit: usize, rng: &mut Rng) -> String {
    let told = attributed(description, staged, rng);
    let mut text = format!("{}.", official(&told));
    let mut facts = facts(&told, staged, rng);
    rng.shuffle(&mut facts);
    let wanted = [0, 1, 2, 2, 2][rng.below(5)];
    let mut said = 0;
    for fact in facts {
        if said == wanted {
            break;
        }
        let longer = format!("{text} {fact}.");
        if tokens(&longer).count() <= limit {
            text = longer;
            said += 1;
        }
    }
    text
}

/// The description with most colours of its scene said, so that there is something to bind.
fn attributed(description: &Description, staged: &Staged, rng: &mut Rng) -> Description {
    let mut told = description.clone();
    for (thing, members) in told.things.iter_mut().zip(&staged.members) {
        let objects: Vec<&Object> = members.iter().map(|&member| &staged.scene.objects[member]).collect();
        let alike = objects.windows(2).all(|pair| pair[0].color == pair[1].color);
        if let Some(first) = objects.first().filter(|_| alike && rng.chance(0.8)) {
            thing.color = Some(first.color);
        }
    }
    told
}

/// How to speak of a thing that was introduced: by noun, by colour or by both, if that names it alone.
fn names(things: &[Thing], index: usize) -> Vec<String> {
    let thing = &things[index];
    let (noun, one) = if thing.count == 1 { (thing.shape.word(), "one") } else { (thing.shape.plural(), "") };
    let mut names = Vec::new();
    if things.iter().filter(|other| other.shape == thing.shape).count() == 1 {
        names.push(format!("the {noun}"));
    }
    if let Some(color) = thing.color {
        let alike: Vec<&Thing> = things.iter().filter(|other| other.color == Some(color)).collect();
        if alike.len() == 1 && !one.is_empty() && things.len() > 1 {
            names.push(format!("the {} {one}", color.word()));
        }
        if alike.iter().filter(|other| other.shape == thing.shape).count() == 1 {
            names.push(format!("the {} {noun}", color.word()));
        }
    }
    names
}

fn name(things: &[Thing], index: usize, rng: &mut Rng) -> Option<String> {
    let names = names(things, index);
    (!names.is_empty()).then(|| names[rng.below(names.len())].clone())
}

/// True sentences about the scene, without the final full stop.
fn facts(told: &Description, staged: &Staged, rng: &mut Rng) -> Vec<String> {
    let things = &told.things;
    let mut facts = Vec::new();
    let mut attributes = Vec::new();
    for (index, thing) in things.iter().enumerate() {
        let verb = if thing.count == 1 { "is" } else { "are" };
        let noun = if thing.count == 1 { thing.shape.word() } else { thing.shape.plural() };
        // One sentence a thing and attribute; several ways to say that of colour.
        let mut ways = Vec::new();
        if let Some(color) = thing.color.map(|color| color.word()) {
            if things.iter().filter(|other| other.shape == thing.shape).count() == 1 {
                ways.push(format!("the {noun} {verb} {color}"));
                if thing.count == 1 {
                    ways.push(format!("the {noun} is the {color} one"));
                }
            }
            let only = things.iter().filter(|other| other.color == thing.color).count() == 1;
            if only && thing.count == 1 && things.len() > 1 {
                ways.push(format!("the {color} one is {}", phrase(&Thing::new(thing.shape), false)));
            }
        }
        if !ways.is_empty() {
            attributes.push(ways.swap_remove(rng.below(ways.len())));
        }
        let texture =
            staged.members[index].first().map_or(Texture::Plain, |&member| staged.scene.objects[member].texture);
        if let Some(name) = name(things, index, rng).filter(|_| texture != Texture::Plain) {
            attributes.push(format!("{name} {verb} {}", texture.word()));
        }
        if told.form == Form::Numeracy {
            attributes.push(format!("there {verb} {}", phrase(&Thing { color: None, texture: None, ..*thing }, true)));
        }
    }
    rng.shuffle(&mut attributes);
    if attributes.len() > 1 {
        facts.push(list(&attributes[..2], false));
        facts.extend(attributes.drain(2..));
    } else {
        facts.extend(attributes);
    }
    facts.extend(places(told, staged, rng));
    facts
}

/// Where one thing stands, seen from another.
fn places(told: &Description, staged: &Staged, rng: &mut Rng) -> Vec<String> {
    let mut facts = Vec::new();
    for one in 0..told.things.len() {
        for other in 0..told.things.len() {
            if one == other || told.things[one].count != 1 || told.things[other].count != 1 {
                continue;
            }
            let [Some(a), Some(b)] =
                [one, other].map(|index| staged.members[index].first().map(|&member| &staged.scene.objects[member]))
            else {
                continue;
            };
            let related = match told.action {
                Some((subject, kind, object)) if (subject, object) == (one, other) => Some(match kind {
                    ActionKind::Inside => "inside",
                    ActionKind::Touching => "touching",
                    ActionKind::ConnectedTo => "connected to",
                }),
                Some((subject, ActionKind::Inside, object)) if (subject, object) == (other, one) => Some("around"),
                _ => place(a, b, &staged.members, [one, other]).map(relation_words),
            };
            let Some(words) = related else { continue };
            if let (Some(a), Some(b)) = (name(&told.things, one, rng), name(&told.things, other, rng)) {
                facts.push(format!("{a} is {words} {b}"));
            }
        }
    }
    rng.shuffle(&mut facts);
    facts.truncate(3);
    facts
}

/// The place of `a` seen from `b`, where there can be no doubt.
fn place(a: &Object, b: &Object, members: &[Vec<usize>], [one, other]: [usize; 2]) -> Option<RelationKind> {
    let [dx, dy] = [b.center[0] - a.center[0], b.center[1] - a.center[1]];
    let touch = (a.size + b.size) / 2.0 - 2.0;
    if dx.abs().max(dy.abs()) < touch {
        // They overlap: the one painted later is in front.
        return Some(if members[one] > members[other] { RelationKind::InFrontOf } else { RelationKind::Behind });
    }
    match (dx.abs() >= 1.3 * dy.abs() + 4.0, dy.abs() >= 1.3 * dx.abs() + 4.0) {
        (true, _) => Some(if dx > 0.0 { RelationKind::LeftOf } else { RelationKind::RightOf }),
        (_, true) => Some(if dy > 0.0 { RelationKind::TopOf } else { RelationKind::BottomOf }),
        _ => None,
    }
}
