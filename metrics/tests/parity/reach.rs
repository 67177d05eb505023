//! How many official prompts the official scores can reach at all, and how many the repaired ones.

use gentron_metrics::formulas::{naming, unidet_labels};
use gentron_metrics::wanted::{Mode, Reading, Space, Wanted, relation};
use gentron_suites::phrases::{PhraseSource, SpacyModel};
use gentron_suites::{Annotation, Prompt, Split};

use crate::goldens;

fn prompts(file: &str, category: &str) -> Vec<Prompt> {
    let Some(path) = goldens::data(&format!("t2i-compbench/{file}")) else { return Vec::new() };
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let prompt = |(index, line): (usize, &str)| Prompt {
        id: format!("{category}-{index:03}"),
        suite: "t2i-compbench".into(),
        category: category.into(),
        index: index as u32,
        split: Split::Unsplit,
        text: line.trim_end().into(),
        annotation: Annotation {
            phrase_source: Some(PhraseSource::Spacy(SpacyModel::default())),
            ..Annotation::default()
        },
    };
    text.lines().enumerate().map(prompt).collect()
}

/// Official: both words are labels, and place has a rule.
fn official_reaches(wanted: &Wanted) -> bool {
    let person =
        |noun: &str| if ["girl", "boy", "man", "woman"].contains(&noun) { "person".into() } else { noun.to_owned() };
    let known = |names: &[String]| names.first().is_some_and(|noun| unidet_labels().contains(&person(noun)));
    wanted.kind.is_some() && known(&wanted.subject) && known(&wanted.object)
}

fn fixed_reaches(wanted: &Wanted) -> bool {
    let named = |noun: &String| unidet_labels().iter().any(|label| naming(label, noun).is_some());
    wanted.subject.iter().any(named) && wanted.object.iter().any(named)
}

fn reached(prompts: &[Prompt], space: Space, mode: Mode) -> usize {
    let reaches = |prompt: &&Prompt| match (relation(prompt, space, mode), mode) {
        (Reading::Found(wanted), Mode::Official) => official_reaches(&wanted),
        (Reading::Found(wanted), Mode::Fixed) => fixed_reaches(&wanted),
        _ => false,
    };
    prompts.iter().filter(reaches).count()
}

#[test]
fn parity_of_the_ceiling_in_the_plane() {
    let prompts = prompts("spatial_val.txt", "spatial");
    if prompts.is_empty() {
        return;
    }
    assert_eq!(reached(&prompts, Space::Plane, Mode::Official), 300 - 102);
    let wallets = prompts.iter().filter(|prompt| prompt.text.contains("wallet")).count();
    assert_eq!(reached(&prompts, Space::Plane, Mode::Fixed), 300 - wallets, "only wallets have no class");
}

#[test]
fn parity_of_the_nouns_in_depth() {
    let prompts = prompts("3d_spatial_val.txt", "3d_spatial");
    for prompt in &prompts {
        let words: Vec<&str> = prompt.text.split(' ').collect();
        let Reading::Found(wanted) = relation(prompt, Space::Depth, Mode::Fixed) else { panic!("{}", prompt.text) };
        let heads = [wanted.subject.last(), wanted.object.last()].map(|name| name.map_or("", String::as_str));
        assert_eq!(heads, [words[1], words[words.len() - 1]], "{}", prompt.text);
    }
}

#[test]
fn parity_of_the_ceiling_of_complex_prompts() {
    let prompts = prompts("complex_val.txt", "complex");
    if prompts.is_empty() {
        return;
    }
    assert_eq!(reached(&prompts, Space::Plane, Mode::Official), 12);
    let read = |prompt: &&Prompt| matches!(relation(prompt, Space::Plane, Mode::Fixed), Reading::Found(_));
    let (read, reached) = (prompts.iter().filter(read).count(), reached(&prompts, Space::Plane, Mode::Fixed));
    println!(
        "of 300 complex prompts, {read} have a relation in the plane, {reached} with nouns that UniDet has classes for"
    );
    assert!(read >= 88 && reached > 30, "{read}, {reached}");
}
