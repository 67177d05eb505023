//! Detections that another program made, read from a file: any detector's boxes behind the trait
//! [`Detector`](crate::Detector).
//!
//! Two formats are read ([`DetectionsFile::read`], by the ending), and the results of COCO's tools
//! ([`DetectionsFile::read_coco`]).
//!
//! **JSON**: one object. `detector` is a name, `frame` the width and height of the picture that the boxes are in,
//! `depth_model` the name of what made the depth maps; each may stand in the file, for all images, or in the image.
//!
//! ```json
//! {"detector": "unidet-r50", "depth_model": "dpt-hybrid", "frame": [479, 479], "images": [
//!   {"image": "a dog_000000.png", "depth": "depth/000000.png", "detections": [
//!     {"class_id": 160, "label": "dog", "score": 0.93, "box": [12.0, 30.5, 200.0, 301.25]}]}]}
//! ```
//!
//! **JSONL**: an image a line; a first line without `image` holds for those that follow.
//!
//! ```json
//! {"detector": "my-detector", "frame": [512, 512]}
//! {"image": "a dog_000000.png", "detections": [{"label": "dog", "score": 0.93, "box": [12.0, 30.5, 200.0, 301.25]}]}
//! ```
//!
//! A box is `[x1, y1, x2, y2]`, x to the right, y down. `label` may be left out beside the `class_id` of a detector
//! whose name begins with `unidet`: they are those of [`unidet_labels`](crate::formulas::unidet_labels). Boxes are
//! brought into the order of descending score, and those of 0.1 and less are left out, as the official detector does.
//! `depth` is an 8-bit grey PNG beside the file, of any size, light for near, as the official script writes them.
//!
//! `image` is the image's path within its folder, with `/`. The base name alone is enough where it says which image is
//! meant: no other record has it, and no other image ([`DetectionsFile::among`]).
//!
//! The scores of a detector that is not the official one of a metric carry its name: `unidet-2d@my-detector`. The
//! official ones are [`UNIDET_RS200`] in the plane, [`UNIDET_R50`] in depth and for numbers. Likewise the scores in depth,
//! of maps in the file: only `"depth_model": "dpt-hybrid"` is official, anything else is named, as `unidet-3d@zoe` and
//! `unidet-3d@my-detector+zoe`, and so is a file that does not say: `unidet-3d@depth-unstated`. Maps are read where a score
//! looks at them ([`FoundDetections::with_its_map`]).
//!
//! `metrics/DETECTIONS.md` says the same to whoever writes such files.

mod coco;
mod depth;
mod file;
mod found;
mod record;

pub(crate) use depth::of_levels as depth_of;
pub use file::DetectionsFile;
pub use found::{FoundDetections, UNIDET_R50, UNIDET_RS200, official_detector};
