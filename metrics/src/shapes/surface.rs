//! Colour and texture of an object whose outline is known.

use gentron_suites::shapes::{Color, Texture, texture_lightness};

use super::found::{ANY_COLOR, Found};
use super::pixels::{BLANK, Pixels, SIDE, distance_to};
use super::template::Window;

/// How far off, in grey levels, a colour may be before it is doubted.
const COLOR_TOLERANCE: f64 = 22.0;

/// Probability of each colour, in the order of [`Color::ALL`].
pub fn color_posterior(pixels: &Pixels, found: &Found) -> [f64; 8] {
    let solid = 0.8 * strongest(pixels, found);
    let paint = |at: &u16| pixels.paint[usize::from(*at)];
    let inner: Vec<[f32; 3]> =
        found.visible.iter().filter(|at| paint(at) >= solid).map(|&at| pixels.rgb[usize::from(at)]).collect();
    // Every pixel votes with its own probabilities. Votes are raised to a power: a few pixels of another colour are no
    // reason for doubt, half of them are.
    const CONSENT: i32 = 3;
    let mut votes = [0.0; Color::ALL.len()];
    for rgb in inner {
        let error: [f64; Color::ALL.len()] = std::array::from_fn(|color| f64::from(distance_to(rgb, color)));
        let best = error.iter().copied().fold(f64::INFINITY, f64::min);
        let weight = error.map(|e| (-(e - best) / (2.0 * COLOR_TOLERANCE * COLOR_TOLERANCE)).exp());
        let total: f64 = weight.iter().sum();
        votes.iter_mut().zip(weight).for_each(|(vote, w)| *vote += w / total);
    }
    let weight = votes.map(|vote: f64| vote.powi(CONSENT));
    let total: f64 = weight.iter().sum();
    if total > 0.0 { weight.map(|w| w / total) } else { [1.0 / Color::ALL.len() as f64; Color::ALL.len()] }
}

/// The paint of the object where it is unmixed: its upper decile.
fn strongest(pixels: &Pixels, found: &Found) -> f32 {
    let mut paint: Vec<f32> = found.visible.iter().map(|&at| pixels.paint[usize::from(at)]).collect();
    paint.sort_unstable_by(f32::total_cmp);
    paint.get(paint.len() * 9 / 10).copied().unwrap_or(1.0).max(0.3)
}

/// Probability of each texture, in the order of [`Texture::ALL`].
pub fn texture_posterior(pixels: &Pixels, found: &Found, template: &[f32]) -> [f64; 4] {
    let surface = Surface::new(pixels, found, template);
    let mean = surface.spots.iter().map(|spot| spot.light).sum::<f32>() / surface.spots.len().max(1) as f32;
    let textured = sigmoid((f64::from(mean) - 0.1) / 0.012);
    if surface.spots.len() < 12 || textured < 1e-3 {
        return [1.0, 0.0, 0.0, 0.0];
    }
    let correlation = surface.correlations().map(f64::from);
    let best = correlation.iter().copied().fold(f64::MIN, f64::max);
    let weight = correlation.map(|r| (30.0 * (r - best)).exp());
    let total: f64 = weight.iter().sum();
    // Light without a pattern, as of a pale blotch, is no texture, and not surely plain either.
    let pattern = sigmoid((best - 0.4) / 0.04);
    let [striped, dotted, checkered] = weight.map(|w| textured * pattern * w / total);
    [(1.0 - textured) + 0.5 * textured * (1.0 - pattern), striped, dotted, checkered]
}

/// One pixel well within an object.
struct Spot {
    at: usize,
    /// 0 where the object's own colour is, 1 where it is white.
    light: f32,
}

/// What is inside an object's outline.
struct Surface {
    bbox: [f32; 4],
    window: Window,
    /// What remains of the outline's coverage one pixel further in: only there a texture is drawn. Over the whole
    /// picture.
    inner: Vec<f32>,
    /// Pixels that are wholly inside and that nothing hides.
    spots: Vec<Spot>,
    blurred: bool,
}

