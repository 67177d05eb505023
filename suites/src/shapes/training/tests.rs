use std::collections::{BTreeMap, BTreeSet};

use super::super::{Texture, tokens, vocabulary};
use super::*;

#[test]
fn training_never_shows_a_held_out_combination_and_every_form_occurs() {
    let mut forms = BTreeSet::new();
    for index in 0..20_000 {
        let (description, staged) = training_scene(7, index);
        assert!(!staged.scene.is_held_out(), "{index}: {description:?}");
        forms.insert(description.form);
    }
    assert_eq!(forms.len(), Form::ALL.len());
}

#[test]
fn words_of_captions_and_documents_are_exactly_the_vocabulary_and_texts_are_short() {
    let vocabulary: BTreeSet<String> = vocabulary().into_iter().collect();
    let mut used = BTreeSet::new();
    for index in 0..20_000 {
        let (description, staged) = training_scene(3, index);
        let caption = varied(&description, MAX_CAPTION_TOKENS, &mut Rng::new(3, index, Purpose::Wording));
        let document = document(&description, &staged, MAX_DOCUMENT_TOKENS, &mut Rng::new(3, index, Purpose::Document));
        for (text, limit) in [(caption, MAX_CAPTION_TOKENS), (document, MAX_DOCUMENT_TOKENS)] {
            assert!(tokens(&text).count() <= limit, "{text}");
            used.extend(tokens(&text).map(str::to_owned));
        }
    }
    assert_eq!(used, vocabulary);
}

#[test]
fn a_pair_depends_on_seed_and_index_alone_whatever_the_order() {
    let draw = |index: u64| {
        let pair = training_pair(5, index);
        (pair.image.into_raw(), pair.caption, pair.scene, training_document(5, index), hard_negative(5, index))
    };
    let forward: Vec<_> = (0..300).map(draw).collect();
    let backward: Vec<_> = (0..300).rev().map(draw).collect();
    assert!(forward.iter().eq(backward.iter().rev()));
    assert_ne!(training_pair(5, 0).scene, training_pair(6, 0).scene);
    assert_eq!(draw(u64::MAX), draw(u64::MAX));
}

#[test]
fn a_pair_of_a_form_is_of_that_form_and_never_held_out() {
    for form in Form::ALL {
        for index in 0..500 {
            let pair = training_pair_of(form, 13, index);
            assert_eq!(pair.form, form);
            assert!(!pair.scene.is_held_out(), "{}", pair.caption);
        }
    }
    let (any, same) = (training_pair(13, 4), training_pair_of(training_pair(13, 4).form, 13, 4));
    assert_eq!((any.caption, any.image), (same.caption, same.image));
}

#[test]
fn forms_are_equally_frequent_and_half_of_the_captions_are_official() {
    let mut forms: BTreeMap<Form, u32> = BTreeMap::new();
    let mut official = 0;
    for index in 0..18_000 {
        let (description, _) = training_scene(9, index);
        *forms.entry(description.form).or_default() += 1;
        let caption = varied(&description, MAX_CAPTION_TOKENS, &mut Rng::new(9, index, Purpose::Wording));
        official += u32::from(caption == super::super::caption::official(&description));
    }
    // Five standard deviations of a binomial with 18,000 draws.
    assert!(forms.values().all(|&number| (1_790..=2_210).contains(&number)), "{forms:?}");
    assert!((9_000..11_500).contains(&official), "{official}");
}

#[test]
fn every_attribute_that_is_not_held_out_occurs_on_every_shape() {
    let mut colors = BTreeSet::new();
    let mut textures = BTreeSet::new();
    for index in 0..10_000 {
        for object in &training_scene(1, index).1.scene.objects {
            colors.insert((object.shape, object.color));
            textures.insert((object.shape, object.texture));
        }
    }
    assert_eq!(colors.len(), Shape::ALL.len() * Color::ALL.len() - 6);
    assert_eq!(textures.len(), Shape::ALL.len() * Texture::ALL.len() - 3);
}

#[test]
fn hard_negatives_differ_from_the_caption_in_a_word_or_in_the_order_of_words() {
    let mut found = 0;
    for index in 0..2_000 {
        let caption = training_pair(2, index).caption;
        if let Some(lie) = hard_negative(2, index) {
            found += 1;
            assert_ne!(lie, caption);
            assert!(tokens(&lie).count() <= MAX_CAPTION_TOKENS);
        }
    }
    assert!(found > 1_200, "{found}");
}

#[test]
fn captions_say_nothing_that_the_scene_does_not_show() {
    for index in 0..5_000 {
        let (description, staged) = training_scene(4, index);
        assert_eq!(staged.scene.objects.len() as u32, description.objects());
        for (thing, members) in description.things.iter().zip(&staged.members) {
            assert_eq!(members.len() as u32, thing.count);
            for object in members.iter().map(|&member| &staged.scene.objects[member]) {
                assert_eq!(object.shape, thing.shape);
                assert!(thing.color.is_none_or(|color| object.color == color));
                assert!(thing.texture.is_none_or(|texture| object.texture == texture));
            }
        }
    }
}
