//! What a mirror and its store had in common when they last met.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::bucket::Object;
use crate::store::atomic;

/// `index.json` beside a mirror.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// Files that were the same here and there, by name.
    pub files: BTreeMap<String, Met>,
}

/// A file that was the same here and there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Met {
    /// The object's tag.
    pub tag: String,
    /// The file here.
    pub here: Stamp,
}

/// What changes when a file does, without reading it: files of a run are replaced whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Bytes.
    pub length: u64,
    /// Time of the last change, nanoseconds since 1970.
    pub changed: u64,
}

impl Stamp {
    /// That of a file; none where there is none.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        let since = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Self { length: metadata.len(), changed: u64::try_from(since.as_nanos()).ok()? })
    }
}

impl Index {
    /// Reads it. One that cannot be read is as good as none, since all it saves is work.
    ///
    /// # Errors
    /// It is not there, or damaged.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }

    /// Replaces it.
    ///
    /// # Errors
    /// Whatever the disk refuses.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        atomic::write(path, &serde_json::to_vec(self)?)
    }

    /// A file and an object are the same now.
    pub fn meet(&mut self, name: &str, path: &Path, object: &Object) {
        if let Some(here) = Stamp::of(path) {
            self.files.insert(name.to_owned(), Met { tag: object.tag.clone(), here });
        }
    }
}
