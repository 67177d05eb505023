use std::collections::BTreeMap;

use super::super::{
    MAX_CAPTION_TOKENS, Object, Texture, TrueObject, is_held_out_color, render, shape_coverage, tokens, truth,
    vocabulary,
};
use super::*;
use crate::{ActionKind, RelationKind, SuitesError};

const SCENES_PER_PROMPT: u64 = 20;

/// Calls `check` with several scenes of each prompt.
fn for_scenes(mut check: impl FnMut(&Prompt, &Description, &Scene)) {
    for prompt in suite().prompts() {
        let description = Description::of(prompt).unwrap();
        for seed in 0..SCENES_PER_PROMPT {
            check(prompt, &description, &scene_for(prompt, seed));
        }
    }
}

fn one<'a>(objects: &'a [TrueObject], noun: &str) -> &'a TrueObject {
    let mut found = objects.iter().filter(|object| object.shape.word() == noun);
    let object = found.next().unwrap_or_else(|| panic!("no {noun}"));
    assert!(found.next().is_none(), "a second {noun}");
    object
}

fn center(object: &TrueObject) -> [f32; 2] {
    let [x1, y1, x2, y2] = object.bbox;
    [(x1 + x2) / 2.0, (y1 + y2) / 2.0]
}

fn overlap(one: [f32; 4], other: [f32; 4]) -> f32 {
    let width = one[2].min(other[2]) - one[0].max(other[0]);
    let height = one[3].min(other[3]) - one[1].max(other[1]);
    let area = |b: [f32; 4]| (b[2] - b[0]) * (b[3] - b[1]);
    let common = width.max(0.0) * height.max(0.0);
    common / (area(one) + area(other) - common)
}

#[test]
fn the_set_holds_forty_seen_and_twenty_unseen_prompts_in_each_of_eight_categories() {
    let suite = suite();
    let mut sizes: BTreeMap<(String, Split), usize> = BTreeMap::new();
    suite.prompts().iter().for_each(|p| *sizes.entry((p.category.clone(), p.split)).or_default() += 1);
    assert_eq!(sizes.len(), 16);
    for ((category, split), size) in sizes {
        assert_eq!(size, if split == Split::Seen { 40 } else { 20 }, "{category}");
    }
    let texts: HashSet<&str> = suite.prompts().iter().map(|prompt| prompt.text.as_str()).collect();
    let ids: HashSet<&str> = suite.prompts().iter().map(|prompt| prompt.id.as_str()).collect();
    assert_eq!((texts.len(), ids.len()), (480, 480));
    let safe = |id: &str| id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b));
    assert!(ids.into_iter().all(safe));
}

#[test]
fn the_set_never_changes() {
    assert_eq!(suite().digest(), "5e6ef4ff094e0dcab29eae407a857eeaba3a08c44a3cdd22f807fe2497f3d17d");
}

#[test]
fn unseen_prompts_ask_for_a_held_out_combination_and_seen_ones_for_none() {
    for prompt in suite().prompts() {
        let held_out = Description::of(prompt).unwrap().held_out();
        assert_eq!(held_out.any(), prompt.split == Split::Unseen, "{}", prompt.text);
    }
    for_scenes(|prompt, _, scene| assert_eq!(scene.is_held_out(), prompt.split == Split::Unseen, "{}", prompt.text));
}

#[test]
fn words_are_in_the_vocabulary_and_texts_are_short() {
    let vocabulary: HashSet<String> = vocabulary().into_iter().collect();
    for prompt in suite().prompts() {
        assert!(tokens(&prompt.text).all(|token| vocabulary.contains(token)), "{}", prompt.text);
        assert!(tokens(&prompt.text).count() <= MAX_CAPTION_TOKENS, "{}", prompt.text);
    }
}

#[test]
fn annotations_say_what_the_text_says() {
    for prompt in suite().prompts() {
        let description = Description::of(prompt).unwrap();
        assert_eq!(official(&description), prompt.text);
        assert_eq!(description.form.category(), prompt.category);
        assert_eq!(description.complex(), prompt.annotation.complex);
        assert_eq!(description.objects(), prompt.annotation.things);
    }
}

