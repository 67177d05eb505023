//! One JSON object a line.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::{Text, twice};
use crate::SuitesError;

/// A line's number, from 1, and its object.
pub(crate) type Line = (u64, Map<String, Value>);

/// Every line that is not blank. No object names a member twice, in whatever case.
pub(crate) fn objects(text: &Text) -> Result<Vec<Line>, SuitesError> {
    let object = |(line, json): (u64, &str)| -> Result<Line, SuitesError> {
        let Members(members) = serde_json::from_str(json).map_err(|error| SuitesError::Json {
            path: text.path.clone(),
            line,
            // serde_json gives 0 where the value as a whole is something else.
            column: error.column().max(1),
            why: error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
        })?;
        match twice(members.iter().map(|(name, _)| name.as_str())) {
            Some(column) => Err(SuitesError::Twice { path: text.path.clone(), line, column }),
            None => Ok((line, members.into_iter().collect())),
        }
    };
    let objects: Vec<_> =
        text.lines().filter(|(_, json)| !json.trim().is_empty()).map(object).collect::<Result<_, _>>()?;
    if objects.is_empty() {
        return Err(SuitesError::NoPrompts { path: text.path.clone(), line: 1 });
    }
    Ok(objects)
}

/// The members of an object as they are written. A [`Map`] would keep the last of two of one name, and nobody would hear of the other.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AsWritten)
    }
}

struct AsWritten;

impl<'de> Visitor<'de> for AsWritten {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut written: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = written.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
