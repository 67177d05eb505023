//! `votes.jsonl`: every event as a line, synced before anybody is told "saved", so that the votes outlive the database.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::event::Record;
use crate::failure::Explain as _;

/// The file.
pub const FILE: &str = "votes.jsonl";

/// The mirror, open for appending.
#[derive(Debug)]
pub struct Mirror {
    file: File,
    /// Bytes that are whole lines.
    length: u64,
    /// Lines.
    pub lines: u64,
}

impl Mirror {
    /// Opens or makes it; a line that a crash cut short is cut off, because the database has it.
    ///
    /// # Errors
    /// The disk fails, or a line in its middle is no record.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let cannot = || (format!("cannot open {}", path.display()), "check its permissions and the disk");
        let file = OpenOptions::new().create(true).read(true).append(false).write(true).truncate(false).open(&path);
        let file = file.explain(cannot)?;
        let (records, length) = read(&path)?;
        file.set_len(length)?;
        Ok(Self { file, length, lines: records.len() as u64 })
    }

    /// Appends and syncs.
    ///
    /// # Errors
    /// The disk fails; the file is as before, or has a cut line that the next call overwrites.
    pub fn append(&mut self, records: &[Record]) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        for record in records {
            serde_json::to_writer(&mut bytes, record)?;
            bytes.push(b'\n');
        }
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(&bytes)?;
        self.file.sync_data()?;
        self.length += bytes.len() as u64;
        self.lines += records.len() as u64;
        Ok(())
    }
}

/// All whole records of the file, and the length of their lines; none if there is no file.
///
/// # Errors
/// It cannot be read, or a line that is not its last is no record.
pub fn read(path: &Path) -> anyhow::Result<(Vec<Record>, u64)> {
    let damaged: fn(&PathBuf, u64) -> (String, String) = |path, line| {
        let hint = "`gentron votes verify` compares it with the database".to_owned();
        (format!("{}: line {line} is no record", path.display()), hint)
    };
    let Ok(file) = File::open(path) else { return Ok((Vec::new(), 0)) };
    let (mut records, mut length) = (Vec::new(), 0);
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = reader.read_until(b'\n', &mut line)?;
        if count == 0 || line.last() != Some(&b'\n') {
            return Ok((records, length));
        }
        let number = records.len() as u64 + 1;
        records.push(serde_json::from_slice(&line).explain(|| damaged(&path.to_owned(), number))?);
        length += count as u64;
    }
}
