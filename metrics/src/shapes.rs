//! The exact perception of the small world of drawn shapes.
//!
//! From pixels to answers, a file each: `pixels` takes the picture apart into the world's paints → `pieces` finds
//! connected regions → `silhouette` fills their outlines → `fit` looks for the shape and box that agree best, with the
//! `template`s of the world's own renderer → `explain` joins pieces to the fewest objects that explain the picture,
//! hidden parts included, and `generous` looks again at what has several colours or a broken outline → `surface` tells
//! colour and texture, `order` who lies in front of whom, `relations` who touches whom → `reading` collects all that →
//! `phrase` and `answer` read and answer questions → `backend` offers it as [`Vqa`](crate::Vqa) and
//! [`Detector`](crate::Detector). `track` follows one object through the frames of a clip.
//!
//! What is drawn cleanly is read with certainty; what is blurred or misshapen gets a lower score rather than a wrong
//! name.

mod answer;
mod backend;
mod explain;
mod fit;
mod found;
mod generous;
mod holes;
mod masks;
mod order;
mod phrase;
mod pieces;
mod pixels;
mod reading;
mod relations;
mod silhouette;
mod surface;
mod template;
mod track;

pub use backend::ShapesPerception;
pub use phrase::is_adjective;
