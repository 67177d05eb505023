//! As somebody who scores with OpenAI's CLIP I have prompts cut as OpenAI's own tokenizer cuts them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use gentron_model::text::clip::{ClipTextConfig, read_tokenizer};
use gentron_suites::phrases::{Parse, SpacyModel};

use crate::support::repository;

/// Ids by prompt file, without those of begin and end.
#[derive(serde::Deserialize)]
struct Golden {
    ids: BTreeMap<String, Vec<Vec<u32>>>,
}

/// CLIP's vocabulary, the official prompts and the golden that follows from both are not part of this repository:
/// `GENTRON_CLIP_TOKENIZER` names a folder with `vocab.json` and `merges.txt` (`goldens/clip_vocabulary.py` makes it).
#[test]
fn clip_token_ids_parity() {
    let shared = repository().join("../shared");
    let goldens = std::env::var_os("GENTRON_GOLDENS").map_or(shared.join("goldens"), PathBuf::from);
    let golden = goldens.join("compbench/clip_token_ids.json");
    let folder = std::env::var_os("GENTRON_CLIP_TOKENIZER").map(PathBuf::from);
    let (Some(folder), Ok(golden)) = (folder, fs::read(&golden)) else {
        println!("skipped: no {} or no GENTRON_CLIP_TOKENIZER", golden.display());
        return;
    };
    let golden: Golden = serde_json::from_slice(&golden).unwrap();
    let tokenizer = read_tokenizer(&folder, &ClipTextConfig::default()).unwrap();
    let mut compared = 0;
    for (name, expected) in &golden.ids {
        let (file, stripped) = name.strip_suffix("_adj_stripped").map_or((name.as_str(), false), |file| (file, true));
        let prompts = fs::read_to_string(shared.join(format!("data/t2i-compbench/{file}.txt"))).unwrap();
        let prompts: Vec<&str> = prompts.lines().map(str::trim_end).collect();
        assert_eq!(prompts.len(), expected.len(), "{name}");
        for (prompt, expected) in prompts.iter().zip(expected) {
            let text =
                if stripped { Parse::of(prompt, SpacyModel::default()).clip_text() } else { (*prompt).to_owned() };
            let tokens = tokenizer.encode(&[&text]).unwrap();
            let ids = &tokens.rows[0][..tokens.lengths[0]];
            assert_eq!(ids[1..ids.len() - 1], expected[..], "{name}: {text:?}");
            assert_eq!((ids[0], ids[ids.len() - 1]), (49_406, 49_407));
            compared += 1;
        }
    }
    println!("{compared} prompts are cut alike");
    assert!(compared > 0, "an empty golden");
}
