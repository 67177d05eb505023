//! Finding and reading goldens.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gentron_metrics::Detection;
use gentron_metrics::official::Sample;
use gentron_suites::RelationKind;
use gentron_suites::phrases::{Parse, SpacyModel};
use serde::Deserialize;

/// What the specification lists (`shared/compbench.md`, section 10).
pub const LISTED: [&str; 16] = [
    "blip_vqa_color_val.json",
    "blip_vqa_complex_val.json",
    "blip_vqa_shape_val.json",
    "blip_vqa_state_dict.json",
    "blip_vqa_texture_val.json",
    "blip_vqa_tiny.json",
    "clip_complex_val_text.json",
    "clip_token_ids.json",
    "geometry.json",
    "pil_resize.json",
    "three_in_one.json",
    "torch_ops.json",
    "unidet_2d_complex_val.json",
    "unidet_2d_spatial_val.json",
    "unidet_3d_spatial_val.json",
    "unidet_numeracy_val.json",
];

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

/// The folder that a variable names. One that is no folder is a slip, with which no test may pass.
fn folder_of(variable: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os(variable)?);
    assert!(folder.is_dir(), "{variable} names {}, which is no folder", folder.display());
    Some(folder)
}

/// `$GENTRON_GOLDENS`.
pub fn named() -> Option<PathBuf> {
    folder_of("GENTRON_GOLDENS")
}

/// `$GENTRON_SHARED`, else `shared` beside the checkout.
fn shared() -> PathBuf {
    folder_of("GENTRON_SHARED").unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"))
}

/// Says something that is seen although the test passes.
pub fn say_aloud(line: &str) {
    // Nothing can be done where stderr is closed.
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// A file of official data: of `$GENTRON_SHARED/data`, else beside `$GENTRON_GOLDENS`, else beside the checkout.
pub fn data(name: &str) -> Option<PathBuf> {
    let shared = folder_of("GENTRON_SHARED").map(|shared| shared.join("data"));
    let beside = named().map(|goldens| goldens.join("../data"));
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folders = [shared, beside, Some(checkout)].into_iter().flatten();
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        println!(
            "skipped: no {name} in the folder data of $GENTRON_SHARED, beside the goldens nor beside the checkout"
        );
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

/// Every golden whose name starts and ends so, parsed; prints which of those that are listed are not there.
pub fn read_all<T: for<'a> Deserialize<'a>>(start: &str, end: &str) -> Vec<(String, T)> {
    let found = found(start, end);
    let fits = |name: &&&str| name.starts_with(start) && name.ends_with(end) && !found.contains_key(**name);
    for name in LISTED.iter().filter(fits) {
        println!("not there: {name}");
    }
    if named().is_some() && names(&folders()[0], start, end).is_empty() {
        say_aloud(&format!(
            "$GENTRON_GOLDENS has no compbench/{start}*{end}; {} copies in tests/goldens/compbench are read",
            found.len()
        ));
    }
    if found.is_empty() {
        println!(
            "skipped: no {start}*{end} in {}",
            folders().map(|folder| folder.display().to_string()).join(" nor in ")
        );
    }
    let read = |(name, path): (String, PathBuf)| {
        let golden = serde_json::from_str(&text_of(&path)).unwrap_or_else(|e| panic!("{name}: {e}"));
        (name, golden)
    };
    found.into_iter().map(read).collect()
}

/// Which of [`LISTED`] are not there.
pub fn absent() -> Vec<&'static str> {
    let found = found("", ".json");
    LISTED.into_iter().filter(|name| !found.contains_key(*name)).collect()
}

/// Goldens by name, each where it is found first.
fn found(start: &str, end: &str) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for folder in folders() {
        for name in names(&folder, start, end) {
            found.entry(name.clone()).or_insert_with(|| folder.join(name));
        }
    }
    found
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
fn folders() -> [PathBuf; 2] {
    let first = named().unwrap_or_else(|| shared().join("goldens"));
    [first.join("compbench"), Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens/compbench")]
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
