//! What is drawn: objects with attributes and places.

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::{Color, Shape, Texture};

/// Width and height of every picture, in pixels.
pub const CANVAS: u32 = 64;

/// One drawn object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// Its outline.
    pub shape: Shape,
    /// Its colour.
    pub color: Color,
    /// Its surface.
    pub texture: Texture,
    /// Centre of its square box, pixels from the upper left corner, x before y.
    pub center: [f32; 2],
    /// Full width of its square box, pixels.
    pub size: f32,
    /// Degrees that it has turned clockwise about its centre; its box is that of the unturned shape. Only plain objects turn.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub turn: f32,
}

fn is_zero(turn: &f32) -> bool {
    *turn == 0.0
}

impl Object {
    /// Its box `x1, y1, x2, y2` in pixels. Every shape touches all four sides, so this is also the outline's box.
    pub fn bbox(&self) -> [f32; 4] {
        let [x, y] = self.center;
        let half = self.size / 2.0;
        [x - half, y - half, x + half, y + half]
    }
}

/// One picture's content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// In painter's order: later is nearer.
    pub objects: Vec<Object>,
    /// Pairs of object indices that a line joins, drawn beneath all objects.
    pub links: Vec<(usize, usize)>,
}

/// A picture, its caption and what it shows.
#[derive(Clone, Debug)]
pub struct Pair {
    /// 64 x 64.
    pub image: RgbImage,
    /// At most 28 tokens.
    pub caption: String,
    /// What the picture shows.
    pub scene: Scene,
    /// Which kind of caption it is.
    pub form: super::Form,
}

/// An object as an ideal observer would report it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrueObject {
    /// Its outline.
    pub shape: Shape,
    /// Its colour.
    pub color: Color,
    /// Its surface.
    pub texture: Texture,
    /// `x1, y1, x2, y2` of the whole outline in pixels, hidden parts included.
    pub bbox: [f32; 4],
    /// 0 is farthest; larger is nearer. It says something only where objects overlap.
    pub depth_rank: u32,
}

/// The ground truth of a scene, in painter's order.
pub fn truth(scene: &Scene) -> Vec<TrueObject> {
    scene
        .objects
        .iter()
        .enumerate()
        .map(|(rank, object)| TrueObject {
            shape: object.shape,
            color: object.color,
            texture: object.texture,
            bbox: object.bbox(),
            depth_rank: rank as u32,
        })
        .collect()
}
