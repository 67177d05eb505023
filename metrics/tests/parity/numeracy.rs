//! Whole numeracy scores of 300 prompts.

use gentron_metrics::formulas::unidet_numeracy;
use gentron_suites::Count;

use crate::goldens::{self, DetectionFile};

const NUMBERS: [(&str, u32); 10] = [
    ("a", 1),
    ("an", 1),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
];

/// Words after "a" in the official prompts that are outside the official vocabulary of countable things, and therefore
/// no targets.
const NOT_COUNTED: [&str; 5] = ["picnic", "burger", "recipe", "lively", "warm"];

fn targets(prompt: &str) -> Vec<Count> {
    let words: Vec<&str> = prompt.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let pairs = words.iter().zip(words.iter().skip(1));
    pairs
        .filter(|(_, noun)| !NOT_COUNTED.contains(noun))
        .filter_map(|(word, noun)| {
            let count = NUMBERS.iter().find(|(number, _)| number == word)?.1;
            Some(Count { noun: if count == 1 { (*noun).to_owned() } else { singular(noun) }, count })
        })
        .collect()
}

/// Enough English for the official vocabulary.
fn singular(plural: &str) -> String {
    match plural {
        "knives" => "knife".to_owned(),
        "tomatoes" => "tomato".to_owned(),
        "strawberries" => "strawberry".to_owned(),
        "butterflies" => "butterfly".to_owned(),
        "peaches" => "peach".to_owned(),
        "couches" => "couch".to_owned(),
        "men" => "man".to_owned(),
        "women" => "woman".to_owned(),
        "mice" => "mouse".to_owned(),
        "people" => "person".to_owned(),
        regular => regular.strip_suffix('s').unwrap_or(regular).to_owned(),
    }
}

#[test]
fn parity_of_unidet_numeracy() {
    for (name, golden) in goldens::read_all::<DetectionFile>("unidet_numeracy", ".json") {
        let mut total = 0.0;
        for image in &golden.images {
            let score = unidet_numeracy(&image.detections(), &targets(image.prompt())).map(|s| s.value);
            let ours = score.unwrap_or_else(|| panic!("{name}: no targets in {:?}", image.image));
            assert!(
                (ours - image.official.answer).abs() < 1e-12,
                "{name}, {:?}: {ours} for {}",
                image.image,
                image.official.answer
            );
            total += ours;
        }
        let average = total / golden.images.len() as f64;
        for text in golden.official_text.values().filter_map(|text| text.as_str()) {
            assert!((average - goldens::printed_average(text)).abs() < 1e-12, "{name}: {average} for {text:?}");
        }
    }
}
