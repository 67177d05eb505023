//! Outlines: six shapes in a unit box, and their anti-aliased masks.

use tiny_skia::{FillRule, Mask, Path, PathBuilder, Transform};

use super::Shape;

/// Width of a cross's arms as a share of its box.
const CROSS_ARM: f32 = 0.38;
/// Radius of a star's notches as a share of that of its points: fatter than a pentagram's 0.382, so that 15 pixels show it.
const STAR_NOTCH: f32 = 0.45;

/// The outline of `shape` stretched to `bbox` = `x1, y1, x2, y2`; `None` where the box is empty or not finite.
pub fn outline(shape: Shape, bbox: [f32; 4]) -> Option<Path> {
    let [x1, y1, x2, y2] = bbox;
    if !(x2 > x1 && y2 > y1) {
        return None;
    }
    let mut path = PathBuilder::new();
    match shape {
        Shape::Circle => path.push_oval(tiny_skia::Rect::from_ltrb(0.0, 0.0, 1.0, 1.0)?),
        Shape::Square => polygon(&mut path, &[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]),
        Shape::Triangle => polygon(&mut path, &[[0.5, 0.0], [1.0, 1.0], [0.0, 1.0]]),
        Shape::Star => polygon(&mut path, &star()),
        Shape::Cross => {
            let (a, b) = (0.5 - CROSS_ARM / 2.0, 0.5 + CROSS_ARM / 2.0);
            let corners = [
                [a, 0.0],
                [b, 0.0],
                [b, a],
                [1.0, a],
                [1.0, b],
                [b, b],
                [b, 1.0],
                [a, 1.0],
                [a, b],
                [0.0, b],
                [0.0, a],
                [a, a],
            ];
            polygon(&mut path, &corners);
        }
        Shape::Heart => {
            path.move_to(0.5, 0.24);
            path.cubic_to(0.45, 0.08, 0.36, 0.0, 0.26, 0.0);
            path.cubic_to(0.1, 0.0, 0.0, 0.13, 0.0, 0.3);
            path.cubic_to(0.0, 0.56, 0.28, 0.76, 0.5, 1.0);
            path.cubic_to(0.72, 0.76, 1.0, 0.56, 1.0, 0.3);
            path.cubic_to(1.0, 0.13, 0.9, 0.0, 0.74, 0.0);
            path.cubic_to(0.64, 0.0, 0.55, 0.08, 0.5, 0.24);
            path.close();
        }
    }
    path.finish()?.transform(Transform::from_row(x2 - x1, 0.0, 0.0, y2 - y1, x1, y1))
}

fn polygon(path: &mut PathBuilder, corners: &[[f32; 2]]) {
    for (position, [x, y]) in corners.iter().enumerate() {
        if position == 0 { path.move_to(*x, *y) } else { path.line_to(*x, *y) }
    }
    path.close();
}

/// A five-pointed star, stretched so that it touches all four sides of the unit box.
fn star() -> [[f32; 2]; 10] {
    let turn = std::f32::consts::PI / 5.0;
    let (width, height) = (2.0 * (2.0 * turn).sin(), 1.0 + turn.cos());
    std::array::from_fn(|corner| {
        let radius = if corner % 2 == 0 { 1.0 } else { STAR_NOTCH };
        let angle = corner as f32 * turn;
        [0.5 + radius * angle.sin() / width, (1.0 - radius * angle.cos()) / height]
    })
}

/// The share of each pixel that `shape` covers when it fills `bbox` (`x1, y1, x2, y2`, pixels): `width * height` values
/// from 0 to 1, row by row. All 0 where the box is empty.
pub fn shape_coverage(shape: Shape, bbox: [f32; 4], width: u32, height: u32) -> Vec<f32> {
    coverage(shape, bbox, 0.0, width, height).iter().map(|&value| f32::from(value) / 255.0).collect()
}

/// As [`shape_coverage`], from 0 to 255, of a shape that has turned `degrees` clockwise about the middle of its box.
pub(super) fn coverage(shape: Shape, bbox: [f32; 4], degrees: f32, width: u32, height: u32) -> Vec<u8> {
    let drawn = outline(shape, bbox).zip(Mask::new(width, height)).map(|(path, mut mask)| {
        let turn = match degrees {
            0.0 => Transform::identity(),
            _ => Transform::from_rotate_at(degrees, (bbox[0] + bbox[2]) / 2.0, (bbox[1] + bbox[3]) / 2.0),
        };
        mask.fill_path(&path, FillRule::Winding, true, turn);
        mask.data().to_vec()
    });
    drawn.unwrap_or_else(|| vec![0; width as usize * height as usize])
}

