//! What a scorer must be able to see: three traits, one for each kind of question that T2I-CompBench asks of an image, a fourth for
//! models that were trained on what people prefer, and one for what moves in a clip.
//!
//! [`crate::shapes::ShapesPerception`] implements the first two exactly for the world of drawn shapes; BLIP-VQA and
//! UniDet implement them for photographs.

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::card::MetricId;
use crate::error::MetricError;
use crate::video::Track;

/// Answers yes-or-no questions about an image.
pub trait Vqa: Send + Sync {
    /// Registry key, as it is written into a run's protocol, e.g. `shapes-exact`.
    fn id(&self) -> &str;

    /// How probable it is that "`phrase`?" is answered yes.
    ///
    /// `phrase` is a noun phrase as the suite gives it ("a red circle"), without the question mark, or a clause made of
    /// two of them ("a red circle inside a blue square"). The answer depends on the image's pixels and the phrase
    /// alone: the same input gives the same bits, in any order and on any thread.
    ///
    /// # Errors
    /// [`MetricError::UnknownWords`] and [`MetricError::NotAPhrase`] where a back-end with a closed vocabulary cannot
    /// read the phrase,
    /// [`MetricError::ImageSize`] on an image without pixels, [`MetricError::Backend`] where the network fails.
    fn answer(&self, image: &RgbImage, phrase: &str) -> Result<Answer, MetricError>;

    /// [`Self::answer`] of several phrases, in their order; a back-end that can looks once and asks them together. The
    /// answers are the same bits as if they had been asked one by one.
    ///
    /// # Errors
    /// Those of [`Self::answer`], of the first phrase that has one.
    fn answers(&self, image: &RgbImage, phrases: &[&str]) -> Result<Vec<Answer>, MetricError> {
        phrases.iter().map(|phrase| self.answer(image, phrase)).collect()
    }

    /// What has to be added to a metric's name, because its official value is made with another network; nothing where this is the
    /// network that the name promises.
    fn name_in_score(&self) -> Option<&str> {
        None
    }
}

/// A graded yes, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Probability of "yes", 0 to 1.
    pub yes: f64,
    /// One sentence for people: what was seen instead, or where.
    pub why: String,
}

/// Finds objects.
pub trait Detector: Send + Sync {
    /// Registry key, as it is written into a run's protocol.
    fn id(&self) -> &str;

    /// All objects in the image, most confident first, each once, boxes in the image's own pixels or in those of
    /// [`Detections::frame`].
    ///
    /// Boxes that the detector itself does not believe in (official cut: score ≤ 0.1) are left out. A box may be
    /// amodal, that is cover the hidden part of an object too. `depth` is present where the back-end can order objects
    /// in depth.
    ///
    /// # Errors
    /// [`MetricError::ImageSize`] on an image without pixels, [`MetricError::Backend`] where the network fails.
    fn detect(&self, image: &RgbImage) -> Result<Detections, MetricError>;

    /// What has to be added to the metric's name, because its official value is made with another detector; nothing
    /// where this is the detector that the name promises.
    fn name_in_score(&self, metric: MetricId) -> Option<&str> {
        let _ = metric;
        None
    }

    /// What has to be added to the name of a metric in depth, because [`Detections::depth`] is not made as its official value's is;
    /// nothing where it is, and where there is none.
    fn depth_in_score(&self) -> Option<&str> {
        None
    }

    /// All labels that the detector can give, where they are known: what is not among them cannot be found in any image.
    fn vocabulary(&self) -> Option<&[String]> {
        None
    }
}

/// One found object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Class name, e.g. `circle`.
    pub label: String,
    /// Confidence, 0 to 1.
    pub score: f32,
    /// `[x1, y1, x2, y2]`, x to the right, y down.
    pub bbox: [f32; 4],
    /// What else was seen of it, e.g. `["red", "striped"]`; empty where the detector names classes only.
    pub attributes: Vec<String>,
}

/// All objects of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Detections {
    /// In order of descending score: every "first match" of the official formulas means the most confident.
    pub boxes: Vec<Detection>,
    /// How near each pixel is, where known.
    pub depth: Option<DepthMap>,
    /// Columns and rows of the picture that the boxes are in, where it is not the image itself but a resized one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<[u32; 2]>,
}

/// Relative nearness of each pixel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepthMap {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `height * width` values, row-major, 0 (far) to 1 (near).
    pub values: Vec<f32>,
}

impl DepthMap {
    /// The map sampled at another size, each new pixel taking the old pixel under its centre.
    #[must_use]
    pub fn resized(&self, width: u32, height: u32) -> Self {
        let source = |target: u32, of: u32, len: u32| {
            // Both products stay below 2^53, so that the division is exact enough to pick the pixel under the centre.
            let centre = (f64::from(target) + 0.5) * f64::from(len) / f64::from(of);
            (centre as u32).min(len.saturating_sub(1))
        };
        let mut values = Vec::with_capacity(width as usize * height as usize);
        for row in 0..height {
            let from = source(row, height, self.height) as usize * self.width as usize;
            values.extend((0..width).map(|column| self.values[from + source(column, width, self.width) as usize]));
        }
        Self { width, height, values }
    }
}

/// Compares an image with a text, as CLIP does.
pub trait ImageText: Send + Sync {
    /// Registry key, as it is written into a run's protocol.
    fn id(&self) -> &str;

    /// Cosine of the angle between the image's and the text's embedding, −1 to 1, not scaled and not clipped.
    ///
    /// # Errors
    /// [`MetricError::Backend`] where the network fails or the text is too long for it.
    fn cosine(&self, image: &RgbImage, text: &str) -> Result<f64, MetricError>;
}

/// Says how much people would like an image for a text: a model that was trained on what they chose.
pub trait Preference: Send + Sync {
    /// Registry key, as it is written into a run's protocol.
    fn id(&self) -> &str;

    /// The model's own number, on its own scale; more is better. It depends on the image's pixels and the text alone.
    ///
    /// # Errors
    /// [`MetricError::ImageSize`] on an image without pixels, [`MetricError::Network`] or [`MetricError::Backend`]
    /// where the network fails.
    fn preference(&self, image: &RgbImage, text: &str) -> Result<f64, MetricError>;
}

/// Follows an object through a clip.
pub trait Tracker: Send + Sync {
    /// Registry key, as it is written into a run's protocol.
    fn id(&self) -> &str;

    /// Where what `phrase` names ("a red circle") is in each of the frames, in their pixels.
    ///
    /// # Errors
    /// Those of [`Vqa::answer`].
    fn track(&self, frames: &[RgbImage], phrase: &str) -> Result<Track, MetricError>;
}
