//! A second look at what agrees with no template: objects whose colour changes or whose outline is broken, as learnt
//! pictures have them.
//!
//! The first look goes by colour, and so cannot see a square that is half red and half blue. Here everything painted
//! counts, whatever its colour: the shape is found, and the colour stays as undecided as it is.

use super::found::{ANY_COLOR, Found, GOOD, LEAST_AREA, SIMPLICITY};
use super::holes::fill_holes;
use super::masks::{dilated, eroded};
use super::pieces::{BLACK, NONE, Pieces};
use super::pixels::{BLANK, PIXELS, Pixels, SIDE};
use super::silhouette::Silhouette;
use super::template::Window;

/// Gaps of up to twice as many pixels in an outline are closed: a light stripe is 4 wide.
const CLOSING: usize = 2;

/// Replaces badly explained objects of each island of paint by one object of any colour where that agrees better.
pub fn second_look(pixels: &Pixels, pieces: &Pieces, found: Vec<Found>) -> Vec<Found> {
    let mend = |object: Found| mended(pixels, &object).unwrap_or(object);
    let (good, mut doubtful): (Vec<Found>, Vec<Found>) =
        found.into_iter().map(mend).partition(|found| found.merit >= GOOD);
    let mut taken = vec![false; PIXELS];
    for object in &good {
        let template = object.template();
        (0..PIXELS).filter(|&at| template[at] > 0.05).for_each(|at| taken[at] = true);
        object.visible.iter().for_each(|&at| taken[usize::from(at)] = true);
    }
    let islands = pieces
        .island
        .iter()
        .filter(|&&island| island != NONE)
        .map(|&island| usize::from(island) + 1)
        .max()
        .unwrap_or(0);
    let mut found = good;
    for island in 0..islands as u16 {
        let free: Vec<usize> = (0..PIXELS)
            .filter(|&at| pieces.island[at] == island && !taken[at] && !is_line(pixels, pieces, at))
            .collect();
        if free.len() < 2 * LEAST_AREA {
            continue;
        }
        let Some(candidate) = generous(pixels, &free, &taken) else { continue };
        let inside = |object: &Found| {
            object.visible.iter().filter(|at| pieces.island[usize::from(**at)] == island).count() * 2
                > object.visible.len()
        };
        if candidate.merit > explained(&candidate, doubtful.iter().filter(|object| inside(object))) + SIMPLICITY {
            doubtful.retain(|object| !inside(object));
            found.push(candidate);
        }
    }
    found.append(&mut doubtful);
    found
}

/// The object with gaps in its outline closed, where that agrees better and nothing hides a part of it.
fn mended(pixels: &Pixels, object: &Found) -> Option<Found> {
    if object.merit >= GOOD || object.known.contains(&0.0) {
        return None;
    }
    let own: Vec<usize> = object.visible.iter().map(|&at| usize::from(at)).collect();
    let candidate = generous(pixels, &own, &[false; PIXELS])?;
    (candidate.merit > object.merit + SIMPLICITY / 2.0).then(|| candidate.named(object))
}

/// How well the objects so far explain what the candidate would: their mean agreement, 0 for what none of them covers.
fn explained<'a>(candidate: &Found, objects: impl Iterator<Item = &'a Found>) -> f32 {
    let (mut merit, mut area) = (0.0, 0.0);
    let mut open: Vec<u16> = candidate.visible.clone();
    for object in objects {
        let template = object.template();
        open.retain(|&at| template[usize::from(at)] < 0.3);
        merit += object.merit * object.visible.len() as f32;
        area += object.visible.len() as f32;
    }
    merit / (area + open.len() as f32).max(1.0)
}

/// Faint black that belongs to no black piece is a line between objects.
fn is_line(pixels: &Pixels, pieces: &Pieces, at: usize) -> bool {
    pixels.label[at] == BLACK && pieces.owner[at] == NONE
}

/// Fits a template to all free pixels with gaps closed, holes filled and whatever is thinner than 3 pixels taken away.
fn generous(pixels: &Pixels, free: &[usize], taken: &[bool]) -> Option<Found> {
    let mut paint = vec![false; PIXELS];
    free.iter().for_each(|&at| paint[at] = pixels.paint[at] >= 0.3);
    let everywhere = Window { x0: 0, y0: 0, x1: SIDE, y1: SIDE };
    let closed = eroded(&dilated(&paint, CLOSING), CLOSING);
    let mut filled: Vec<f32> =
        (0..PIXELS).map(|at| f32::from(u8::from((closed[at] || paint[at]) && !taken[at]))).collect();
    fill_holes(&mut filled, everywhere, 1);
    let solid: Vec<bool> = filled.iter().map(|&share| share > 0.5).collect();
    let kept = dilated(&dilated(&eroded(&solid, 1), 1), 1);
    let mut inside = vec![0.0; PIXELS];
    let mut extent = [SIDE, SIDE, 0, 0];
    let mut visible = Vec::new();
    for at in (0..PIXELS).filter(|&at| kept[at] && !taken[at]) {
        let deep = solid[at] && interior(&solid, at);
        inside[at] = if deep || pixels.label[at] == BLANK { filled[at] } else { pixels.paint[at] };
        if inside[at] >= 0.5 {
            extent = [
                extent[0].min(at % SIDE),
                extent[1].min(at / SIDE),
                extent[2].max(at % SIDE),
                extent[3].max(at / SIDE),
            ];
            if paint[at] && pixels.paint[at] >= 0.5 {
                visible.push(at as u16);
            }
        }
    }
    if visible.len() < LEAST_AREA {
        return None;
    }
    let bbox = [extent[0] as f32, extent[1] as f32, extent[2] as f32 + 1.0, extent[3] as f32 + 1.0];
    let window = Window::around([bbox[0] - 2.0, bbox[1] - 2.0, bbox[2] + 2.0, bbox[3] + 2.0]);
    let silhouette = Silhouette { inside, known: vec![1.0; PIXELS], window, bbox, softness: pixels.softness };
    Some(Found::fitted(ANY_COLOR, visible, silhouette, false))
}

fn interior(mask: &[bool], at: usize) -> bool {
    let (x, y) = (at % SIDE, at / SIDE);
    x > 0 && y > 0 && x + 1 < SIDE && y + 1 < SIDE && mask[at - 1] && mask[at + 1] && mask[at - SIDE] && mask[at + SIDE]
}
