//! T2I-CompBench's official formulas as pure functions of what was seen.
//!
//! They follow the code of `Karine-Huang/T2I-CompBench` at commit `1b70949`, defects included, and agree with what its
//! scripts return (tests named `parity`). The functions that end in `_fixed` repair what is a slip of that code; their
//! scores have another name. Nothing here looks at an image.

mod attributes;
mod clip;
mod depth;
mod fixed;
mod frame;
mod labels;
mod naming;
mod numeracy;
mod plane;
mod three_in_one;

pub use attributes::{NP_NUM, NP_NUM_PAPER, b_vqa, round_as_printed};
pub use clip::{clip_text, clipscore};
pub use depth::{DepthAxes, position_3d, unidet_3d};
pub use fixed::{position_2d_fixed, position_3d_fixed, unidet_2d_fixed, unidet_3d_fixed, unidet_numeracy_fixed};
pub use frame::Frame;
pub use labels::unidet_labels;
pub use naming::{Naming, naming};
pub use numeracy::{NumeracyScore, drop_duplicates, is_duplicate, unidet_numeracy};
pub use plane::{RelationScore, iou, position_2d, unidet_2d};
pub use three_in_one::three_in_one;
