//! Before a plan goes into a queue.

use crate::cli::WorkArgs;
use crate::commands::setup;
use crate::store::Run;
use crate::weights::{self, Release};

/// Whether workers will find what they work with, where they see what is seen here: in a queue nobody would hear of it.
///
/// # Errors
/// They will not.
pub fn check(run: &Run, work: &WorkArgs) -> anyhow::Result<()> {
    setup::prompts_of(run, work)?;
    let computes = !run.manifest.weights.is_empty();
    if !computes && work.weights.is_none() {
        return Ok(());
    }
    let folder = setup::weights_of(run, work.weights.as_deref())?;
    if !computes {
        return Ok(());
    }
    for name in setup::needed(&run.manifest.recipe, &folder)? {
        // What is published a worker fetches.
        let is_fetched = |release: Release| !release.missing(&weights::place(&folder, &name), None).is_empty();
        if !Release::named(&name).is_some_and(is_fetched) {
            weights::check_folder(&folder, &name)?;
        }
    }
    Ok(())
}
