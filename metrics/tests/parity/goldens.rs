//! Finding and reading goldens.

use std::path::{Path, PathBuf};

use gentron_metrics::Detection;
use gentron_suites::RelationKind;
use serde::Deserialize;

/// A file of synthetic detections with the official answers.
#[derive(Deserialize)]
pub struct DetectionFile {
    pub depth_formula: Option<String>,
    pub images: Vec<Image>,
    pub official_text: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
pub struct Image {
    pub image: String,
    pub detections: Vec<Box>,
    pub official: Answer<f64>,
}

#[derive(Deserialize)]
pub struct Box {
    #[serde(rename = "box")]
    pub bbox: [f32; 4],
    pub score: f32,
    pub label: String,
}

#[derive(Deserialize)]
pub struct Answer<T> {
    pub answer: T,
}

impl Image {
    /// The official scripts recover the prompt from the file name.
    pub fn prompt(&self) -> &str {
        self.image.split('_').next().unwrap_or_default()
    }

    pub fn detections(&self) -> Vec<Detection> {
        self.detections
            .iter()
            .map(|d| Detection { label: d.label.clone(), score: d.score, bbox: d.bbox, attributes: vec![] })
            .collect()
    }
}

/// Every golden whose name starts and ends so, parsed; prints that the test is skipped where there is none.
pub fn read_all<T: for<'a> Deserialize<'a>>(start: &str, end: &str) -> Vec<(String, T)> {
    let Some(folder) = folders().into_iter().find(|folder| !names(folder, start, end).is_empty()) else {
        println!(
            "skipped: no {start}*{end} in $GENTRON_GOLDENS/compbench nor in shared/goldens/compbench beside the checkout"
        );
        return Vec::new();
    };
    let read = |name: String| {
        let path = folder.join(&name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let golden = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        (name, golden)
    };
    names(&folder, start, end).into_iter().map(read).collect()
}

/// Where goldens may be, first choice first; the last holds only those that quote no official prompt.
fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let elsewhere = std::env::var_os("GENTRON_GOLDENS").map_or_else(|| root.join("../shared/goldens"), PathBuf::from);
    vec![elsewhere.join("compbench"), root.join("tests/goldens/compbench")]
}

fn names(folder: &Path, start: &str, end: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| name.starts_with(start) && name.ends_with(end));
    names.sort();
    names
}

/// The relation by the words that the official scripts look for; "on top of" has no rule, as there.
pub fn relation(words: Option<&str>) -> Option<RelationKind> {
    match words? {
        "on the left of" => Some(RelationKind::LeftOf),
        "on the right of" => Some(RelationKind::RightOf),
        "on the top of" => Some(RelationKind::TopOf),
        "on the bottom of" => Some(RelationKind::BottomOf),
        "next to" => Some(RelationKind::NextTo),
        "near" => Some(RelationKind::Near),
        "on side of" => Some(RelationKind::OnSideOf),
        "in front of" => Some(RelationKind::InFrontOf),
        "behind" => Some(RelationKind::Behind),
        "hidden" => Some(RelationKind::HiddenBy),
        "on top of" => None,
        other => panic!("the golden has an unknown relation {other:?}"),
    }
}

/// The average at the end of an official summary line.
pub fn printed_average(text: &str) -> f64 {
    let start = text.rfind(|c: char| !(c.is_ascii_digit() || ".e-".contains(c))).map_or(0, |at| at + 1);
    text[start..].parse().unwrap_or_else(|e| panic!("{text:?}: {e}"))
}
