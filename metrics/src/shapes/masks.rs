//! Sets of pixels and their neighbourhoods, measured along both axes.

use super::pixels::{PIXELS, SIDE};

/// The pixel and all that are within `reach` of it, row by row.
pub fn neighbourhood(at: usize, reach: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (at % SIDE, at / SIDE);
    let columns = x.saturating_sub(reach)..(x + reach + 1).min(SIDE);
    (y.saturating_sub(reach)..(y + reach + 1).min(SIDE))
        .flat_map(move |row| columns.clone().map(move |column| row * SIDE + column))
}

/// Whether a marked pixel is within `reach`.
pub fn touches(mask: &[bool], at: usize, reach: usize) -> bool {
    let (x, y) = (at % SIDE, at / SIDE);
    (y.saturating_sub(reach)..(y + reach + 1).min(SIDE))
        .any(|row| mask[row * SIDE + x.saturating_sub(reach)..row * SIDE + (x + reach + 1).min(SIDE)].contains(&true))
}

/// The mask of the given pixels.
pub fn mask_of(pixels: &[u16]) -> Vec<bool> {
    let mut mask = vec![false; PIXELS];
    pixels.iter().for_each(|&at| mask[usize::from(at)] = true);
    mask
}

/// Every pixel within `reach` of a marked one.
pub fn dilated(mask: &[bool], reach: usize) -> Vec<bool> {
    let across: Vec<bool> = (0..PIXELS)
        .map(|at| {
            let (x, row) = (at % SIDE, at - at % SIDE);
            mask[row + x.saturating_sub(reach)..row + (x + reach + 1).min(SIDE)].contains(&true)
        })
        .collect();
    (0..PIXELS)
        .map(|at| {
            let (x, y) = (at % SIDE, at / SIDE);
            (y.saturating_sub(reach)..(y + reach + 1).min(SIDE)).any(|row| across[row * SIDE + x])
        })
        .collect()
}

/// Every pixel all of whose neighbours within `reach` are marked; what is outside the picture counts as
/// marked.
pub fn eroded(mask: &[bool], reach: usize) -> Vec<bool> {
    let inverse: Vec<bool> = mask.iter().map(|&marked| !marked).collect();
    dilated(&inverse, reach).into_iter().map(|marked| !marked).collect()
}