#[test]
fn scenes_hold_exactly_the_objects_asked_for() {
    for_scenes(|prompt, description, scene| {
        let mut objects = truth(scene);
        assert_eq!(objects.len() as u32, prompt.annotation.things, "{}", prompt.text);
        // The most demanding phrases choose first.
        let mut things = description.things.clone();
        things.sort_by_key(|thing| (thing.color.is_none(), thing.texture.is_none()));
        for thing in things {
            for _ in 0..thing.count {
                let found = objects.iter().position(|object| {
                    object.shape == thing.shape
                        && thing.color.is_none_or(|color| object.color == color)
                        && object.texture == thing.texture.unwrap_or(Texture::Plain)
                });
                objects.remove(found.unwrap_or_else(|| panic!("{} lacks {thing:?}", prompt.text)));
            }
        }
        for count in &prompt.annotation.counts {
            let found = truth(scene).iter().filter(|object| object.shape.word() == count.noun).count();
            assert_eq!(found as u32, count.count, "{}", prompt.text);
        }
    });
}

#[test]
fn scenes_obey_spatial_relations_with_a_clear_margin() {
    for_scenes(|prompt, _, scene| {
        let Some(relation) = &prompt.annotation.relation else { return };
        let objects = truth(scene);
        let [a, b] = [&relation.subject, &relation.object].map(|noun| one(&objects, noun));
        let ([ax, ay], [bx, by]) = (center(a), center(b));
        let (dx, dy) = (bx - ax, by - ay);
        let iou = overlap(a.bbox, b.bbox);
        let gap = (dx.abs().max(dy.abs())) - (a.bbox[2] - a.bbox[0] + b.bbox[2] - b.bbox[0]) / 2.0;
        let good = match relation.kind {
            RelationKind::LeftOf => dx >= 1.3 * dy.abs() + 4.0 && iou == 0.0,
            RelationKind::RightOf => -dx >= 1.3 * dy.abs() + 4.0 && iou == 0.0,
            RelationKind::TopOf => dy >= 1.3 * dx.abs() + 4.0 && iou == 0.0,
            RelationKind::BottomOf => -dy >= 1.3 * dx.abs() + 4.0 && iou == 0.0,
            RelationKind::NextTo | RelationKind::Near | RelationKind::OnSideOf => {
                (3.0..=8.0).contains(&gap) && dx.abs().min(dy.abs()) <= 4.0
            }
            RelationKind::InFrontOf => (0.55..=0.75).contains(&iou) && a.depth_rank > b.depth_rank,
            RelationKind::Behind | RelationKind::HiddenBy => {
                (0.55..=0.75).contains(&iou) && a.depth_rank < b.depth_rank
            }
        };
        assert!(good, "{}: {objects:?}", prompt.text);
    });
}

#[test]
fn hidden_objects_show_an_edge_on_all_four_sides() {
    for_scenes(|prompt, _, scene| {
        if prompt.category == "3d_spatial" {
            let [back, front] = [&scene.objects[0], &scene.objects[1]].map(Object::bbox);
            let margins = [front[0] - back[0], front[1] - back[1], back[2] - front[2], back[3] - front[3]];
            assert!(margins.iter().all(|&margin| margin >= 2.0), "{}: {margins:?}", prompt.text);
            assert_ne!(scene.objects[0].color, scene.objects[1].color);
        }
    });
}

