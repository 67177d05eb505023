//! The fixed evaluation set: 60 prompts a category, 40 whose combinations training shows and 20 whose it never shows.

use std::collections::HashSet;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::caption::{official, phrase};
use super::description::{Description, Form};
use super::grammar::{ACTIONS, DEPTH, PLANE, describe};
use super::held_out::{HELD_OUT_COLOR_SHAPES, HELD_OUT_COUNTS, HELD_OUT_SHAPE_PAIRS, HELD_OUT_TEXTURE_SHAPES, HeldOut};
use super::staging::{Staging, stage};
use super::{Scene, Shape};
use crate::rng::{Purpose, Rng};
use crate::{Action, Annotation, Count, Prompt, Relation, Split, Suite};

/// The suite's registry key.
pub const ID: &str = "shapes";

/// Prompts a category whose combinations occur in training; they come first.
const SEEN: usize = 40;
/// Prompts a category that contain a held-out combination.
const UNSEEN: usize = 20;
/// Changing it makes another evaluation set, whose scores compare with nothing published.
const SEED: u64 = 0x5eed_0001;

/// The evaluation set. [`suite`] makes it.
#[derive(Clone, Debug)]
pub struct ShapesSuite {
    prompts: Vec<Prompt>,
    digest: String,
}

impl Suite for ShapesSuite {
    fn id(&self) -> &str {
        ID
    }

    fn digest(&self) -> String {
        self.digest.clone()
    }

    fn prompts(&self) -> &[Prompt] {
        &self.prompts
    }
}

/// The fixed evaluation set: categories in the order of [`Form::CATEGORIES`], in each the seen prompts first.
pub fn suite() -> ShapesSuite {
    static SUITE: OnceLock<ShapesSuite> = OnceLock::new();
    SUITE.get_or_init(build).clone()
}

fn build() -> ShapesSuite {
    let mut prompts = Vec::new();
    for (number, form) in Form::CATEGORIES.into_iter().enumerate() {
        let mut rng = Rng::new(SEED, number as u64, Purpose::Evaluation);
        let mut texts = HashSet::new();
        for (split, wanted) in [(Split::Seen, SEEN), (Split::Unseen, UNSEEN)] {
            for slot in 0..wanted {
                let description = draw(form, split, slot, &texts, &mut rng);
                texts.insert(official(&description));
                prompts.push(prompt(&description, prompts.len() % (SEEN + UNSEEN), split));
            }
        }
    }
    let mut hash = Sha256::new();
    for prompt in &prompts {
        hash.update(format!("{}\t{}\n", prompt.id, prompt.text));
    }
    ShapesSuite { prompts, digest: hex(&hash.finalize()) }
}

/// A new description for this slot. Lengths, relations and held-out combinations take turns; where a turn's wish cannot
/// be met (there are only four texts with two shapes that never meet in training), it is dropped after many tries.
fn draw(form: Form, split: Split, slot: usize, taken: &HashSet<String>, rng: &mut Rng) -> Description {
    const PATIENCE: usize = 20_000;
    let mut tries = 0;
    loop {
        tries += 1;
        let description = describe(form, length(form, slot), rng);
        let held_out = description.held_out();
        let belongs = match split {
            Split::Unseen => held_out == axis(&description),
            _ => !held_out.any(),
        };
        let wanted = tries > PATIENCE || is_turn(&description, split, slot);
        if belongs && wanted && !taken.contains(&official(&description)) {
            return description;
        }
    }
}

/// Noun phrases of a slot's prompt. Seen and unseen prompts have nearly the same mixture, so that a difference between
/// their scores is not one of length.
fn length(form: Form, slot: usize) -> usize {
    match form {
        Form::Single => 1,
        Form::Shape => {
            if slot.is_multiple_of(5) {
                2
            } else {
                3
            }
        }
        Form::Numeracy => match slot % 20 {
            0 | 7 | 14 => 1,
            4 | 11 | 16 | 19 => 3,
            _ => 2,
        },
        Form::Complex => 3 + slot % 3,
        _ => 2,
    }
}

