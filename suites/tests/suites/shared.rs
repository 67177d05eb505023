//! Finding the official files and goldens, which are not part of this repository.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// A folder of `shared/data`, if it is there; says so otherwise.
pub fn data(folder: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("GENTRON_SHARED").map_or(beside, PathBuf::from);
    let path = shared.join("data").join(folder);
    if !path.is_dir() {
        println!("skipped: no {} (set GENTRON_SHARED)", path.display());
        return None;
    }
    Some(path)
}

pub fn compbench() -> Option<PathBuf> {
    data("t2i-compbench")
}

/// Every golden whose name starts and ends so, parsed; says so where there is none.
pub fn goldens<T: DeserializeOwned>(start: &str, end: &str) -> Vec<(String, T)> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/goldens");
    let folder = std::env::var_os("GENTRON_GOLDENS").map_or(beside, PathBuf::from).join("compbench");
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| name.starts_with(start) && name.ends_with(end));
    names.sort();
    if names.is_empty() {
        println!("skipped: no {start}*{end} in {} (set GENTRON_GOLDENS)", folder.display());
    }
    let read = |name: String| {
        let path = folder.join(&name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let golden = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        (name, golden)
    };
    names.into_iter().map(read).collect()
}
