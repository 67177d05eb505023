//! All images of a shard in one file: a zip without compression, which any unpacker opens.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::plan::Task;
use crate::store::{atomic, digest};

/// Writes the images of `tasks` in their order, under the names that they have in a run. Equal images give equal bytes.
///
/// # Errors
/// An image is not to be had, or the file system refuses.
pub fn write(
    path: &Path,
    tasks: &[&Task],
    mut image: impl FnMut(&Task) -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<()> {
    atomic::write_with(path, |file| {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        let mut pack = ZipWriter::new(BufWriter::new(file));
        for task in tasks {
            let bytes = image(task)?;
            pack.start_file(task.image_text(), options)?;
            pack.write_all(&bytes)?;
        }
        Ok(pack.finish()?.flush()?)
    })
}

/// A shard's images, to be read in any order.
pub struct Pack {
    path: PathBuf,
    archive: Mutex<ZipArchive<BufReader<File>>>,
}

impl Pack {
    /// Opens one.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let archive = ZipArchive::new(BufReader::new(file));
        let archive = archive.with_context(|| format!("{} is damaged", path.display()))?;
        Ok(Self { path: path.to_owned(), archive: Mutex::new(archive) })
    }

    /// The image of a task, whose digest is `sha256`.
    ///
    /// # Errors
    /// It is not in there, or has another digest.
    pub fn image(&self, task: &Task, sha256: &str) -> anyhow::Result<Vec<u8>> {
        let name = task.image_text();
        let mut bytes = Vec::new();
        {
            let mut archive = self.archive.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let entry = archive.by_name(&name);
            let mut entry = entry.with_context(|| format!("{} has no {name}", self.path.display()))?;
            entry.read_to_end(&mut bytes).with_context(|| format!("cannot read {name} in {}", self.path.display()))?;
        }
        anyhow::ensure!(digest::of_bytes(&bytes) == sha256, "{name} in {} is not what was drawn", self.path.display());
        Ok(bytes)
    }
}
