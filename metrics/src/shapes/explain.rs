//! Which pieces are one object: the fewest objects that explain the picture well.
//!
//! Pieces of one colour are joined as loosely as a template still agrees with the whole, surest objects first; objects that are found already may hide parts
//! of those that are not.

use super::fit::{Fits, fit};
use super::generous::second_look;
use super::pieces::{Bond, Pieces, groups};
use super::pixels::{PIXELS, Pixels, SIDE};
use super::silhouette::{Silhouette, silhouette};
use super::template::{Window, cover};
use gentron_suites::shapes::{Color, Shape};

/// Objects of fewer visible pixels are not looked at.
pub(super) const LEAST_AREA: usize = 24;
/// Agreement that needs no other explanation.
pub(super) const GOOD: f32 = 0.93;
/// How much better several objects must agree than one to be believed.
pub(super) const SIMPLICITY: f32 = 0.06;

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
    /// Indices of its pieces.
    members: Vec<usize>,
}

/// The label of an object of several colours.
pub const ANY_COLOR: u8 = 253;

impl Found {
    fn new(pixels: &Pixels, pieces: &Pieces, members: Vec<usize>, hiding: Option<&[bool]>) -> Self {
        let silhouette = silhouette(pixels, pieces, &members, hiding);
        let mut visible: Vec<u16> = members.iter().flat_map(|&member| pieces.list[member].pixels.iter().copied()).collect();
        visible.sort_unstable();
        let found = Self::fitted(pieces.list[members[0]].color, visible, silhouette, hiding.is_some());
        Self { members, ..found }
    }

