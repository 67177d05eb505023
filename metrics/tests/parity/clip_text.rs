//! How many official prompts OpenAI's tokenizer reads otherwise than as they are written.

use gentron_metrics::clip_text::straight_quotes;

use crate::goldens;

/// The first cells of a file's lines.
fn prompts(file: &str) -> Vec<String> {
    let Some(path) = goldens::data(file) else { return Vec::new() };
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().filter_map(|line| line.split('\t').next()).map(str::to_owned).collect()
}

#[test]
fn parity_of_quotes_in_official_prompts() {
    let parti = prompts("parti/PartiPrompts.tsv");
    if parti.is_empty() {
        return;
    }
    let changed = |prompts: &[String]| prompts.iter().filter(|prompt| straight_quotes(prompt) != **prompt).count();
    assert_eq!((parti.len(), changed(&parti)), (1 + 1632, 12));
    let mut all = parti;
    for category in ["color", "shape", "texture", "spatial", "3d_spatial", "numeracy", "non_spatial", "complex"] {
        for list in ["_val", "_train", ""] {
            let prompts = prompts(&format!("t2i-compbench/{category}{list}.txt"));
            assert_eq!(changed(&prompts), 0, "{category}{list}");
            all.extend(prompts);
        }
    }
    // Nothing that the rest of ftfy and html.unescape would change: references, ligatures, full-width letters, control characters.
    let other = |c: char| {
        c == '&' || c.is_control() || ('\u{fb00}'..='\u{fb06}').contains(&c) || ('\u{ff01}'..='\u{ffee}').contains(&c)
    };
    assert!(all.iter().all(|prompt| !prompt.contains(other)));
}
