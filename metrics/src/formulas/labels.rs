//! UniDet's 722 class names, as the official scorers spell them.

use std::sync::OnceLock;

/// UniDet's own names, in the order of class ids; lines with `#` say whose they are.
static LEARNED: &str = include_str!("labels/learned_mAP+M.txt");

/// What the official label list has, where the rule gives something else.
const EXCEPTIONS: [(usize, &str); 13] = [
    (11, "picture, frame"),
    (13, "street light"),
    (36, "whiteboard, blackboard"),
    (138, "bench"),
    (203, "trash bin, can"),
    (207, "towel, napkin"),
    (209, "barrel, bucket"),
    (224, "pot, pan"),
    (234, "shampoo, shower gel"),
    (282, "router, modem"),
    (320, "tape measure, ruler"),
    (701, "crosswalk"),
    (718, "traffic sign back"),
];

/// The 722 names by class id, as the official scorers compare them with nouns.
///
/// Classes of two data sets are joined (`cattle, cow`), 44 names belong to more than one id, and number 249 ends in a
/// blank: `"tissue "`. They follow from UniDet's label space by a rule and thirteen exceptions.
#[must_use]
pub fn unidet_labels() -> &'static [String] {
    static LABELS: OnceLock<Vec<String>> = OnceLock::new();
    LABELS.get_or_init(|| {
        let names = LEARNED.lines().filter(|line| !line.starts_with('#'));
        let official = |(id, name)| {
            let exception = EXCEPTIONS.iter().find(|(other, _)| *other == id);
            exception.map_or_else(|| by_rule(name), |(_, label)| (*label).to_owned())
        };
        names.enumerate().map(official).collect()
    })
}

/// `OpenImages_Objects365_COCO`, lower-case: the first two joined where they differ, else the first that is not empty.
/// Of Mapillary's `a--b--c` the last part.
fn by_rule(name: &str) -> String {
    let name = name.to_lowercase();
    if let Some((_, last)) = name.rsplit_once("--") {
        return last.replace('-', " ");
    }
    let parts: Vec<&str> = name.split('_').collect();
    match parts[..] {
        [first, second, ..] if !first.is_empty() && !second.is_empty() && first != second => {
            format!("{first}, {second}")
        }
        _ => parts.into_iter().find(|part| !part.is_empty()).unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn merged_classes_are_joined_and_equal_ones_are_not() {
        assert_eq!(by_rule("Cattle_Cow_cow"), "cattle, cow");
        assert_eq!(by_rule("Person_person_person"), "person");
        assert_eq!(by_rule("_cup_cup"), "cup");
        assert_eq!(by_rule("object--bike-rack"), "bike rack");
    }

    #[test]
    fn there_are_722_and_44_names_are_shared() {
        let labels = unidet_labels();
        assert_eq!((labels.len(), labels[154].as_str(), labels[249].as_str()), (722, "cattle, cow", "tissue "));
        let mut ids: HashMap<&str, usize> = HashMap::new();
        labels.iter().for_each(|label| *ids.entry(label).or_default() += 1);
        assert_eq!(ids.values().filter(|&&ids| ids > 1).count(), 44);
        assert_eq!(ids["oven"], 3);
    }
}
