//! All that can be said about a picture of the small world.

use std::borrow::Cow;

use gentron_suites::shapes::{Color, Shape, Texture};
use image::RgbImage;
use image::imageops::{FilterType, resize};

use super::explain::explain;
use super::order::levels;
use super::pixels::{Pixels, SIDE};
use super::surface::{color_posterior, texture_posterior};
use crate::error::MetricError;

/// One object, with how sure each of its attributes is.
pub struct Seen {
    /// Probability of each of [`Shape::ALL`].
    pub shape: [f64; 6],
    /// Probability of each of [`Color::ALL`].
    pub color: [f64; 8],
    /// Probability of each of [`Texture::ALL`].
    pub texture: [f64; 4],
    /// Probability that there is an object at all rather than a blotch.
    pub exists: f64,
    /// Box of the whole outline, hidden parts included, in the 64 x 64 picture.
    pub bbox: [f32; 4],
    /// What the outline covers of each pixel of that picture.
    pub template: Vec<f32>,
    /// Its solid pixels, ascending.
    pub visible: Vec<u16>,
    /// 0 for objects on the ground, 1 for what lies upon them, and so on.
    pub level: u32,
}

impl Seen {
    /// The most probable shape.
    pub fn best_shape(&self) -> Shape {
        Shape::ALL[best(&self.shape)]
    }

    /// The most probable colour.
    pub fn best_color(&self) -> Color {
        Color::ALL[best(&self.color)]
    }

    /// The most probable texture.
    pub fn best_texture(&self) -> Texture {
        Texture::ALL[best(&self.texture)]
    }

    /// Confidence in object and shape, as a detector has it.
    pub fn score(&self) -> f64 {
        self.exists * self.shape[best(&self.shape)]
    }

    /// Centre of the box, x before y.
    pub fn center(&self) -> [f32; 2] {
        [(self.bbox[0] + self.bbox[2]) / 2.0, (self.bbox[1] + self.bbox[3]) / 2.0]
    }
}

fn best(of: &[f64]) -> usize {
    (0..of.len()).max_by(|&a, &b| of[a].total_cmp(&of[b])).unwrap_or(0)
}

/// A picture and the objects in it.
pub struct Reading {
    /// Descending score.
    pub objects: Vec<Seen>,
    /// The picture in paints, 64 x 64.
    pub pixels: Pixels,
    /// What boxes have to be multiplied with to be in the image's own pixels, x before y.
    pub scale: [f32; 2],
}

/// Reads an image of any size; the world's own is 64 x 64, others are resampled to it.
///
/// # Errors
/// [`MetricError::ImageSize`] where there are no pixels.
pub fn read(image: &RgbImage) -> Result<Reading, MetricError> {
    let (image, scale) = own_size(image)?;
    let pixels = Pixels::of(&image);
    let found = explain(&pixels);
    let mut objects: Vec<Seen> = found
        .iter()
        .map(|found| {
            let template = found.template();
            Seen {
                shape: found.fits.posterior(),
                color: color_posterior(&pixels, found),
                texture: texture_posterior(&pixels, found, &template),
                exists: existence(found.merit),
                bbox: found.bbox(),
                template,
                visible: found.visible.clone(),
                level: 0,
            }
        })
        .filter(|seen| seen.exists > 0.0)
        .collect();
    objects.sort_by(|a, b| b.score().total_cmp(&a.score()).then(a.visible.cmp(&b.visible)));
    let levels = levels(&objects);
    objects.iter_mut().zip(levels).for_each(|(object, level)| object.level = level);
    Ok(Reading { objects, pixels, scale })
}

/// The image at 64 x 64, and what places in it have to be multiplied with to be in the image's own pixels, x before y.
///
/// # Errors
/// [`MetricError::ImageSize`] where there are no pixels.
pub fn own_size(image: &RgbImage) -> Result<(Cow<'_, RgbImage>, [f32; 2]), MetricError> {
    let (width, height) = image.dimensions();
    if width == 0 || height == 0 {
        return Err(MetricError::ImageSize { width, height, why: "it has no pixels" });
    }
    let side = SIDE as u32;
    let image = if (width, height) == (side, side) {
        Cow::Borrowed(image)
    } else {
        Cow::Owned(resize(image, side, side, FilterType::Triangle))
    };
    Ok((image, [width as f32 / side as f32, height as f32 / side as f32]))
}

/// Agreement with the best template as a probability: 0 up to `NOTHING`, 1 from `CERTAIN` on, smooth between.
fn existence(merit: f32) -> f64 {
    const NOTHING: f64 = 0.74;
    const CERTAIN: f64 = 0.89;
    let x = ((f64::from(merit) - NOTHING) / (CERTAIN - NOTHING)).clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}
