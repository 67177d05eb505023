//! All images of a shard in one file: a zip without compression, which any unpacker opens.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek, SeekFrom, Write};
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
        let mut pack = ZipWriter::new(Remembering { file: BufWriter::new(file), at: 0, failed: None });
        let mut missing = None;
        for task in tasks {
            match image(task) {
                Ok(bytes) => {
                    pack.start_file(task.image_text(), options)?;
                    pack.write_all(&bytes)?;
                }
                Err(error) => {
                    missing = Some(error);
                    break;
                }
            }
        }
        let mut written = pack.finish()?;
        written.flush()?;
        match (missing, written.failed) {
            (Some(error), _) => Err(error),
            (None, Some(error)) => Err(error.into()),
            (None, None) => Ok(()),
        }
    })
}

/// Keeps the first failure and swallows what comes after it: a writer of zips that is dropped on the way to an error says so on stderr.
///
/// It knows where it is also then, because the writer of zips asks.
struct Remembering<W> {
    file: W,
    at: u64,
    failed: Option<std::io::Error>,
}

impl<W> Remembering<W> {
    fn attempt<T>(&mut self, otherwise: T, work: impl FnOnce(&mut W) -> std::io::Result<T>) -> std::io::Result<T> {
        if self.failed.is_none() {
            match work(&mut self.file) {
                Ok(done) => return Ok(done),
                // To be tried again, as every writer does.
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Err(error),
                Err(error) => self.failed = Some(error),
            }
        }
        Ok(otherwise)
    }
}

impl<W: Write> Write for Remembering<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.attempt(bytes.len(), |file| file.write(bytes))?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.attempt((), Write::flush)
    }
}

impl<W: Seek> Seek for Remembering<W> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let otherwise = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
            SeekFrom::End(_) => self.at,
        };
        self.at = self.attempt(otherwise, |file| file.seek(to))?;
        Ok(self.at)
    }
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
