//! T2I-CompBench's official formulas as pure functions of what was seen.
//!
//! They follow the code of `Karine-Huang/T2I-CompBench` at commit `1b70949`, defects included, and agree with what its
//! scripts return (tests named `parity`). Nothing here looks at an image.

mod attributes;
mod clip;
mod depth;
mod frame;
mod numeracy;
mod plane;
mod three_in_one;

pub use attributes::{NP_NUM, b_vqa, round_as_printed};
pub use clip::{clip_text, clipscore};
pub use depth::{DepthAxes, position_3d, unidet_3d};
pub use frame::Frame;
pub use numeracy::{NumeracyScore, drop_duplicates, is_duplicate, unidet_numeracy};
pub use plane::{RelationScore, iou, position_2d, unidet_2d};
pub use three_in_one::three_in_one;