/// Where a smaller square box fits into a shape.
pub(super) struct Hollow {
    /// Centre of the hollow as a share of the box.
    pub center: [f32; 2],
    /// Width of the largest box that fits with some room to spare, as a share of the box.
    pub width: f32,
}

/// The hollow of a shape. Star and cross are narrow, so their container must be larger.
pub(super) fn hollow(shape: Shape) -> Hollow {
    let (center, width) = match shape {
        Shape::Circle => ([0.5, 0.5], 0.6),
        Shape::Square => ([0.5, 0.5], 0.8),
        Shape::Triangle => ([0.5, 0.71], 0.4),
        Shape::Star => ([0.5, 0.55], 0.3),
        Shape::Cross => ([0.5, 0.5], 0.31),
        Shape::Heart => ([0.5, 0.47], 0.4),
    };
    Hollow { center, width }
}

/// One side of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
    Top,
    Bottom,
}

/// Where along a side (share of the box, from the top or the left) a shape touches it, and whether in a point that is
/// thinner than a pixel.
pub(super) fn contact(shape: Shape, side: Side) -> (f32, bool) {
    match (shape, side) {
        (Shape::Circle | Shape::Square | Shape::Cross, _) => (0.5, false),
        (Shape::Triangle, Side::Left | Side::Right) => (0.96, true),
        (Shape::Triangle, Side::Top) => (0.5, true),
        (Shape::Triangle, Side::Bottom) => (0.5, false),
        (Shape::Star, Side::Left | Side::Right) => (0.38, true),
        (Shape::Star, Side::Top) => (0.5, true),
        (Shape::Star, Side::Bottom) => (0.2, true),
        (Shape::Heart, Side::Left | Side::Right) => (0.3, false),
        (Shape::Heart, Side::Top) => (0.26, false),
        (Shape::Heart, Side::Bottom) => (0.5, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_touches_all_four_sides_of_its_box() {
        for shape in Shape::ALL {
            let bounds = outline(shape, [10.0, 12.0, 34.0, 40.0]).unwrap().compute_tight_bounds().unwrap();
            let sides = [bounds.left() - 10.0, bounds.top() - 12.0, bounds.right() - 34.0, bounds.bottom() - 40.0];
            assert!(sides.iter().all(|side| side.abs() < 1e-3), "{shape:?} {sides:?}");
        }
    }

    #[test]
    fn coverage_sums_to_the_area() {
        let box_area = 28.0f32 * 28.0;
        let cross = CROSS_ARM * (2.0 - CROSS_ARM);
        for (shape, area) in [
            (Shape::Square, 1.0),
            (Shape::Triangle, 0.5),
            (Shape::Circle, std::f32::consts::FRAC_PI_4),
            (Shape::Cross, cross),
        ] {
            let sum: f32 = shape_coverage(shape, [10.0, 10.0, 38.0, 38.0], 64, 64).iter().sum();
            // The rasteriser takes four samples a pixel in each direction.
            assert!((sum / box_area - area).abs() < 0.02, "{shape:?}: {} against {area}", sum / box_area);
        }
    }

    #[test]
    fn any_two_shapes_differ_in_many_pixels_even_when_small() {
        let masks = Shape::ALL.map(|shape| shape_coverage(shape, [0.0, 0.0, 15.0, 15.0], 15, 15));
        for (at, one) in masks.iter().enumerate() {
            for other in &masks[at + 1..] {
                let distance: f32 = one.iter().zip(other).map(|(a, b)| (a - b).abs()).sum();
                assert!(distance > 30.0, "{distance}");
            }
        }
    }

    #[test]
    fn an_empty_box_covers_nothing() {
        for bbox in [[5.0, 5.0, 5.0, 9.0], [9.0, 5.0, 5.0, 9.0], [f32::NAN, 0.0, 4.0, 4.0]] {
            assert!(shape_coverage(Shape::Circle, bbox, 8, 8).iter().all(|&value| value == 0.0));
        }
    }
}
