//! Append-only journals: what is finished, one checked line a record, one file a shard.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{atomic, digest};

/// Hexadecimal digits of checksum before each record.
const CHECKSUM: usize = 16;

/// The journals of one stage of a run, `<folder>/<stage>-<shard>.jsonl`. Each line is a checksum, a blank and the record as JSON;
/// a line that was torn by a crash fails its checksum and counts as never written.
pub struct Journals<T> {
    folder: PathBuf,
    stage: &'static str,
    /// One lock for all shards: appends are rare and short beside the work that they record.
    writing: Mutex<()>,
    record: PhantomData<fn(T) -> T>,
}

impl<T: Serialize + DeserializeOwned> Journals<T> {
    /// Journals that may or may not exist yet.
    pub fn new(folder: PathBuf, stage: &'static str) -> Self {
        Self { folder, stage, writing: Mutex::new(()), record: PhantomData }
    }

    /// All intact records of all shards, in the order of shards and then of writing.
    ///
    /// # Errors
    /// A journal exists but cannot be read.
    pub fn read(&self) -> anyhow::Result<Vec<T>> {
        let mut records = Vec::new();
        for path in self.paths()? {
            records.extend(read(&path)?);
        }
        Ok(records)
    }

    /// Appends records to a shard's journal and flushes them to disk before it returns.
    ///
    /// # Errors
    /// Whatever the file system refuses. A partly written line is harmless: it will be ignored.
    pub fn append(&self, shard: u32, records: &[T]) -> anyhow::Result<()> {
        let path = self.folder.join(format!("{}-{shard:03}.jsonl", self.stage));
        // A poisoned lock only says that another append panicked; the checksums judge what it left.
        let _writing = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        append(&path, records)
    }

    /// Removes the journals after their content was compacted.
    ///
    /// # Errors
    /// Whatever the file system refuses.
    pub fn clear(&self) -> anyhow::Result<()> {
        for path in self.paths()? {
            atomic::remove(&path)?;
        }
        // It stays while another stage has journals in it.
        drop(fs::remove_dir(&self.folder));
        Ok(())
    }

    fn paths(&self) -> anyhow::Result<Vec<PathBuf>> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let listing = fs::read_dir(&self.folder).with_context(|| format!("cannot list {}", self.folder.display()))?;
        let start = format!("{}-", self.stage);
        let mut paths: Vec<PathBuf> = listing
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.file_name().and_then(|n| n.to_str()).is_some_and(|name| name.starts_with(&start)))
            .collect();
        paths.sort();
        Ok(paths)
    }
}

/// Records as lines of a journal.
///
/// # Errors
/// A record cannot be written as JSON.
pub fn to_bytes<T: Serialize>(records: &[T]) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for record in records {
        let json = serde_json::to_string(record)?;
        bytes.extend(format!("{} {json}\n", &digest::of_bytes(json.as_bytes())[..CHECKSUM]).into_bytes());
    }
    Ok(bytes)
}

/// The intact records of one journal.
///
/// # Errors
/// It cannot be read.
pub fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let bytes = match fs::read(path) {
        // Whoever is at work in the run has finished with it since it was listed.
        Err(error) if atomic::is_gone(&error) => return Ok(Vec::new()),
        read => read.with_context(|| format!("cannot read {}", path.display()))?,
    };
    Ok(bytes.split(|byte| *byte == b'\n').filter_map(parse).collect())
}

/// Appends records to one journal and flushes them to disk before it returns.
///
/// # Errors
/// Whatever the file system refuses.
pub fn append<T: Serialize>(path: &Path, records: &[T]) -> anyhow::Result<()> {
    // It starts on a new line, in case the line before was torn; readers skip the empty ones.
    let mut bytes = vec![b'\n'];
    bytes.extend(to_bytes(records)?);
    append_bytes(path, &bytes).with_context(|| format!("cannot append to {}", path.display()))
}

fn append_bytes(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file: File = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

fn parse<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let line = str::from_utf8(line).ok()?;
    let (checksum, json) = line.split_once(' ')?;
    let intact = digest::of_bytes(json.as_bytes()).get(..CHECKSUM) == Some(checksum);
    if intact { serde_json::from_str(json).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_and_damaged_lines_are_as_if_never_written() {
        let folder = tempfile::tempdir().unwrap();
        let journals = Journals::<u64>::new(folder.path().join("journals"), "numbers");
        assert_eq!(journals.read().unwrap(), Vec::<u64>::new());
        journals.append(2, &[10, 11]).unwrap();
        journals.append(0, &[7]).unwrap();
        let path = folder.path().join("journals/numbers-002.jsonl");
        let mut bytes = fs::read(&path).unwrap();
        let torn = bytes.len() - 2;
        bytes.truncate(torn);
        fs::write(&path, &bytes).unwrap();
        assert_eq!(journals.read().unwrap(), [7, 10]);
        journals.append(2, &[12]).unwrap();
        assert_eq!(journals.read().unwrap(), [7, 10, 12], "an append after a torn line is readable");
        journals.clear().unwrap();
        assert!(!folder.path().join("journals").exists());
    }
}
