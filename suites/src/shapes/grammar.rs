//! What there is to say: draws descriptions of each form, held-out combinations included.

use super::description::{Description, Form, Thing};
use super::{Color, MAX_OBJECTS, Shape, Texture};
use crate::rng::Rng;
use crate::{ActionKind, RelationKind};

/// The relations in the plane, in official wording `on the left of`, `on the right of`, ...
pub const PLANE: [RelationKind; 6] = [
    RelationKind::LeftOf,
    RelationKind::RightOf,
    RelationKind::TopOf,
    RelationKind::BottomOf,
    RelationKind::NextTo,
    RelationKind::Near,
];
/// The relations in depth.
pub const DEPTH: [RelationKind; 3] = [RelationKind::InFrontOf, RelationKind::Behind, RelationKind::HiddenBy];
/// The actions.
pub const ACTIONS: [ActionKind; 3] = [ActionKind::Inside, ActionKind::Touching, ActionKind::ConnectedTo];

/// How many noun phrases a text of this form has. Drawn before [`describe`], so that rejecting held-out combinations,
/// which long texts contain more often, does not make texts shorter.
pub fn length(form: Form, rng: &mut Rng) -> usize {
    match form {
        Form::Single => 1,
        Form::Shape => rng.pick(&[2, 2, 2, 3, 3]),
        Form::Numeracy => rng.pick(&[1, 1, 1, 1, 2, 2, 2, 2, 2, 3]),
        Form::Complex => rng.pick(&[3, 4, 5]),
        _ => 2,
    }
}

/// Draws what a text of this form says in so many noun phrases. Nothing is held back here: the caller rejects what it
/// must not have.
pub fn describe(form: Form, length: usize, rng: &mut Rng) -> Description {
    let mut relation = None;
    let mut action = None;
    let things = match form {
        Form::Single => {
            let mut thing = Thing::new(rng.pick(&Shape::ALL));
            thing.color = rng.chance(0.75).then(|| rng.pick(&Color::ALL));
            thing.texture = rng.chance(0.35).then(|| rng.pick(&Texture::NAMED));
            vec![thing]
        }
        Form::Color => {
            let mut things = distinct(2, rng);
            color_all(&mut things, rng);
            things
        }
        Form::Shape => distinct(length, rng),
        Form::Texture => {
            let mut things = distinct(2, rng);
            things.iter_mut().for_each(|thing| thing.texture = Some(rng.pick(&Texture::NAMED)));
            things
        }
        Form::Spatial2d => {
            relation = Some((0, rng.pick(&PLANE), 1));
            distinct(2, rng)
        }
        Form::Spatial3d => {
            relation = Some((0, rng.pick(&DEPTH), 1));
            let mut things = distinct(2, rng);
            if rng.chance(0.4) {
                color_all(&mut things, rng);
            }
            things
        }
        Form::Numeracy => counted(length, rng),
        Form::NonSpatial => {
            action = Some((0, rng.pick(&ACTIONS), 1));
            let mut things = distinct(2, rng);
            color_all(&mut things, rng);
            things
        }
        Form::Complex => return complex(length, rng),
    };
    Description { form, things, relation, action }
}

/// Different shapes, nothing else said.
fn distinct(count: usize, rng: &mut Rng) -> Vec<Thing> {
    let mut shapes = Shape::ALL;
    rng.shuffle(&mut shapes);
    shapes.into_iter().take(count).map(Thing::new).collect()
}

/// Different colours for all, so that each can be told by its colour.
fn color_all(things: &mut [Thing], rng: &mut Rng) {
    let mut colors = Color::ALL;
    rng.shuffle(&mut colors);
    things.iter_mut().zip(colors).for_each(|(thing, color)| thing.color = Some(color));
}

/// Groups of equal objects, five objects at most.
fn counted(groups: usize, rng: &mut Rng) -> Vec<Thing> {
    let mut things = distinct(groups, rng);
    let mut room = MAX_OBJECTS - groups;
    for thing in &mut things {
        let extra = rng.below(room + 1);
        room -= extra;
        thing.count += extra as u32;
    }
    rng.shuffle(&mut things);
    things
}

/// Three to five things, each with a colour and some with a texture; a spatial relation, an action or, from four things
/// on, both. Words of relations name their things uniquely: nouns there occur once.
fn complex(count: usize, rng: &mut Rng) -> Description {
    let draw = rng.below(10);
    let (spatial, acting) = match draw {
        0..5 => (true, false),
        5..8 => (false, true),
        _ => (true, count > 3),
    };
    let mut things = distinct(count, rng);
    if count == MAX_OBJECTS {
        // Five different shapes would always contain a held-out pair. The repeated noun is not one of the relation's.
        things[4].shape = if spatial && acting { things[0].shape } else { things[3].shape };
    }
    color_all(&mut things, rng);
    // A container takes a large part of the picture: five objects, or one with a narrow hollow, would not fit.
    let roomy = count < MAX_OBJECTS && !is_thin(things[1].shape);
    let action = acting.then(|| (0, rng.pick(if roomy { &ACTIONS } else { &ACTIONS[1..] }), 1));
    let first = if acting { 2 } else { 0 };
    let relation = spatial.then(|| (first, rng.pick(&PLANE), first + 1));
    let nested = matches!(action, Some((_, ActionKind::Inside, _)));
    let mut textured = 0;
    for (index, thing) in things.iter_mut().enumerate() {
        // Textures need some area to be seen on, and a plain ground around what stands inside.
        let fit = !(nested && index < 2) && (count < 4 || !is_thin(thing.shape));
        if fit && textured < 2 && rng.chance(0.35) {
            thing.texture = Some(rng.pick(&Texture::NAMED));
            textured += 1;
        }
    }
    Description { form: Form::Complex, things, relation, action }
}

/// Whether a shape has little room within.
fn is_thin(shape: Shape) -> bool {
    matches!(shape, Shape::Star | Shape::Cross)
}
