//! Results as COCO's tools exchange them.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::file::DetectionsFile;
use super::record::{Common, RawDetection, Record};
use crate::error::{MetricError, Place};

/// An entry of a result file: `bbox` is x, y, width, height in pixels of the image.
#[derive(Deserialize)]
struct Entry {
    image_id: u64,
    category_id: u64,
    bbox: [f32; 4],
    score: f32,
}

/// What an annotation file says of images and categories.
#[derive(Deserialize)]
struct Instances {
    images: Vec<ImageEntry>,
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct ImageEntry {
    id: u64,
    file_name: String,
    width: u32,
    height: u32,
}

#[derive(Deserialize)]
struct Category {
    id: u64,
    name: String,
}

impl DetectionsFile {
    /// Reads the boxes of `results`, a list of `{image_id, category_id, bbox, score}`. Names and sizes of images and
    /// names of categories are in `instances`, an annotation file of COCO's layout; images without any result are there,
    /// empty. `detector` is the name that scores will carry.
    ///
    /// # Errors
    /// A file cannot be read or is not of the format, or a result names an image or category that is not in
    /// `instances`: its number is named, counted from 0.
    pub fn read_coco(results: &Path, instances: &Path, detector: &str) -> Result<Self, MetricError> {
        let entries: Vec<Entry> = read(results)?;
        let Instances { images, categories } = read(instances)?;
        let names: HashMap<u64, String> = categories.into_iter().map(|category| (category.id, category.name)).collect();
        let mut records: BTreeMap<u64, (Record, u64)> = BTreeMap::new();
        for (index, image) in images.into_iter().enumerate() {
            let frame = Some([image.width, image.height]);
            let detections = Vec::new();
            let image_name = image.file_name;
            let record =
                Record { image: image_name, detector: None, frame, depth: None, depth_model: None, detections };
            records.insert(image.id, (record, index as u64));
        }
        for (index, entry) in entries.into_iter().enumerate() {
            let wrong = |why: String| MetricError::record(results, Place::Record(index as u64), why);
            let (record, _) = records
                .get_mut(&entry.image_id)
                .ok_or_else(|| wrong(format!("`image_id` {} is not in {}", entry.image_id, instances.display())))?;
            let label = names.get(&entry.category_id).cloned().ok_or_else(|| {
                wrong(format!("`category_id` {} is not in {}", entry.category_id, instances.display()))
            })?;
            let [x, y, width, height] = entry.bbox;
            let bbox = [x, y, x + width, y + height];
            record.detections.push(RawDetection { class_id: None, label: Some(label), score: entry.score, bbox });
        }
        let mut file = Self::empty(results);
        let common = Common { detector: Some(detector.to_owned()), ..Common::default() };
        for (record, index) in records.into_values() {
            let name = record.image.clone();
            let (name, image) =
                record.check(&common).map_err(|why| file.wrong(Place::File, format!("image \"{name}\": {why}")))?;
            file.insert(name, image, Place::Record(index))?;
        }
        Ok(file)
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, MetricError> {
    let text = fs::read_to_string(path).map_err(|source| MetricError::io(path, "read", source))?;
    serde_json::from_str(&text)
        .map_err(|error| MetricError::record(path, Place::Line(error.line() as u64), error.to_string()))
}
