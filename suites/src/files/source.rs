//! A file's bytes, digest and lines.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::official::{Origin, Revision};
use crate::SuitesError;
use crate::digest::sha256;

/// A file that prompts were read from, as a protocol card names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceFile {
    /// The file's name, without its folder.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Which published version it is.
    pub revision: Revision,
    /// How many prompts were read from it.
    pub prompts: usize,
}

/// A file in memory.
pub(crate) struct Text {
    pub path: PathBuf,
    pub sha256: String,
    text: String,
}

impl Text {
    /// Reads a file of UTF-8; a byte-order mark at its start is dropped.
    pub fn read(path: &Path) -> Result<Self, SuitesError> {
        let bytes = std::fs::read(path).map_err(|error| SuitesError::Io {
            path: path.to_owned(),
            doing: "read",
            why: error.to_string(),
        })?;
        let sha256 = sha256(&bytes);
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let ends =
                |&(at, byte): &(usize, &u8)| *byte == b'\n' || (*byte == b'\r' && valid.get(at + 1) != Some(&b'\n'));
            let line = 1 + valid.iter().enumerate().filter(ends).count() as u64;
            SuitesError::NotUtf8 { path: path.to_owned(), line }
        })?;
        let text = if let Some(rest) = text.strip_prefix('\u{feff}') { rest.to_owned() } else { text };
        Ok(Self { path: path.to_owned(), sha256, text })
    }

    /// The whole file.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Lines with their numbers from 1, without what ends them; empty ones are left out.
    ///
    /// A line feed, a carriage return, or both in this order end a line, as where Python reads text, which the official code does.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &str)> {
        let mut rest = Some(self.text.as_str());
        let lines = std::iter::from_fn(move || {
            let text = rest?;
            let (line, after) = text.split_at(text.find(['\n', '\r']).unwrap_or(text.len()));
            // Nothing ends the last line.
            rest = after.strip_prefix("\r\n").or_else(|| after.strip_prefix(['\n', '\r']));
            Some(line)
        });
        (1..).zip(lines).filter(|(_, line)| !line.is_empty())
    }

    /// One prompt a line: what stands before the first tab, as the official code takes it. A line of blanks is an error,
    /// not a prompt.
    pub fn prompts(&self) -> Result<Vec<(u64, &str)>, SuitesError> {
        let prompts: Vec<_> =
            self.lines().map(|(line, text)| (line, text.split('\t').next().unwrap_or(text))).collect();
        if let Some(&(line, text)) = prompts.iter().find(|(_, text)| text.trim().is_empty()) {
            return Err(SuitesError::Value {
                path: self.path.clone(),
                line,
                column: "1".into(),
                got: if text.is_empty() { "empty" } else { "blank" }.into(),
                expected: "a prompt",
            });
        }
        if prompts.is_empty() {
            return Err(SuitesError::NoPrompts { path: self.path.clone(), line: 1 });
        }
        Ok(prompts)
    }

    /// What a protocol card says of this file.
    pub fn source(&self, origin: Option<Origin>, prompts: usize) -> SourceFile {
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        SourceFile { revision: Revision::of(origin, &self.sha256), name, sha256: self.sha256.clone(), prompts }
    }
}
