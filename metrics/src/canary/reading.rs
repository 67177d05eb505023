//! What back-ends say of the pictures, and how it is compared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pictures::pictures;
use crate::depth::DptHybrid;
use crate::error::MetricError;
use crate::frechet::ImageFeatures;
use crate::measure::Backends;
use crate::perception::{Detector, ImageText, Preference, Vqa};

/// How many boxes of a picture are held fast; the rest are counted.
const BOXES: usize = 4;

/// What one back-end says of all pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    /// Registry key of the back-end.
    pub backend: String,
    /// By picture and question: probabilities, cosines, counts, and edges of boxes as a part of the picture.
    pub values: BTreeMap<String, f64>,
}

/// A back-end that does not say what it said.
#[derive(Debug, thiserror::Error)]
pub enum CanaryMismatch {
    /// A value has moved.
    #[error("{backend} says {got} for {reading}; it was {expected}, and {tolerance} is allowed")]
    Differs {
        /// The back-end.
        backend: String,
        /// Picture and question.
        reading: String,
        /// What was stored.
        expected: f64,
        /// What it says now.
        got: f64,
        /// How far both may be apart.
        tolerance: f64,
    },
    /// A question that was answered then, or now, but not both times: a box has come or gone, or another label.
    #[error("{backend}: {reading} was {}", if *stored { "stored, and is not seen now" } else { "not stored, and is seen now" })]
    Other {
        /// The back-end.
        backend: String,
        /// Picture and question.
        reading: String,
        /// Whether it was stored.
        stored: bool,
    },
    /// Nothing is committed of the back-end, though there should be.
    #[error("nothing is committed of {backend}")]
    NotCommitted {
        /// The back-end.
        backend: String,
    },
    /// What was stored is of another back-end.
    #[error("what was stored is of {stored}, not of {backend}")]
    OtherBackend {
        /// The back-end.
        backend: String,
        /// Whose readings were stored.
        stored: String,
    },
    /// The back-end refused a picture, or the stored readings cannot be read or written.
    #[error("the canary pictures could not be scored")]
    Failed(#[from] MetricError),
}

impl Readings {
    /// Compares with what was stored. Each value may be `tolerance` away, and one beyond ±1 that part of what was stored: scales differ
    /// from probabilities to features in the hundreds.
    ///
    /// # Errors
    /// The first difference, by picture.
    pub fn agree(&self, stored: &Self, tolerance: f64) -> Result<(), CanaryMismatch> {
        let backend = || self.backend.clone();
        if self.backend != stored.backend {
            return Err(CanaryMismatch::OtherBackend { backend: backend(), stored: stored.backend.clone() });
        }
        for (reading, &expected) in &stored.values {
            let Some(&got) = self.values.get(reading) else {
                return Err(CanaryMismatch::Other { backend: backend(), reading: reading.clone(), stored: true });
            };
            // A value that is no number is no agreement either.
            let tolerance = tolerance * expected.abs().max(1.0);
            let near = (got - expected).abs() <= tolerance;
            if !near {
                let (backend, reading) = (backend(), reading.clone());
                return Err(CanaryMismatch::Differs { backend, reading, expected, got, tolerance });
            }
        }
        match self.values.keys().find(|reading| !stored.values.contains_key(*reading)) {
            Some(new) => Err(CanaryMismatch::Other { backend: backend(), reading: new.clone(), stored: false }),
            None => Ok(()),
        }
    }
}

/// What each of the back-ends says: the question-answerer, the detector, and the image-text model where there is one.
///
/// # Errors
/// A back-end refuses a picture.
pub fn readings(backends: &Backends<'_>) -> Result<Vec<Readings>, MetricError> {
    let similarity = backends.image_text.map(of_image_text).transpose()?;
    Ok([of_vqa(backends.vqa)?, of_detector(backends.detector)?].into_iter().chain(similarity).collect())
}

/// What a question-answerer says of all pictures.
///
/// # Errors
/// It refuses a picture.
pub fn of_vqa(vqa: &dyn Vqa) -> Result<Readings, MetricError> {
    let mut read = Readings { backend: vqa.id().to_owned(), values: BTreeMap::new() };
    for picture in pictures() {
        for phrase in &picture.phrases {
            let answer = vqa.answer(&picture.image, phrase)?;
            read.values.insert(format!("{}, \"{phrase}?\"", picture.name), answer.yes);
        }
    }
    Ok(read)
}

/// What a detector sees in all pictures.
///
/// # Errors
/// It refuses a picture.
pub fn of_detector(detector: &dyn Detector) -> Result<Readings, MetricError> {
    let mut read = Readings { backend: detector.id().to_owned(), values: BTreeMap::new() };
    for picture in pictures() {
        let name = picture.name;
        let found = detector.detect(&picture.image)?;
        let [width, height] = found.frame.unwrap_or([picture.image.width(), picture.image.height()]).map(f64::from);
        read.values.insert(format!("{name}, boxes"), found.boxes.len() as f64);
        for (index, seen) in found.boxes.iter().take(BOXES).enumerate() {
            let of_box = format!("{name}, box {index}, {}", seen.label);
            read.values.insert(format!("{of_box}, score"), f64::from(seen.score));
            let [x1, y1, x2, y2] = seen.bbox.map(f64::from);
            for (edge, value) in
                [("left", x1 / width), ("top", y1 / height), ("right", x2 / width), ("bottom", y2 / height)]
            {
                read.values.insert(format!("{of_box}, {edge}"), value);
            }
        }
    }
    Ok(read)
}

/// What a depth network says of all pictures: how near they are on the whole, and along an edge.
///
/// # Errors
/// It refuses a picture.
pub fn of_depth(depth: &DptHybrid) -> Result<Readings, MetricError> {
    let mut read = Readings { backend: depth.statement().card.id.to_owned(), values: BTreeMap::new() };
    for picture in pictures() {
        let map = depth.depth(&picture.image)?.values;
        let mean = |values: &[f32]| values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len().max(1) as f64;
        read.values.insert(format!("{}, mean nearness", picture.name), mean(&map));
        read.values.insert(format!("{}, of the upper half", picture.name), mean(&map[..map.len() / 2]));
    }
    Ok(read)
}

/// What a network makes of each picture: mean and length of the vector, and the mean of its first half.
///
/// # Errors
/// It refuses a picture.
pub fn of_features(network: &dyn ImageFeatures) -> Result<Readings, MetricError> {
    let mut read = Readings { backend: network.id().to_owned(), values: BTreeMap::new() };
    for picture in pictures() {
        let row = network.features(&[&picture.image])?;
        let mean = |values: &[f32]| values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len().max(1) as f64;
        let length = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        read.values.insert(format!("{}, mean feature", picture.name), mean(&row));
        read.values.insert(format!("{}, mean of the first half", picture.name), mean(&row[..row.len() / 2]));
        read.values.insert(format!("{}, length", picture.name), length);
    }
    Ok(read)
}

/// What a model of people's preference says of all pictures and their texts.
///
/// # Errors
/// It refuses a picture.
pub fn of_preference(model: &dyn Preference) -> Result<Readings, MetricError> {
    let mut read = Readings { backend: model.id().to_owned(), values: BTreeMap::new() };
    for picture in pictures() {
        let score = model.preference(&picture.image, &picture.text)?;
        read.values.insert(format!("{}, \"{}\"", picture.name, picture.text), score);
    }
    Ok(read)
}

/// What an image-text model says of all pictures and their texts.
///
/// # Errors
/// It refuses a picture.
pub fn of_image_text(model: &dyn ImageText) -> Result<Readings, MetricError> {
    let mut read = Readings { backend: model.id().to_owned(), values: BTreeMap::new() };
    for picture in pictures() {
        let cosine = model.cosine(&picture.image, &picture.text)?;
        read.values.insert(format!("{}, \"{}\"", picture.name, picture.text), cosine);
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;

    /// Sums of red, of green and of blue, times a factor.
    struct Sums(f32);

    impl ImageFeatures for Sums {
        fn id(&self) -> &str {
            "sums"
        }

        fn width(&self) -> usize {
            3
        }

        fn features(&self, images: &[&RgbImage]) -> Result<Vec<f32>, MetricError> {
            let sum = |image: &RgbImage, channel: usize| {
                image.pixels().map(|pixel| f32::from(pixel.0[channel])).sum::<f32>() / 255.0 * self.0
            };
            Ok(images.iter().flat_map(|&image| [0, 1, 2].map(|channel| sum(image, channel))).collect())
        }
    }

    #[test]
    fn large_values_may_be_apart_by_the_same_part_of_themselves() {
        let of = |value: f64| Readings { backend: "b".to_owned(), values: [("q".to_owned(), value)].into() };
        let agree = |then: f64, now: f64| of(now).agree(&of(then), 1e-3).is_ok();
        assert!(agree(0.5, 0.5009) && !agree(0.5, 0.5011), "below 1 the tolerance is as it stands");
        assert!(agree(-400.0, -400.39) && !agree(-400.0, -400.41));
        assert!(!agree(1.0, f64::NAN));
    }

    #[test]
    fn features_of_other_weights_are_found_out() {
        let read = |factor: f32| of_features(&Sums(factor)).unwrap_or_else(|error| panic!("{error}"));
        let (then, same, other) = (read(1.0), read(1.0), read(1.01));
        assert_eq!(then.values.len(), 3 * pictures().len());
        assert!(same.agree(&then, 1e-9).is_ok());
        assert!(matches!(other.agree(&then, 1e-3), Err(CanaryMismatch::Differs { .. })));
    }
}
