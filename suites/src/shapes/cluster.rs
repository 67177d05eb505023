//! How related objects stand to each other: groups of boxes with an inner geometry.

use super::Shape;
use super::geometry::{Side, contact, hollow};
use crate::rng::Rng;

/// Free pixels between objects that have nothing to do with each other.
pub const GAP: i32 = 3;
/// Room inside the edges of the picture, pixels.
pub const ROOM: i32 = super::CANVAS as i32 - 2 * EDGE;
/// Free pixels at the edge of the picture.
pub const EDGE: i32 = 1;

/// Objects (by index) that stand in a relation.
#[derive(Clone, Copy, Debug)]
pub enum Group {
    /// Anywhere.
    Alone(usize),
    /// One clearly on the left of the other.
    Beside { left: usize, right: usize },
    /// One clearly above the other.
    Stacked { upper: usize, lower: usize },
    /// A small gap, aligned.
    Close(usize, usize),
    /// The front one hides most of the back one.
    Occluding { front: usize, back: usize },
    /// One within the other's outline.
    Inside { inner: usize, container: usize },
    /// Outlines meet.
    Touching(usize, usize),
    /// Apart, with room for a line.
    Linked(usize, usize),
}

/// A square box on whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// Width and height.
    pub size: i32,
}

impl Placed {
    /// Centre in pixels, x before y.
    pub fn center(&self) -> [f32; 2] {
        let half = self.size as f32 / 2.0;
        [self.x as f32 + half, self.y as f32 + half]
    }
}

/// A group with its inner geometry settled; the bounding box starts at 0, 0.
pub struct Cluster {
    /// Object index and box.
    pub boxes: Vec<(usize, Placed)>,
    /// Of the bounding box, pixels.
    pub width: i32,
    /// Of the bounding box, pixels.
    pub height: i32,
    /// Nothing else may stand within the bounding box (a line crosses it).
    pub solid: bool,
    /// Stands in a corner, so that others find room.
    pub cornered: bool,
}

/// Sizes by the number of objects, pixels.
fn sizes(objects: usize) -> (i32, i32) {
    match objects {
        0 | 1 => (24, 32),
        2 => (20, 26),
        3 => (17, 22),
        4 => (16, 19),
        5 => (15, 17),
        _ => (10, 12),
    }
}

/// Settles a group's inner geometry; `tight` takes the smallest sizes and gaps.
pub fn cluster(group: Group, shapes: &[Shape], tight: bool, rng: &mut Rng) -> Cluster {
    let (least, most) = sizes(shapes.len());
    let most = if tight { least } else { most };
    let alone = shapes.len() <= 2;
    let mut draw = || rng.between(least, most);
    let (one, other) = (draw(), draw());
    let boxes = match group {
        Group::Alone(index) => vec![(index, Placed { x: 0, y: 0, size: one })],
        Group::Beside { left, right } => apart(left, right, [one, other], loose_gap(alone, tight), alone, true, rng),
        Group::Stacked { upper, lower } => {
            apart(upper, lower, [one, other], loose_gap(alone, tight), alone, false, rng)
        }
        Group::Close(first, second) => {
            let across = rng.chance(0.6);
            let (first, second) = if rng.chance(0.5) { (first, second) } else { (second, first) };
            aligned(first, second, [one, other], (GAP, if tight { 3 } else { 8 }), across, rng)
        }
        Group::Linked(first, second) => {
            let across = rng.chance(0.5);
            let (first, second) = if rng.chance(0.5) { (first, second) } else { (second, first) };
            let gap = if tight { (7, 8) } else { (8, 14) };
            apart(first, second, [one, other], gap, alone, across, rng)
        }
        Group::Touching(first, second) => {
            let across = rng.chance(0.5);
            let (first, second) = if rng.chance(0.5) { (first, second) } else { (second, first) };
            touching((first, shapes[first]), (second, shapes[second]), [one, other], across)
        }
        Group::Occluding { front, back } => occluding(front, back, rng),
        Group::Inside { inner, container } => inside(inner, (container, shapes[container]), alone, rng),
    };
    let low = |coordinate: fn(&Placed) -> i32| boxes.iter().map(|(_, b)| coordinate(b)).min().unwrap_or(0);
    let (x, y) = (low(|b| b.x), low(|b| b.y));
    let boxes: Vec<_> =
        boxes.into_iter().map(|(index, b)| (index, Placed { x: b.x - x, y: b.y - y, size: b.size })).collect();
    Cluster {
        width: boxes.iter().map(|(_, b)| b.x + b.size).max().unwrap_or(0),
        height: boxes.iter().map(|(_, b)| b.y + b.size).max().unwrap_or(0),
        solid: matches!(group, Group::Linked(..)),
        cornered: matches!(group, Group::Inside { .. }) && !alone,
        boxes,
    }
}

