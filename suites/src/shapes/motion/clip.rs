//! Clips and how they are staged: paths that stay on the canvas and out of one another's way.

use image::RgbImage;

use super::play::{Play, Role};
use crate::Motion;
use crate::rng::Rng;
use crate::shapes::{CANVAS, Object, Scene, Texture, render};

/// Frames of every clip.
pub const FRAMES: usize = 8;

/// The least distance of a path from the canvas's edge, pixels.
const EDGE: f32 = 2.0;
/// The least distance between two paths, pixels.
const GAP: f32 = 3.0;
/// Degrees that a turning object turns in a frame.
const TURN: f32 = 8.0;

/// An object and its way through the clip.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// As it is in the first frame.
    pub object: Object,
    /// What it does.
    pub motion: Motion,
    /// How much of it in a frame: pixels, pixels of width, or degrees.
    pub rate: f32,
}

impl Actor {
    /// The object in frame `frame`, from 0.
    pub fn at(&self, frame: usize) -> Object {
        let way = self.rate * frame as f32;
        let mut object = self.object.clone();
        match self.motion {
            Motion::Still => {}
            Motion::Left => object.center[0] -= way,
            Motion::Right => object.center[0] += way,
            Motion::Up => object.center[1] -= way,
            Motion::Down => object.center[1] += way,
            Motion::Grow => object.size += way,
            Motion::Shrink => object.size -= way,
            Motion::Turn => object.turn += way,
        }
        object
    }

    /// The box of all that it covers from first to last frame, `x1, y1, x2, y2`.
    fn path(&self) -> [f32; 4] {
        let [first, last] = [self.object.bbox(), self.at(FRAMES - 1).bbox()];
        let beyond = if self.motion == Motion::Turn { self.object.size * 0.21 } else { 0.0 };
        let low = |i: usize| first[i].min(last[i]) - beyond;
        let high = |i: usize| first[i].max(last[i]) + beyond;
        [low(0), low(1), high(2), high(3)]
    }
}

/// A clip's content.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clip {
    /// In painter's order, and in that of the text.
    pub actors: Vec<Actor>,
}

impl Clip {
    /// What frame `frame`, from 0, shows.
    pub fn scene(&self, frame: usize) -> Scene {
        Scene { objects: self.actors.iter().map(|actor| actor.at(frame)).collect(), links: Vec::new() }
    }

    /// All frames, 64 x 64 each.
    pub fn render(&self) -> Vec<RgbImage> {
        (0..FRAMES).map(|frame| render(&self.scene(frame))).collect()
    }

    /// Stages a play; the outcome is a function of the play and the random stream alone. Paths do not meet.
    pub(super) fn stage(play: &Play, rng: &mut Rng) -> Self {
        const TRIES: usize = 400;
        for attempt in 0..TRIES {
            let tight = attempt > TRIES / 4;
            let mut actors: Vec<Actor> = play.roles.iter().map(|role| dress(role, tight, rng)).collect();
            actors.iter_mut().for_each(|actor| place(actor, rng));
            let apart = |one: [f32; 4], other: [f32; 4]| {
                one[2] + GAP <= other[0]
                    || other[2] + GAP <= one[0]
                    || one[3] + GAP <= other[1]
                    || other[3] + GAP <= one[1]
            };
            let meet = (1..actors.len()).any(|i| (0..i).any(|j| !apart(actors[i].path(), actors[j].path())));
            if !meet {
                return Self { actors };
            }
        }
        // Two of the smallest paths fit in one of a few tries, so that this keeps the function total and no more.
        Self { actors: play.roles.iter().take(1).map(|role| dress(role, true, rng)).collect() }
    }
}

/// An actor of some size and speed, in the middle of the canvas.
fn dress(role: &Role, tight: bool, rng: &mut Rng) -> Actor {
    let (low, high) = match role.motion {
        Motion::Still => (15, 26),
        Motion::Left | Motion::Right | Motion::Up | Motion::Down => (15, 22),
        Motion::Grow => (12, 15),
        Motion::Shrink => (24, 30),
        Motion::Turn => (18, 25),
    };
    let size = rng.between(low, if tight { low } else { high }) as f32;
    let rate = match role.motion {
        Motion::Still => 0.0,
        Motion::Left | Motion::Right | Motion::Up | Motion::Down => {
            0.5 * rng.between(5, if tight { 5 } else { 8 }) as f32
        }
        Motion::Grow => size / (FRAMES - 1) as f32,
        Motion::Shrink => size / 2.0 / (FRAMES - 1) as f32,
        Motion::Turn => TURN,
    };
    let object = Object {
        shape: role.thing.shape,
        color: role.thing.color.unwrap_or(super::super::Color::Red),
        texture: role.thing.texture.unwrap_or(Texture::Plain),
        center: [CANVAS as f32 / 2.0; 2],
        size,
        turn: 0.0,
    };
    Actor { object, motion: role.motion, rate }
}

/// Moves an actor's path to a random place on the canvas, by whole pixels.
fn place(actor: &mut Actor, rng: &mut Rng) {
    let path = actor.path();
    for axis in 0..2 {
        let (low, high) = (path[axis], path[axis + 2]);
        let shift = rng.between((EDGE - low).ceil() as i32, (CANVAS as f32 - EDGE - high).floor() as i32);
        actor.object.center[axis] += shift as f32;
    }
}
