//! Textures: where an object is white instead of its own colour.
//!
//! A texture is anchored to its object's box, never to the canvas. Its period is 6 pixels on small objects and 8 on
//! larger ones, so that an autoencoder of factor 8 can keep it.

use super::Texture;

/// Boxes narrower than this, in pixels, have the finer textures.
const FINE_BELOW: f32 = 28.0;

/// How white `texture` is at the point `(x, y)` (pixels; a pixel's centre is at `.5`) of an object that fills `bbox`
/// (`x1, y1, x2, y2`): 0 is the object's colour, 1 is white. Only dots have soft edges. The outline, which stays solid,
/// is not considered here: see [`super::light_coverage`].
pub fn texture_lightness(texture: Texture, bbox: [f32; 4], x: f32, y: f32) -> f32 {
    let [x1, y1, x2, y2] = bbox;
    let (width, height) = (x2 - x1, y2 - y1);
    let (u, v) = (x - x1, y - y1);
    let fine = width.max(height) < FINE_BELOW;
    let hard = |is_light: bool| if is_light { 1.0 } else { 0.0 };
    match texture {
        Texture::Plain => 0.0,
        Texture::Striped => {
            let stripe = if fine { 3.0 } else { 4.0 };
            let middle = ((height - stripe) / 2.0).floor();
            hard(((v - middle) / stripe).floor().rem_euclid(2.0) == 0.0)
        }
        Texture::Checkered => {
            let cell = 4.0;
            let column = ((u - (width / 2.0).floor()) / cell).floor();
            let row = ((v - (height / 2.0).floor()) / cell).floor();
            hard((column + row).rem_euclid(2.0) == 0.0)
        }
        Texture::Dotted => {
            let (pitch, radius) = if fine { (6.0f32, 1.9f32) } else { (8.0, 2.5) };
            // Distance to the nearest point of a lattice through the middle of the box; no dot reaches beyond the box.
            let off = |at: f32, extent: f32| {
                let offset = at - extent / 2.0;
                let most = ((extent / 2.0 - radius + 0.5) / pitch).floor().max(0.0);
                offset - (offset / pitch).round().clamp(-most, most) * pitch
            };
            let distance = off(u, width).hypot(off(v, height));
            (radius - distance + 0.5).clamp(0.0, 1.0)
        }
    }
}

/// Whether `texture` is nearer to white than to the object's colour there, see [`texture_lightness`].
pub fn texture_is_light(texture: Texture, bbox: [f32; 4], x: f32, y: f32) -> bool {
    texture_lightness(texture, bbox, x, y) >= 0.5
}
