//! UniDet: a cascade R-CNN over a feature pyramid with one label space for four data sets, T2I-CompBench's detector.
//!
//! ```text
//! picture ─► resnet (ResNet-50 or ResNeSt-200) ─► pyramid P3..P7 ─► proposals ─► cascade, three stages ─► boxes
//! ```
//!
//! Names, order of operations and thresholds are those of detectron2 at 5aeb252 with the official scripts' settings.

mod backend;
mod boxes;
mod cascade;
mod config;
mod network;
mod parts;
mod proposals;
mod pyramid;
mod resnet;
mod split;

pub(crate) use backend::blue_first;
pub use backend::{UNIDET_R50_CARD, UNIDET_RS200_CARD, UniDet};
pub use cascade::Found;
pub use config::{Backbone, UniDetConfig};
pub use network::{Trace, UniDetNetwork};