fn loose_gap(alone: bool, tight: bool) -> (i32, i32) {
    match (alone, tight) {
        (true, _) => (3, 16),
        (false, false) => (3, 7),
        (false, true) => (3, 3),
    }
}

/// One box after the other along an axis, with an offset along the other axis that leaves no doubt which axis is meant:
/// |along| >= 1.3 |across| + 4.
fn apart(
    first: usize,
    second: usize,
    sizes: [i32; 2],
    gap: (i32, i32),
    alone: bool,
    across: bool,
    rng: &mut Rng,
) -> Vec<(usize, Placed)> {
    let [one, other] = sizes;
    let gap = rng.between(gap.0, gap.1.min(ROOM - one - other));
    let along = (one + other) as f32 / 2.0 + gap as f32;
    let limit = ((along - 4.0) / 1.3).min(if alone { 20.0 } else { 6.0 });
    shifted(first, second, sizes, gap, limit, across, rng)
}

/// As [`apart`], with at most 4 pixels between the centres along the other axis.
fn aligned(
    first: usize,
    second: usize,
    sizes: [i32; 2],
    gap: (i32, i32),
    across: bool,
    rng: &mut Rng,
) -> Vec<(usize, Placed)> {
    let gap = rng.between(gap.0, gap.1);
    shifted(first, second, sizes, gap, 4.0, across, rng)
}

fn shifted(
    first: usize,
    second: usize,
    [one, other]: [i32; 2],
    gap: i32,
    limit: f32,
    across: bool,
    rng: &mut Rng,
) -> Vec<(usize, Placed)> {
    // Centres differ by shift + (other - one) / 2 along the other axis.
    let lean = (other - one) as f32 / 2.0;
    let shift = rng.between((-limit - lean).ceil() as i32, (limit - lean).floor() as i32);
    let second_at = if across { [one + gap, shift] } else { [shift, one + gap] };
    vec![(first, Placed { x: 0, y: 0, size: one }), (second, Placed { x: second_at[0], y: second_at[1], size: other })]
}

/// Outlines meet: boxes overlap by a pixel, by two where a point thinner than a pixel touches.
fn touching(
    first: (usize, Shape),
    second: (usize, Shape),
    [one, other]: [i32; 2],
    across: bool,
) -> Vec<(usize, Placed)> {
    let (leaving, entering) = if across { (Side::Right, Side::Left) } else { (Side::Bottom, Side::Top) };
    let (from, sharp) = contact(first.1, leaving);
    let (to, sharp_too) = contact(second.1, entering);
    let along = one - 1 - i32::from(sharp) - i32::from(sharp_too);
    let shift = (one as f32 * from - other as f32 * to).round() as i32;
    let at = if across { [along, shift] } else { [shift, along] };
    vec![(first.0, Placed { x: 0, y: 0, size: one }), (second.0, Placed { x: at[0], y: at[1], size: other })]
}

/// The front box lies within the back one, nearer to one corner: IoU of the boxes 0.58 to 0.64, while all four sides of
/// the back one stay visible by two pixels or more.
fn occluding(front: usize, back: usize, rng: &mut Rng) -> Vec<(usize, Placed)> {
    let size = rng.between(34, 42);
    let inner = (0.78 * size as f32).round() as i32;
    let spare = size - inner;
    let mut offset = || {
        let narrow = rng.between(2, 3);
        if rng.chance(0.5) { narrow } else { spare - narrow }
    };
    let (x, y) = (offset(), offset());
    vec![(back, Placed { x: 0, y: 0, size }), (front, Placed { x, y, size: inner })]
}

/// The container is 40 pixels or more; the inner one 15 to 20, within the container's hollow.
fn inside(inner: usize, container: (usize, Shape), alone: bool, rng: &mut Rng) -> Vec<(usize, Placed)> {
    let hollow = hollow(container.1);
    let least = if hollow.width < 0.35 {
        50
    } else if alone {
        44
    } else {
        40
    };
    let size = rng.between(least, if alone { 54 } else { least });
    let room = (hollow.width * size as f32).floor() as i32;
    let small = rng.between(15, room.min(20)).min(room);
    let mut offset = |center: f32| {
        let slack = ((room - small) / 2).min(5);
        (center * size as f32 - small as f32 / 2.0).round() as i32 + rng.between(-slack, slack)
    };
    let (x, y) = (offset(hollow.center[0]), offset(hollow.center[1]));
    vec![(container.0, Placed { x: 0, y: 0, size }), (inner, Placed { x, y, size: small })]
}
