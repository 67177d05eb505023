//! One named object through the frames of a clip: the largest patch of its colour, and how it is turned.
//!
//! A frame's patch is found as objects of pictures are, by pieces of one paint that hang together. Its middle, size and turn come from
//! moments of the paint, so that a pixel more or less at an edge moves them little, and so that they hold for turned outlines, which no
//! template covers.

use std::f64::consts::TAU;
use std::sync::LazyLock;

use gentron_suites::shapes::{Color, Shape, shape_coverage};
use image::RgbImage;

use super::found::LEAST_AREA;
use super::phrase::{NounPhrase, Phrase, parse};
use super::pieces::{Bond, NONE, Pieces, groups};
use super::pixels::{PIXELS, Pixels, SIDE};
use super::reading::own_size;
use crate::error::MetricError;
use crate::video::{Sighting, Track};

/// A patch whose turning moment is smaller than this share of its shape's own looks like a circle.
const LEAST_MOMENT: f64 = 0.35;
/// Side of the pictures that moments of shapes are taken from.
const MODEL: usize = 48;

/// Follows what `phrase` names through `frames`.
pub fn track(frames: &[RgbImage], phrase: &str, backend: &str) -> Result<Track, MetricError> {
    let thing = match parse(phrase, backend)? {
        Phrase::Thing(thing) => thing,
        Phrase::Doing(thing, ..) => thing,
    };
    let mut before = 0.0;
    let mut sightings = Vec::with_capacity(frames.len());
    for frame in frames {
        let sighting = sight(frame, &thing, before)?;
        before = sighting.and_then(|seen| seen.turn).map_or(before, f64::from);
        sightings.push(sighting);
    }
    Ok(Track { sightings })
}

/// The object in one frame; `before` is how it was turned in the frame before, degrees.
fn sight(frame: &RgbImage, thing: &NounPhrase, before: f64) -> Result<Option<Sighting>, MetricError> {
    let (image, [across, down]) = own_size(frame)?;
    let pixels = Pixels::of(&image);
    let pieces = Pieces::of(&pixels);
    let wanted = |color: u8| thing.color.is_none_or(|named| named as u8 == color);
    let members: Vec<usize> = (0..pieces.list.len()).filter(|&piece| wanted(pieces.list[piece].color)).collect();
    let bond = if thing.texture.is_some() { Bond::Stripe } else { Bond::Near };
    let mut by_color: Vec<Vec<usize>> = Vec::new();
    for color in (0..Color::ALL.len()).map(|color| color as u8) {
        let of: Vec<usize> = members.iter().copied().filter(|&piece| pieces.list[piece].color == color).collect();
        if !of.is_empty() {
            by_color.extend(groups(&pieces.list, &of, bond));
        }
    }
    let area = |group: &Vec<usize>| group.iter().map(|&piece| pieces.list[piece].pixels.len()).sum::<usize>();
    let Some(patch) = by_color.into_iter().filter(|group| area(group) >= LEAST_AREA).max_by_key(area) else {
        return Ok(None);
    };
    let stains: Vec<u16> = patch.iter().map(|&piece| pieces.list[piece].stain).collect();
    let weight = |at: usize| {
        let inside = pieces.stain[at] != NONE && stains.contains(&pieces.stain[at]);
        if inside { f64::from(pixels.paint[at]) } else { 0.0 }
    };
    let weights: Vec<f64> = (0..PIXELS).map(weight).collect();
    let extent = patch.iter().map(|&piece| pieces.list[piece].extent);
    let [x1, y1, x2, y2] =
        extent.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]).unwrap_or_default();
    let seen = Moments::of(&weights, SIDE, fold(thing.shape));
    let model = &MODELS[thing.shape as usize];
    // A texture's light parts would be holes in the moments.
    let turn = if thing.texture.is_none() { model.turn_of(&seen, before) } else { None };
    let side = (seen.area / model.fill).sqrt();
    let (sin, cos) = turn.unwrap_or(0.0).to_radians().sin_cos();
    let [off_x, off_y] = model.offset.map(|offset| offset * side);
    let center = [seen.center[0] - (cos * off_x - sin * off_y), seen.center[1] - (sin * off_x + cos * off_y)];
    let (across, down) = (f64::from(across), f64::from(down));
    Ok(Some(Sighting {
        bbox: [x1 as f64 * across, y1 as f64 * down, (x2 + 1) as f64 * across, (y2 + 1) as f64 * down]
            .map(|edge| edge as f32),
        center: [center[0] * across, center[1] * down].map(|c| c as f32),
        side: (side * (across * down).sqrt()) as f32,
        turn: turn.map(|turn| turn as f32),
    }))
}

