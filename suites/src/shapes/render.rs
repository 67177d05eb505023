//! From a scene to pixels.

use image::RgbImage;
use tiny_skia::{Mask, PathBuilder, Stroke, Transform};

use super::geometry::coverage;
use super::scene::CANVAS;
use super::texture::texture_lightness;
use super::{Scene, Shape, Texture};

/// The constant background, 8-bit sRGB.
pub const BACKGROUND: [u8; 3] = [240, 240, 236];
/// The light parts of a texture, 8-bit sRGB.
pub const LIGHT: [u8; 3] = [255, 255, 255];
/// Lines between objects, 8-bit sRGB.
pub const LINK: [u8; 3] = [110, 110, 110];
/// Width of the lines between objects, pixels.
pub const LINK_WIDTH: f32 = 2.0;

/// Draws a scene, 64 x 64, anti-aliased. The bytes depend on the scene alone.
///
/// Each layer is mixed in with its coverage and rounded to the nearest byte. Parts outside the canvas are cut off.
pub fn render(scene: &Scene) -> RgbImage {
    let mut image = RgbImage::from_pixel(CANVAS, CANVAS, image::Rgb(BACKGROUND));
    for &(from, to) in &scene.links {
        if let (Some(from), Some(to)) = (scene.objects.get(from), scene.objects.get(to)) {
            paint_all(&mut image, &line(from.center, to.center), LINK);
        }
    }
    for object in &scene.objects {
        let bbox = object.bbox();
        let mask = coverage(object.shape, bbox, object.turn, CANVAS, CANVAS);
        let light = light_of(&mask, object.texture, bbox, CANVAS, CANVAS);
        let color = object.color.rgb();
        // A turned shape reaches beyond the box, by less than the corners of a square would.
        let margin = if object.turn == 0.0 { 1.0 } else { 1.0 + 0.21 * object.size };
        for_box(bbox, CANVAS, CANVAS, margin, |at| {
            let mixed = match &light {
                None => color,
                Some(light) => mix(color, LIGHT, light[at]),
            };
            paint(&mut image, at, mixed, f32::from(mask[at]) / 255.0);
        });
    }
    image
}

/// How white each pixel of a textured object is, as a share of the object's part of that pixel: `width * height` values
/// from 0 (the object's colour) to 1 (white), row by row. The outermost pixel of the shape stays solid, so that its
/// outline can be recognised. With [`super::shape_coverage`] this makes a template of the object:
/// `pixel = (1 - coverage) * background + coverage * (color + light * (white - color))`.
pub fn light_coverage(shape: Shape, texture: Texture, bbox: [f32; 4], width: u32, height: u32) -> Vec<f32> {
    let mask = coverage(shape, bbox, 0.0, width, height);
    light_of(&mask, texture, bbox, width, height).unwrap_or_else(|| vec![0.0; mask.len()])
}

/// `None` for a plain object.
fn light_of(mask: &[u8], texture: Texture, bbox: [f32; 4], width: u32, height: u32) -> Option<Vec<f32>> {
    if texture == Texture::Plain {
        return None;
    }
    let mut light = vec![0.0; mask.len()];
    let columns = width as usize;
    for_box(bbox, width, height, 0.0, |at| {
        let (x, y) = (at % columns, at / columns);
        // The least coverage among the 3 x 3 neighbours is an erosion by one pixel.
        let rows = y.saturating_sub(1)..(y + 2).min(height as usize);
        let inner = rows
            .flat_map(|row| &mask[row * columns + x.saturating_sub(1)..row * columns + (x + 2).min(columns)])
            .min()
            .copied()
            .unwrap_or(0);
        if inner > 0 {
            let lightness = texture_lightness(texture, bbox, x as f32 + 0.5, y as f32 + 0.5);
            light[at] = lightness * f32::from(inner) / 255.0;
        }
    });
    Some(light)
}

/// Calls `visit` with the index of each pixel that `bbox`, widened by `margin`, meets.
fn for_box(bbox: [f32; 4], width: u32, height: u32, margin: f32, mut visit: impl FnMut(usize)) {
    let range = |low: f32, high: f32, end: u32| {
        ((low - margin).floor().max(0.0) as usize)..((high + margin).ceil().clamp(0.0, end as f32) as usize)
    };
    for y in range(bbox[1], bbox[3], height) {
        for x in range(bbox[0], bbox[2], width) {
            visit(y * width as usize + x);
        }
    }
}