/// The one kind of held-out combination that makes a prompt of this form unseen; a prompt with two kinds would not tell
/// which of them is hard.
fn axis(description: &Description) -> HeldOut {
    let none = HeldOut::default();
    match description.form {
        Form::Color | Form::Single | Form::NonSpatial => HeldOut { color: true, ..none },
        Form::Texture => HeldOut { texture: true, ..none },
        Form::Numeracy => HeldOut { count: true, ..none },
        Form::Spatial3d if description.things.iter().any(|thing| thing.color.is_some()) => {
            HeldOut { color: true, ..none }
        }
        Form::Shape | Form::Spatial2d | Form::Spatial3d => HeldOut { pair: true, ..none },
        Form::Complex if description.held_out().texture => HeldOut { texture: true, ..none },
        Form::Complex => HeldOut { color: true, ..none },
    }
}

/// Whether it is this description's turn, so that all relations and held-out combinations occur about equally often.
fn is_turn(description: &Description, split: Split, slot: usize) -> bool {
    let things = &description.things;
    let has = |shape: Shape| things.iter().any(|thing| thing.shape == shape);
    let relations = match (description.form, description.relation, description.action) {
        (Form::Spatial2d, Some((_, kind, _)), _) => kind == PLANE[slot % PLANE.len()],
        (Form::Spatial3d, Some((_, kind, _)), _) => {
            kind == DEPTH[slot % DEPTH.len()] && things[0].color.is_some() == (slot % 5 > 2)
        }
        (Form::NonSpatial, _, Some((_, kind, _))) => kind == ACTIONS[slot % ACTIONS.len()],
        _ => true,
    };
    let held_out = description.held_out();
    let combination = if split != Split::Unseen {
        true
    } else if held_out.color {
        let (color, shape) = HELD_OUT_COLOR_SHAPES[slot % HELD_OUT_COLOR_SHAPES.len()];
        things.iter().any(|thing| thing.color == Some(color) && thing.shape == shape)
    } else if held_out.texture {
        let (texture, shape) = HELD_OUT_TEXTURE_SHAPES[slot % HELD_OUT_TEXTURE_SHAPES.len()];
        things.iter().any(|thing| thing.texture == Some(texture) && thing.shape == shape)
    } else if held_out.count {
        let (count, shape) = HELD_OUT_COUNTS[slot % HELD_OUT_COUNTS.len()];
        things.iter().any(|thing| thing.count == count && thing.shape == shape)
    } else {
        let (one, other) = HELD_OUT_SHAPE_PAIRS[slot % HELD_OUT_SHAPE_PAIRS.len()];
        has(one) && has(other)
    };
    relations && combination
}

fn prompt(description: &Description, index: usize, split: Split) -> Prompt {
    let text = official(description);
    let category = description.form.category();
    let counted = description.form == Form::Numeracy;
    let things = &description.things;
    let phrase = |index: usize| phrase(&things[index], counted);
    let noun = |index: usize| things[index].shape.word().to_owned();
    let annotation = Annotation {
        phrases: (0..things.len()).map(phrase).collect(),
        things: description.objects(),
        relation: description.relation.map(|(subject, kind, object)| Relation {
            kind,
            subject: noun(subject),
            object: noun(object),
        }),
        counts: things
            .iter()
            .filter(|_| counted)
            .map(|thing| Count { noun: thing.shape.word().to_owned(), count: thing.count })
            .collect(),
        action: description.action.map(|(subject, kind, object)| Action {
            kind,
            subject: phrase(subject),
            object: phrase(object),
        }),
        complex: description.complex(),
    };
    Prompt {
        id: format!("{category}-{index:03}-{}", &hex(&Sha256::digest(text.as_bytes()))[..8]),
        suite: ID.to_owned(),
        category: category.to_owned(),
        index: index as u32,
        split,
        text,
        annotation,
    }
}

/// A scene that fulfils the prompt in every respect and shows nothing that is not asked for; other seeds give other
/// scenes. Textures that are not asked for are plain.
///
/// A prompt that this world cannot draw gives the empty scene; [`Description::of`] says why.
pub fn scene_for(prompt: &Prompt, seed: u64) -> Scene {
    let Ok(description) = Description::of(prompt) else { return Scene::default() };
    let digest = Sha256::digest(prompt.text.as_bytes());
    let index = digest.iter().take(8).fold(0, |index, &byte| index << 8 | u64::from(byte));
    stage(&description, Staging { unsaid_texture: 0.0 }, &mut Rng::new(seed, index, Purpose::Truth)).scene
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
