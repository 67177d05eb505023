//! Figures: small panels drawn by plotters, so that one column on a phone and three on a desk both stay readable.
//!
//! A panel holds no colours of its own. It is drawn in placeholder inks that [`canvas`] turns into CSS classes, and the page's
//! style sheet gives them values for light, dark and print. Arms are told apart by letter and position first, by colour last.

mod bars;
mod canvas;
mod cost;
mod curves;
mod effects;
mod forest;
mod heat;
mod radar;
mod row;
mod scale;
mod splits;
mod things;

pub(crate) use bars::bars;
pub(crate) use cost::{COSTS, costs, sweeps};
pub(crate) use curves::curves;
pub(crate) use effects::effects;
pub(crate) use forest::forest;
pub(crate) use heat::{at, challenged, challenges, heat};
pub(crate) use radar::radar;
pub(crate) use splits::splits;
pub(crate) use things::things;

/// One drawing with its heading.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    /// What it shows, plain text.
    pub title: String,
    /// The SVG element, ready to stand in HTML.
    pub svg: String,
}
