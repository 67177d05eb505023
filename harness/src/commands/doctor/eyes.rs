//! The scorers of photographs: where each is, and which scores a recipe will lack without it.

use std::collections::BTreeSet;
use std::path::Path;

use gentron_metrics::detections::{UNIDET_RS200, official_detector};
use gentron_metrics::{MetricId, metrics_for};
use gentron_suites::compbench::Category;

use super::{Finding, well};
use crate::recipe::{Recipe, Source, World};
use crate::registry::{PARTS, SuiteKey};
use crate::score::ScorerPaths;
use crate::score::eyes::Needs;
use crate::score::networks::{NETWORKS, Network};

/// A row for every scorer. The small world needs none, and a run goes on without: none of them is ever fatal.
pub(super) fn findings(recipe: Option<&(Recipe, Source)>) -> Vec<Finding> {
    let metrics = recipe.map(|(recipe, _)| metrics(recipe)).unwrap_or_default();
    let named = recipe.map(|(recipe, source)| {
        let start = source.folder().unwrap_or(Path::new("."));
        recipe.scorers.map(|path| start.join(path))
    });
    let named = named.unwrap_or_default();
    NETWORKS.iter().map(|network| finding(network, &metrics, &named)).collect()
}

fn finding(network: &Network, metrics: &BTreeSet<MetricId>, named: &ScorerPaths) -> Finding {
    let what = format!("scorer {} ({})", network.key, network.name);
    if let Some((place, by)) = found(network, named) {
        return Finding { optional: true, ..well(what, format!("{place} ({by}), for {}", network.scores)) };
    }
    let mut looked: Vec<String> = path(named, network.key).map(|path| path.display().to_string()).into_iter().collect();
    if looked.is_empty() {
        looked.extend(network.places().iter().map(|(folder, _)| folder.display().to_string()));
    }
    let looked = if looked.is_empty() { "nowhere".to_owned() } else { looked.join(", ") };
    let hint = format!("for {} on photographs: {}", network.scores, network.command());
    let without = without(network, metrics, named);
    Finding { what, well: false, optional: true, found: format!("not in {looked}{without}"), hint: Some(hint) }
}

/// Where a network is, and who says so: what the recipe names comes before the usual places.
fn found(network: &Network, named: &ScorerPaths) -> Option<(String, &'static str)> {
    if let Some(path) = path(named, network.key) {
        let there = path.is_file() || network.lacks(path).is_empty();
        return there.then(|| (path.display().to_string(), "the recipe"));
    }
    network.found().map(|(folder, by)| (folder.display().to_string(), by))
}

/// What becomes of the recipe's scores without a network; nothing where none asks for it.
fn without(network: &Network, metrics: &BTreeSet<MetricId>, named: &ScorerPaths) -> String {
    let lost: Vec<&str> = metrics.iter().filter(|m| asks(**m, network.key)).map(|m| m.as_str()).collect();
    let from_a_file = named.detections.is_some() && ["unidet-r50", "unidet-rs200", "depth"].contains(&network.key);
    if lost.is_empty() || from_a_file {
        return String::new();
    }
    let other = match network.key {
        "unidet-r50" => Network::find("unidet-rs200"),
        "unidet-rs200" => Network::find("unidet-r50"),
        _ => None,
    };
    let lost = lost.join(", ");
    if other.is_some_and(|other| found(other, named).is_some()) {
        return format!("; needed: without it the other UniDet gives {lost}, under its own name");
    }
    format!("; needed: unscored without it: {lost}")
}

/// Whether a metric asks the network of this key.
fn asks(metric: MetricId, key: &str) -> bool {
    let needs = Needs::of(metric);
    match key {
        "blip" => needs.vqa,
        "clip" => needs.image_text,
        "depth" => needs.depth,
        "unidet-rs200" => needs.detector && official_detector(metric) == UNIDET_RS200,
        "unidet-r50" => needs.detector && official_detector(metric) != UNIDET_RS200,
        "pickscore" => needs.preference == Some(MetricId::PickScore),
        "hpsv2" => needs.preference == Some(MetricId::HpsV2),
        "image-reward" => needs.preference == Some(MetricId::ImageReward),
        _ => false,
    }
}

/// What the recipe names for a network.
fn path<'a>(named: &'a ScorerPaths, key: &str) -> Option<&'a Path> {
    let path = match key {
        "blip" => &named.blip,
        "clip" => &named.clip,
        "depth" => &named.depth,
        "unidet-r50" => &named.unidet_r50,
        "unidet-rs200" => &named.unidet_rs200,
        "pickscore" => &named.pickscore,
        "hpsv2" => &named.hpsv2,
        "image-reward" => &named.image_reward,
        _ => return None,
    };
    path.as_deref()
}

/// Metrics of a recipe's photographs; its suites need not be here.
fn metrics(recipe: &Recipe) -> BTreeSet<MetricId> {
    let mut metrics = BTreeSet::new();
    for choice in &recipe.suites {
        let Ok(key) = SuiteKey::parse(&choice.name()) else { continue };
        if choice.world.unwrap_or_else(|| World::of(&key.suite)) != World::Photographs {
            continue;
        }
        if let Some(asked) = &recipe.metrics {
            metrics.extend(asked.iter().copied());
            continue;
        }
        let named = key.category.clone().map(|category| vec![category]).or_else(|| choice.categories.clone());
        let categories = named.unwrap_or_else(|| categories(&key.suite));
        metrics.extend(categories.iter().flat_map(|category| metrics_for(&key.suite, category)));
    }
    metrics
}

/// T2I-CompBench's categories, or the one that a part of it is of; other suites have the same metrics in all of theirs.
fn categories(suite: &str) -> Vec<String> {
    let is_part = PARTS.iter().any(|part| part.key == suite);
    let of = |category: &Category| !is_part || suite.starts_with(&format!("t2i-compbench-{}_", category.name()));
    Category::ALL.iter().filter(|category| of(category)).map(|category| category.name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(suite: &str) -> Recipe {
        let text = format!("name = \"r\"\nseed = 1\nimages_per_prompt = 1\n[[suites]]\nid = \"{suite}\"\n");
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn a_scorer_is_needed_where_a_metric_of_the_recipe_asks_for_it() {
        let asked = |suite: &str, key: &str| metrics(&recipe(suite)).into_iter().any(|metric| asks(metric, key));
        for key in ["blip", "clip", "depth", "unidet-r50", "unidet-rs200"] {
            assert!(asked("t2i-compbench", key), "{key}");
            assert!(!asked("shapes", key), "{key}");
        }
        assert!(asked("t2i-compbench/color", "blip") && !asked("t2i-compbench/color", "depth"));
        assert!(asked("t2i-compbench-color_val_seen", "blip") && !asked("t2i-compbench-color_val_seen", "clip"));
        assert!(asked("parti:10", "clip") && !asked("parti:10", "unidet-r50") && !asked("parti", "pickscore"));
    }
}
