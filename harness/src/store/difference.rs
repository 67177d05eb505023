//! What differs between two JSON values, for people.

use serde_json::Value;

/// At most so many differences are listed.
const MOST: usize = 4;

/// The first differences, each as `path: old → new`.
pub fn between(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", old, new, &mut found);
    if found.len() > MOST {
        let more = found.len() - MOST;
        found.truncate(MOST);
        found.push(format!("and {more} more"));
    }
    found
}

fn compare(path: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&path, a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}[{index}]"), a, b, found);
            }
        }
        _ if old != new => found.push(format!("{path}: {} → {}", short(old), short(new))),
        _ => {}
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 40 { text } else { format!("{}…", text.chars().take(39).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_differing_leaves_are_named() {
        let old = json!({"seed": 1, "arms": [{"name": "a", "steps": 20}]});
        let new = json!({"seed": 1, "arms": [{"name": "a", "steps": 4}], "batch": 8});
        assert_eq!(between(&old, &new), ["arms[0].steps: 20 → 4", "batch: null → 8"]);
        assert!(between(&old, &old).is_empty());
    }
}
