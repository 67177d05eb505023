//! Seeded subsets that keep the shares of categories, challenges or splits.
//!
//! Shares are rounded by largest remainder (Hamilton's method), for one stratum or for two at once: then each value of
//! either gets its own exact share, and cells are filled as near to theirs as that allows. Within a cell the prompts
//! with the smallest digests of (seed, id) are taken, so that neither the order of the prompts nor that of any list in
//! memory matters.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::digest::sha256;
use crate::{Prompt, Split, SuitesError};

mod shares;

/// What a subset keeps the shares of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stratum {
    /// [`Prompt::category`].
    Category,
    /// Seen or unseen.
    Split,
    /// The attribute `challenge`, as PartiPrompts has it.
    Challenge,
}

impl Stratum {
    fn value(self, prompt: &Prompt) -> String {
        match self {
            Self::Category => prompt.category.clone(),
            Self::Split => match prompt.split {
                Split::Seen => "seen",
                Split::Unseen => "unseen",
                Split::Unsplit => "",
            }
            .to_owned(),
            Self::Challenge => prompt.annotation.attributes.get("challenge").cloned().unwrap_or_default(),
        }
    }
}

/// A named number of prompts of a suite, written `parti:100`, or `parti:100@7` for another draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubsetSpec {
    /// The suite's registry key.
    pub suite: String,
    /// How many prompts.
    pub count: usize,
    /// Which draw; 0 if none is written.
    pub seed: u64,
}

impl FromStr for SubsetSpec {
    type Err = SuitesError;

    fn from_str(text: &str) -> Result<Self, SuitesError> {
        let parts = || {
            let (suite, rest) = text.rsplit_once(':')?;
            let (count, seed) = rest.split_once('@').unwrap_or((rest, "0"));
            let (count, seed) = (count.parse().ok()?, seed.parse().ok()?);
            (!suite.is_empty() && count > 0).then(|| Self { suite: suite.to_owned(), count, seed })
        };
        parts().ok_or_else(|| SuitesError::Subset { got: text.to_owned() })
    }
}

impl SubsetSpec {
    /// The strata that suit the prompts: category and challenge where there are challenges, else category and split.
    pub fn strata(prompts: &[Prompt]) -> [Stratum; 2] {
        let challenged = prompts.iter().any(|prompt| prompt.annotation.attributes.contains_key("challenge"));
        [Stratum::Category, if challenged { Stratum::Challenge } else { Stratum::Split }]
    }

    /// The subset itself.
    ///
    /// # Errors
    /// There are fewer prompts.
    pub fn of<'a>(&self, prompts: &'a [Prompt]) -> Result<Vec<&'a Prompt>, SuitesError> {
        subset(prompts, self.count, self.seed, Self::strata(prompts))
    }
}

/// `count` prompts in the order of category, index and id. Give [`Stratum::Category`] twice for shares of categories
/// alone.
///
/// # Errors
/// There are fewer prompts.
pub fn subset(prompts: &[Prompt], count: usize, seed: u64, strata: [Stratum; 2]) -> Result<Vec<&Prompt>, SuitesError> {
    if count > prompts.len() {
        return Err(SuitesError::TooFew { wanted: count, there: prompts.len() });
    }
    let mut cells: BTreeMap<[String; 2], Vec<&Prompt>> = BTreeMap::new();
    for prompt in prompts {
        cells.entry(strata.map(|stratum| stratum.value(prompt))).or_default().push(prompt);
    }
    let sizes = cells.iter().map(|(cell, prompts)| (cell.clone(), prompts.len())).collect();
    let quotas = shares::quotas(&sizes, count);
    let mut chosen = Vec::with_capacity(count);
    for (cell, mut prompts) in cells {
        prompts.sort_by_cached_key(|prompt| (sha256(format!("subset\t{seed}\t{}", prompt.id).as_bytes()), &prompt.id));
        prompts.truncate(quotas.get(&cell).copied().unwrap_or(0));
        chosen.extend(prompts);
    }
    chosen.sort_by(|a, b| (&a.category, a.index, &a.id).cmp(&(&b.category, b.index, &b.id)));
    Ok(chosen)
}
