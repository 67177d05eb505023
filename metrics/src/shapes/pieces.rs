//! Connected pieces of one colour, and which of them may belong together.

use super::masks::{neighbourhood, touches};
use super::pixels::{BLANK, MIXED, PIXELS, Pixels, SIDE};

/// Paint that makes a pixel part of a piece.
const SOLID: f32 = 0.5;
/// Paint that some pixel of a black piece must have: lines between objects are grey, which is 0.59 of black.
const BLACK_CORE: f32 = 0.74;
/// How far from such a pixel grey is still part of a black object, as the outline of a textured one.
const BLACK_REACH: usize = 3;
/// Index of black in the palette.
pub const BLACK: u8 = gentron_suites::shapes::Color::Black as u8;

/// A connected region of one colour.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Index into the palette.
    pub color: u8,
    /// Pixel indices, ascending.
    pub pixels: Vec<u16>,
    /// Smallest column, smallest row, largest column, largest row.
    pub extent: [usize; 4],
    /// Which connected region of any paint it lies in.
    pub island: u16,
    /// Which connected region of its own colour, faint paint included, it lies in.
    pub stain: u16,
}

/// All pieces of a picture.
pub struct Pieces {
    /// In the order of their first pixels.
    pub list: Vec<Piece>,
    /// Index into `list` of each pixel's piece, or [`NONE`].
    pub owner: Vec<u16>,
    /// Which connected region of one colour, faint paint included, each pixel lies in, or [`NONE`].
    pub stain: Vec<u16>,
    /// Which connected region of any paint each pixel lies in, or [`NONE`].
    pub island: Vec<u16>,
}

impl Pieces {
    /// Takes a picture apart.
    pub fn of(pixels: &Pixels) -> Self {
        let solid = solid_mask(pixels);
        let stain = components(|at| pixels.label[at], BLANK);
        let island = components(|at| if pixels.label[at] == BLANK { BLANK } else { 0 }, BLANK);
        let owner = components(|at| if solid[at] { pixels.label[at] } else { BLANK }, BLANK);
        let mut list: Vec<Piece> = Vec::new();
        for at in (0..PIXELS).filter(|&at| owner[at] != NONE) {
            let (x, y, index) = (at % SIDE, at / SIDE, usize::from(owner[at]));
            if index == list.len() {
                let extent = [x, y, x, y];
                list.push(Piece {
                    color: pixels.label[at],
                    pixels: Vec::new(),
                    extent,
                    island: island[at],
                    stain: stain[at],
                });
            }
            let piece = &mut list[index];
            let e = piece.extent;
            piece.extent = [e[0].min(x), e[1].min(y), e[2].max(x), e[3].max(y)];
            piece.pixels.push(at as u16);
        }
        Self { list, owner, stain, island }
    }
}

/// Pixels that are solid, without grey lines: solid black must have blacker black near it, or it is no black.
fn solid_mask(pixels: &Pixels) -> Vec<bool> {
    let is_solid = |at: usize| pixels.label[at] < MIXED && pixels.paint[at] >= SOLID;
    let core: Vec<bool> = (0..PIXELS).map(|at| pixels.label[at] == BLACK && pixels.paint[at] >= BLACK_CORE).collect();
    (0..PIXELS).map(|at| is_solid(at) && (pixels.label[at] != BLACK || touches(&core, at, BLACK_REACH))).collect()
}

/// No component.
pub const NONE: u16 = u16::MAX;

/// Numbers the 8-connected regions of equal keys; pixels whose key is `skip` belong to none.
fn components(key: impl Fn(usize) -> u8, skip: u8) -> Vec<u16> {
    let mut label = vec![NONE; PIXELS];
    let mut next = 0;
    let mut stack = Vec::new();
    for start in 0..PIXELS {
        if label[start] != NONE || key(start) == skip {
            continue;
        }
        label[start] = next;
        stack.push(start);
        while let Some(at) = stack.pop() {
            for neighbour in neighbourhood(at, 1) {
                if label[neighbour] == NONE && key(neighbour) == key(start) {
                    label[neighbour] = next;
                    stack.push(neighbour);
                }
            }
        }
        next += 1;
    }
    label
}

/// How loosely pieces may hang together and still be taken for one object, tightest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bond {
    /// Each piece on its own.
    Solid,
    /// Joined by faint paint of the same colour: an outline thinner than a pixel.
    Faint,
    /// At most 2 blank pixels apart.
    Near,
    /// At most 4 blank pixels apart: a light stripe.
    Stripe,
}

impl Bond {
    /// The next tighter bond.
    pub fn tighter(self) -> Option<Self> {
        match self {
            Self::Solid => None,
            Self::Faint => Some(Self::Solid),
            Self::Near => Some(Self::Faint),
            Self::Stripe => Some(Self::Near),
        }
    }
}

/// Splits `members` (indices into the list of pieces, one colour) into groups joined by `bond`, each ascending, ordered
/// by first member.
pub fn groups(pieces: &[Piece], members: &[usize], bond: Bond) -> Vec<Vec<usize>> {
    let joined = |a: usize, b: usize| {
        let (one, other) = (&pieces[a], &pieces[b]);
        let faint = one.stain == other.stain;
        match bond {
            Bond::Solid => false,
            Bond::Faint => faint,
            Bond::Near => faint || within(one, other, 3),
            Bond::Stripe => faint || within(one, other, 5),
        }
    };
    let mut group: Vec<usize> = (0..members.len()).collect();
    for later in 1..members.len() {
        for earlier in 0..later {
            if group[earlier] != group[later] && joined(members[earlier], members[later]) {
                let (keep, lose) = (group[earlier].min(group[later]), group[earlier].max(group[later]));
                group.iter_mut().filter(|g| **g == lose).for_each(|g| *g = keep);
            }
        }
    }
    let mut firsts = group.clone();
    firsts.sort_unstable();
    firsts.dedup();
    let collect = |first: usize| (0..members.len()).filter(|&i| group[i] == first).map(|i| members[i]).collect();
    firsts.into_iter().map(collect).collect()
}

/// Whether two pieces come as close as `reach` pixels in both axes.
fn within(one: &Piece, other: &Piece, reach: usize) -> bool {
    let (a, b) = (one.extent, other.extent);
    if a[0] > b[2] + reach || b[0] > a[2] + reach || a[1] > b[3] + reach || b[1] > a[3] + reach {
        return false;
    }
    let place = |at: u16| (usize::from(at) % SIDE, usize::from(at) / SIDE);
    one.pixels.iter().map(|&p| place(p)).any(|(x, y)| {
        other.pixels.iter().map(|&q| place(q)).any(|(u, v)| x.abs_diff(u) <= reach && y.abs_diff(v) <= reach)
    })
}
