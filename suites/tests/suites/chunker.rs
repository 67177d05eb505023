//! How far our own parse agrees with spaCy's where both are known. `cargo test --release -p gentron-suites chunker --
//! --nocapture` prints it.

use std::collections::HashSet;

use gentron_suites::compbench::{List, load};
use gentron_suites::phrases::{NOT_ASKED, Parse, SpacyModel};
use gentron_suites::{Suite, parti};

use crate::shared;

/// Phrases, their places and tokens in common.
#[derive(Default)]
struct Agreement {
    prompts: usize,
    same_prompts: usize,
    ours: usize,
    spacys: usize,
    both: usize,
    tokens: usize,
    same_tokens: usize,
}

impl Agreement {
    fn of<'a>(texts: impl Iterator<Item = &'a str>, ours: impl Fn(&'a str) -> Parse<'a>, model: SpacyModel) -> Self {
        let mut sum = Self::default();
        for text in texts {
            let (ours, spacys) = (ours(text), Parse::official(text, model).unwrap());
            let [a, b] = [&ours, &spacys].map(|parse| -> HashSet<(usize, &str)> {
                let phrase =
                    |chunk: &std::ops::Range<usize>| (parse.tokens[chunk.start].bytes.start, parse.span(chunk.clone()));
                parse.chunks.iter().map(phrase).filter(|(_, phrase)| !NOT_ASKED.contains(phrase)).collect()
            });
            sum.prompts += 1;
            sum.same_prompts += usize::from(a == b);
            sum.ours += a.len();
            sum.spacys += b.len();
            sum.both += a.intersection(&b).count();
            sum.tokens += spacys.tokens.len();
            sum.same_tokens += spacys.tokens.iter().filter(|token| ours.tokens.contains(token)).count();
        }
        sum
    }

    fn add(&mut self, other: &Self) {
        self.prompts += other.prompts;
        self.same_prompts += other.same_prompts;
        self.ours += other.ours;
        self.spacys += other.spacys;
        self.both += other.both;
        self.tokens += other.tokens;
        self.same_tokens += other.same_tokens;
    }

    fn f1(&self) -> f64 {
        2.0 * self.both as f64 / (self.ours + self.spacys) as f64
    }

    fn print(&self, name: &str) {
        let share = |part: usize, whole: usize| part as f64 / whole as f64;
        println!(
            "{name:32} precision {:.4}  recall {:.4}  F1 {:.4}  all phrases of a prompt {:.3}  tokens and classes {:.4}",
            share(self.both, self.ours),
            share(self.both, self.spacys),
            self.f1(),
            share(self.same_prompts, self.prompts),
            share(self.same_tokens, self.tokens),
        );
    }
}

#[test]
fn the_chunker_finds_the_phrases_of_prompts_it_never_learnt_from() {
    let Some(folder) = shared::compbench() else { return };
    let suite = load(&folder, List::Val).unwrap();
    for model in SpacyModel::ALL {
        println!("our chunker against spaCy {}, T2I-CompBench's evaluation lists (held out):", model.version());
        let mut all = Agreement::default();
        let mut categories: Vec<&str> = suite.prompts().iter().map(|prompt| prompt.category.as_str()).collect();
        categories.dedup();
        for category in categories {
            let texts = suite.prompts().iter().filter(|p| p.category == category).map(|p| p.text.as_str());
            let agreement = Agreement::of(texts, Parse::own, model);
            agreement.print(category);
            all.add(&agreement);
        }
        all.print("all");
        if model == SpacyModel::default() {
            assert!(all.f1() >= LEAST, "{}", all.f1());
        }
    }
    let texts = suite.prompts().iter().map(|prompt| prompt.text.as_str());
    let newer = |text| Parse::official(text, SpacyModel::Sm3_8_0).unwrap();
    Agreement::of(texts, newer, SpacyModel::Sm3_6_0).print("spaCy 3.8.0 against 3.6.0");
    let train = load(&folder, List::Train).unwrap();
    let texts = train.prompts().iter().map(|prompt| prompt.text.as_str());
    Agreement::of(texts, Parse::own, SpacyModel::default()).print("training lists (learnt from)");
}

/// Below this something broke; see the README for what was measured.
const LEAST: f64 = 0.97;

#[test]
fn the_chunker_reads_parti_prompts() {
    let Some(folder) = shared::data("parti") else { return };
    let text = std::fs::read_to_string(folder.join(parti::FILE)).unwrap();
    let rows: Vec<&str> = text.lines().skip(1).filter_map(|row| row.split('\t').next()).collect();
    for (begin, name) in [(0, "PartiPrompts, learnt from"), (1, "PartiPrompts, held out")] {
        let texts = rows.iter().copied().skip(begin).step_by(2);
        let agreement = Agreement::of(texts, Parse::own, SpacyModel::default());
        agreement.print(name);
        assert!(agreement.f1() > 0.93, "{}", agreement.f1());
    }
}

#[test]
fn plain_phrases_are_found_without_any_table() {
    for (text, phrases) in [
        ("a teal zebra and a violet stapler", vec!["a teal zebra", "a violet stapler"]),
        ("a fluffy owl on the left of a rusty bucket", vec!["a fluffy owl", "a rusty bucket"]),
        ("three owls and two wooden buckets", vec!["three owls", "two wooden buckets"]),
    ] {
        assert_eq!(Parse::own(text).phrases(), phrases);
    }
}
