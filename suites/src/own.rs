//! A user's own prompts, and DrawBench, which is published as a table like any other.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::files::{Table, Text, objects};
use crate::listed::{Draft, ListedSuite, Listing, slug};
use crate::parti::described;
use crate::phrases::SpacyModel;
use crate::{Split, SuitesError};

/// DrawBench's registry key: Saharia et al., arXiv 2205.11487, exported as CSV with the columns `Prompts` and
/// `Category`.
pub const DRAWBENCH: &str = "drawbench";

/// The category of prompts without one.
pub const WITHOUT_CATEGORY: &str = "all";

/// Which columns of a table, or members of JSON lines, mean what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The prompt's; by default the first of `prompt`, `prompts`, `text`, `caption`, in any case.
    pub prompt: Option<String>,
    /// The category's; by default the first of `category`, `tag`, if there is one.
    pub category: Option<String>,
}

impl Columns {
    fn prompts(&self) -> Vec<&str> {
        self.prompt.as_deref().map_or_else(|| vec!["prompt", "prompts", "text", "caption"], |name| vec![name])
    }

    fn categories(&self) -> Vec<&str> {
        self.category.as_deref().map_or_else(|| vec!["category", "tag"], |name| vec![name])
    }
}

/// Reads a file of prompts by its ending: `.txt`, one prompt a line, up to the first tab; `.tsv`, split on tabs without
/// quotes; `.csv`, with RFC 4180's quotes; `.jsonl` or `.ndjson`. All but `.txt` begin with a header or name their
/// members, in any case. Empty lines are passed over.
///
/// # Errors
/// The ending is another, the file cannot be read, a column is missing or there twice, or a prompt is blank; with the
/// place.
pub fn load(path: &Path, id: &str, columns: &Columns, model: SpacyModel) -> Result<ListedSuite, SuitesError> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let read: fn(&Text, &Columns) -> Result<Vec<Found>, SuitesError> = match ending.as_str() {
        "txt" => |text, _| {
            let found =
                |(_, text): (u64, &str)| Found { text: text.to_owned(), category: None, attributes: BTreeMap::new() };
            Ok(text.prompts()?.into_iter().map(found).collect())
        },
        "tsv" => |text, columns| tabular(&Table::tsv(text)?, columns),
        "csv" => |text, columns| tabular(&Table::csv(text)?, columns),
        "jsonl" | "ndjson" => json_lines,
        _ => return Err(SuitesError::UnknownFile { path: path.to_owned(), known: ".txt .tsv .csv .jsonl .ndjson" }),
    };
    let text = Text::read(path)?;
    let prompts = read(&text, columns)?;
    let mut listing = Listing::new(slug(id));
    listing.source(text.source(None, prompts.len()));
    for found in prompts {
        listing.push(Draft {
            category: found.category.map_or_else(|| WITHOUT_CATEGORY.to_owned(), |name| slug(&name)),
            split: Split::Unsplit,
            annotation: described(&found.text, found.attributes, model),
            text: found.text,
        });
    }
    Ok(listing.finish())
}

/// A row of a table or a JSON line, whatever it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// What it says, by lower-case name; blank cells and nulls are left out.
    pub values: BTreeMap<String, String>,
}

/// Reads a table of anything, such as which image is whose: `.tsv`, `.csv`, `.jsonl` or `.ndjson`, as [`load`] does.
///
/// # Errors
/// The ending is another, the file cannot be read, or a row has too many or too few cells; with the place.
pub fn records(path: &Path) -> Result<Vec<Record>, SuitesError> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let cells = |table: Table| {
        // No column is the prompt's: all are kept.
        let record = |row: &crate::files::Row| Record { line: row.line, values: table.attributes(row, usize::MAX) };
        table.rows.iter().map(record).collect()
    };
    match ending.as_str() {
        "tsv" => Ok(cells(Table::tsv(&Text::read(path)?)?)),
        "csv" => Ok(cells(Table::csv(&Text::read(path)?)?)),
        "jsonl" | "ndjson" => {
            let record = |(line, object): (u64, serde_json::Map<String, Value>)| {
                let values = object.iter().filter(|(_, value)| !value.is_null());
                let values = values.map(|(name, value)| (name.trim().to_lowercase(), plain(value))).collect();
                Record { line, values }
            };
            Ok(objects(&Text::read(path)?)?.into_iter().map(record).collect())
        }
        _ => Err(SuitesError::UnknownFile { path: path.to_owned(), known: ".tsv .csv .jsonl .ndjson" }),
    }
}

struct Found {
    text: String,
    category: Option<String>,
    attributes: BTreeMap<String, String>,
}

fn tabular(table: &Table, columns: &Columns) -> Result<Vec<Found>, SuitesError> {
    let prompt = table.column(&columns.prompts())?;
    let category = match &columns.category {
        Some(named) => Some(table.column(&[named])?),
        None => table.find(&columns.categories()),
    };
    let found = |row| {
        let category = category.map(|category| table.filled(row, category)).transpose()?.map(str::to_owned);
        let text = table.filled(row, prompt)?.to_owned();
        Ok(Found { text, category, attributes: table.attributes(row, prompt) })
    };
    table.rows.iter().map(found).collect()
}

fn json_lines(text: &Text, columns: &Columns) -> Result<Vec<Found>, SuitesError> {
    let found = |(line, mut object): (u64, serde_json::Map<String, Value>)| {
        let not = |column: String, got: String| SuitesError::Value {
            path: text.path.clone(),
            line,
            column,
            got,
            expected: "text",
        };
        let names = columns.prompts();
        let prompt = match member(&object, &names).and_then(|name| object.remove(&name)) {
            Some(Value::String(prompt)) if !prompt.trim().is_empty() => prompt,
            Some(other) => return Err(not(names.join("|"), other.to_string())),
            None => return Err(not(names.join("|"), "absent".into())),
        };
        // As in a table: no category is none, a blank one is a slip.
        let category = member(&object, &columns.categories()).and_then(|name| object.get_key_value(&name));
        let category = match category.filter(|(_, value)| !value.is_null()) {
            Some((name, Value::String(category))) if category.trim().is_empty() => {
                return Err(not(name.clone(), "blank".into()));
            }
            category => category.map(|(_, value)| plain(value)),
        };
        if let (Some(named), None) = (&columns.category, &category) {
            return Err(not(named.clone(), "absent".into()));
        }
        let attributes = object.iter().filter(|(_, value)| !value.is_null());
        let attributes = attributes.map(|(name, value)| (name.trim().to_lowercase(), plain(value))).collect();
        Ok(Found { text: prompt, category, attributes })
    };
    objects(text)?.into_iter().map(found).collect()
}

/// The first of `names` that is a member, whatever its case, as the line spells it.
fn member(object: &serde_json::Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| object.keys().find(|key| key.trim().eq_ignore_ascii_case(name)).cloned())
}

/// Text as it is, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
