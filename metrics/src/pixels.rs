//! From pictures to the tensors that networks were trained on, to the last grey level.
//!
//! A score moves by 1e-3 when a resize differs by one grey level, so nothing here approximates: [`resize`] is Pillow's
//! 8-bit resampler, and the policies around it are torchvision's (`Resize`, `CenterCrop`) as the official scripts call
//! them.
//!
//! Pillow 13 begins with the rows where a picture loses most of its rows (python-pillow/Pillow#9549), every version before
//! with the columns, as [`resize`] does. Published scores are of the older ones. Of a picture of 37 x 90 made 28 x 68 the two
//! differ by up to ten grey levels.
//!
//! | network | policy | normalisation |
//! |---|---|---|
//! | BLIP-VQA | [`square`] 480, bicubic, aspect ratio ignored | [`Normalization::CLIP`] |
//! | CLIP | [`shorter_side_and_crop`] 224, bicubic | [`Normalization::CLIP`] |
//! | UniDet | [`shorter_side`] 479, at most 480, bilinear | its own |
//! | PickScore, ImageReward | as CLIP | [`Normalization::CLIP`] |
//! | HPSv2.1 | [`longest_side`] 224, bicubic on floats | [`Normalization::CLIP`] |
//! | Inception of FID | none here: the network resizes floats | [`Normalization::UNIT`] |

mod fit;
mod floats;
mod normalize;
mod resample;
mod taps;

pub use fit::{center_crop, shorter_side, shorter_side_and_crop, square};
pub use floats::longest_side;
pub use normalize::{Normalization, to_tensor};
pub use resample::resize;
pub use taps::Filter;