#[test]
fn scenes_show_the_actions() {
    for_scenes(|prompt, description, scene| {
        let Some((subject, kind, object)) = description.action else { return };
        let find = |index: usize| {
            let thing = description.things[index];
            let found = scene.objects.iter().position(|o| o.shape == thing.shape && Some(o.color) == thing.color);
            found.unwrap_or_else(|| panic!("{} lacks {thing:?}", prompt.text))
        };
        let (subject, object) = (find(subject), find(object));
        let [a, b] = [subject, object].map(|index| &scene.objects[index]);
        let [inner, outer] = [a, b].map(|o| shape_coverage(o.shape, o.bbox(), 64, 64));
        assert_ne!(a.color, b.color);
        match kind {
            ActionKind::Inside => {
                assert!(subject > object, "the container is painted first");
                assert!(b.size >= 40.0 && (15.0..=20.0).contains(&a.size), "{} {} {}", prompt.text, a.size, b.size);
                assert!(inner.iter().zip(&outer).all(|(&i, &o)| i == 0.0 || o > 0.99), "{}", prompt.text);
            }
            ActionKind::Touching => {
                let meet = (0..64 * 64).any(|at| {
                    let near = [at, at + 1, at + 64, at + 63, at + 65].into_iter().filter(|&n| n < 64 * 64);
                    near.into_iter().any(|n| (inner[at] > 0.3 && outer[n] > 0.3) || (inner[n] > 0.3 && outer[at] > 0.3))
                });
                let common: f32 = inner.iter().zip(&outer).map(|(&i, &o)| i.min(o)).sum();
                assert!(meet && common <= 26.0, "{}: common {common}", prompt.text);
            }
            ActionKind::ConnectedTo => {
                let linked = scene.links.contains(&(subject, object)) || scene.links.contains(&(object, subject));
                assert!(linked && scene.links.len() == 1, "{}", prompt.text);
            }
        }
    });
}

#[test]
fn a_scene_depends_on_prompt_and_seed_alone() {
    let suite = suite();
    let draw = |index: usize, seed| scene_for(&suite.prompts()[index], seed);
    let forward: Vec<Scene> = (0..480).map(|index| draw(index, 1)).collect();
    let backward: Vec<Scene> = (0..480).rev().map(|index| draw(index, 1)).collect();
    assert!(forward.iter().eq(backward.iter().rev()));
    assert_ne!(draw(0, 1), draw(0, 2));
}

#[test]
fn a_prompt_of_another_world_gives_an_empty_scene_and_a_reason() {
    let mut prompt = suite().prompts()[0].clone();
    prompt.annotation.phrases = vec!["a wooden table".to_owned()];
    assert_eq!(scene_for(&prompt, 0), Scene::default());
    let reason = Description::of(&prompt).unwrap_err().to_string();
    assert_eq!(reason, "`table` is not a shape of the shapes world (known: circle square triangle star cross heart)");
}

#[test]
fn one_rendered_scene_has_the_pinned_bytes() {
    let prompts = suite().prompts().to_vec();
    let complex = prompts.iter().find(|prompt| prompt.text.contains("checkered") && prompt.text.contains("line"));
    let image = render(&scene_for(complex.unwrap(), 0));
    assert_eq!(
        hex(&Sha256::digest(image.as_raw())),
        "6b6b3f832fd558a61d7089a123fa0972b668f3e1c1f46f70a4c6b1fcc2fac4be"
    );
}

#[test]
fn unsaid_colours_of_unseen_prompts_are_not_held_out() {
    for_scenes(|prompt, _, scene| {
        if matches!(prompt.category.as_str(), "shape" | "texture" | "2d_spatial" | "numeracy") {
            assert!(!scene.objects.iter().any(|o| is_held_out_color(o.color, o.shape)), "{}", prompt.text);
        }
    });
}

#[test]
fn a_prompt_for_too_many_things_still_gives_a_scene_with_all_of_them() {
    let mut prompt = suite().prompts()[0].clone();
    prompt.annotation.phrases = vec!["a red circle".to_owned(); 40];
    assert_eq!(scene_for(&prompt, 0).objects.len(), 40);
}

#[test]
fn prompts_and_scenes_survive_json() {
    for prompt in suite().prompts() {
        let scene = scene_for(prompt, 3);
        let json = serde_json::to_string(&(prompt, &scene)).unwrap();
        assert_eq!(serde_json::from_str::<(Prompt, Scene)>(&json).unwrap(), (prompt.clone(), scene));
    }
}

#[test]
fn absurd_numbers_are_refused_before_anything_is_drawn() {
    let mut prompt = suite().prompts()[0].clone();
    prompt.annotation.phrases.clear();
    prompt.annotation.counts = vec![Count { noun: "star".to_owned(), count: u32::MAX }];
    let wanted = SuitesError::TooMany { wanted: u64::from(u32::MAX), most: 64 };
    assert_eq!(Description::of(&prompt), Err(wanted));
    assert!(scene_for(&prompt, 0).objects.is_empty());
}
