//! A table that says whose each image is: CSV, TSV or JSON lines.

use std::fmt;
use std::path::Path;

use gentron_suites::{SuitesError, own};

use crate::failure::{Explain as _, refuse};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line on which it is, from 1.
    pub line: u64,
    /// Path within the folder.
    pub image: String,
    /// Its prompt.
    pub whose: Whose,
    /// Which of the prompt's images, where the table says so.
    pub k: Option<u32>,
}

/// A prompt, as the table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Its text.
    Text(String),
    /// Its id.
    Id(String),
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "the prompt `{text}`"),
            Self::Id(id) => write!(f, "the prompt_id `{id}`"),
        }
    }
}

const HINT: &str = "it has the columns (or members) image and prompt, or image and prompt_id and perhaps k; image is a path in the folder";

/// Reads a map.
///
/// # Errors
/// It cannot be read, has no row, or lacks a column; with the place.
pub fn read(map: &Path) -> anyhow::Result<Vec<Row>> {
    let shown = map.display();
    let records = match own::records(map) {
        Err(SuitesError::NoPrompts { .. }) => return Err(refuse(format!("the map {shown} names no image"), HINT)),
        read => read.explain(|| (format!("cannot read the map {shown}"), HINT))?,
    };
    let mut rows = Vec::new();
    for own::Record { line, mut values } in records {
        let mut take = |name: &str| values.remove(name);
        let lacks = |what: &str| refuse(format!("{shown}, line {line}: no {what}"), HINT);
        let image = take("image").ok_or_else(|| lacks("image"))?;
        let (whose, k) = match take("prompt_id") {
            Some(id) => (Whose::Id(id), take("k")),
            None => (Whose::Text(take("prompt").ok_or_else(|| lacks("prompt"))?), None),
        };
        let number = |k: String| {
            k.trim().parse().map_err(|_| refuse(format!("{shown}, line {line}: `{k}` is no number of an image"), HINT))
        };
        rows.push(Row { line, image, whose, k: k.map(number).transpose()? });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(name: &str, text: &str) -> anyhow::Result<Vec<Row>> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        read(&folder.path().join(name))
    }

    #[test]
    fn a_map_names_prompts_by_text_or_by_id() {
        let by_text = rows("m.csv", "image,prompt\na/0.png,a red circle\n").unwrap();
        assert_eq!(by_text[0].whose, Whose::Text("a red circle".into()));
        let by_id = rows("m.jsonl", "{\"image\": \"x.png\", \"prompt_id\": \"p-0\", \"k\": 3}\n").unwrap();
        assert_eq!(by_id, [Row { line: 1, image: "x.png".into(), whose: Whose::Id("p-0".into()), k: Some(3) }]);
        assert!(rows("m.csv", "image,prompt_id,k\nx.png,p-0,two\n").is_err());
        assert!(rows("m.csv", "picture,prompt\nx.png,p\n").is_err());
        for nothing in ["", "image,prompt\n"] {
            assert!(rows("m.csv", nothing).unwrap_err().to_string().ends_with("m.csv names no image"));
        }
    }
}
