//! What a text about a clip says.

use super::super::{Shape, Texture, Thing, is_held_out_color, is_held_out_texture};
use crate::Motion;
use crate::rng::Rng;
use crate::shapes::Color;

/// A thing and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// One object.
    pub thing: Thing,
    /// What it does.
    pub motion: Motion,
}

/// What a text about a clip says: one or two roles, of different shapes and colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Play {
    /// In the order of the official wording.
    pub roles: Vec<Role>,
}

impl Play {
    /// Draws roles for these motions; nothing that training holds out unless `held_out`, where the first role's colour or texture
    /// on its shape is something that training never shows.
    pub(super) fn draw(motions: &[Motion], held_out: bool, rng: &mut Rng) -> Self {
        let mut roles: Vec<Role> = Vec::new();
        for (index, &motion) in motions.iter().enumerate() {
            let role = loop {
                let role = Role { thing: thing(motion, rng), motion };
                let new = roles
                    .iter()
                    .all(|other| other.thing.shape != role.thing.shape && other.thing.color != role.thing.color);
                let wanted = held_out && index == 0;
                if new && is_held_out(&role.thing) == wanted && (wanted || !is_held_out_pair(&roles, role)) {
                    break role;
                }
            };
            roles.push(role);
        }
        Self { roles }
    }
}

fn thing(motion: Motion, rng: &mut Rng) -> Thing {
    // Nobody sees a circle turn, and a turning texture is not drawn.
    let shapes = if motion == Motion::Turn { &Shape::ALL[1..] } else { &Shape::ALL[..] };
    let textured = motion != Motion::Turn && !matches!(motion, Motion::Grow | Motion::Shrink) && rng.chance(0.2);
    Thing {
        color: Some(rng.pick(&Color::ALL)),
        texture: textured.then(|| rng.pick(&Texture::NAMED)),
        ..Thing::new(rng.pick(shapes))
    }
}

fn is_held_out(thing: &Thing) -> bool {
    thing.color.is_some_and(|color| is_held_out_color(color, thing.shape))
        || thing.texture.is_some_and(|texture| is_held_out_texture(texture, thing.shape))
}

fn is_held_out_pair(roles: &[Role], new: Role) -> bool {
    let shapes: Vec<Shape> = roles.iter().chain([&new]).map(|role| role.thing.shape).collect();
    let together = |(one, other): &(Shape, Shape)| shapes.contains(one) && shapes.contains(other);
    super::super::HELD_OUT_SHAPE_PAIRS.iter().any(together)
}
