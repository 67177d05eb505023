//! Learns `src/phrases/tagger.bin` from texts that spaCy parsed:
//!
//! ```text
//! python3 scripts/invented_prompts.py INVENTED
//! python3 scripts/spacy_facts.py parse en_core_web_sm INVENTED invented.json       (spaCy 3.6.1, see there)
//! cargo run --release -p gentron-suites --example learn_chunker -- parses-3.6.0.json invented.json tagger.bin
//! ```
//!
//! Of the official prompts it takes T2I-CompBench's training lists without what an evaluation list shares, every other
//! PartiPrompt, and GenEval. What agreement comes of it, `cargo test --release -p gentron-suites chunker --
//! --nocapture` prints.

use std::error::Error;

use gentron_suites::phrases::{Example, learn};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    lists: Vec<String>,
    tokens: Vec<String>,
    pos: Vec<String>,
    chunks: Vec<[usize; 2]>,
}

fn read(path: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [official, invented, target] = &arguments[..] else {
        return Err("usage: learn_chunker PARSES INVENTED-PARSES TARGET".into());
    };
    let mut parti = 0;
    let is_ours = |row: &Row| {
        let any = |part: &str| row.lists.iter().any(|list| list.contains(part));
        if any("PartiPrompts") {
            parti += 1;
            return parti % 2 == 1;
        }
        !any("_val") && (any("_train") || any("evaluation_metadata"))
    };
    let mut rows: Vec<Row> = read(official)?.into_iter().filter(is_ours).collect();
    rows.extend(read(invented)?);
    let examples: Vec<Example> =
        rows.into_iter().map(|row| Example { tokens: row.tokens, classes: row.pos, chunks: row.chunks }).collect();
    let bytes = learn(&examples);
    println!("{} examples, {} bytes", examples.len(), bytes.len());
    std::fs::write(target, bytes)?;
    Ok(())
}
