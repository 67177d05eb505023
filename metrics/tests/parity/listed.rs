//! Which of the goldens that the specification lists are there, and that the README says so.

use crate::goldens;

/// Names in the README's table of goldens, and whether it says that they are not there.
fn in_the_readme() -> Vec<(&'static str, bool)> {
    let readme = include_str!("../../README.md");
    let table = readme.split("### Goldens of the official scripts").nth(1).unwrap_or_default();
    let rows = table.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| Some((row.strip_prefix("| `")?.split('`').next()?, row.contains("| not there |")))).collect()
}

#[test]
fn goldens_that_are_listed_and_not_there_are_named() {
    let absent = goldens::absent();
    for name in &absent {
        goldens::say_aloud(&format!("not there: {name}"));
    }
    let told = in_the_readme();
    for name in goldens::LISTED {
        assert!(told.iter().any(|(told, _)| *told == name), "the README does not say whether {name} is there");
    }
    // Whoever has no shared folder, or names another, has fewer.
    if goldens::named().is_none() && !absent.contains(&"blip_vqa_color_val.json") {
        let mut told: Vec<&str> = told.iter().filter(|(_, absent)| *absent).map(|(name, _)| *name).collect();
        told.sort_unstable();
        assert_eq!(absent, told);
    }
}
