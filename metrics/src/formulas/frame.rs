//! The frame in which the official detector's boxes live.

use crate::perception::{DepthMap, Detection};

/// Size of the image as UniDet sees it. The 150-pixel threshold of "next to" is measured in this frame, so boxes have
/// to be brought into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Size of the image that the boxes are in.
    image: (u32, u32),
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Frame {
    /// torchvision's `Resize(size=479, max_size=480)`: the shorter side becomes 479 unless the longer one would exceed
    /// 480.
    ///
    /// A square image becomes 479 x 479: boxes of a 64 x 64 image are multiplied by 479 / 64, and 150 pixels are 20.04
    /// of its own. 1024 x 768 becomes 480 x 360.
    #[must_use]
    pub fn of(width: u32, height: u32) -> Self {
        let (short, long) = (u64::from(width.min(height)).max(1), u64::from(width.max(height)).max(1));
        let (mut new_short, mut new_long) = (479, 479 * long / short);
        if new_long > 480 {
            new_short = 480 * 479 / new_long;
            new_long = 480;
        }
        let (new_width, new_height) = if width <= height { (new_short, new_long) } else { (new_long, new_short) };
        Self {
            image: (width.max(1), height.max(1)),
            width: (new_width as u32).max(1),
            height: (new_height as u32).max(1),
        }
    }

    /// The same frame for boxes that are given in a picture of another size, e.g. the detector's own.
    #[must_use]
    pub fn from(self, width: u32, height: u32) -> Self {
        Self { image: (width.max(1), height.max(1)), ..self }
    }

    /// A box of the image in this frame. A box that is given in this frame stays as it is, to the last bit.
    #[must_use]
    pub fn scale(&self, bbox: [f32; 4]) -> [f32; 4] {
        let x = self.width as f32 / self.image.0 as f32;
        let y = self.height as f32 / self.image.1 as f32;
        [bbox[0] * x, bbox[1] * y, bbox[2] * x, bbox[3] * y]
    }

    /// All detections of the image in this frame, in the same order.
    #[must_use]
    pub fn scale_all(&self, detections: &[Detection]) -> Vec<Detection> {
        detections.iter().map(|d| Detection { bbox: self.scale(d.bbox), ..d.clone() }).collect()
    }

    /// The image's depth in this frame.
    #[must_use]
    pub fn depth(&self, depth: &DepthMap) -> DepthMap {
        depth.resized(self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_torchvision() {
        let size = |w, h| (Frame::of(w, h).width, Frame::of(w, h).height);
        assert_eq!(size(512, 512), (479, 479));
        assert_eq!(size(64, 64), (479, 479));
        assert_eq!(size(1024, 768), (480, 360));
        assert_eq!(size(768, 1024), (360, 480));
    }

    #[test]
    fn a_box_of_the_frame_itself_is_not_touched() {
        let bbox = [321.132_66, 365.791_78, 479.0, 479.0];
        assert_eq!(Frame::of(512, 512).from(479, 479).scale(bbox), bbox);
    }

    #[test]
    fn the_far_corner_stays_the_far_corner() {
        let frame = Frame::of(1024, 768);
        assert_eq!(frame.scale([0.0, 0.0, 1024.0, 768.0]), [0.0, 0.0, 480.0, 360.0]);
    }
}
