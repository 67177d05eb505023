//! Which pieces are one object: the fewest objects that explain the picture well.
//!
//! Pieces of one colour are joined as loosely as a template still agrees with the whole, surest objects first; objects
//! that are found already may hide parts of those that are not.

use gentron_suites::shapes::Color;

use super::found::{Found, GOOD, LEAST_AREA, SIMPLICITY};
use super::generous::second_look;
use super::masks::{mask_of, touches};
use super::pieces::{Bond, Pieces, groups};
use super::pixels::{PIXELS, Pixels};

/// All objects, surest first.
pub fn explain(pixels: &Pixels) -> Vec<Found> {
    let pieces = Pieces::of(pixels);
    let mut pending = Vec::new();
    for color in 0..Color::ALL.len() as u8 {
        let members = largest(&pieces, color);
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

/// The pieces of a color, without the smallest where there are too many for any scene: noise must not take minutes.
fn largest(pieces: &Pieces, color: u8) -> Vec<usize> {
    const MOST: usize = 40;
    let mut members: Vec<usize> = (0..pieces.list.len()).filter(|&i| pieces.list[i].color == color).collect();
    members.sort_by_key(|&i| std::cmp::Reverse(pieces.list[i].pixels.len()));
    members.truncate(MOST);
    members.sort_unstable();
    members
}

fn surest(pending: &[Found]) -> Option<usize> {
    (0..pending.len()).max_by(|&a, &b| {
        pending[a].merit.total_cmp(&pending[b].merit).then(pending[b].visible.cmp(&pending[a].visible))
    })
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

/// Looks again at an object that agrees badly: something found before may hide a part of it, and what is left of it may
/// be in several pieces.
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
    let parts: Vec<Found> =
        std::iter::once(&alone).chain(pending.iter().filter(|other| is_part(other))).cloned().collect();
    if mean_merit(&parts) > merged.merit + SIMPLICITY {
        return alone;
    }
    pending.retain(|other| !is_part(other));
    merged
}

fn shares_island(pieces: &Pieces, one: &Found, other: &Found) -> bool {
    one.members.iter().any(|&a| other.members.iter().any(|&b| pieces.list[a].island == pieces.list[b].island))
}

/// The pixels of all credible objects that may lie in front of the candidate: those inside whose outline it does not
/// show. A blotch hides nothing, or half an object could be completed behind any.
fn hiding(candidate: &Found, accepted: &[Found], templates: &[Vec<f32>]) -> Option<Vec<bool>> {
    const CREDIBLE: f32 = 0.75;
    let mut mask: Option<Vec<bool>> = None;
    for (front, template) in accepted.iter().zip(templates).filter(|(front, _)| front.merit > CREDIBLE) {
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
    let mask = mask_of(one);
    other.iter().any(|&at| touches(&mask, usize::from(at), 3))
}
