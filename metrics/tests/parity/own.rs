//! Goldens made by the scripts of `tests/reference`; they quote nobody and are committed. `$GENTRON_GOLDENS/metrics` comes
//! first, for those that it has.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::goldens;

pub fn path(name: &str) -> PathBuf {
    let named = goldens::named().map(|folder| folder.join("metrics").join(name)).filter(|path| path.is_file());
    named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens/metrics").join(name))
}

pub fn read<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    let path = path(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
