//! What the specification counted of the official scorers' parsing, counted again.

use std::collections::HashSet;

use gentron_suites::compbench::{Category, List, load, load_with};
use gentron_suites::official::{OfficialRelation, complex_relation, depth_relation, plane_relation};
use gentron_suites::phrases::{Parse, SpacyModel};
use gentron_suites::{ComplexKind, ListedSuite, Prompt, Suite};
use serde::Deserialize;
use serde_json::Value;

use crate::shared;

fn of<'a>(suite: &'a ListedSuite, category: &'a str) -> impl Iterator<Item = &'a Prompt> {
    suite.prompts().iter().filter(move |prompt| prompt.category == category)
}

/// Whether a detector with these labels can ever earn anything: a score of less than one half counts as none, so both objects and
/// their place are needed.
fn can_score(relation: &OfficialRelation, labels: &HashSet<String>) -> bool {
    let person = |noun: &str| if ["girl", "boy", "man", "woman"].contains(&noun) { "person" } else { noun }.to_owned();
    relation.kind.is_some()
        && relation.objects.as_ref().is_some_and(|(a, b)| [a, b].iter().all(|noun| labels.contains(&person(noun))))
}

#[test]
fn as_many_prompts_can_never_score_as_is_known() {
    let (Some(folder), Some(data)) = (shared::compbench(), shared::data("")) else { return };
    let labels = std::fs::read_to_string(data.join("unidet_labels_722.json")).unwrap();
    let labels: HashSet<String> = serde_json::from_str::<Vec<String>>(&labels).unwrap().into_iter().collect();
    for (model, spatial, complex) in [(SpacyModel::Sm3_6_0, 102, 288), (SpacyModel::Sm3_8_0, 100, 288)] {
        let suite = load_with(&folder, List::Val, &[Category::Spatial, Category::Complex], model).unwrap();
        let plane = of(&suite, "spatial").filter(|p| !can_score(&plane_relation(&p.parse()), &labels));
        assert_eq!(plane.count(), spatial, "{model:?}");
        let never = of(&suite, "complex").filter(|p| !can_score(&complex_relation(&p.parse()), &labels)).count();
        println!("complex, {}: {} of 300 can score", model.version(), 300 - never);
        if model == SpacyModel::Sm3_6_0 {
            assert_eq!(never, complex);
        }
    }
    let suite = load(&folder, List::Val).unwrap();
    let on_top = |p: &&Prompt| complex_relation(&p.parse()).words == Some("on top of");
    let spatial = |p: &&Prompt| p.annotation.complex != Some(ComplexKind::Action);
    assert_eq!(of(&suite, "complex").filter(spatial).filter(on_top).count(), 33);
    assert!(of(&suite, "3d_spatial").all(|p| depth_relation(&p.parse()).complete().is_some()));
}

#[test]
fn the_two_models_differ_on_as_many_prompts_as_is_known() {
    let Some(folder) = shared::compbench() else { return };
    let suite = load(&folder, List::Val).unwrap();
    let parses = |p: &Prompt, told: fn(&Parse<'_>) -> Vec<String>| {
        SpacyModel::ALL.map(|model| told(&Parse::official(&p.text, model).unwrap()))
    };
    let chunks: fn(&Parse<'_>) -> Vec<String> =
        |parse| parse.chunks.iter().map(|chunk| parse.span(chunk.clone()).to_owned()).collect();
    let differ = |category, told| {
        let differs = |p: &&Prompt| {
            let [old, new] = parses(p, told);
            old != new
        };
        of(&suite, category).filter(differs).count()
    };
    let categories = ["color", "shape", "texture", "complex", "non_spatial"];
    assert_eq!(categories.map(|category| differ(category, chunks)), [13, 16, 23, 31, 16]);
    assert_eq!(differ("complex", |parse| vec![parse.clip_text()]), 68);
    let single = |category| of(&suite, category).filter(|p| p.annotation.phrases.len() == 1).count();
    assert_eq!(["color", "shape", "texture"].map(single), [9, 4, 6]);
}

#[derive(Deserialize)]
struct ThreeInOne {
    attribute: Vec<Answer>,
    spatial: Vec<Answer>,
    clip: Vec<Answer>,
    official: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    answer: Value,
}

impl Answer {
    /// Result files hold numbers or numbers in quotes.
    fn number(&self) -> f64 {
        self.answer.as_str().map_or_else(|| self.answer.as_f64(), |text| text.parse().ok()).unwrap()
    }
}

#[test]
fn parity_of_the_parts_of_complex_prompts() {
    let Some(folder) = shared::compbench() else { return };
    let suite = load_with(&folder, List::Val, &[Category::Complex], SpacyModel::default()).unwrap();
    for (name, golden) in shared::goldens::<ThreeInOne>("three_in_one", ".json") {
        assert_eq!(golden.official.len(), 10 * suite.prompts().len(), "{name}");
        for (at, official) in golden.official.iter().enumerate() {
            let [a, s, c] = [&golden.attribute, &golden.spatial, &golden.clip].map(|answers| answers[at].number());
            let ours = match suite.prompts()[at / 10].annotation.complex.unwrap() {
                ComplexKind::Spatial => (s + a) / 2.0,
                ComplexKind::Action => (c + a) / 2.0,
                ComplexKind::SpatialAction => (a + s + c) / 3.0,
            };
            assert!((ours - official.number()).abs() < 1e-12, "{name}: image {at}");
        }
    }
}
