//! A native detector, UniDet, and the operations that it needs beside convolutions, each equal to torchvision's or
//! PyTorch's on CPU.
//!
//! Detections can come from a file, too ([`crate::detections`]).

mod nms;
mod resize;
mod roi_align;
pub mod unidet;

pub use nms::batched_nms;
pub use resize::{Interpolation, interpolate};
pub use roi_align::{Pooling, roi_align};

/// A feature map of one image: `channels * height * width` values, channel by channel, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureMap {
    /// C.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `C * H * W` values.
    pub values: Vec<f32>,
}

impl FeatureMap {
    /// One channel, `H * W` values.
    fn plane(&self, channel: usize) -> &[f32] {
        let size = self.height * self.width;
        &self.values[channel * size..(channel + 1) * size]
    }
}
