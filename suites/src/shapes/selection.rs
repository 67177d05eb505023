//! Which prompts the evaluation set holds: balanced, distinct, and either free of held-out combinations or with one kind.

use std::collections::HashSet;

use super::Shape;
use super::caption::official;
use super::description::{Description, Form};
use super::grammar::{ACTIONS, DEPTH, PLANE, describe};
use super::held_out::{HELD_OUT_COLOR_SHAPES, HELD_OUT_COUNTS, HELD_OUT_SHAPE_PAIRS, HELD_OUT_TEXTURE_SHAPES, HeldOut};
use crate::Split;
use crate::rng::Rng;

/// A new description for this slot. Lengths, relations and held-out combinations take turns; where a turn's wish cannot
/// be met (there are only four texts with two shapes that never meet in training), it is dropped after many tries.
pub fn draw(form: Form, split: Split, slot: usize, taken: &HashSet<String>, rng: &mut Rng) -> Description {
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
