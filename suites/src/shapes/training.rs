//! Training data without end: pair `index` of `seed` is a pure function of both.

use super::caption::{converse, varied};
use super::description::{Description, Form};
use super::document::document;
use super::grammar::{describe, length};
use super::staging::{Staged, Staging, stage};
use super::{Color, MAX_OBJECTS, Pair, Shape, Thing, render};
use crate::rng::{Purpose, Rng};

/// The longest caption, in tokens (words and punctuation marks).
pub const MAX_CAPTION_TOKENS: usize = 28;
/// The longest document, in tokens.
pub const MAX_DOCUMENT_TOKENS: usize = 60;

/// How often an object of a training scene has a texture that its caption does not mention.
const UNSAID_TEXTURE: f32 = 0.2;

/// The `index`-th training pair of `seed`. Never shows a held-out combination, whether its caption says so or not.
pub fn training_pair(seed: u64, index: u64) -> Pair {
    pair(training_scene(seed, index), (seed, index))
}

/// As [`training_pair`], of this form.
pub fn training_pair_of(form: Form, seed: u64, index: u64) -> Pair {
    pair(scene_of(Some(form), seed, index), (seed, index))
}

fn pair((description, staged): (Description, Staged), (seed, index): (u64, u64)) -> Pair {
    let caption = varied(&description, MAX_CAPTION_TOKENS, &mut Rng::new(seed, index, Purpose::Wording));
    Pair { image: render(&staged.scene), caption, scene: staged.scene, form: description.form }
}

/// The `index`-th document of `seed`, about the scene of the pair with the same index: one to three sentences which
/// mention its objects repeatedly, so that a masked word can be restored only by knowing what belongs to which object.
pub fn training_document(seed: u64, index: u64) -> String {
    let (description, staged) = training_scene(seed, index);
    document(&description, &staged, MAX_DOCUMENT_TOKENS, &mut Rng::new(seed, index, Purpose::Document))
}

/// A caption like that of the `index`-th pair which is false of its picture, because two things have exchanged colours,
/// textures or places, or because a number or a colour is another. `None` where the caption says too little for that.
pub fn hard_negative(seed: u64, index: u64) -> Option<String> {
    let (truth, _) = training_scene(seed, index);
    let mut rng = Rng::new(seed, index, Purpose::Falsehood);
    let mut lies = falsehoods(&truth, &mut rng);
    rng.shuffle(&mut lies);
    let lie = lies.pop()?;
    Some(varied(&lie, MAX_CAPTION_TOKENS, &mut Rng::new(seed, index, Purpose::Wording)))
}

/// All descriptions that differ from the true one by one lie.
fn falsehoods(truth: &Description, rng: &mut Rng) -> Vec<Description> {
    let mut lies = Vec::new();
    let things = &truth.things;
    for one in 0..things.len() {
        for other in one + 1..things.len() {
            if things[one].shape == things[other].shape {
                continue;
            }
            let mut lie = truth.clone();
            (lie.things[one].color, lie.things[other].color) = (things[other].color, things[one].color);
            if things[one].color.is_some() && things[other].color.is_some() && lie != *truth {
                lies.push(lie);
            }
            let mut lie = truth.clone();
            (lie.things[one].texture, lie.things[other].texture) = (things[other].texture, things[one].texture);
            if things[one].texture.is_some() && things[other].texture.is_some() && lie != *truth {
                lies.push(lie);
            }
        }
    }
    if let Some((subject, kind, object)) = truth.relation.filter(|&(_, kind, _)| converse(kind) != kind) {
        lies.push(Description { relation: Some((subject, converse(kind), object)), ..truth.clone() });
    }
    if truth.form == Form::Numeracy {
        let mut lie = truth.clone();
        let thing = rng.below(things.len());
        let count = lie.things[thing].count;
        lie.things[thing].count =
            if count == 1 || (count < MAX_OBJECTS as u32 && rng.chance(0.5)) { count + 1 } else { count - 1 };
        lies.push(lie);
    }
    if let [Thing { color: Some(color), .. }] = things[..] {
        let others: Vec<Color> = Color::ALL.into_iter().filter(|&other| other != color).collect();
        let mut lie = truth.clone();
        lie.things[0].color = Some(rng.pick(&others));
        lies.push(lie);
    }
    lies
}

pub(super) fn training_scene(seed: u64, index: u64) -> (Description, Staged) {
    scene_of(None, seed, index)
}

/// Of any form, all equally frequent, where none is given.
fn scene_of(form: Option<Form>, seed: u64, index: u64) -> (Description, Staged) {
    const TRIES: usize = 2000;
    let mut content = Rng::new(seed, index, Purpose::Content);
    let mut rng = Rng::new(seed, index, Purpose::Staging);
    let any = content.pick(&Form::ALL);
    let form = form.unwrap_or(any);
    let staging = Staging { unsaid_texture: UNSAID_TEXTURE };
    let length = length(form, &mut content);
    for _ in 0..TRIES {
        let mut description = describe(form, length, &mut content);
        if description.held_out().any() {
            continue;
        }
        loosen(&mut description, &mut content);
        let staged = stage(&description, staging, &mut rng);
        if !staged.scene.is_held_out() {
            return (description, staged);
        }
    }
    // One draft in eight passes at worst, so this is here only to keep the function total.
    let thing = Thing { color: Some(Color::Red), ..Thing::new(Shape::Circle) };
    let description = Description { form: Form::Single, things: vec![thing], relation: None, action: None };
    let staged = stage(&description, Staging { unsaid_texture: 0.0 }, &mut rng);
    (description, staged)
}

/// Captions of people say more than the form asks for, or less.
fn loosen(description: &mut Description, rng: &mut Rng) {
    let attributes_open = matches!(description.form, Form::Shape | Form::Texture | Form::Spatial2d | Form::Numeracy);
    let colored = attributes_open && rng.chance(0.25);
    for thing in &mut description.things {
        if colored {
            let color = rng.pick(&Color::ALL);
            thing.color = (!super::is_held_out_color(color, thing.shape)).then_some(color);
        } else if description.form != Form::Single && rng.chance(0.06) {
            thing.color = None;
            thing.texture = None;
        }
    }
}

#[cfg(test)]
mod tests;
