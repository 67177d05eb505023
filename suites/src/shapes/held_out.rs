//! What training never shows: the combinations that tell *seen* from *unseen* prompts.

use super::description::Description;
use super::{Color, Scene, Shape, Texture};

/// Colour and shape, one of each shape.
pub const HELD_OUT_COLOR_SHAPES: [(Color, Shape); 6] = [
    (Color::Green, Shape::Circle),
    (Color::Purple, Shape::Square),
    (Color::Cyan, Shape::Triangle),
    (Color::Blue, Shape::Star),
    (Color::Orange, Shape::Cross),
    (Color::Red, Shape::Heart),
];

/// Texture and shape, one of each texture.
pub const HELD_OUT_TEXTURE_SHAPES: [(Texture, Shape); 3] =
    [(Texture::Striped, Shape::Square), (Texture::Dotted, Shape::Star), (Texture::Checkered, Shape::Circle)];

/// Shapes that are never together in a training scene.
pub const HELD_OUT_SHAPE_PAIRS: [(Shape, Shape); 2] = [(Shape::Circle, Shape::Cross), (Shape::Triangle, Shape::Heart)];

/// How many of a shape a training scene never holds (exactly).
pub const HELD_OUT_COUNTS: [(u32, Shape); 3] = [(2, Shape::Triangle), (3, Shape::Star), (4, Shape::Square)];

/// Whether training never shows this colour on this shape.
pub fn is_held_out_color(color: Color, shape: Shape) -> bool {
    HELD_OUT_COLOR_SHAPES.contains(&(color, shape))
}

/// Whether training never shows this texture on this shape.
pub fn is_held_out_texture(texture: Texture, shape: Shape) -> bool {
    HELD_OUT_TEXTURE_SHAPES.contains(&(texture, shape))
}

/// Which of the four kinds of held-out combination something contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldOut {
    /// A colour on a shape.
    pub color: bool,
    /// A texture on a shape.
    pub texture: bool,
    /// Two shapes in one picture.
    pub pair: bool,
    /// A number of one shape.
    pub count: bool,
}

impl HeldOut {
    /// Whether there is any.
    pub fn any(self) -> bool {
        self.color || self.texture || self.pair || self.count
    }

    fn of(numbers: [u32; Shape::ALL.len()]) -> Self {
        let number = |shape: Shape| numbers[shape as usize];
        Self {
            pair: HELD_OUT_SHAPE_PAIRS.iter().any(|&(one, other)| number(one) > 0 && number(other) > 0),
            count: HELD_OUT_COUNTS.iter().any(|&(count, shape)| number(shape) == count),
            ..Self::default()
        }
    }
}

impl Scene {
    /// Whether training must not show this scene, for anything that it shows, named or not.
    pub fn is_held_out(&self) -> bool {
        self.held_out().any()
    }

    /// Which held-out combinations it shows.
    pub fn held_out(&self) -> HeldOut {
        let mut numbers = [0; Shape::ALL.len()];
        self.objects.iter().for_each(|object| numbers[object.shape as usize] += 1);
        HeldOut {
            color: self.objects.iter().any(|object| is_held_out_color(object.color, object.shape)),
            texture: self.objects.iter().any(|object| is_held_out_texture(object.texture, object.shape)),
            ..HeldOut::of(numbers)
        }
    }
}

impl Description {
    /// Which held-out combinations the words ask for. What they leave open is never held out.
    pub fn held_out(&self) -> HeldOut {
        let mut numbers = [0; Shape::ALL.len()];
        self.things.iter().for_each(|thing| numbers[thing.shape as usize] += thing.count);
        HeldOut {
            color: self.things.iter().any(|thing| thing.color.is_some_and(|c| is_held_out_color(c, thing.shape))),
            texture: self.things.iter().any(|thing| thing.texture.is_some_and(|t| is_held_out_texture(t, thing.shape))),
            ..HeldOut::of(numbers)
        }
    }
}
