//! What a worker has drawn of a shard that is not whole yet.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::ShardFolder;
use super::folder::Kind;
use crate::store::{atomic, digest, journal};

/// Where an image is.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    task: String,
    sha256: String,
    offset: u64,
    length: u64,
}

impl Place {
    /// Whether a file of that length reaches to the end of the image.
    fn is_within(&self, length: u64) -> bool {
        self.offset.checked_add(self.length).is_some_and(|end| end <= length)
    }
}

/// A worker's own: images one after the other, and a journal of them.
pub struct Part {
    journal: PathBuf,
    data: File,
}

impl Part {
    /// Begins one.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn begin(folder: &ShardFolder, shard: u32) -> anyhow::Result<Self> {
        let journal = folder.new_journal(shard, Kind::Images)?;
        let path = data(&journal);
        let data = OpenOptions::new().create_new(true).append(true).open(&path);
        Ok(Self { journal, data: data.with_context(|| format!("cannot write {}", path.display()))? })
    }

    /// Appends the images of a batch: the bytes are on disk before the journal speaks of them.
    ///
    /// # Errors
    /// Whatever the file system refuses; what is half-written no journal knows.
    pub fn append(&mut self, images: &[Image]) -> anyhow::Result<()> {
        let path = data(&self.journal);
        let mut places = Vec::with_capacity(images.len());
        let written = (|| {
            let mut offset = self.data.metadata()?.len();
            for image in images {
                let length = image.bytes.len() as u64;
                places.push(Place { task: image.task.clone(), sha256: image.sha256.clone(), offset, length });
                self.data.write_all(&image.bytes)?;
                offset += length;
            }
            self.data.sync_data()
        })();
        written.with_context(|| format!("cannot write {}", path.display()))?;
        journal::append(&self.journal, &places)
    }
}

/// One image as a file has it.
pub struct Image {
    /// The task's id.
    pub task: String,
    /// Digest of the bytes.
    pub sha256: String,
    /// PNG.
    pub bytes: Vec<u8>,
}

fn data(journal: &Path) -> PathBuf {
    journal.with_extension("part")
}

/// What all workers have drawn of a shard so far.
#[derive(Default)]
pub struct Drawn {
    places: HashMap<String, (usize, Place)>,
    journals: Vec<PathBuf>,
}

impl Drawn {
    /// Reads the journals, and looks whether the images that they speak of are there; with `thorough` each is read: one that is damaged
    /// was not drawn.
    ///
    /// # Errors
    /// A file is there but cannot be read.
    pub fn read(folder: &ShardFolder, shard: u32, thorough: bool) -> anyhow::Result<Self> {
        let mut drawn = Self { journals: folder.journals(shard, Kind::Images)?, places: HashMap::new() };
        for (index, path) in drawn.journals.iter().enumerate() {
            let places = journal::read::<Place>(path)?;
            // After the journal, which speaks of no image before it is on the disk; opened, because NFS may remember another length.
            let metadata = File::open(data(path)).and_then(|file| file.metadata());
            let length = metadata.map_or(0, |metadata| metadata.len());
            for place in places {
                if place.is_within(length) && (!thorough || read_at(&data(path), &place).is_ok()) {
                    drawn.places.insert(place.task.clone(), (index, place));
                }
            }
        }
        Ok(drawn)
    }

    /// Whether a task's image is there.
    pub fn has(&self, task: &str) -> bool {
        self.places.contains_key(task)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// A task's image.
    ///
    /// # Errors
    /// It is not there, or its file was damaged since.
    pub fn image(&self, task: &str) -> anyhow::Result<Vec<u8>> {
        let (index, place) = self.places.get(task).context("an image of the shard was not drawn")?;
        read_at(&data(&self.journals[*index]), place)
    }

    /// Removes the files that were read, after the shard was sealed. What another worker began meanwhile is its own.
    ///
    /// # Errors
    /// Whatever the file system refuses.
    pub fn clear(&self) -> anyhow::Result<()> {
        for journal in &self.journals {
            for path in [data(journal), journal.clone()] {
                atomic::remove(&path)?;
            }
        }
        Ok(())
    }
}

fn read_at(path: &Path, place: &Place) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(cannot)?;
    // A damaged journal cannot make us ask for more memory than there is file.
    let length = file.metadata().with_context(cannot)?.len();
    anyhow::ensure!(place.is_within(length), "{} ends before the image that its journal speaks of", path.display());
    let mut bytes = vec![0; place.length as usize];
    file.seek(SeekFrom::Start(place.offset)).and_then(|_| file.read_exact(&mut bytes)).with_context(cannot)?;
    anyhow::ensure!(digest::of_bytes(&bytes) == place.sha256, "{} is damaged", path.display());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn image(task: &str, bytes: &[u8]) -> Image {
        Image { task: task.into(), sha256: digest::of_bytes(bytes), bytes: bytes.into() }
    }

    #[test]
    fn what_a_killed_worker_left_is_read_up_to_the_damage() {
        let run = tempfile::tempdir().unwrap();
        let folder = ShardFolder::of(run.path());
        fs::create_dir(&folder.path).unwrap();
        let mut part = Part::begin(&folder, 17).unwrap();
        part.append(&[image("a", b"first"), image("b", b"second")]).unwrap();
        part.append(&[image("c", b"third")]).unwrap();
        let mut other = Part::begin(&folder, 17).unwrap();
        other.append(&[image("d", b"fourth")]).unwrap();

        let drawn = Drawn::read(&folder, 17, true).unwrap();
        assert_eq!(drawn.count(), 4);
        assert_eq!(drawn.image("c").unwrap(), b"third");
        assert_eq!(Drawn::read(&folder, 17, false).unwrap().count(), 4);
        assert_eq!(Drawn::read(&folder, 1, true).unwrap().count(), 0);

        let path = data(&part.journal);
        let mut bytes = fs::read(&path).unwrap();
        bytes[6] ^= 1;
        bytes.truncate(13);
        fs::write(&path, bytes).unwrap();
        // Whoever only counts reads no image: what ends early is noticed, and what is damaged not.
        let counted = Drawn::read(&folder, 17, false).unwrap();
        assert!(counted.has("a") && counted.has("b") && !counted.has("c") && counted.has("d"));
        assert!(counted.image("b").is_err());
        let drawn = Drawn::read(&folder, 17, true).unwrap();
        assert!(drawn.has("a") && !drawn.has("b") && !drawn.has("c") && drawn.has("d"));
        drawn.clear().unwrap();
        assert_eq!(fs::read_dir(&folder.path).unwrap().count(), 0);
    }
}
