//! Who scores a run: the small world's exact perception and CLIP, and what the user has for photographs.

use std::collections::BTreeMap;
use std::path::Path;

use gentron_metrics::{MetricId, metrics_for};

use crate::progress;
use crate::recipe::{Resolved, World};
use crate::score::eyes::Needs;
use crate::score::{Eyes, Scorer, ScorerPaths};
use crate::weights::place;

/// The scorer of a run, with CLIP's weights where they are there, and with the scorers of photographs that are named.
///
/// # Errors
/// They are there but damaged.
pub fn scorer(
    recipe: &Resolved,
    weights: Option<&Path>,
    digests: &BTreeMap<String, String>,
    paths: &ScorerPaths,
) -> anyhow::Result<Scorer> {
    let name = &recipe.weights.clip;
    let of_clip: BTreeMap<String, String> = digests
        .iter()
        .filter(|(path, _)| path.starts_with(&format!("{name}/")))
        .map(|(path, digest)| (path.clone(), digest.clone()))
        .collect();
    let folder = weights.map(|weights| place(weights, name));
    let clip = folder.as_deref().filter(|_| needs_clip(recipe) && !of_clip.is_empty()).map(|folder| (folder, of_clip));
    // Base names of a run's images are numbers, which say nothing: boxes in a file are those of whole paths.
    let scorer = Scorer::new(recipe, clip, Eyes::open(paths)?.among([]))?;
    scorer.check_canaries()?;
    Ok(scorer)
}

/// Before anything is drawn: whoever wants the scores can still get what they need.
pub fn say_what_is_missing(recipe: &Resolved, scorer: &Scorer) {
    let categories = recipe
        .suites
        .iter()
        .flat_map(|suite| suite.categories.iter().map(move |category| (suite.id.as_str(), category.as_str())));
    for what in scorer.lacks(categories) {
        progress::say(&format!("note: scores will be missing: {what}"));
    }
}

/// The scorers of photographs, where there are any photographs.
pub fn eyes_of(recipe: &Resolved, paths: &ScorerPaths) -> ScorerPaths {
    let photographs = recipe.suites.iter().any(|suite| suite.world() == World::Photographs);
    if photographs { paths.clone().or_found() } else { ScorerPaths::default() }
}

/// Whether the small world's CLIP measures anything.
pub fn needs_clip(recipe: &Resolved) -> bool {
    let mut drawn = recipe.suites.iter().filter(|suite| suite.world() == World::Shapes);
    let needs = |metric: &MetricId| Needs::of(*metric).image_text;
    drawn.any(|suite| match &recipe.metrics {
        Some(metrics) => metrics.iter().any(needs),
        None => suite.categories.iter().any(|category| metrics_for(&suite.id, category).iter().any(needs)),
    })
}
