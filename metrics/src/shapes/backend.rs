//! The traits on top of readings.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use image::RgbImage;

use super::answer::answer;
use super::order::depth_map;
use super::phrase::parse;
use super::reading::{Reading, read};
use super::track::track;
use crate::error::MetricError;
use crate::perception::{Answer, Detection, Detections, Detector, Tracker, Vqa};
use crate::video::Track;

/// Pictures whose readings are kept: enough for the threads of one machine, each with its own picture in hand.
const KEPT: usize = 16;
/// What the official detector believes in.
const LEAST_SCORE: f64 = 0.1;
const ID: &str = "shapes-exact";

/// The exact scorer of the small world: [`Vqa`] and [`Detector`] in one.
///
/// Several questions about one picture read it once. Answers depend on picture and phrase alone.
#[derive(Default)]
pub struct ShapesPerception {
    recent: Mutex<VecDeque<(RgbImage, Arc<Reading>)>>,
}

impl ShapesPerception {
    /// Knows no picture yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The picture's reading, remembered or new.
    fn reading(&self, image: &RgbImage) -> Result<Arc<Reading>, MetricError> {
        // Whatever a panicking thread left behind is a list of complete entries.
        let known = |recent: &VecDeque<(RgbImage, Arc<Reading>)>| {
            recent.iter().find(|(seen, _)| seen == image).map(|(_, reading)| Arc::clone(reading))
        };
        if let Some(reading) = known(&self.recent.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(reading);
        }
        let reading = Arc::new(read(image)?);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == KEPT {
            recent.pop_front();
        }
        recent.push_back((image.clone(), Arc::clone(&reading)));
        Ok(reading)
    }
}

impl Vqa for ShapesPerception {
    fn id(&self) -> &str {
        ID
    }

    fn answer(&self, image: &RgbImage, phrase: &str) -> Result<Answer, MetricError> {
        let phrase = parse(phrase, ID)?;
        Ok(answer(&*self.reading(image)?, &phrase))
    }
}

impl Detector for ShapesPerception {
    fn id(&self) -> &str {
        ID
    }

    fn detect(&self, image: &RgbImage) -> Result<Detections, MetricError> {
        let reading = self.reading(image)?;
        let [x, y] = reading.scale;
        let boxes = reading.objects.iter().filter(|seen| seen.score() > LEAST_SCORE).map(|seen| Detection {
            label: seen.best_shape().word().to_owned(),
            score: seen.score() as f32,
            bbox: [seen.bbox[0] * x, seen.bbox[1] * y, seen.bbox[2] * x, seen.bbox[3] * y],
            attributes: vec![seen.best_color().word().to_owned(), seen.best_texture().word().to_owned()],
        });
        let depth = Some(depth_map(&reading, image.width(), image.height()));
        Ok(Detections { boxes: boxes.collect(), depth, frame: None })
    }
}

impl Tracker for ShapesPerception {
    fn id(&self) -> &str {
        ID
    }

    fn track(&self, frames: &[RgbImage], phrase: &str) -> Result<Track, MetricError> {
        track(frames, phrase, ID)
    }
}
