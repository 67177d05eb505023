//! Filling what an outline encloses.

use super::pixels::SIDE;
use super::template::Window;

/// Paint that keeps the outside out.
const DAM: f32 = 0.22;

/// Sets to 1 whatever cannot be reached from the window's edge without crossing paint.
pub fn fill_holes(inside: &mut [f32], window: Window, reach: usize) {
    let (columns, rows) = (window.x1 - window.x0, window.y1 - window.y0);
    let mut reached = vec![false; columns * rows];
    let place = |x: usize, y: usize| (window.y0 + y) * SIDE + window.x0 + x;
    let mut stack: Vec<(usize, usize)> = Vec::with_capacity(columns * rows);
    let on_edge = |x: usize, y: usize| x == 0 || y == 0 || x + 1 == columns || y + 1 == rows;
    for y in 0..rows {
        for x in 0..columns {
            if on_edge(x, y) && inside[place(x, y)] < DAM {
                reached[y * columns + x] = true;
                stack.push((x, y));
            }
        }
    }
    while let Some((x, y)) = stack.pop() {
        let mut visit = |x: usize, y: usize| {
            if !reached[y * columns + x] && inside[place(x, y)] < DAM {
                reached[y * columns + x] = true;
                stack.push((x, y));
            }
        };
        if x > 0 {
            visit(x - 1, y);
        }
        if x + 1 < columns {
            visit(x + 1, y);
        }
        if y > 0 {
            visit(x, y - 1);
        }
        if y + 1 < rows {
            visit(x, y + 1);
        }
    }
    for y in 0..rows {
        for x in 0..columns {
            let at = place(x, y);
            if !reached[y * columns + x] && inside[at] < DAM {
                inside[at] = 1.0;
            }
        }
    }
    // Pixels all around which is inside are wholly inside, however much white a texture mixes into them.
    let filled = inside.to_vec();
    for y in reach..rows.saturating_sub(reach) {
        for x in reach..columns.saturating_sub(reach) {
            let at = place(x, y);
            if filled[at] >= DAM && filled[at] < 1.0 && enclosed(&filled, at, reach) {
                inside[at] = 1.0;
            }
        }
    }
}

/// Whether all pixels within `reach` along both axes are inside.
fn enclosed(filled: &[f32], at: usize, reach: usize) -> bool {
    (1..=reach).all(|d| [at - d, at + d, at - d * SIDE, at + d * SIDE].into_iter().all(|n| filled[n] >= DAM))
}
