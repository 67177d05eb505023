//! Finding the official files and goldens, which are not part of this repository.
//!
//! `GENTRON_SHARED` names the folder that has `data/` and `goldens/`; without it, it is `shared` beside the checkout.
//! `GENTRON_GOLDENS` names the folder of goldens alone, and comes first.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// What the specification lists of goldens that these tests read (`shared/compbench.md`, section 10).
const LISTED: [&str; 10] = [
    "blip_vqa_color_val.json",
    "blip_vqa_complex_val.json",
    "blip_vqa_shape_val.json",
    "blip_vqa_texture_val.json",
    "clip_complex_val_text.json",
    "three_in_one.json",
    "unidet_2d_complex_val.json",
    "unidet_2d_spatial_val.json",
    "unidet_3d_spatial_val.json",
    "unidet_numeracy_val.json",
];

/// The folder that a variable names. One that is no folder is a slip, with which no test may pass.
fn folder_of(variable: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os(variable)?);
    assert!(folder.is_dir(), "{variable} names {}, which is no folder", folder.display());
    Some(folder)
}

fn shared() -> PathBuf {
    folder_of("GENTRON_SHARED").unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"))
}

/// A folder of the official data, if it is there; says so otherwise.
pub fn data(folder: &str) -> Option<PathBuf> {
    let path = shared().join("data").join(folder);
    if !path.is_dir() {
        println!("skipped: no {} (set GENTRON_SHARED)", path.display());
        return None;
    }
    Some(path)
}

pub fn compbench() -> Option<PathBuf> {
    data("t2i-compbench")
}

/// Every golden whose name starts and ends so, parsed; says which of those that are listed are not there.
pub fn goldens<T: DeserializeOwned>(start: &str, end: &str) -> Vec<(String, T)> {
    let named = folder_of("GENTRON_GOLDENS");
    let folder = named.clone().unwrap_or_else(|| shared().join("goldens")).join("compbench");
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| name.starts_with(start) && name.ends_with(end));
    names.sort();
    for listed in LISTED.iter().filter(|name| name.starts_with(start) && name.ends_with(end)) {
        if !names.iter().any(|name| name == listed) {
            println!("not there: {listed}");
        }
    }
    if names.is_empty() {
        let said = format!("skipped: no {start}*{end} in {} (set GENTRON_GOLDENS)", folder.display());
        println!("{said}");
        if named.is_some() {
            // Where somebody has named the folder, it is said although the test passes. Nothing can be done where stderr is closed.
            drop(writeln!(std::io::stderr(), "{said}"));
        }
    }
    let read = |name: String| {
        let path = folder.join(&name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let golden = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        (name, golden)
    };
    names.into_iter().map(read).collect()
}
