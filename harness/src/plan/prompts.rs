//! Which prompts of a suite are drawn.
//!
//! There are two ways to draw fewer. `subset` is [`gentron_suites::subset`]'s: so many prompts over all categories, with exact
//! shares of categories, challenges and splits. `prompts_per_category` is older, caps every category by itself, and runs that were
//! made with it must find the same prompts again.

use gentron_suites::subset::SubsetSpec;
use gentron_suites::{Prompt, Split};

use crate::failure::{Explain as _, refuse};
use crate::recipe::ResolvedSuite;
use crate::registry::Library;
use crate::store::digest;

/// The prompts that a resolved recipe's suites ask for, in the order of ids within each category.
///
/// # Errors
/// A suite is not known or not here any more, or has changed since the recipe was resolved.
pub fn select(choices: &[ResolvedSuite], library: &Library) -> anyhow::Result<Vec<Prompt>> {
    let mut selected = Vec::new();
    for choice in choices {
        let suite = library.open(&choice.reference())?;
        if suite.digest() != choice.digest {
            let hint = if suite.files.is_empty() {
                "use the version of gentron that made it, or begin a new run with --out"
            } else {
                "bring back the files that it was made with (--suites names their folder), or begin a new run with --out"
            };
            return Err(refuse(format!("the suite {} is not the one that this run was made with", choice.id), hint));
        }
        let part: Vec<Prompt> =
            suite.prompts().iter().filter(|prompt| choice.categories.contains(&prompt.category)).cloned().collect();
        let drawn = match choice.subset {
            None => part.iter().collect(),
            Some(count) => {
                let spec = SubsetSpec { suite: choice.id.clone(), count: count as usize, seed: choice.subset_seed };
                spec.of(&part)
                    .explain(|| (format!("cannot draw from the suite {}", choice.id), "ask for fewer prompts"))?
            }
        };
        for category in &choice.categories {
            let all: Vec<&Prompt> = drawn.iter().filter(|prompt| prompt.category == *category).copied().collect();
            let count = choice.prompts_per_category.map_or(all.len(), |count| count as usize);
            selected.extend(subset(&all, count, choice.subset_seed).into_iter().cloned());
        }
    }
    Ok(selected)
}

/// At most `count` prompts, each split keeping its share (largest remainder), chosen by a hash of seed and id, in the given order.
fn subset<'a>(all: &[&'a Prompt], count: usize, seed: u64) -> Vec<&'a Prompt> {
    if count >= all.len() {
        return all.to_vec();
    }
    let mut splits: Vec<Split> = all.iter().map(|prompt| prompt.split).collect();
    splits.sort();
    splits.dedup();
    let size = |split: Split| all.iter().filter(|prompt| prompt.split == split).count();
    let mut quotas: Vec<(Split, usize)> = splits.iter().map(|&s| (s, count * size(s) / all.len())).collect();
    let missing = count - quotas.iter().map(|(_, quota)| quota).sum::<usize>();
    let mut by_remainder: Vec<usize> = (0..quotas.len()).collect();
    by_remainder.sort_by_key(|&i| (std::cmp::Reverse(count * size(quotas[i].0) % all.len()), i));
    for &index in by_remainder.iter().take(missing) {
        quotas[index].1 += 1;
    }
    let mut chosen: Vec<&str> = Vec::new();
    for (split, quota) in quotas {
        let mut ranked: Vec<(String, &str)> = all
            .iter()
            .filter(|prompt| prompt.split == split)
            .map(|prompt| (digest::of_value(&("subset", seed, &prompt.id)), prompt.id.as_str()))
            .collect();
        ranked.sort();
        chosen.extend(ranked.into_iter().take(quota).map(|(_, id)| id));
    }
    all.iter().copied().filter(|prompt| chosen.contains(&prompt.id.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gentron_suites::Annotation;

    fn prompts(seen: usize, unseen: usize) -> Vec<Prompt> {
        (0..seen + unseen)
            .map(|index| Prompt {
                id: format!("color-{index:03}-00000000"),
                suite: "shapes".into(),
                category: "color".into(),
                index: index as u32,
                split: if index < seen { Split::Seen } else { Split::Unseen },
                text: format!("text {index}"),
                annotation: Annotation::default(),
            })
            .collect()
    }

    #[test]
    fn a_subset_keeps_the_shares_of_seen_and_unseen() {
        let all = prompts(40, 20);
        let all: Vec<&Prompt> = all.iter().collect();
        for (count, unseen) in [(1, 0), (2, 1), (3, 1), (6, 2), (30, 10), (59, 20), (60, 20), (99, 20)] {
            let subset = subset(&all, count, 3);
            assert_eq!(subset.len(), count.min(60));
            assert_eq!(subset.iter().filter(|p| p.split == Split::Unseen).count(), unseen, "{count}");
            assert!(subset.is_sorted_by_key(|p| p.index));
        }
    }

    #[test]
    fn the_seed_chooses_the_subset() {
        let all = prompts(40, 20);
        let all: Vec<&Prompt> = all.iter().collect();
        let ids = |seed| subset(&all, 10, seed).iter().map(|p| p.index).collect::<Vec<_>>();
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1), ids(2));
    }
}
