//! Reading files of detections.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::found::{FoundDetections, UNSTATED_DEPTH};
use super::record::{Common, Image, Record};
use crate::error::{MetricError, Place};

/// The detections of many images, by the image's name.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectionsFile {
    path: PathBuf,
    images: BTreeMap<String, Image>,
    /// How many records have each base name.
    records: BTreeMap<String, usize>,
    /// How many of the images that are looked at have each base name, where that is known.
    among: Option<BTreeMap<String, usize>>,
    /// What made the depth maps; nothing where there are none.
    depth_model: Option<String>,
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
        let mut file = Self::empty(path);
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

    pub(super) fn empty(path: &Path) -> Self {
        let (images, records) = (BTreeMap::new(), BTreeMap::new());
        Self { path: path.to_owned(), images, records, among: None, depth_model: None }
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
        if image.depth.is_some() {
            let model = image.depth_model.as_deref().unwrap_or(UNSTATED_DEPTH);
            if let Some(first) = self.depth_model.as_ref().filter(|first| *first != model) {
                return Err(self.wrong(place, format!("`depth_model` is \"{model}\", and before it was \"{first}\"")));
            }
            self.depth_model = Some(model.to_owned());
        }
        *self.records.entry(base(&name).to_owned()).or_default() += 1;
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

    /// What made the depth maps, one for the whole file: `depth-unstated` where it does not say so, nothing where it has
    /// none.
    #[must_use]
    pub fn depth_model(&self) -> Option<&str> {
        self.depth_model.as_deref()
    }

    /// Where the depth maps are, each once, sorted. Scores depend on what is in them.
    #[must_use]
    pub fn depth_maps(&self) -> BTreeSet<PathBuf> {
        self.images.values().filter_map(|image| image.depth.as_ref()).map(|name| self.folder().join(name)).collect()
    }

    /// The same, for whoever looks at these images, by their paths. [`Self::of`] then takes a record that has no folder
    /// for an image only where no other of them has its base name.
    #[must_use]
    pub fn among<'a>(self, images: impl IntoIterator<Item = &'a str>) -> Self {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for image in images {
            *counts.entry(base(image).to_owned()).or_default() += 1;
        }
        Self { among: Some(counts), ..self }
    }

    /// What was found in the image of this name, as a detector of that image that knows no depth:
    /// [`FoundDetections::with_its_map`] reads its map. The folders before the name need not be in
    /// the file, as long as the base name alone says which image is meant: no other record has it, and no other image
    /// ([`Self::among`]).
    ///
    /// # Errors
    /// The file has no such image, or may mean another.
    pub fn of(&self, image: &str) -> Result<FoundDetections, MetricError> {
        let found = match self.images.get(image) {
            Some(found) => found,
            None => self.by_base_name(image)?,
        };
        Ok(FoundDetections::new(found, self.folder(), self.depth_model()))
    }

    fn by_base_name(&self, image: &str) -> Result<&Image, MetricError> {
        let name = base(image);
        let absent = || MetricError::NotDetected { path: self.path.clone(), image: image.to_owned() };
        let found = self.images.get(name).ok_or_else(absent)?;
        let records = self.records.get(name).copied().unwrap_or(0);
        let images = self.among.as_ref().map_or(1, |counts| counts.get(name).copied().unwrap_or(0));
        if records == 1 && images == 1 {
            return Ok(found);
        }
        let why = format!("\"{name}\" may be any of several images: `image` must be the path within the folder");
        Err(self.wrong(Place::File, why))
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }
}

/// What stands behind the last `/` of a path.
fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with a record of these names.
    fn file(names: &[&str]) -> DetectionsFile {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let path = folder.path().join("d.jsonl");
        let record = |name: &&str| format!("{{\"image\": \"{name}\", \"detections\": []}}\n");
        let records: String = names.iter().map(record).collect();
        fs::write(&path, "{\"detector\": \"mine\", \"frame\": [8, 8]}\n".to_owned() + &records)
            .unwrap_or_else(|e| panic!("{e}"));
        DetectionsFile::read(&path).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn a_base_name_is_enough_where_it_is_nobody_elses() {
        let one = file(&["0.png"]).among(["p-0/0.png", "p-0/1.png", "p-1/2.png"]);
        assert!(one.of("p-0/0.png").is_ok());
        assert!(matches!(one.of("p-0/1.png"), Err(MetricError::NotDetected { .. })));
        // The boxes of one picture are not those of all that are called alike.
        let many = file(&["0.png"]).among(["p-0/0.png", "p-1/0.png"]);
        for image in ["p-0/0.png", "p-1/0.png"] {
            let refused = many.of(image).err().map(|error| error.to_string());
            assert!(refused.as_ref().is_some_and(|why| why.contains("may be any of several")), "{refused:?}");
        }
        let two = file(&["0.png", "p-1/0.png"]).among(["p-0/0.png", "p-1/1.png"]);
        assert!(two.of("p-0/0.png").is_err(), "the file has two of that base name");
        assert!(two.of("p-1/0.png").is_ok() && two.of("0.png").is_ok(), "whole names are always enough");
        // Nobody's base name counts: that of a run is a number.
        assert!(file(&["0.png"]).among([]).of("images/arm/p-0/0.png").is_err());
    }
}
