//! GenEval: Ghosh et al., arXiv 2310.11513; `djghosh13/geneval` at `af4902f`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::files::{Origin, Text, objects};
use crate::listed::{Draft, ListedSuite, Listing, slug};
use crate::parti::described;
use crate::phrases::SpacyModel;
use crate::{Count, Relation, RelationKind, Split, SuitesError};

/// The suite's registry key.
pub const ID: &str = "geneval";

/// The official file's name.
pub const FILE: &str = "evaluation_metadata.jsonl";

/// An object that must be there.
#[derive(Deserialize)]
struct Wanted {
    class: String,
    count: u32,
    position: Option<(String, usize)>,
}

/// Reads `evaluation_metadata.jsonl`, or the file itself if `path` is not a folder. Categories are GenEval's six tags;
/// `include` and `exclude` are attributes, as JSON. What they ask for is annotated as counts and relation, too.
///
/// # Errors
/// The file is missing or cannot be read, or a line lacks `tag`, `prompt` or `include`.
pub fn load(path: &Path, model: SpacyModel) -> Result<ListedSuite, SuitesError> {
    let text = Text::read(&if path.is_dir() { path.join(FILE) } else { path.to_owned() })?;
    let objects = objects(&text)?;
    let mut listing = Listing::new(ID);
    for (line, object) in &objects {
        let at = Line { path, line: *line, object };
        let prompt = at.text("prompt")?;
        let wanted: Vec<Wanted> = at.read("include", "a list of objects with class and count")?;
        let mut annotation = described(prompt, attributes(object), model);
        annotation.things = wanted.iter().map(|wanted| wanted.count).sum();
        annotation.relation = relation(&wanted);
        let count = |wanted: &Wanted| Count { noun: wanted.class.clone(), count: wanted.count };
        annotation.counts = wanted.iter().map(count).collect();
        let category = slug(at.text("tag")?);
        listing.push(Draft { category, split: Split::Unsplit, text: prompt.to_owned(), annotation });
    }
    listing.source(text.source(Some(Origin::Geneval), objects.len()));
    Ok(listing.finish())
}

/// `right of`, `left of`, `above` or `below` another of the objects.
fn relation(wanted: &[Wanted]) -> Option<Relation> {
    let (subject, (words, object)) = wanted.iter().find_map(|w| Some((w, w.position.as_ref()?)))?;
    let kind = match words.as_str() {
        "left of" => RelationKind::LeftOf,
        "right of" => RelationKind::RightOf,
        "above" => RelationKind::TopOf,
        "below" => RelationKind::BottomOf,
        _ => return None,
    };
    Some(Relation { kind, subject: subject.class.clone(), object: wanted.get(*object)?.class.clone() })
}

fn attributes(object: &Map<String, Value>) -> BTreeMap<String, String> {
    let members = object.iter().filter(|(name, _)| ["include", "exclude"].contains(&name.as_str()));
    members.map(|(name, value)| (name.clone(), value.to_string())).collect()
}

/// A line's object, for errors that name the place.
struct Line<'a> {
    path: &'a Path,
    line: u64,
    object: &'a Map<String, Value>,
}

impl<'a> Line<'a> {
    fn text(&self, member: &'static str) -> Result<&'a str, SuitesError> {
        let text = self.object.get(member).and_then(Value::as_str);
        text.filter(|text| !text.trim().is_empty()).ok_or_else(|| self.not(member, "text"))
    }

    fn read<T: Deserialize<'a>>(&self, member: &'static str, expected: &'static str) -> Result<T, SuitesError> {
        let value = self.object.get(member).ok_or_else(|| self.not(member, expected))?;
        T::deserialize(value).map_err(|_| self.not(member, expected))
    }

    fn not(&self, member: &'static str, expected: &'static str) -> SuitesError {
        let got = self.object.get(member).map_or_else(|| "absent".to_owned(), Value::to_string);
        SuitesError::Value { path: self.path.to_owned(), line: self.line, column: member.to_owned(), got, expected }
    }
}
