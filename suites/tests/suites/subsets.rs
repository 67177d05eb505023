//! Seeded subsets of any suite.

use gentron_suites::shapes::suite;
use gentron_suites::subset::{Stratum, SubsetSpec, subset};
use gentron_suites::{Split, Suite, SuitesError};

#[test]
fn a_subset_keeps_the_shares_of_categories_and_of_seen_and_unseen() {
    let suite = suite();
    for count in [24, 48, 96, 100, 479, 480] {
        let chosen = subset(suite.prompts(), count, 3, [Stratum::Category, Stratum::Split]).unwrap();
        assert_eq!(chosen.len(), count);
        let unseen = chosen.iter().filter(|prompt| prompt.split == Split::Unseen).count();
        assert!((unseen as f64 - count as f64 / 3.0).abs() < 1.0, "{count}: {unseen}");
        for category in ["color", "complex", "numeracy"] {
            let of = chosen.iter().filter(|prompt| prompt.category == category).count();
            assert!((of as f64 - count as f64 / 8.0).abs() < 1.0, "{count} {category}: {of}");
        }
    }
}

#[test]
fn neither_the_order_nor_other_prompts_of_a_cell_change_the_draw() {
    let suite = suite();
    let mut shuffled = suite.prompts().to_vec();
    shuffled.rotate_left(123);
    let strata = [Stratum::Category, Stratum::Category];
    let ids = |prompts: &[gentron_suites::Prompt], seed| -> Vec<String> {
        subset(prompts, 40, seed, strata).unwrap().into_iter().map(|prompt| prompt.id.clone()).collect()
    };
    assert_eq!(ids(suite.prompts(), 0), ids(&shuffled, 0));
    assert_ne!(ids(suite.prompts(), 0), ids(suite.prompts(), 1));
}

#[test]
fn a_subset_is_written_as_suite_count_and_seed() {
    let spec: SubsetSpec = "t2i-compbench:120@7".parse().unwrap();
    assert_eq!((spec.suite.as_str(), spec.count, spec.seed), ("t2i-compbench", 120, 7));
    for wrong in ["parti", "parti:", ":100", "parti:0", "parti:ten", "parti:10@"] {
        assert_eq!(wrong.parse::<SubsetSpec>(), Err(SuitesError::Subset { got: wrong.into() }));
    }
}
