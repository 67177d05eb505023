//! Tables: a header, then one prompt a row.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Text, csv};
use crate::SuitesError;

/// A table in memory; every row has as many cells as the header.
pub(crate) struct Table {
    path: PathBuf,
    /// Line of the header.
    line: u64,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

/// A row and the line on which it begins.
pub(crate) struct Row {
    pub line: u64,
    pub cells: Vec<String>,
}

/// The first of the names that comes again, whatever its case; columns without a name may be many.
pub(crate) fn twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for name in names.map(str::trim).filter(|name| !name.is_empty()) {
        if let Some(first) = known.insert(name.to_lowercase(), name) {
            return Some(first.to_owned());
        }
    }
    None
}

impl Table {
    /// Split on tabs without any quoting: a PartiPrompt that begins with a quote keeps it.
    pub fn tsv(text: &Text) -> Result<Self, SuitesError> {
        let split = |(line, cells): (u64, &str)| (line, cells.split('\t').map(str::to_owned).collect());
        Self::of(text, text.lines().map(split).collect())
    }

    /// Comma-separated values with RFC 4180's quotes.
    pub fn csv(text: &Text) -> Result<Self, SuitesError> {
        Self::of(text, csv::records(text)?)
    }

    fn of(text: &Text, records: Vec<(u64, Vec<String>)>) -> Result<Self, SuitesError> {
        let path = text.path.clone();
        let mut records = records.into_iter();
        let Some((line, columns)) = records.next() else { return Err(SuitesError::NoPrompts { path, line: 1 }) };
        if let Some(column) = twice(columns.iter().map(String::as_str)) {
            return Err(SuitesError::Twice { path, line, column });
        }
        let row = |(line, cells): (u64, Vec<String>)| {
            if cells.len() == columns.len() {
                return Ok(Row { line, cells });
            }
            Err(SuitesError::CellCount { path: path.clone(), line, expected: columns.len(), got: cells.len() })
        };
        let rows = records.map(row).collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            return Err(SuitesError::NoPrompts { path, line: line + 1 });
        }
        Ok(Self { path, line, columns, rows })
    }

    /// The first of `names` that is a column, whatever its case.
    pub fn find(&self, names: &[&str]) -> Option<usize> {
        let at = |name: &&str| self.columns.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
        names.iter().find_map(at)
    }

    /// As [`Self::find`]; without such a column, an error that lists what there is.
    pub fn column(&self, names: &[&str]) -> Result<usize, SuitesError> {
        self.find(names).ok_or_else(|| SuitesError::MissingColumn {
            path: self.path.clone(),
            line: self.line,
            column: names.join("|"),
            found: self.columns.join(", "),
        })
    }

    /// A row's cell, which must not be blank.
    pub fn filled<'a>(&self, row: &'a Row, column: usize) -> Result<&'a str, SuitesError> {
        let cell = row.cells[column].as_str();
        if !cell.trim().is_empty() {
            return Ok(cell);
        }
        Err(SuitesError::Value {
            path: self.path.clone(),
            line: row.line,
            column: self.columns[column].clone(),
            got: "blank".into(),
            expected: "text",
        })
    }

    /// The row's cells by lower-case column name, but for blank ones and the prompt's.
    pub fn attributes(&self, row: &Row, prompt: usize) -> BTreeMap<String, String> {
        let named = self.columns.iter().zip(&row.cells).enumerate();
        named
            .filter(|(column, (_, cell))| *column != prompt && !cell.trim().is_empty())
            .map(|(_, (name, cell))| (name.trim().to_lowercase(), cell.clone()))
            .collect()
    }
}
