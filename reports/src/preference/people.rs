//! What people said of a run's images, and how far the run's metrics can be trusted for it.

use std::path::Path;

use serde::Serialize;

use super::analyse::{Preference, analyse};
use super::trust::{Trust, trust};
use super::votes::read_votes;
use crate::error::Result;
use crate::observations::{Observations, read_shown};

/// Resamples of the bootstrap.
const REPLICATES: u32 = 1000;

/// A study of a run's images, concluded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct People {
    /// SHA-256 of the frozen design.
    pub design: String,
    /// Hash of the last record of the chain of votes.
    pub head: String,
    /// What people prefer.
    pub preference: Preference,
    /// Every metric against the votes.
    pub trust: Vec<Trust>,
}

/// Concludes from the votes that a run's folder keeps; none where nobody was asked.
///
/// # Errors
/// The votes or the observations cannot be read.
pub fn people(run_dir: &Path, observations: &Observations) -> Result<Vec<People>> {
    let mut found = Vec::new();
    for input in read_votes(run_dir)? {
        let mut preference = analyse(&input, REPLICATES);
        attach_images(&mut preference, run_dir)?;
        found.push(People { trust: trust(&input, observations), design: input.design, head: input.head, preference });
    }
    Ok(found)
}

/// Finds the pictures of the prompts that made the difference: a study shows the first image of each.
fn attach_images(preference: &mut Preference, run_dir: &Path) -> Result<()> {
    let prompts = preference.pairs.iter().flat_map(|pair| &pair.prompts).map(|prompt| prompt.id.as_str());
    let mut prompts: Vec<&str> = prompts.collect();
    prompts.sort_unstable();
    prompts.dedup();
    let shown = read_shown(run_dir, &prompts)?;
    for pair in &mut preference.pairs {
        for prompt in &mut pair.prompts {
            let of = |arm: &String| {
                let found = shown.iter().find(|((of, id, k, _), _)| (of, id, *k) == (arm, &prompt.id, 0));
                found.map(|(_, shown)| shown.image.clone())
            };
            prompt.images = [of(&pair.arms[0]), of(&pair.arms[1])];
        }
    }
    Ok(())
}