/// After which part of a full turn a shape looks the same, or nearly; none of a circle.
const fn fold(shape: Shape) -> Option<u32> {
    match shape {
        Shape::Circle => None,
        Shape::Square | Shape::Cross => Some(4),
        Shape::Triangle | Shape::Heart => Some(3),
        Shape::Star => Some(5),
    }
}

/// What is known of weights on a grid.
#[derive(Clone, Copy, Debug)]
struct Moments {
    area: f64,
    center: [f64; 2],
    /// Of the moment of order `fold` about the centre: its size as a share of what it could be, and its direction in radians.
    turning: Option<(f64, f64)>,
}

impl Moments {
    fn of(weights: &[f64], columns: usize, fold: Option<u32>) -> Self {
        let places = || {
            let place = |at: usize| ((at % columns) as f64 + 0.5, (at / columns) as f64 + 0.5);
            weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0).map(move |(at, &w)| (place(at), w))
        };
        let area: f64 = weights.iter().sum();
        let sum = places().fold([0.0; 2], |[x, y], ((px, py), w)| [x + w * px, y + w * py]);
        let center = sum.map(|value| value / area.max(f64::MIN_POSITIVE));
        let turning = fold.map(|order| {
            let (mut real, mut imaginary, mut most) = (0.0, 0.0, 0.0);
            for ((x, y), w) in places() {
                let (x, y) = (x - center[0], y - center[1]);
                let radius = x.hypot(y).powi(order as i32);
                let (sin, cos) = (f64::from(order) * y.atan2(x)).sin_cos();
                (real, imaginary, most) = (real + w * radius * cos, imaginary + w * radius * sin, most + w * radius);
            }
            (real.hypot(imaginary) / f64::max(most, f64::MIN_POSITIVE), imaginary.atan2(real))
        });
        Self { area, center, turning }
    }
}

/// An upright shape in a box of side 1.
struct Model {
    /// Share of its box that it covers.
    fill: f64,
    /// From the middle of the box to the middle of the paint.
    offset: [f64; 2],
    fold: f64,
    turning: Option<(f64, f64)>,
}

static MODELS: LazyLock<Vec<Model>> = LazyLock::new(|| Shape::ALL.iter().map(|&shape| Model::of(shape)).collect());

impl Model {
    fn of(shape: Shape) -> Self {
        let side = MODEL as f32;
        let coverage = shape_coverage(shape, [0.0, 0.0, side, side], MODEL as u32, MODEL as u32);
        let weights: Vec<f64> = coverage.into_iter().map(f64::from).collect();
        let Moments { area, center, turning } = Moments::of(&weights, MODEL, fold(shape));
        let side = MODEL as f64;
        Self {
            fill: area / (side * side),
            offset: center.map(|c| c / side - 0.5),
            fold: f64::from(fold(shape).unwrap_or(1)),
            turning,
        }
    }

    /// Degrees clockwise, of all that look the same the nearest to `before`; none where no turn can be told.
    fn turn_of(&self, seen: &Moments, before: f64) -> Option<f64> {
        let ((size, direction), (own_size, own_direction)) = (seen.turning?, self.turning?);
        if size < LEAST_MOMENT * own_size {
            return None;
        }
        let period = 360.0 / self.fold;
        let turn = (direction - own_direction) / TAU * period;
        Some(turn + ((before - turn) / period).round() * period)
    }
}