    /// Finds the template of a silhouette.
    pub(super) fn fitted(color: u8, visible: Vec<u16>, silhouette: Silhouette, partly_hidden: bool) -> Self {
        let fits = fit(&silhouette, partly_hidden);
        let merit = fits.quality() * plausible_size(fits.bbox[fits.best()]) * seen_enough(&silhouette, &fits);
        Self { color, visible, fits, merit, known: silhouette.known, members: Vec::new() }
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

/// The world's smallest object is 15 pixels wide; 12 may still be one, 8 is none.
fn plausible_size(bbox: [f32; 4]) -> f32 {
    let size = (bbox[2] - bbox[0]).max(bbox[3] - bbox[1]);
    ((size - 8.0) / 4.0).clamp(0.0, 1.0)
}

/// An object of which hardly anything is visible is a guess.
fn seen_enough(silhouette: &Silhouette, fits: &Fits) -> f32 {
    let best = fits.best();
    let window = Window::around(fits.bbox[best]);
    let mut template = Vec::new();
    cover(Shape::ALL[best], fits.bbox[best], 1, window, &mut template);
    let total: f32 = template.iter().sum();
    let seen: f32 = window.indices().zip(&template).map(|(at, t)| t * silhouette.known[at]).sum();
    if total > 0.0 { (seen / total / 0.1).min(1.0) } else { 0.0 }
}

/// All objects, surest first.
pub fn explain(pixels: &Pixels) -> Vec<Found> {
    let pieces = Pieces::of(pixels);
    let mut pending = Vec::new();
    for color in 0..Color::ALL.len() as u8 {
        let members: Vec<usize> = (0..pieces.list.len()).filter(|&i| pieces.list[i].color == color).collect();
        for group in groups(&pieces.list, &members, Bond::Stripe) {
            resolve(pixels, &pieces, group, Bond::Stripe, &mut pending);
        }
    }
    let mut accepted: Vec<Found> = Vec::new();
    let mut templates: Vec<Vec<f32>> = Vec::new();
    while let Some(next) = surest(&pending) {
        let candidate = pending.swap_remove(next);
        let found = unhide(pixels, &pieces, candidate, &mut pending, &accepted, &templates);
        if found.visible.len() >= LEAST_AREA {
            templates.push(found.template());
            accepted.push(found);
        }
    }
    second_look(pixels, &pieces, accepted)
}

fn surest(pending: &[Found]) -> Option<usize> {
    (0..pending.len()).max_by(|&a, &b| pending[a].merit.total_cmp(&pending[b].merit).then(pending[b].visible.cmp(&pending[a].visible)))
}

/// Takes the group as one object, or splits it where a tighter bond splits it and the parts agree clearly better.
fn resolve(pixels: &Pixels, pieces: &Pieces, group: Vec<usize>, bond: Bond, out: &mut Vec<Found>) {
    let whole = Found::new(pixels, pieces, group, None);
    let mut bond = bond;
    let parts = loop {
        match bond.tighter() {
            Some(tighter) if whole.merit < GOOD && whole.members.len() > 1 => bond = tighter,
            _ => return out.push(whole),
        }
        let parts = groups(&pieces.list, &whole.members, bond);
        if parts.len() > 1 {
            break parts;
        }
    };
    let mut split = Vec::new();
    parts.into_iter().for_each(|part| resolve(pixels, pieces, part, bond, &mut split));
    if mean_merit(&split) > whole.merit + SIMPLICITY { out.append(&mut split) } else { out.push(whole) }
}

fn mean_merit(parts: &[Found]) -> f32 {
    let area = |part: &Found| part.visible.len() as f32;
    parts.iter().map(|part| part.merit * area(part)).sum::<f32>() / parts.iter().map(area).sum::<f32>()
}

/// Looks again at an object that agrees badly: something found before may hide a part of it, and what is left of it may be in several pieces.
fn unhide(
    pixels: &Pixels,
    pieces: &Pieces,
    candidate: Found,
    pending: &mut Vec<Found>,
    accepted: &[Found],
    templates: &[Vec<f32>],
) -> Found {
    if candidate.merit >= GOOD {
        return candidate;
    }
    let Some(hiding) = hiding(&candidate, accepted, templates) else { return candidate };
    let again = Found::new(pixels, pieces, candidate.members.clone(), Some(&hiding));
    let alone = if again.merit > candidate.merit + 0.02 { again } else { candidate };
    let mut members: Vec<usize> = alone.members.clone();
    for sibling in pending.iter().filter(|other| other.color == alone.color && shares_island(pieces, &alone, other)) {
        members.extend(&sibling.members);
    }
    if members.len() == alone.members.len() {
        return alone;
    }
    members.sort_unstable();
    let merged = Found::new(pixels, pieces, members, Some(&hiding));
    let is_part = |other: &Found| merged.members.binary_search(&other.members[0]).is_ok();
    let parts: Vec<Found> = std::iter::once(&alone).chain(pending.iter().filter(|other| is_part(other))).cloned().collect();
    if mean_merit(&parts) > merged.merit + SIMPLICITY {
        return alone;
    }
    pending.retain(|other| !is_part(other));
    merged
}

fn shares_island(pieces: &Pieces, one: &Found, other: &Found) -> bool {
    one.members.iter().any(|&a| other.members.iter().any(|&b| pieces.list[a].island == pieces.list[b].island))
}

/// The pixels of all found objects that may lie in front of the candidate: those inside whose outline it does not show.
fn hiding(candidate: &Found, accepted: &[Found], templates: &[Vec<f32>]) -> Option<Vec<bool>> {
    let mut mask: Option<Vec<bool>> = None;
    for (front, template) in accepted.iter().zip(templates) {
        let within = candidate.visible.iter().filter(|&&at| template[usize::from(at)] > 0.5).count();
        if within * 10 < 3 * candidate.visible.len() && close(&front.visible, &candidate.visible) {
            let mask = mask.get_or_insert_with(|| vec![false; PIXELS]);
            front.visible.iter().for_each(|&at| mask[usize::from(at)] = true);
            (0..PIXELS).filter(|&at| template[at] > 0.5).for_each(|at| mask[at] = true);
        }
    }
    mask
}

/// Whether two sets of pixels come within 3 pixels of each other.
fn close(one: &[u16], other: &[u16]) -> bool {
    let mut mask = vec![false; PIXELS];
    one.iter().for_each(|&at| mask[usize::from(at)] = true);
    other.iter().any(|&at| {
        let (x, y) = (usize::from(at) % SIDE, usize::from(at) / SIDE);
        (y.saturating_sub(3)..(y + 4).min(SIDE)).any(|row| mask[row * SIDE + x.saturating_sub(3)..row * SIDE + (x + 4).min(SIDE)].contains(&true))
    })
}
