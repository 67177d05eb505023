//! Training clips without end: clip `index` of `seed` is a pure function of both.

use image::RgbImage;

use super::caption::varied;
use super::clip::Clip;
use super::play::Play;
use crate::Motion;
use crate::rng::{Purpose, Rng};

/// A clip, its caption and what it shows.
#[derive(Clone, Debug)]
pub struct ClipPair {
    /// Eight pictures, 64 x 64.
    pub frames: Vec<RgbImage>,
    /// What the text encoders read.
    pub caption: String,
    /// What the frames show.
    pub clip: Clip,
}

/// How often a training clip has two objects.
const TWO: f32 = 0.5;

/// The `index`-th training clip of `seed`. Never shows a held-out combination.
pub fn training_clip(seed: u64, index: u64) -> ClipPair {
    let mut content = Rng::new(seed, index, Purpose::ClipContent);
    let play = Play::draw(&motions(content.chance(TWO), &mut content), false, &mut content);
    let caption = varied(&play, &mut Rng::new(seed, index, Purpose::ClipWording));
    let clip = Clip::stage(&play, &mut Rng::new(seed, index, Purpose::ClipStaging));
    ClipPair { frames: clip.render(), caption, clip }
}

/// One motion, or two different ones.
pub(super) fn motions(two: bool, rng: &mut Rng) -> Vec<Motion> {
    let first = rng.pick(&Motion::ALL);
    let others: Vec<Motion> = Motion::ALL.into_iter().filter(|&other| other != first).collect();
    if two { vec![first, rng.pick(&others)] } else { vec![first] }
}
