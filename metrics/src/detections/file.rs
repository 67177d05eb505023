//! Reading files of detections.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::found::FoundDetections;
use super::record::{Common, Image, Record};
use crate::error::{MetricError, Place};

/// The detections of many images, by the image's name.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectionsFile {
    pub(super) path: PathBuf,
    pub(super) images: BTreeMap<String, Image>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(flatten)]
    common: Common,
    images: Vec<Value>,
}

impl DetectionsFile {
    /// Reads `*.jsonl` an image a line, anything else as one JSON object ([`super`]).
    ///
    /// # Errors
    /// The file cannot be read, is not of the format, or a record is wrong: its line or number is named.
    pub fn read(path: &Path) -> Result<Self, MetricError> {
        let text = fs::read_to_string(path).map_err(|source| MetricError::io(path, "read", source))?;
        let mut file = Self { path: path.to_owned(), images: BTreeMap::new() };
        if path.extension().is_some_and(|ending| ending == "jsonl") {
            file.lines(&text)?
        } else {
            file.document(&text)?
        }
        if file.images.is_empty() {
            return Err(MetricError::record(path, Place::File, "no images".to_owned()));
        }
        Ok(file)
    }

    fn lines(&mut self, text: &str) -> Result<(), MetricError> {
        let mut common = Common::default();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let place = Place::Line(index as u64 + 1);
            let value: Value = serde_json::from_str(line).map_err(|error| self.wrong(place, error.to_string()))?;
            if value.get("image").is_none() && value.get("detections").is_none() {
                common = serde_json::from_value(value).map_err(|error| self.wrong(place, error.to_string()))?;
            } else {
                self.add(value, &common, place)?;
            }
        }
        Ok(())
    }

    fn document(&mut self, text: &str) -> Result<(), MetricError> {
        let document: Document = serde_json::from_str(text).map_err(|error| {
            let place = if error.line() > 0 { Place::Line(error.line() as u64) } else { Place::File };
            self.wrong(place, error.to_string())
        })?;
        for (index, value) in document.images.into_iter().enumerate() {
            self.add(value, &document.common, Place::Record(index as u64))?;
        }
        Ok(())
    }

    fn add(&mut self, value: Value, common: &Common, place: Place) -> Result<(), MetricError> {
        let record: Record = serde_json::from_value(value).map_err(|error| self.wrong(place, error.to_string()))?;
        let (name, image) = record.check(common).map_err(|why| self.wrong(place, why))?;
        self.insert(name, image, place)
    }

    pub(super) fn insert(&mut self, name: String, image: Image, place: Place) -> Result<(), MetricError> {
        if self.images.contains_key(&name) {
            return Err(self.wrong(place, format!("\"{name}\" is there twice")));
        }
        if self.images.values().next().is_some_and(|first| first.detector != image.detector) {
            return Err(self.wrong(place, format!("`detector` is \"{}\", unlike the first image's", image.detector)));
        }
        self.images.insert(name, image);
        Ok(())
    }

    pub(super) fn wrong(&self, place: Place, why: String) -> MetricError {
        MetricError::record(&self.path, place, why)
    }

    /// The detector's name, one for the whole file.
    #[must_use]
    pub fn detector(&self) -> &str {
        self.images.values().next().map_or("", |image| &image.detector)
    }

    /// Names of all images, sorted.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.images.keys().map(String::as_str)
    }

    /// What was found in the image of this name, as a detector of that image. A folder before the name does not count.
    ///
    /// # Errors
    /// The file has no such image, or its depth map cannot be read.
    pub fn of(&self, image: &str) -> Result<FoundDetections, MetricError> {
        let name = image.rsplit(['/', '\\']).next().unwrap_or(image);
        let found = self.images.get(image).or_else(|| self.images.get(name));
        let found =
            found.ok_or_else(|| MetricError::NotDetected { path: self.path.clone(), image: image.to_owned() })?;
        FoundDetections::new(found, self.path.parent().unwrap_or(Path::new(".")))
    }
}
