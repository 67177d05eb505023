//! PartiPrompts as published.

use std::collections::{BTreeMap, HashSet};

use gentron_suites::files::Revision;
use gentron_suites::parti;
use gentron_suites::phrases::{PhraseSource, SpacyModel};
use gentron_suites::subset::SubsetSpec;
use gentron_suites::{Prompt, Suite, SuitesError};

use crate::shared;

fn shares<'a>(prompts: impl Iterator<Item = &'a Prompt>, attribute: &str) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for prompt in prompts {
        *shares.entry(prompt.annotation.attributes[attribute].clone()).or_default() += 1;
    }
    shares
}

#[test]
fn every_row_is_read_with_category_challenge_and_note() {
    let Some(folder) = shared::data("parti") else { return };
    let suite = parti::load(&folder, SpacyModel::default()).unwrap();
    let prompts = suite.prompts();
    assert_eq!(prompts.len(), 1632);
    assert_eq!(suite.sources()[0].revision, Revision::Current);
    let counted = |pairs: &[(&str, usize)]| pairs.iter().map(|&(name, count)| (name.to_owned(), count)).collect();
    let categories: BTreeMap<String, usize> = counted(&[
        ("Animals", 314),
        ("Artifacts", 287),
        ("World Knowledge", 214),
        ("People", 177),
        ("Outdoor Scenes", 131),
        ("Illustrations", 124),
        ("Vehicles", 104),
        ("Food & Beverage", 74),
        ("Arts", 66),
        ("Abstract", 51),
        ("Produce & Plants", 50),
        ("Indoor Scenes", 40),
    ]);
    assert_eq!(shares(prompts.iter(), "category"), categories);
    let challenges: BTreeMap<String, usize> = counted(&[
        ("Fine-grained Detail", 312),
        ("Basic", 272),
        ("Simple Detail", 232),
        ("Style & Format", 206),
        ("Imagination", 150),
        ("Complex", 113),
        ("Writing & Symbols", 91),
        ("Quantity", 90),
        ("Perspective", 70),
        ("Linguistic Structures", 61),
        ("Properties & Positioning", 35),
    ]);
    assert_eq!(shares(prompts.iter(), "challenge"), challenges);
    assert_eq!(prompts.iter().filter(|prompt| prompt.annotation.attributes.contains_key("note")).count(), 190);
    assert_eq!(prompts.iter().filter(|prompt| prompt.category == "food_beverage").count(), 74);
}

#[test]
fn quotes_blanks_and_accents_are_kept_to_the_letter() {
    let Some(folder) = shared::data("parti") else { return };
    let suite = parti::load(&folder, SpacyModel::default()).unwrap();
    let count = |is: fn(&str) -> bool| suite.prompts().iter().filter(|prompt| is(&prompt.text)).count();
    assert_eq!(count(|text| text.contains('"')), 22);
    assert_eq!(count(|text| text.starts_with('"')), 1);
    assert_eq!(count(|text| text.trim() != text), 10);
    assert_eq!(count(|text| !text.is_ascii()), 17);
    assert_eq!(count(|text| text.len() > 245), 6);
    assert_eq!(count(|text| !text.trim().contains(' ')), 52);
    assert_eq!(suite.prompts().iter().map(|prompt| prompt.text.chars().count()).max(), Some(389));
    let texts: HashSet<&str> = suite.prompts().iter().map(|prompt| prompt.text.as_str()).collect();
    assert_eq!(texts.len(), 1632);
    let spacy = Some(PhraseSource::Spacy(SpacyModel::default()));
    assert!(suite.prompts().iter().all(|prompt| prompt.annotation.phrase_source == spacy && prompt.id.len() < 60));
}

#[test]
fn a_hundred_for_people_have_every_category_and_challenge_in_its_share() {
    let Some(folder) = shared::data("parti") else { return };
    let suite = parti::load(&folder, SpacyModel::default()).unwrap();
    let spec: SubsetSpec = "parti:100".parse().unwrap();
    let chosen = spec.of(suite.prompts()).unwrap();
    assert_eq!(chosen.len(), 100);
    assert_eq!(chosen.iter().map(|prompt| &prompt.id).collect::<HashSet<_>>().len(), 100);
    for attribute in ["category", "challenge"] {
        let there = shares(suite.prompts().iter(), attribute);
        let taken = shares(chosen.iter().copied(), attribute);
        for (name, count) in there {
            let exact = count as f64 * 100.0 / 1632.0;
            let got = taken.get(&name).copied().unwrap_or(0) as f64;
            assert!((got - exact).abs() < 1.0, "{attribute} {name}: {got} for {exact}");
        }
    }
    let mut backwards = suite.prompts().to_vec();
    backwards.reverse();
    assert_eq!(spec.of(&backwards).unwrap(), chosen);
    let other: SubsetSpec = "parti:100@1".parse().unwrap();
    assert_ne!(other.of(suite.prompts()).unwrap(), chosen);
    assert!(
        "parti:2000"
            .parse::<SubsetSpec>()
            .unwrap()
            .of(suite.prompts())
            .is_err_and(|e| e == SuitesError::TooFew { wanted: 2000, there: 1632 })
    );
}
