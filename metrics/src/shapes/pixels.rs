//! From RGB to paint: which of the world's colours each pixel shows, and how much of it.

use gentron_suites::shapes::{BACKGROUND, CANVAS, Color};
use image::RgbImage;

/// Columns and rows of the picture that perception works on.
pub const SIDE: usize = CANVAS as usize;
/// Pixels of that picture.
pub const PIXELS: usize = SIDE * SIDE;

/// Label of a pixel that shows no paint: background or the light part of a texture.
pub const BLANK: u8 = 255;
/// Label of a pixel that is only the blur between two other colours, and could be anything.
pub const MIXED: u8 = 254;

/// Less paint than this is taken for background.
const LEAST_PAINT: f32 = 0.14;
/// How far from the straight line between two neighbours' colours a pixel may lie and still be their blur, grey levels.
const BLUR_TOLERANCE: f32 = 32.0;
/// How many pixels to either side those neighbours are looked for.
const BLUR_REACH: usize = 3;

/// A picture of 64 x 64 taken apart into paints.
pub struct Pixels {
    /// Index into [`Color::ALL`], [`BLANK`] or [`MIXED`]; row-major.
    pub label: Vec<u8>,
    /// Share of the label's colour in the pixel, the rest being background; 0 to 1.
    pub paint: Vec<f32>,
    /// The RGB values themselves.
    pub rgb: Vec<[f32; 3]>,
    /// Width in pixels over which an edge is spread: 1 is sharp.
    pub softness: usize,
}

impl Pixels {
    /// `image` must be 64 x 64.
    pub fn of(image: &RgbImage) -> Self {
        let rgb: Vec<[f32; 3]> = image.pixels().map(|p| p.0.map(f32::from)).collect();
        let (label, paint): (Vec<u8>, Vec<f32>) = rgb.iter().map(|&pixel| decode(pixel)).unzip();
        let mut pixels = Self { label, paint, rgb, softness: 1 };
        pixels.softness = pixels.edge_width();
        pixels.mark_blur();
        pixels
    }

    /// The steepest edges tell how sharp the picture is: in a sharp one paint ends from one pixel to the next.
    fn edge_width(&self) -> usize {
        let step = |at: usize, next: usize| {
            let (a, b) = (self.label[at], self.label[next]);
            (a == b || a == BLANK || b == BLANK)
                .then(|| (self.paint[at] - self.paint[next]).abs())
                .filter(|step| *step > 0.2)
        };
        let across = (0..PIXELS).filter(|at| at % SIDE + 1 < SIDE).filter_map(|at| step(at, at + 1));
        let down = (0..PIXELS - SIDE).filter_map(|at| step(at, at + SIDE));
        let mut steps: Vec<f32> = across.chain(down).collect();
        if steps.is_empty() {
            return 1;
        }
        let steep = steps.len() * 9 / 10;
        let (_, steep, _) = steps.select_nth_unstable_by(steep, f32::total_cmp);
        // Outlines that run aslant are spread over two pixels in the sharpest picture.
        match *steep {
            steep if steep > 0.7 => 1,
            steep if steep > 0.42 => 2,
            _ => 3,
        }
    }

    /// Where objects of different colours meet, blur makes a third colour: red beside yellow looks orange. A pixel
    /// whose colour lies between those of two different neighbours on opposite sides is such a blur.
    fn mark_blur(&mut self) {
        let blurred: Vec<usize> = (0..PIXELS).filter(|&at| self.label[at] != BLANK && self.is_blur(at)).collect();
        for at in blurred {
            self.label[at] = MIXED;
        }
    }

    fn is_blur(&self, at: usize) -> bool {
        let (x, y) = (at % SIDE, at / SIDE);
        let own = self.label[at];
        [(1, 0), (0, 1), (1, 1), (1, SIDE - 1)].into_iter().any(|(dx, dy)| {
            let anti = dy == SIDE - 1;
            (1..=BLUR_REACH).any(|d| {
                let (sx, sy) = (dx * d, if dy == 0 { 0 } else { d });
                if x < sx || y < sy || x + sx >= SIDE || y + sy >= SIDE {
                    return false;
                }
                let (one, other) = if anti {
                    (at - sy * SIDE + sx, at + sy * SIDE - sx)
                } else {
                    (at - sy * SIDE - sx, at + sy * SIDE + sx)
                };
                let (a, b) = (self.label[one], self.label[other]);
                a != b && a != own && b != own && between(self.rgb[at], self.rgb[one], self.rgb[other])
            })
        })
    }
}

