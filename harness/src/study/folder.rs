//! A study's folder: what is in it, and opening it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::design::{FORMAT, Study};
use crate::failure::{Explain as _, refuse};
use crate::store::digest;

/// The design.
pub const DESIGN: &str = "study.json";
/// The pictures.
pub const PICTURES: &str = "pictures";

/// A study's folder, whose design and pictures are as they were frozen.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// The design.
    pub study: Arc<Study>,
    /// SHA-256 of the design's file.
    pub digest: String,
}

impl Folder {
    /// Opens it and reads the design.
    ///
    /// # Errors
    /// It is no study, is damaged, or of another version.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let file = path.join(DESIGN);
        if !file.exists() {
            let hint = "`gentron study new` makes one";
            return Err(refuse(format!("{} is not a study: it has no {DESIGN}", path.display()), hint));
        }
        let damaged = || (format!("{} is damaged", file.display()), "restore it from your copy of the study's folder");
        let bytes = std::fs::read(&file).explain(damaged)?;
        let study: Study = serde_json::from_slice(&bytes).explain(damaged)?;
        if study.format != FORMAT {
            let what = format!("{} has format {}; this version reads {FORMAT}", file.display(), study.format);
            return Err(refuse(what, "use the version of gentron that made it"));
        }
        Ok(Self { path: path.to_owned(), study: Arc::new(study), digest: digest::of_bytes(&bytes) })
    }

    /// The pictures, each checked against its digest, in order.
    ///
    /// # Errors
    /// One is missing or altered.
    pub fn pictures(&self) -> anyhow::Result<Vec<Vec<u8>>> {
        let read = |picture: &super::design::Picture| {
            let path = self.path.join(PICTURES).join(&picture.file);
            let hint = "restore it from your copy of the study's folder; a study never goes on with other pictures";
            let bytes = std::fs::read(&path).explain(|| (format!("cannot read {}", path.display()), hint))?;
            if digest::of_bytes(&bytes) != picture.sha256 {
                return Err(refuse(format!("{} is not the picture that was frozen", path.display()), hint));
            }
            Ok(bytes)
        };
        self.study.pictures.iter().map(read).collect()
    }
}
