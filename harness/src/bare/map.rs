//! A table that says whose each image is: CSV, TSV or JSON lines.

use std::fmt;
use std::path::Path;

use gentron_suites::{SuitesError, own};

use super::problem::Problem;
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

/// What a map looks like.
pub(super) const HINT: &str = "it has the columns (or members) image and prompt or prompt_id, and perhaps k, which of the prompt's images it is, from 0; \
     image is a path in the folder";

/// Reads a map: its rows, and each row that cannot be meant.
///
/// # Errors
/// It cannot be read, has no row, or lacks a column; with the place.
pub fn read(map: &Path) -> anyhow::Result<(Vec<Row>, Vec<Problem>)> {
    let shown = map.display().to_string();
    let records = match own::records(map) {
        Err(SuitesError::NoPrompts { .. }) => return Err(refuse(format!("the map {shown} names no image"), HINT)),
        read => read.explain(|| (format!("cannot read the map {shown}"), HINT))?,
    };
    for (names, what) in [(&["image"][..], "image"), (&["prompt", "prompt_id"], "prompt and no prompt_id")] {
        let says = |record: &own::Record| names.iter().any(|name| record.values.contains_key(*name));
        // One sentence for a column that is not there, not one a row.
        if !records.is_empty() && !records.iter().any(says) {
            return Err(refuse(format!("{shown} has no {what}"), HINT));
        }
    }
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for record in records {
        let line = record.line;
        match row(record) {
            Ok(row) => rows.push(row),
            Err(why) => problems.push(Problem::Row { map: shown.clone(), line, why }),
        }
    }
    Ok((rows, problems))
}

/// A record as an entry, or what is wrong with it.
fn row(own::Record { line, mut values }: own::Record) -> Result<Row, String> {
    let image = values.remove("image").ok_or("no image")?;
    let whose = match values.remove("prompt_id") {
        Some(id) => Whose::Id(id),
        None => Whose::Text(values.remove("prompt").ok_or("no prompt")?),
    };
    let number = |k: String| k.trim().parse::<u32>().map_err(|_| format!("`{k}` is no number of an image"));
    Ok(Row { line, image, whose, k: values.remove("k").map(number).transpose()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(name: &str, text: &str) -> anyhow::Result<(Vec<Row>, Vec<Problem>)> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        read(&folder.path().join(name))
    }

    fn rows(name: &str, text: &str) -> Vec<Row> {
        let (rows, problems) = read_text(name, text).unwrap();
        assert_eq!(problems, []);
        rows
    }

    #[test]
    fn a_map_names_prompts_by_text_or_by_id_and_numbers_either() {
        let by_text = rows("m.csv", "image,prompt,k\na/0.png,a red circle,3\nb.png,a red circle,\n");
        assert_eq!(by_text[0].whose, Whose::Text("a red circle".into()));
        assert_eq!([by_text[0].k, by_text[1].k], [Some(3), None]);
        let by_id = rows("m.jsonl", "{\"image\": \"x.png\", \"prompt_id\": \"p-0\", \"k\": 3}\n");
        assert_eq!(by_id, [Row { line: 1, image: "x.png".into(), whose: Whose::Id("p-0".into()), k: Some(3) }]);
        assert!(
            read_text("m.csv", "picture,prompt\nx.png,p\n").unwrap_err().to_string().ends_with("m.csv has no image")
        );
        for nothing in ["", "image,prompt\n"] {
            assert!(read_text("m.csv", nothing).unwrap_err().to_string().ends_with("m.csv names no image"));
        }
    }

    #[test]
    fn every_row_that_cannot_be_meant_is_named() {
        let (rows, problems) = read_text("m.csv", "image,prompt,k\nx.png,p,two\n,p,0\ny.png,p,1\nz.png,,0\n").unwrap();
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [4]);
        let whys: Vec<String> =
            problems.iter().map(|problem| problem.what().rsplit(", ").next().unwrap().into()).collect();
        assert_eq!(whys, ["line 2: `two` is no number of an image", "line 3: no image", "line 5: no prompt"]);
    }
}
