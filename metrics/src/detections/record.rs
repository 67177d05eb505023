//! One image's record, and what may be wrong with it.

use serde::Deserialize;

use crate::formulas::unidet_labels;
use crate::perception::Detection;

/// What the official detector does not believe in.
const LEAST_SCORE: f32 = 0.1;
/// How far a box may reach beyond its frame, as a part of the frame. Detectors clip and round in different ways; a box
/// further out is in pixels of another picture.
const SLACK: f32 = 0.05;

/// An image as it stands in a file. Files have members of their own beside these, which are not read.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    pub image: String,
    pub detector: Option<String>,
    pub frame: Option<[u32; 2]>,
    pub depth: Option<String>,
    pub depth_model: Option<String>,
    pub detections: Vec<RawDetection>,
}

/// What holds for all images of a file.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Common {
    pub detector: Option<String>,
    pub frame: Option<[u32; 2]>,
    pub depth_model: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawDetection {
    pub class_id: Option<u64>,
    pub label: Option<String>,
    pub score: f32,
    #[serde(rename = "box")]
    pub bbox: [f32; 4],
}

/// A record that was found right.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Image {
    pub detector: String,
    pub frame: [u32; 2],
    /// As the file has it.
    pub depth: Option<String>,
    /// What made the depth map, where the file says so.
    pub depth_model: Option<String>,
    pub boxes: Vec<Detection>,
}

impl Record {
    /// Checks the record; what it lacks is taken from `common`. The error is a sentence about it.
    pub fn check(self, common: &Common) -> Result<(String, Image), String> {
        let detector = self.detector.or_else(|| common.detector.clone()).filter(|name| !name.is_empty());
        let detector = detector.ok_or("no `detector`: its name is a part of the score's")?;
        can_be_in_a_name("detector", &detector)?;
        let depth_model = self.depth_model.or_else(|| common.depth_model.clone()).filter(|name| !name.is_empty());
        depth_model.iter().try_for_each(|name| can_be_in_a_name("depth_model", name))?;
        let frame = self.frame.or(common.frame).ok_or("no `frame`: the size of the picture that the boxes are in")?;
        if frame.contains(&0) {
            return Err(format!("`frame` is {} x {}", frame[0], frame[1]));
        }
        let wrong = |(index, raw): (usize, RawDetection)| {
            raw.check(&detector, frame).map_err(|why| format!("detection {index}: {why}"))
        };
        let boxes: Result<Vec<Detection>, String> = self.detections.into_iter().enumerate().map(wrong).collect();
        let mut boxes = boxes?;
        boxes.retain(|found| found.score > LEAST_SCORE);
        boxes.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok((self.image, Image { detector, frame, depth: self.depth, depth_model, boxes }))
    }
}

fn can_be_in_a_name(field: &str, name: &str) -> Result<(), String> {
    if name.contains(['@', '/']) || name.chars().any(char::is_whitespace) {
        return Err(format!("`{field}` is \"{name}\"; blanks, `@` and `/` cannot be in a score's name"));
    }
    Ok(())
}

impl RawDetection {
    fn check(self, detector: &str, frame: [u32; 2]) -> Result<Detection, String> {
        if !(0.0..=1.0).contains(&self.score) {
            return Err(format!("`score` is {}, not between 0 and 1", self.score));
        }
        let [x1, y1, x2, y2] = self.bbox;
        if !self.bbox.iter().all(|edge| edge.is_finite()) || x2 < x1 || y2 < y1 {
            return Err(format!("`box` is {:?}, not [x1, y1, x2, y2]", self.bbox));
        }
        let [width, height] = frame.map(|side| side as f32);
        let beyond = |low: f32, high: f32, side: f32| low < -SLACK * side || high > side + SLACK * side;
        if beyond(x1, x2, width) || beyond(y1, y2, height) {
            return Err(format!("`box` is {:?}, outside the frame of {} x {}", self.bbox, frame[0], frame[1]));
        }
        let label = self.named(detector)?;
        Ok(Detection { label, score: self.score, bbox: self.bbox, attributes: Vec::new() })
    }

    fn named(&self, detector: &str) -> Result<String, String> {
        let by_id = match self.class_id.filter(|_| detector.starts_with("unidet")) {
            None => None,
            Some(id) => {
                let label = usize::try_from(id).ok().and_then(|id| unidet_labels().get(id));
                Some(label.ok_or_else(|| format!("`class_id` is {id}; UniDet has 722 classes"))?)
            }
        };
        match (&self.label, by_id) {
            (Some(label), Some(of_id)) if label != of_id => {
                Err(format!("`label` is \"{label}\", but that `class_id` is \"{of_id}\""))
            }
            (Some(label), _) if !label.trim().is_empty() => Ok(label.clone()),
            (_, Some(of_id)) => Ok(of_id.clone()),
            _ => Err("no `label`, and no `class_id` of UniDet".to_owned()),
        }
    }
}
