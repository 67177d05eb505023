//! Goldens made by `tests/reference/inception_fid.py`; they quote nobody and are committed.

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens/metrics").join(name)
}

pub fn read<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    let path = path(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