/// The colour whose mixtures with the background come closest, and its share.
fn decode(pixel: [f32; 3]) -> (u8, f32) {
    let mut best = (BLANK, 0.0, f32::INFINITY);
    for (index, ray) in RAYS.iter().enumerate() {
        let offset: [f32; 3] = std::array::from_fn(|c| pixel[c] - f32::from(BACKGROUND[c]));
        let share = (dot(offset, ray.direction) / ray.square).clamp(0.0, 1.0);
        let rest: [f32; 3] = std::array::from_fn(|c| offset[c] - share * ray.direction[c]);
        let residual = dot(rest, rest);
        if residual < best.2 {
            best = (index as u8, share, residual);
        }
    }
    if best.1 < LEAST_PAINT { (BLANK, best.1) } else { (best.0, best.1) }
}

/// The way from the background to a colour.
struct Ray {
    direction: [f32; 3],
    square: f32,
}

static RAYS: [Ray; Color::ALL.len()] = {
    let mut rays = [const { Ray { direction: [0.0; 3], square: 0.0 } }; Color::ALL.len()];
    let mut index = 0;
    while index < rays.len() {
        let rgb = Color::ALL[index].rgb();
        let mut channel = 0;
        while channel < 3 {
            let way = rgb[channel] as f32 - BACKGROUND[channel] as f32;
            rays[index].direction[channel] = way;
            rays[index].square += way * way;
            channel += 1;
        }
        index += 1;
    }
    rays
};

/// The share of the color `own` in a pixel that mixes it with one of the `grounds`, whichever explains the pixel best;
/// 0 where two grounds do.
pub fn share_of(pixel: [f32; 3], own: u8, grounds: &[[f32; 3]]) -> f32 {
    let paint = Color::ALL[usize::from(own)].rgb().map(f32::from);
    let mut best = (f32::INFINITY, 0.0);
    for (index, &ground) in grounds.iter().enumerate() {
        let (residual, share) = mixture(pixel, ground, paint);
        if residual < best.0 {
            best = (residual, share);
        }
        for &other in &grounds[..index] {
            let (residual, _) = mixture(pixel, ground, other);
            if residual < best.0 {
                best = (residual, 0.0);
            }
        }
    }
    best.1
}

/// Whether nothing but background and the color `own` makes this pixel, to within the noise of a soft edge.
pub fn is_on_background(pixel: [f32; 3], own: u8) -> bool {
    let (residual, _) = mixture(pixel, BACKGROUND.map(f32::from), Color::ALL[usize::from(own)].rgb().map(f32::from));
    residual < 20.0 * 20.0
}

/// How far a pixel is from the mixtures of two colours (squared), and the share of the second in the nearest.
fn mixture(pixel: [f32; 3], one: [f32; 3], other: [f32; 3]) -> (f32, f32) {
    let way: [f32; 3] = std::array::from_fn(|c| other[c] - one[c]);
    let offset: [f32; 3] = std::array::from_fn(|c| pixel[c] - one[c]);
    let share = (dot(offset, way) / dot(way, way).max(1.0)).clamp(0.0, 1.0);
    let rest: [f32; 3] = std::array::from_fn(|c| offset[c] - share * way[c]);
    (dot(rest, rest), share)
}

/// What an object may lie on: the background, and the colours among `labels`.
pub fn grounds(labels: impl Iterator<Item = u8>) -> Vec<[f32; 3]> {
    let present = labels.filter(|&label| label < MIXED).fold(0_u32, |set, label| set | 1 << label);
    let colors = Color::ALL.iter().enumerate().filter(|(index, _)| present >> index & 1 == 1);
    std::iter::once(BACKGROUND.map(f32::from)).chain(colors.map(|(_, color)| color.rgb().map(f32::from))).collect()
}

/// Squared distance of a pixel to a colour that may be washed out by up to half with background.
pub fn distance_to(pixel: [f32; 3], color: usize) -> f32 {
    let ray = &RAYS[color];
    let offset: [f32; 3] = std::array::from_fn(|c| pixel[c] - f32::from(BACKGROUND[c]));
    let share = (dot(offset, ray.direction) / ray.square).clamp(0.5, 1.0);
    let rest: [f32; 3] = std::array::from_fn(|c| offset[c] - share * ray.direction[c]);
    dot(rest, rest)
}

fn between(pixel: [f32; 3], one: [f32; 3], other: [f32; 3]) -> bool {
    let (residual, share) = mixture(pixel, one, other);
    (0.08..=0.92).contains(&share) && residual < BLUR_TOLERANCE * BLUR_TOLERANCE
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
