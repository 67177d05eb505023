//! Comma-separated values as RFC 4180 has them.

use super::Text;
use crate::SuitesError;

/// Records with the line on which each begins, from 1. A quoted cell may hold commas, line ends and doubled quotes; a
/// quote within an unquoted cell is a character like any other. Lines without a character are left out.
pub(super) fn records(text: &Text) -> Result<Vec<(u64, Vec<String>)>, SuitesError> {
    let mut records = Vec::new();
    let mut rest = text.as_str();
    let mut line = 1;
    while !rest.is_empty() {
        let begin = line;
        let mut cells = Vec::new();
        loop {
            let (cell, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted_cell(quoted).ok_or_else(|| SuitesError::Quotes {
                    path: text.path.clone(),
                    line: begin,
                    column: (cells.len() + 1).to_string(),
                })?,
                None => {
                    let end = rest.find([',', '\n']).unwrap_or(rest.len());
                    let cell = &rest[..end];
                    let cell =
                        if rest[end..].starts_with(',') { cell } else { cell.strip_suffix('\r').unwrap_or(cell) };
                    (cell.to_owned(), &rest[end..])
                }
            };
            line += cell.matches('\n').count() as u64;
            cells.push(cell);
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => {
                    rest = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n')).unwrap_or(after);
                    line += 1;
                    break;
                }
            }
        }
        if cells != [""] {
            records.push((begin, cells));
        }
    }
    Ok(records)
}

/// The cell and what follows its closing quote, which must be a comma, a line end or the end of the file.
fn quoted_cell(mut rest: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        cell.push_str(before);
        rest = match after.strip_prefix('"') {
            Some(more) => more,
            None if after.is_empty() || [",", "\n", "\r\n"].iter().any(|end| after.starts_with(end)) => {
                return Some((cell, after));
            }
            None => return None,
        };
        cell.push('"');
    }
}
