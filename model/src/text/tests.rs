//! Tokenizers of the small world.

use super::{Overlong, TextError, TextTokenizer, Tokens, word_level_clip, word_level_t5};

fn words() -> Vec<String> {
    [",", ".", "a", "and", "blue", "circle", "of", "red", "square"].map(str::to_owned).to_vec()
}

#[test]
fn clip_begins_ends_and_pads_with_its_end() {
    let tokenizer = word_level_clip(&words(), 8).expect("a tokenizer");
    let tokens = tokenizer.encode(&["A red circle.", "", "a zebra"]).expect("tokens");
    let rows = [[10, 3, 8, 6, 2, 11, 11, 11], [10, 11, 11, 11, 11, 11, 11, 11], [10, 3, 0, 11, 11, 11, 11, 11]];
    assert_eq!(tokens.rows, rows);
    assert_eq!((tokens.lengths, tokens.truncated), (vec![6, 2, 4], vec![false; 3]));
    assert_eq!(tokenizer.vocabulary(), 12);
}

#[test]
fn t5_ends_pads_with_zero_and_knows_sentinels() {
    let tokenizer = word_level_t5(&words(), 8).expect("a tokenizer");
    let tokens = tokenizer.encode(&["a <extra_id_0> circle, and <extra_id_31>.", ""]).expect("tokens");
    assert_eq!(tokens.rows[0], [5, 43, 8, 3, 6, 12, 4, 1]);
    assert_eq!(tokens.rows[1], [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!((tokenizer.id("<extra_id_0>"), tokenizer.id("<extra_id_32>")), (Some(43), None));
    assert_eq!(tokenizer.vocabulary(), 44);
}

#[test]
fn a_text_too_long_is_cut_or_refused() {
    let text = "a red circle and a blue square";
    let tokenizer = word_level_clip(&words(), 5).expect("a tokenizer");
    let Tokens { rows, truncated, .. } = tokenizer.encode(&[text]).expect("tokens");
    assert_eq!((rows, truncated), (vec![vec![10, 3, 8, 6, 11]], vec![true]));
    let error = tokenizer.overlong(Overlong::Refuse).encode(&[text]).expect_err("too long");
    assert_eq!(error.to_string(), format!("{text:?} has 9 tokens, the limit is 5"));
    assert!(matches!(word_level_clip(&words(), 2), Err(TextError::Limit { limit: 2 })));
}

#[test]
fn a_saved_tokenizer_gives_the_same_ids() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokenizer.json");
    for tokenizer in [word_level_clip(&words(), 8), word_level_t5(&words(), 8)].map(|made| made.expect("a tokenizer")) {
        tokenizer.save(&path).expect("a file");
        let again = TextTokenizer::read(&path, 77, 8).expect("a tokenizer");
        let texts = ["", "a red, blue and red circle of a square", "<extra_id_3> <|endoftext|>"];
        assert_eq!(again.encode(&texts).expect("tokens"), tokenizer.encode(&texts).expect("tokens"));
    }
}

#[test]
fn a_word_given_twice_is_named() {
    let twice = [words(), vec!["red".to_owned()]].concat();
    let TextError::WordList { source } = word_level_t5(&twice, 8).expect_err("twice") else { panic!("another error") };
    assert_eq!(source.to_string(), "\"red\" is there twice");
}
