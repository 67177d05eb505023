//! A candidate for an object: pixels, and the template that agrees best with them.

use gentron_suites::shapes::Shape;

use super::fit::{Fits, fit};
use super::pieces::Pieces;
use super::pixels::{PIXELS, Pixels};
use super::silhouette::{Silhouette, silhouette};
use super::template::{Window, cover};

/// Objects of fewer visible pixels are not looked at.
pub const LEAST_AREA: usize = 24;
/// Agreement that needs no other explanation.
pub const GOOD: f32 = 0.93;
/// How much better several objects must agree than one to be believed.
pub const SIMPLICITY: f32 = 0.06;

/// Pieces taken for one object.
#[derive(Clone, Debug)]
pub struct Found {
    /// The pieces' label, an index into the palette; [`ANY_COLOR`] where they have several.
    pub color: u8,
    /// Solid pixels, ascending.
    pub visible: Vec<u16>,
    /// Templates and how well they agree.
    pub fits: Fits,
    /// `fits.quality()`, less for what is too small or mostly hidden; 0 to 1.
    pub merit: f32,
    /// Whether each pixel speaks for or against the object: row-major, 0 or 1.
    pub known: Vec<f32>,
    /// Indices of its pieces; empty where it is not made of whole pieces.
    pub members: Vec<usize>,
}

/// The label of an object of several colours.
pub const ANY_COLOR: u8 = 253;

impl Found {
    /// Finds the template of the pieces `members`, of one colour. `hiding` marks what may lie in front.
    pub fn new(pixels: &Pixels, pieces: &Pieces, members: Vec<usize>, hiding: Option<&[bool]>) -> Self {
        let mut visible: Vec<u16> =
            members.iter().flat_map(|&member| pieces.list[member].pixels.iter().copied()).collect();
        visible.sort_unstable();
        let color = pieces.list[members[0]].color;
        if visible.len() < LEAST_AREA {
            return Self { color, visible, fits: Fits::none(), merit: 0.0, known: Vec::new(), members };
        }
        let silhouette = silhouette(pixels, pieces, &members, hiding);
        let found = Self::fitted(color, visible, silhouette, hiding.is_some());
        Self { members, ..found }
    }

    /// Finds the template of a silhouette.
    pub fn fitted(color: u8, visible: Vec<u16>, silhouette: Silhouette, partly_hidden: bool) -> Self {
        let fits = fit(&silhouette, partly_hidden);
        let merit = fits.quality() * plausible_size(fits.bbox[fits.best()]) * seen_enough(&silhouette, &fits);
        Self { color, visible, fits, merit, known: silhouette.known, members: Vec::new() }
    }

    /// The same template for the pixels of `other`.
    pub fn named(self, other: &Self) -> Self {
        Self { color: other.color, visible: other.visible.clone(), members: other.members.clone(), ..self }
    }

    /// The best template's box.
    pub fn bbox(&self) -> [f32; 4] {
        self.fits.bbox[self.fits.best()]
    }

    /// What the best template covers, over the whole picture.
    pub fn template(&self) -> Vec<f32> {
        let best = self.fits.best();
        let window = Window::around(self.bbox());
        let (mut part, mut whole) = (Vec::new(), vec![0.0; PIXELS]);
        cover(Shape::ALL[best], self.bbox(), 1, window, &mut part);
        window.indices().zip(part).for_each(|(at, share)| whole[at] = share);
        whole
    }
}

/// The world's smallest object is 15 pixels wide, its largest 54 of the 64: 12 and 58 may still be one, 8 and 62 are
/// none.
fn plausible_size(bbox: [f32; 4]) -> f32 {
    let size = (bbox[2] - bbox[0]).max(bbox[3] - bbox[1]);
    ((size - 8.0) / 4.0).min((62.0 - size) / 4.0).clamp(0.0, 1.0)
}

/// An object of which hardly anything is visible is a guess.
fn seen_enough(silhouette: &Silhouette, fits: &Fits) -> f32 {
    let best = fits.best();
    let window = Window::around(fits.bbox[best]);
    let mut template = Vec::new();
    cover(Shape::ALL[best], fits.bbox[best], 1, window, &mut template);
    let total: f32 = template.iter().sum();
    let seen: f32 = window.indices().zip(&template).map(|(at, t)| t * silhouette.known[at]).sum();
    if total > 0.0 { (seen / total / 0.06).min(1.0) } else { 0.0 }
}
