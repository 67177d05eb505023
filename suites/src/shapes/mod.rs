//! The suite `shapes`: a small world of coloured, textured, related and counted shapes on 64 x 64 pixels.
//!
//! The way from words to pixels: `grammar` draws a [`Description`] (what a text says) → `caption` words it,
//! `staging` fills in what it leaves open and `layout` finds places, which makes a [`Scene`] → [`render`] draws it.
//! Training pairs ([`training_pair`]) and the evaluation set ([`suite`]) share all of it; [`HELD_OUT_COLOR_SHAPES`] and
//! its kin are what training never shows.

mod caption;
mod cluster;
mod description;
mod document;
mod evaluation;
mod geometry;
mod grammar;
mod held_out;
mod layout;
pub mod motion;
mod reading;
mod render;
mod scene;
mod selection;
mod staging;
mod texture;
mod training;
mod understanding;
mod vocabulary;
mod words;

pub use description::{Description, Form, Thing};
pub use evaluation::{ID, ShapesSuite, scene_for, suite};
pub use geometry::{outline, shape_coverage};
pub use held_out::*;
pub use reading::read;
pub use render::{BACKGROUND, LIGHT, LINK, LINK_WIDTH, light_coverage, render};
pub use scene::*;
pub use texture::{texture_is_light, texture_lightness};
pub use training::{
    MAX_CAPTION_TOKENS, MAX_DOCUMENT_TOKENS, hard_negative, training_document, training_pair, training_pair_of,
};
pub use vocabulary::{tokens, vocabulary};
pub use words::{Color, MAX_OBJECTS, Shape, Texture, article, number_word};
