//! One JSON object a line.

use serde_json::{Map, Value};

use super::Text;
use crate::SuitesError;

/// A line's number, from 1, and its object.
pub(crate) type Line = (u64, Map<String, Value>);

/// Every line that is not blank.
pub(crate) fn objects(text: &Text) -> Result<Vec<Line>, SuitesError> {
    let object = |(line, json): (u64, &str)| {
        serde_json::from_str(json).map(|object| (line, object)).map_err(|error| SuitesError::Json {
            path: text.path.clone(),
            line,
            column: error.column(),
            why: error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
        })
    };
    let objects: Vec<_> =
        text.lines().filter(|(_, json)| !json.trim().is_empty()).map(object).collect::<Result<_, _>>()?;
    if objects.is_empty() {
        return Err(SuitesError::NoPrompts { path: text.path.clone(), line: 1 });
    }
    Ok(objects)
}
