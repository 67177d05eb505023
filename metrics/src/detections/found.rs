//! What was found in one image, as a detector.

use std::path::{Path, PathBuf};

use image::RgbImage;

use super::depth;
use super::record::Image;
use crate::card::MetricId;
use crate::depth::DPT_HYBRID;
use crate::error::MetricError;
use crate::formulas::unidet_labels;
use crate::perception::{DepthMap, Detection, Detections, Detector};

/// The detector of the official 2D score: `Unified_learned_OCIM_RS200_6x+2x`.
pub const UNIDET_RS200: &str = "unidet-rs200";
/// The detector of the official 3D and numeracy scores: `Unified_learned_OCIM_R50_6x+2x`.
pub const UNIDET_R50: &str = "unidet-r50";

/// What depth is called whose maps stand in a file that does not say what made them.
pub(super) const UNSTATED_DEPTH: &str = "depth-unstated";

/// The detector that the official value of a metric is made with.
#[must_use]
pub fn official_detector(metric: MetricId) -> &'static str {
    let in_plane = matches!(metric, MetricId::Unidet2d | MetricId::Unidet2dFixed) || metric.is_three_in_one();
    if in_plane { UNIDET_RS200 } else { UNIDET_R50 }
}

/// A detector that knows one image, and says what a file says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundDetections {
    detector: String,
    frame: [u32; 2],
    boxes: Vec<Detection>,
    /// Where the file has the depth map of this image.
    map: Option<PathBuf>,
    depth: Option<DepthMap>,
    /// What made the file's depth maps, where that is not the official network.
    other_depth: Option<String>,
}

impl FoundDetections {
    /// `depth_model` made the maps of the file, whether or not this image has one: all its scores have one name.
    pub(super) fn new(image: &Image, folder: &Path, depth_model: Option<&str>) -> Self {
        let map = image.depth.as_ref().map(|name| folder.join(name));
        let other_depth = depth_model.filter(|model| *model != DPT_HYBRID.id).map(str::to_owned);
        let (detector, boxes) = (image.detector.clone(), image.boxes.clone());
        Self { detector, frame: image.frame, boxes, map, depth: None, other_depth }
    }

    /// The same with the depth map that the file names for this image, where it names one. Scores in the plane do without it, so that a
    /// map which is not there costs them nothing.
    ///
    /// # Errors
    /// [`MetricError::Io`] where the map cannot be read, [`MetricError::Record`] where it is no 8-bit grey picture.
    pub fn with_its_map(self) -> Result<Self, MetricError> {
        let depth = self.map.as_deref().map(depth::read).transpose()?;
        Ok(Self { depth: depth.or(self.depth), ..self })
    }

    /// Whether the file names a depth map for this image.
    #[must_use]
    pub fn has_map(&self) -> bool {
        self.map.is_some()
    }

    /// The same with this depth map, where the file has none.
    #[must_use]
    pub fn with_depth(self, depth: DepthMap) -> Self {
        Self { depth: Some(depth), ..self }
    }
}

impl Detector for FoundDetections {
    fn id(&self) -> &str {
        &self.detector
    }

    /// Pixels are not looked at but for their number: the frame must have the image's proportions.
    ///
    /// # Errors
    /// [`MetricError::OtherFrame`]: the boxes are those of another picture.
    fn detect(&self, image: &RgbImage) -> Result<Detections, MetricError> {
        let [width, height] = self.frame;
        let (x, y) = (f64::from(width) / f64::from(image.width()), f64::from(height) / f64::from(image.height()));
        // Rounding moves a side by less than a pixel.
        let slack = 1.0 / f64::from(image.width().min(image.height()).min(width).min(height).max(1));
        if !x.is_finite() || !y.is_finite() || (x / y - 1.0).abs() > 2.0 * slack {
            return Err(MetricError::OtherFrame { frame: self.frame, image: [image.width(), image.height()] });
        }
        Ok(Detections { boxes: self.boxes.clone(), depth: self.depth.clone(), frame: Some(self.frame) })
    }

    fn name_in_score(&self, metric: MetricId) -> Option<&str> {
        (self.detector != official_detector(metric)).then_some(self.detector.as_str())
    }

    fn depth_in_score(&self) -> Option<&str> {
        self.other_depth.as_deref()
    }

    fn vocabulary(&self) -> Option<&[String]> {
        [UNIDET_RS200, UNIDET_R50].contains(&self.detector.as_str()).then(unidet_labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_in_depth_has_its_official_name_only_where_both_networks_are_official() {
        let name = |detector: &str, depth: Option<&str>, metric| {
            let (detector, boxes) = (detector.to_owned(), Vec::new());
            let image = Image { detector, frame: [8, 8], depth: None, depth_model: None, boxes };
            let found = FoundDetections::new(&image, Path::new("."), depth);
            crate::score_name(metric, &found)
        };
        let in_depth = |detector: &str, depth: &str| name(detector, Some(depth), MetricId::Unidet3d);
        assert_eq!(in_depth(UNIDET_R50, "dpt-hybrid"), "unidet-3d");
        assert_eq!(in_depth(UNIDET_R50, "zoe"), "unidet-3d@zoe");
        assert_eq!(in_depth(UNIDET_R50, UNSTATED_DEPTH), "unidet-3d@depth-unstated");
        assert_eq!(in_depth("yolo", "dpt-hybrid"), "unidet-3d@yolo");
        assert_eq!(in_depth("yolo", "zoe"), "unidet-3d@yolo+zoe");
        // Without maps in the file, depth is another's matter; other scores do not ask for any.
        assert_eq!(name(UNIDET_R50, None, MetricId::Unidet3dFixed), "unidet-3d-fixed");
        assert_eq!(name(UNIDET_R50, Some("zoe"), MetricId::UnidetNumeracy), "unidet-numeracy");
    }
}
