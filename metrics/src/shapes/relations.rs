//! Actions between two objects: one inside the other, touching, joined by a line.

use gentron_suites::ActionKind;
use gentron_suites::shapes::LINK;

use super::masks::neighbourhood;
use super::order::visible_overlap;
use super::pixels::{Pixels, SIDE};
use super::reading::{Reading, Seen};
use super::surface::sigmoid;

/// Probability that `subject` does `kind` to `object`, given that both are there.
pub fn holds(reading: &Reading, kind: ActionKind, subject: &Seen, object: &Seen) -> f64 {
    match kind {
        ActionKind::Inside => inside(subject, object),
        ActionKind::Touching => touching(subject, object),
        ActionKind::ConnectedTo => connected(reading, subject, object),
    }
}

/// The inner one's outline lies within the container's, and it is the inner one that is seen there.
fn inside(inner: &Seen, container: &Seen) -> f64 {
    let area: f32 = inner.template.iter().sum();
    let shared: f32 = inner.template.iter().zip(&container.template).map(|(a, b)| a.min(*b)).sum();
    let [own, other] = visible_overlap(inner, container);
    if own <= other || area <= 0.0 {
        return 0.0;
    }
    sigmoid((f64::from(shared / area) - 0.9) / 0.01)
}

/// No background between the outlines, and neither lies upon the other.
fn touching(one: &Seen, other: &Seen) -> f64 {
    let area = |seen: &Seen| seen.template.iter().sum::<f32>();
    let shared: f32 = one.template.iter().zip(&other.template).map(|(a, b)| a.min(*b)).sum();
    let apart = sigmoid((0.2 - f64::from(shared / area(one).min(area(other)))) / 0.015);
    apart * sigmoid((2.5 - distance(one, other)) / 0.15)
}

/// Distance between the centres of the nearest two pixels of which each object covers a tenth, in pixels; 0 where they
/// share one.
fn distance(one: &Seen, other: &Seen) -> f64 {
    let outline = |seen: &Seen| -> Vec<(f64, f64)> {
        (0..seen.template.len())
            .filter(|&at| seen.template[at] > 0.1)
            .map(|at| ((at % SIDE) as f64, (at / SIDE) as f64))
            .collect()
    };
    let theirs = outline(other);
    let nearest = |(x, y): (f64, f64)| {
        theirs.iter().map(|(u, v)| (x - u).powi(2) + (y - v).powi(2)).fold(f64::INFINITY, f64::min)
    };
    outline(one).into_iter().map(nearest).fold(f64::INFINITY, f64::min).sqrt()
}

/// Grey all along the straight way between the centres, as far as no object covers it.
fn connected(reading: &Reading, one: &Seen, other: &Seen) -> f64 {
    let ([x, y], [u, v]) = (one.center(), other.center());
    let length = (u - x).hypot(v - y);
    let steps = (2.0 * length) as usize;
    let (mut grey, mut open) = (0, 0);
    for step in 0..=steps {
        let along = step as f32 / steps.max(1) as f32;
        let (column, row) = ((x + along * (u - x)) as usize, (y + along * (v - y)) as usize);
        let at = row * SIDE + column;
        if column >= SIDE || row >= SIDE || reading.objects.iter().any(|object| near(object, at)) {
            continue;
        }
        open += 1;
        grey += usize::from(is_line(&reading.pixels, at));
    }
    // Three pixels of open way are six steps; with less there is no line to see.
    if open < 4 { 0.0 } else { sigmoid((grey as f64 / open as f64 - 0.7) / 0.03) }
}

/// Whether the object or its soft edge is at this pixel.
fn near(object: &Seen, at: usize) -> bool {
    neighbourhood(at, 1).any(|at| object.template[at] > 0.1)
}

/// Whether this pixel or one beside it is about as dark as a line and without colour.
fn is_line(pixels: &Pixels, at: usize) -> bool {
    neighbourhood(at, 1).any(|at| {
        let [r, g, b] = pixels.rgb[at];
        let spread = r.max(g).max(b) - r.min(g).min(b);
        spread < 45.0 && (r + g + b) / 3.0 < f32::from(LINK[0]) + 75.0
    })
}