fn line(from: [f32; 2], to: [f32; 2]) -> Vec<u8> {
    let mut path = PathBuilder::new();
    path.move_to(from[0], from[1]);
    path.line_to(to[0], to[1]);
    let stroke = Stroke { width: LINK_WIDTH, ..Stroke::default() };
    let drawn = path.finish().and_then(|path| path.stroke(&stroke, 1.0)).zip(Mask::new(CANVAS, CANVAS));
    match drawn {
        Some((path, mut mask)) => {
            mask.fill_path(&path, tiny_skia::FillRule::Winding, true, Transform::identity());
            mask.data().to_vec()
        }
        None => vec![0; (CANVAS * CANVAS) as usize],
    }
}

fn paint_all(image: &mut RgbImage, mask: &[u8], color: [u8; 3]) {
    for (at, &value) in mask.iter().enumerate() {
        paint(image, at, color, f32::from(value) / 255.0);
    }
}

fn paint(image: &mut RgbImage, at: usize, color: [u8; 3], share: f32) {
    if share > 0.0 {
        let pixel = &mut image.as_mut()[3 * at..3 * at + 3];
        let mixed = mix([pixel[0], pixel[1], pixel[2]], color, share);
        pixel.copy_from_slice(&mixed);
    }
}

fn mix(from: [u8; 3], to: [u8; 3], share: f32) -> [u8; 3] {
    std::array::from_fn(|c| (f32::from(from[c]) * (1.0 - share) + f32::from(to[c]) * share).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::super::{Color, Object, Shape, shape_coverage};
    use super::*;

    fn object(shape: Shape, texture: Texture, size: f32) -> Object {
        Object { shape, color: Color::Blue, texture, center: [30.0 + size / 2.0 - 15.0, 32.0], size, turn: 0.0 }
    }

    #[test]
    fn a_template_of_coverage_and_light_is_the_picture() {
        for shape in Shape::ALL {
            for texture in Texture::ALL {
                let object = object(shape, texture, 26.0);
                let image = render(&Scene { objects: vec![object.clone()], links: vec![] });
                let mask = shape_coverage(shape, object.bbox(), CANVAS, CANVAS);
                let light = light_coverage(shape, texture, object.bbox(), CANVAS, CANVAS);
                for (at, pixel) in image.pixels().enumerate() {
                    for c in 0..3 {
                        let own = f32::from(Color::Blue.rgb()[c]);
                        let inside = own + light[at] * (f32::from(LIGHT[c]) - own);
                        let wanted = (1.0 - mask[at]) * f32::from(BACKGROUND[c]) + mask[at] * inside;
                        // Two roundings to bytes lie between.
                        assert!((wanted - f32::from(pixel.0[c])).abs() <= 1.0, "{shape:?} {texture:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn textures_cover_a_clear_share_of_every_shape_and_leave_its_outline_solid() {
        for shape in Shape::ALL {
            for texture in Texture::NAMED {
                for size in 15..=32 {
                    let bbox = object(shape, texture, size as f32).bbox();
                    let mask = shape_coverage(shape, bbox, CANVAS, CANVAS);
                    let light = light_coverage(shape, texture, bbox, CANVAS, CANVAS);
                    let share = light.iter().sum::<f32>() / mask.iter().sum::<f32>();
                    assert!((0.08..0.6).contains(&share), "{shape:?} {texture:?} {size}: {share}");
                    let edge = mask.iter().zip(&light).filter(|&(&m, _)| m > 0.0 && m < 0.9);
                    assert!(edge.into_iter().all(|(_, &light)| light < 0.9));
                }
            }
        }
    }

    #[test]
    fn a_link_is_drawn_beneath_the_objects_it_joins() {
        let mut objects =
            vec![object(Shape::Circle, Texture::Plain, 15.0), object(Shape::Square, Texture::Plain, 15.0)];
        objects[0].center = [12.0, 32.0];
        objects[1].center = [50.0, 32.0];
        let image = render(&Scene { objects, links: vec![(0, 1)] });
        assert_eq!(image.get_pixel(31, 31).0, LINK);
        assert_eq!(image.get_pixel(12, 31).0, Color::Blue.rgb());
        assert_eq!(image.get_pixel(31, 28).0, BACKGROUND);
    }

    #[test]
    fn what_lies_outside_the_picture_is_cut_off_and_nonsense_is_not_drawn() {
        let mut scene = Scene { objects: vec![object(Shape::Star, Texture::Dotted, 20.0)], links: vec![(0, 7)] };
        for center in [[-3.0, 32.0], [70.0, 70.0], [1e9, 0.0], [f32::NAN, 0.0]] {
            scene.objects[0].center = center;
            assert_eq!(render(&scene).dimensions(), (CANVAS, CANVAS));
        }
    }
}
