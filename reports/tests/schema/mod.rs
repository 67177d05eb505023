//! Enough of JSON Schema to hold a file against the published one: every keyword that it uses, and no other.

use serde_json::Value;

/// Panics with the place of the first thing that the schema does not allow.
pub fn check(schema: &Value, value: &Value) {
    if let Err(wrong) = validate(schema, schema, value, "$") {
        panic!("{wrong}");
    }
}

fn validate(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let known = ["$schema", "title", "description", "$defs", "$ref", "type", "properties", "required", "items"];
    let more = ["additionalProperties", "enum", "const", "anyOf", "minimum"];
    for keyword in schema.as_object().unwrap().keys() {
        assert!(known.contains(&keyword.as_str()) || more.contains(&keyword.as_str()), "unknown keyword {keyword}");
    }
    let fail = |what: &str| Err(format!("{at}: {what}: {value}"));
    if let Some(name) = schema["$ref"].as_str() {
        return validate(root, &root["$defs"][name.strip_prefix("#/$defs/").unwrap()], value, at);
    }
    if let Some(choices) = schema["anyOf"].as_array()
        && !choices.iter().any(|choice| validate(root, choice, value, at).is_ok())
    {
        return fail("none of the choices");
    }
    if schema.get("const").is_some_and(|constant| constant != value) {
        return fail("another constant");
    }
    if schema["enum"].as_array().is_some_and(|allowed| !allowed.contains(value)) {
        return fail("not one of the words");
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is = |kind: &&str| match *kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        _ => value.is_object(),
    };
    if !types.is_empty() && !types.iter().any(is) {
        return fail("another type");
    }
    if value.as_f64().zip(schema["minimum"].as_f64()).is_some_and(|(value, least)| value < least) {
        return fail("too small");
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        if schema.get("items").is_some() {
            validate(root, &schema["items"], item, &format!("{at}[{index}]"))?;
        }
    }
    let Some(object) = value.as_object() else { return Ok(()) };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            return fail(&format!("lacks {name}"));
        }
    }
    for (name, member) in object {
        match schema["properties"].get(name) {
            Some(of) => validate(root, of, member, &format!("{at}.{name}"))?,
            None if schema["additionalProperties"] == false => return fail(&format!("has {name}")),
            None => {}
        }
    }
    Ok(())
}