impl Surface {
    fn new(pixels: &Pixels, found: &Found, template: &[f32]) -> Self {
        let window = Window::around(found.bbox());
        let mut inner = vec![0.0; template.len()];
        let rows = |at: usize| [at - SIDE - 1, at - 1, at + SIDE - 1];
        for at in window
            .indices()
            .filter(|at| at % SIDE > 0 && at % SIDE + 1 < SIDE && *at >= SIDE && *at < SIDE * (SIDE - 1))
        {
            inner[at] = rows(at).into_iter().flat_map(|row| &template[row..row + 3]).copied().fold(1.0, f32::min);
        }
        let strongest = strongest(pixels, found);
        let shown = |at: usize| {
            found.known[at] > 0.0 && (found.color == ANY_COLOR || [found.color, BLANK].contains(&pixels.label[at]))
        };
        let spots = window
            .indices()
            .filter(|&at| inner[at] > 0.9 && shown(at))
            .map(|at| Spot { at, light: (1.0 - pixels.paint[at] / strongest).clamp(0.0, 1.0) })
            .collect();
        Self { bbox: found.bbox(), window, inner, spots, blurred: pixels.softness > 1 }
    }

    /// Correlation with each named texture anchored to the box; where none fits there, up to two pixels beside it: a
    /// drawn box is known to a fraction of a pixel, a generated one is not.
    fn correlations(&self) -> [f32; 3] {
        const CLEAR: f32 = 0.88;
        let mut field = vec![0.0; self.inner.len()];
        let mut best = Texture::NAMED.map(|texture| self.shifted(texture, SHIFTS[0], &mut field));
        for &shift in &SHIFTS[1..] {
            if best.iter().any(|&r| r > CLEAR) {
                break;
            }
            for (best, texture) in best.iter_mut().zip(Texture::NAMED) {
                *best = best.max(self.shifted(texture, shift, &mut field));
            }
        }
        best
    }

    fn shifted(&self, texture: Texture, (dx, dy): (f32, f32), field: &mut [f32]) -> f32 {
        let [x1, y1, x2, y2] = self.bbox;
        let size = ((x2 - x1 + y2 - y1) / 2.0).round();
        let (left, top) = (((x1 + x2 - size) / 2.0).round() + dx, ((y1 + y2 - size) / 2.0).round() + dy);
        let bbox = [left, top, left + size, top + size];
        for at in self.window.indices().filter(|&at| self.inner[at] > 0.0) {
            let (x, y) = ((at % SIDE) as f32 + 0.5, (at / SIDE) as f32 + 0.5);
            field[at] = self.inner[at] * texture_lightness(texture, bbox, x, y);
        }
        self.correlation(field)
    }

    /// Pearson correlation of what is light with what would be.
    fn correlation(&self, field: &[f32]) -> f32 {
        let count = self.spots.len() as f32;
        let (mut a, mut b, mut aa, mut bb, mut ab) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
        for &Spot { at, light } in &self.spots {
            let wanted = if self.blurred {
                [at - SIDE - 1, at - 1, at + SIDE - 1].into_iter().flat_map(|row| &field[row..row + 3]).sum::<f32>()
                    / 9.0
            } else {
                field[at]
            };
            a += light;
            b += wanted;
            aa += light * light;
            bb += wanted * wanted;
            ab += light * wanted;
        }
        let (left, right) = (aa - a * a / count, bb - b * b / count);
        if left > 1e-3 && right > 1e-3 { (ab - a * b / count) / (left * right).sqrt() } else { 0.0 }
    }
}

/// No shift, then from near to far.
const SHIFTS: [(f32, f32); 25] = {
    let mut shifts = [(0.0, 0.0); 25];
    let (mut count, mut ring) = (0, 0);
    while ring <= 2_i32 {
        let mut dy = -2_i32;
        while dy <= 2 {
            let mut dx = -2_i32;
            while dx <= 2 {
                let (x, y) = (dx.abs(), dy.abs());
                if (if x > y { x } else { y }) == ring {
                    shifts[count] = (dx as f32, dy as f32);
                    count += 1;
                }
                dx += 1;
            }
            dy += 1;
        }
        ring += 1;
    }
    shifts
};

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
