//! Finding and reading goldens.

use std::path::{Path, PathBuf};

use gentron_metrics::Detection;
use gentron_metrics::official::Sample;
use gentron_suites::RelationKind;
use gentron_suites::phrases::{Parse, SpacyModel};
use serde::Deserialize;

/// A file of synthetic detections with the official answers.
#[derive(Deserialize)]
pub struct DetectionFile {
    pub depth_formula: Option<String>,
    pub images: Vec<Image>,
    /// `["--complex", "True"]` or nothing.
    #[serde(default)]
    pub argv: Vec<String>,
    pub spacy_model: Option<String>,
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

impl DetectionFile {
    pub fn is_complex(&self) -> bool {
        self.argv.iter().any(|word| word == "--complex")
    }

    /// What the script printed, whichever file it went to.
    pub fn text(&self) -> &str {
        self.official_text.values().find_map(|text| text.as_str()).unwrap_or_default()
    }

    /// A prompt of the golden, parsed by the model that the golden was made with.
    pub fn parse<'a>(&self, image: &'a Image) -> Parse<'a> {
        parse(image.prompt(), self.spacy_model.as_deref())
    }
}

/// The model by the golden's words, `en_core_web_sm 3.6.0`.
pub fn parse<'a>(text: &'a str, model: Option<&str>) -> Parse<'a> {
    let named = |known: &SpacyModel| model.is_some_and(|words| words.ends_with(known.version()));
    let model = SpacyModel::ALL.into_iter().find(named).unwrap_or_default();
    Parse::of(text, model)
}

/// The number in an official file name.
pub fn number(name: &str) -> u64 {
    Sample::parse(name.into()).unwrap_or_else(|| panic!("{name:?} has no number")).number
}

/// A file of `shared/data`: beside `$GENTRON_GOLDENS`, else beside the checkout.
pub fn data(name: &str) -> Option<PathBuf> {
    let beside = std::env::var_os("GENTRON_GOLDENS").map(|goldens| PathBuf::from(goldens).join("../data"));
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let found = beside.into_iter().chain([shared]).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: no {name} in shared/data beside the goldens nor beside the checkout");
    }
    found
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
        let text = text_of(&folder.join(&name));
        let golden = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        (name, golden)
    };
    names(&folder, start, end).into_iter().map(read).collect()
}

/// The text of a golden that [`read_all`] found. serde_json's numbers may be off by one unit in the last place; the
/// digits are not.
pub fn text(name: &str) -> String {
    let found = folders().into_iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    text_of(&found.unwrap_or_else(|| panic!("{name} is gone")))
}

fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
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
