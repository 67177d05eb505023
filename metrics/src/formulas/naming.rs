//! Which label means which noun, for the fixed scores.
//!
//! The official scores compare strings: exactly in the plane, as substrings in depth and for numbers. So a `cattle, cow`
//! is no cow there, and a carpet is a car here. These rules compare words.

/// How well a label names a noun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Naming {
    /// The label is a wider word: `person` for a boy.
    Wider,
    /// The label is the noun, another word for it, or a kind of it: `cattle, cow`, `tv` and `dining table` for cow,
    /// television and table.
    Same,
}

/// Nouns, and labels that mean the same or a kind of it without ending in it.
const ALIASES: [(&str, &[&str]); 16] = [
    ("television", &["tv"]),
    ("tv", &["television"]),
    ("sofa", &["couch", "loveseat", "sofa bed"]),
    ("couch", &["sofa", "loveseat", "sofa bed"]),
    ("phone", &["telephone"]),
    ("telephone", &["phone"]),
    ("computer", &["laptop", "computer monitor"]),
    ("painting", &["picture"]),
    ("bag", &["handbag"]),
    ("airplane", &["aircraft"]),
    ("ship", &["boat", "watercraft"]),
    ("boat", &["ship", "watercraft"]),
    ("bird", &["duck", "goose", "swan", "parrot", "pigeon", "penguin", "eagle", "owl", "sparrow", "canary"]),
    ("person", &["man", "woman", "boy", "girl"]),
    ("plant", &["houseplant"]),
    ("mug", &["coffee cup"]),
];

/// Nouns with a label that is a wider word for them.
const WIDER: [(&str, &str); 6] = [
    ("boy", "person"),
    ("girl", "person"),
    ("man", "person"),
    ("woman", "person"),
    ("goldfish", "fish"),
    ("chicken", "bird"),
];

/// Labels that end in a noun and are no kind of it.
const NOT_A: [(&str, &str); 9] = [
    ("hot dog", "dog"),
    ("sea lion", "lion"),
    ("pine apple", "apple"),
    ("head phone", "phone"),
    ("vehicle registration plate", "plate"),
    ("teddy bear", "bear"),
    ("punching bag", "bag"),
    ("jet ski", "ski"),
    ("human head", "head"),
];

/// Words that end in s and are no plural of what is left.
const NO_PLURAL: [&str; 8] = ["glasses", "goggles", "bus", "dress", "grass", "glass", "canvas", "compass"];

/// Whether and how well `label` names `noun`, in any case, singular or plural.
///
/// A label of several names (`table, desk`, `pen/pencil`, `mouse2, mouse`) is any of them, without the digits that tell
/// classes of one name apart.
#[must_use]
pub fn naming(label: &str, noun: &str) -> Option<Naming> {
    let (label, noun) = (label.to_lowercase(), singular(&noun.to_lowercase()));
    let names =
        label.split([',', '/']).map(|name| singular(name.trim().trim_end_matches(|c: char| c.is_ascii_digit())));
    let quality = |name: String| {
        let same = name == noun || is_kind(&name, &noun) || alias(&name, &noun);
        let wider = || WIDER.iter().any(|&(narrow, wide)| narrow == noun && wide == name);
        if same { Some(Naming::Same) } else { wider().then_some(Naming::Wider) }
    };
    names.filter_map(quality).max()
}

/// A kind of something ends in its name, as a word: a dining table is a table.
fn is_kind(name: &str, noun: &str) -> bool {
    name.strip_suffix(noun).is_some_and(|front| front.ends_with(' ')) && !NOT_A.contains(&(name, noun))
}

fn alias(name: &str, noun: &str) -> bool {
    let aliases = ALIASES.iter().filter(|(word, _)| *word == noun).flat_map(|(_, aliases)| *aliases);
    aliases.into_iter().any(|alias| *alias == name || is_kind(name, alias))
}

/// Enough English for labels and the nouns of prompts: the last word in the singular.
fn singular(words: &str) -> String {
    let (front, last) = words.rsplit_once(' ').map_or(("", words), |(front, last)| (front, last));
    let last = match last {
        "people" => "person".to_owned(),
        "men" => "man".to_owned(),
        "women" => "woman".to_owned(),
        "mice" => "mouse".to_owned(),
        "knives" => "knife".to_owned(),
        "shelves" => "shelf".to_owned(),
        "leaves" => "leaf".to_owned(),
        kept if NO_PLURAL.contains(&kept) || kept.len() < 4 => kept.to_owned(),
        other => {
            if let Some(stem) = other.strip_suffix("ies") {
                format!("{stem}y")
            } else if let Some(stem) = ["ches", "shes", "xes", "sses", "toes", "goes"]
                .iter()
                .find_map(|end| other.ends_with(end).then(|| other.strip_suffix("es")).flatten())
            {
                stem.to_owned()
            } else {
                other.strip_suffix('s').filter(|stem| !stem.ends_with('s')).unwrap_or(other).to_owned()
            }
        }
    };
    if front.is_empty() { last } else { format!("{front} {last}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_labels_are_found_under_each_name() {
        for (label, noun) in [
            ("cattle, cow", "cow"),
            ("mouse2, mouse", "mouse"),
            ("table, desk", "table"),
            ("mobile phone, cell phone", "phone"),
            ("loveseat, couch", "sofa"),
            ("picture, frame", "painting"),
            ("tv", "television"),
            ("cart, rickshaw", "cart"),
            ("pen, pen/pencil", "pencil"),
            ("bench1", "bench"),
            ("moths and butterflies", "butterfly"),
            ("luggage and bags", "bag"),
            ("leather shoes", "shoe"),
            ("Wild Bird", "birds"),
        ] {
            assert_eq!(naming(label, noun), Some(Naming::Same), "{label} for {noun}");
        }
    }

    #[test]
    fn a_part_of_a_word_is_not_the_word() {
        for (label, noun) in [
            ("carpet", "car"),
            ("scarf", "car"),
            ("monkey", "key"),
            ("cattle, cow", "cat"),
            ("catch basin", "cat"),
            ("beer", "bee"),
            ("cabbage", "bag"),
            ("vegetable", "table"),
            ("cupboard", "cup"),
            ("hot dog", "dog"),
            ("head phone", "phone"),
            ("computer keyboard, keyboard", "key"),
            ("glasses", "glass"),
            ("phone booth", "phone"),
        ] {
            assert_eq!(naming(label, noun), None, "{label} for {noun}");
        }
    }

    #[test]
    fn a_person_may_be_a_boy_but_a_girl_is_none() {
        assert_eq!(naming("person", "boy"), Some(Naming::Wider));
        assert_eq!(naming("boy", "boy"), Some(Naming::Same));
        assert_eq!(naming("girl", "boy"), None);
        assert_eq!(naming("girl", "people"), Some(Naming::Same));
    }
}
