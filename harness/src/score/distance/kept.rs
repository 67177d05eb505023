//! Features on disk: what was embedded once is not embedded again.
//!
//! A file is of one network, and its name says of which: weights, preparation of a picture, version of the program. It is records of one
//! size, an image each: the SHA-256 of the image's file in hexadecimal, the features as little-endian f32, and a checksum of both. They
//! are appended as they come; a record that was torn or damaged is as if it were not there. Any of the files may be removed at any time.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;

use crate::store::digest;

/// Hexadecimal digits of an image's digest.
const KEY: usize = 64;
/// Hexadecimal digits of a record's checksum.
const CHECKSUM: usize = 16;

/// Features of a network, by the digest of the image.
pub struct Kept {
    path: PathBuf,
    width: usize,
    rows: Mutex<HashMap<String, Vec<f32>>>,
}

impl Kept {
    /// Reads what is there of a network whose vectors have `width` values; `file` is to be named for everything that changes them.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn open(file: PathBuf, width: usize) -> anyhow::Result<Self> {
        let rows = read(&file, width).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self { path: file, width, rows: Mutex::new(rows) })
    }

    /// Features of the image with this digest, where they are known.
    pub fn row(&self, sha256: &str) -> Option<Vec<f32>> {
        self.lock().get(sha256).cloned()
    }

    /// Keeps features of images, which are on disk when it returns.
    ///
    /// # Errors
    /// They are not of this width, or the disk fails.
    pub fn append(&self, new: Vec<(String, Vec<f32>)>) -> anyhow::Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        let mut bytes: Vec<u8> = Vec::with_capacity(new.len() * record(self.width));
        for (sha256, row) in &new {
            anyhow::ensure!(row.len() == self.width, "{} features instead of {}", row.len(), self.width);
            let start = bytes.len();
            bytes.extend(sha256.as_bytes());
            bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
            let checksum = checksum(&bytes[start..]);
            bytes.extend(checksum.as_bytes());
        }
        // Records of several threads must not be torn by one another.
        let mut rows = self.lock();
        write(&self.path, &bytes).with_context(|| format!("cannot write {}", self.path.display()))?;
        rows.extend(new);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<f32>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of a record.
fn record(width: usize) -> usize {
    KEY + width * size_of::<f32>() + CHECKSUM
}

fn checksum(bytes: &[u8]) -> String {
    let mut digits = digest::of_bytes(bytes);
    digits.truncate(CHECKSUM);
    digits
}

/// All whole records; what a killed process left of one at the end is cut off, so that the next begins where it should.
fn read(path: &Path, width: usize) -> std::io::Result<HashMap<String, Vec<f32>>> {
    let mut rows: HashMap<String, Vec<f32>> = HashMap::new();
    let file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(rows),
        opened => opened?,
    };
    let size = record(width);
    let (length, mut reader) = (file.metadata()?.len(), BufReader::new(file));
    let count = length / size as u64;
    let mut bytes = vec![0; size];
    for _ in 0..count {
        reader.read_exact(&mut bytes)?;
        let (content, sum) = bytes.split_at(size - CHECKSUM);
        let (key, row) = content.split_at(KEY);
        if let Ok(key) = str::from_utf8(key)
            && checksum(content).as_bytes() == sum
        {
            let value = |bytes: &[u8]| <[u8; 4]>::try_from(bytes).map_or(f32::NAN, f32::from_le_bytes);
            rows.insert(key.to_owned(), row.chunks_exact(size_of::<f32>()).map(value).collect());
        }
    }
    if length > count * size as u64 {
        OpenOptions::new().write(true).open(path)?.set_len(count * size as u64)?;
    }
    Ok(rows)
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_to_the_bit_and_torn_or_damaged_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("features/net.rows");
        let (one, two) = (digest::of_bytes(b"1"), digest::of_bytes(b"2"));
        let open = || Kept::open(path.clone(), 3).unwrap();
        let kept = open();
        assert_eq!(kept.row(&one), None);
        kept.append(vec![(one.clone(), vec![0.1, -2.5e-30, 7.0])]).unwrap();
        assert_eq!(kept.row(&one), Some(vec![0.1, -2.5e-30, 7.0]), "known at once");
        assert!(kept.append(vec![(two.clone(), vec![1.0])]).is_err());
        open().append(vec![(two.clone(), vec![1.0, 2.0, 3.0])]).unwrap();
        assert_eq!((open().row(&one), open().row(&two)), (kept.row(&one), Some(vec![1.0, 2.0, 3.0])));

        // A record that was torn is cut off, and those that follow are whole.
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!((open().row(&one).is_some(), open().row(&two)), (true, None));
        open().append(vec![(two.clone(), vec![4.0, 5.0, 6.0])]).unwrap();
        assert_eq!(open().row(&two), Some(vec![4.0, 5.0, 6.0]));
        let mut damaged = whole;
        damaged[KEY] ^= 1;
        fs::write(&path, &damaged).unwrap();
        assert_eq!((open().row(&one), open().row(&two).is_some()), (None, true));
    }
}
