//! The filled outline of a group of pieces.

use super::holes::fill_holes;
use super::masks::touches;
use super::pieces::{NONE, Pieces};
use super::pixels::{BLANK, PIXELS, Pixels, SIDE, grounds, is_on_background, share_of};
use super::template::Window;

/// What a template is compared with.
pub struct Silhouette {
    /// How much of each pixel belongs to the object, holes filled; row-major over the whole picture.
    pub inside: Vec<f32>,
    /// Whether a pixel says anything: 0 where something else may hide the object or colours are blurred.
    pub known: Vec<f32>,
    /// All pixels that may matter.
    pub window: Window,
    /// Box around the solid pixels, `x1, y1, x2, y2`.
    pub bbox: [f32; 4],
    /// Width in pixels over which edges are spread.
    pub softness: usize,
}

/// Builds the silhouette of the pieces `members`. `hiding` marks pixels of things that may lie in front.
pub fn silhouette(pixels: &Pixels, pieces: &Pieces, members: &[usize], hiding: Option<&[bool]>) -> Silhouette {
    let color = pieces.list[members[0]].color;
    let mut extent = [SIDE, SIDE, 0, 0];
    let mut own = vec![false; PIXELS];
    for piece in members.iter().map(|&member| &pieces.list[member]) {
        extent = enclose(extent, piece.extent);
        piece.pixels.iter().for_each(|&at| own[usize::from(at)] = true);
    }
    let bbox = [extent[0] as f32, extent[1] as f32, extent[2] as f32 + 1.0, extent[3] as f32 + 1.0];
    let mut inside = vec![0.0; PIXELS];
    // Faint paint of the same colour counts, too: all that hangs together with these pieces and no others, or else what
    // is next to them (the soft edge, a thin outline) or to what may hide more of them.
    let stains = own_stains(pieces, members);
    let next_to = |at: usize| touches(&own, at, 2) || hiding.is_some_and(|hiding| touches(hiding, at, 4));
    for at in (0..PIXELS).filter(|&at| pixels.label[at] == color) {
        let free = pieces.owner[at] == NONE && (stains.contains(&pieces.stain[at]) || next_to(at));
        if own[at] || free {
            inside[at] = pixels.paint[at];
            extent = enclose(extent, [at % SIDE, at / SIDE, at % SIDE, at / SIDE]);
        }
    }
    let mut window = grown(extent, 2);
    if let Some(hiding) = hiding {
        window = window.union(grown(extent_of(hiding), 2));
    }
    // On another object the soft edge is a mixture with that object's colour instead.
    let rim: Vec<usize> = window.indices().filter(|&at| touches(&own, at, pixels.softness + 1)).collect();
    let others = || rim.iter().map(|&at| pixels.label[at]).filter(|&label| label != color);
    if others().any(|label| label != BLANK) {
        let grounds = grounds(others());
        let is_free = |at: usize| own[at] || pieces.owner[at] == NONE || pixels.label[at] != color;
        for &at in rim.iter().filter(|&&at| pixels.label[at] != BLANK && is_free(at)) {
            inside[at] = share_of(pixels.rgb[at], color, &grounds);
        }
    }
    fill_holes(&mut inside, window, if pixels.softness > 1 { 2 } else { 1 });
    let mut known = vec![1.0; PIXELS];
    if let Some(hiding) = hiding {
        for at in window.indices().filter(|&at| touches(hiding, at, pixels.softness)) {
            if own[at] {
                // What is missing here is the background's share, or else the edge of the thing in front.
                inside[at] = if is_on_background(pixels.rgb[at], color) { pixels.paint[at] } else { 1.0 };
            } else if hiding[at] || (pixels.label[at] != BLANK && pixels.label[at] != color) {
                known[at] = 0.0;
            }
        }
    }
    Silhouette { inside, known, window, bbox, softness: pixels.softness }
}

/// Smallest column and row, largest column and row of the marked pixels.
fn extent_of(mask: &[bool]) -> [usize; 4] {
    (0..PIXELS).filter(|&at| mask[at]).fold([SIDE - 1, SIDE - 1, 0, 0], |e, at| {
        let (x, y) = (at % SIDE, at / SIDE);
        [e[0].min(x), e[1].min(y), e[2].max(x), e[3].max(y)]
    })
}

fn grown(extent: [usize; 4], by: usize) -> Window {
    Window {
        x0: extent[0].saturating_sub(by),
        y0: extent[1].saturating_sub(by),
        x1: (extent[2] + 1 + by).min(SIDE),
        y1: (extent[3] + 1 + by).min(SIDE),
    }
}

fn enclose(one: [usize; 4], other: [usize; 4]) -> [usize; 4] {
    [one[0].min(other[0]), one[1].min(other[1]), one[2].max(other[2]), one[3].max(other[3])]
}

/// The regions of faint paint that hold these pieces and no others.
fn own_stains(pieces: &Pieces, members: &[usize]) -> Vec<u16> {
    let stain = |index: usize| pieces.list[index].stain;
    let mut stains: Vec<u16> = members.iter().map(|&member| stain(member)).collect();
    stains.retain(|of| (0..pieces.list.len()).all(|index| stain(index) != *of || members.contains(&index)));
    stains
}
