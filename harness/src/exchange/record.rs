//! `import.json`: what an import holds. It names no place and no time, so that the same images make the same import.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::failure::{Explain as _, refuse};
use crate::store::digest;

/// The layout of an import's folder that this version reads and writes.
const FORMAT: u32 = 1;

/// The file.
pub const FILE: &str = "import.json";

/// The content of [`FILE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Layout of the folder.
    pub format: u32,
    /// The system that drew, as the arm may be called.
    pub name: String,
    /// The suite's registry key.
    pub suite: String,
    /// Digest of the whole suite.
    pub suite_digest: String,
    /// Images of each prompt.
    pub images_per_prompt: u32,
    /// Width and height, where all images have the same.
    pub size: Option<[u32; 2]>,
    /// The images, by prompt in the suite's order, then by k.
    pub images: Vec<Entry>,
}

/// One image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The prompt's id.
    pub prompt_id: String,
    /// Which of the prompt's images.
    pub k: u32,
    /// SHA-256 of the PNG in the import.
    pub sha256: String,
    /// Its name in the folder that was imported.
    pub from: String,
    /// SHA-256 of the file there.
    pub from_sha256: String,
}

impl Record {
    /// Of this version's format.
    pub fn new(name: &str, suite: (&str, String), images_per_prompt: u32) -> Self {
        let (suite, suite_digest) = (suite.0.to_owned(), suite.1);
        Self {
            format: FORMAT,
            name: name.to_owned(),
            suite,
            suite_digest,
            images_per_prompt,
            size: None,
            images: Vec::new(),
        }
    }
}

/// Where an image is, relative to the import's folder.
pub fn image(prompt_id: &str, k: u32) -> PathBuf {
    Path::new("images").join(prompt_id).join(format!("{k}.png"))
}

/// An import, opened.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its folder.
    pub folder: PathBuf,
    /// What it holds.
    pub record: Record,
    /// SHA-256 of [`FILE`], and so of every image.
    pub digest: String,
    by_place: HashMap<(String, u32), String>,
}

const HINT: &str = "`gentron import FOLDER --suite SUITE --name NAME` makes one";

impl Import {
    /// Reads what a folder says of itself; images are checked one by one as they are read.
    ///
    /// # Errors
    /// It is no import, or one of another version.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let explain = || (format!("{} is no import", folder.display()), HINT);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display())).explain(explain)?;
        let record: Record = serde_json::from_slice(&bytes).explain(explain)?;
        if record.format != FORMAT {
            let what = format!("{} has format {}; this version reads {FORMAT}", path.display(), record.format);
            return Err(refuse(what, "import the images again"));
        }
        let place = |entry: &Entry| ((entry.prompt_id.clone(), entry.k), entry.sha256.clone());
        let by_place = record.images.iter().map(place).collect();
        Ok(Self { folder: folder.to_owned(), digest: digest::of_bytes(&bytes), by_place, record })
    }

    /// Whether it has image `k` of a prompt.
    pub fn has(&self, prompt_id: &str, k: u32) -> bool {
        self.by_place.contains_key(&(prompt_id.to_owned(), k))
    }

    /// The file of a task's image, which is as it was imported.
    ///
    /// # Errors
    /// It is not there, or has changed.
    pub fn read(&self, prompt_id: &str, k: u32) -> anyhow::Result<Vec<u8>> {
        let path = self.folder.join(image(prompt_id, k));
        let wanted = self.by_place.get(&(prompt_id.to_owned(), k));
        let wanted = wanted.with_context(|| format!("the import has no image {k} of {prompt_id}"))?;
        let bytes =
            fs::read(&path).explain(|| (format!("cannot read {}", path.display()), "import the images again"))?;
        if digest::of_bytes(&bytes) != *wanted {
            return Err(refuse(format!("{} is not as it was imported", path.display()), "import the images again"));
        }
        Ok(bytes)
    }
}
