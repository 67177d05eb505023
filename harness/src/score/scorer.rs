//! What looks at the images of a run, and what it calls itself.

use std::collections::BTreeMap;
use std::path::Path;

use gentron_metrics::shapes::ShapesPerception;
use gentron_metrics::{Backends, MetricId, Observation, measure, official_metrics, registry};
use gentron_reports::ScorerInfo;
use gentron_suites::Prompt;
use image::RgbImage;

use super::clip::ClipSimilarity;
use crate::recipe::Resolved;
use crate::store::digest;

/// Counts up whenever the same image comes to be observed otherwise.
pub const SCORING: u32 = 1;

/// The perception back-ends of a run and the metrics that it asks for.
pub struct Scorer {
    perception: ShapesPerception,
    clip: Option<ClipSimilarity>,
    metrics: Option<Vec<MetricId>>,
    /// Digests of the weights that it measures with.
    weights: BTreeMap<String, String>,
}

impl Scorer {
    /// The scorer of a recipe. Without CLIP's weights, CLIPScore is unscored, and says so.
    ///
    /// # Errors
    /// The weights are there but damaged.
    pub fn new(recipe: &Resolved, clip: Option<(&Path, BTreeMap<String, String>)>) -> anyhow::Result<Self> {
        let (clip, weights) = match clip {
            Some((folder, digests)) => (Some(ClipSimilarity::load(folder)?), digests),
            None => (None, BTreeMap::new()),
        };
        Ok(Self { perception: ShapesPerception::default(), clip, metrics: recipe.metrics.clone(), weights })
    }

    /// The metrics of a category, its headline first.
    pub fn metrics(&self, category: &str) -> Vec<MetricId> {
        self.metrics.clone().unwrap_or_else(|| official_metrics(category))
    }

    /// The metric that stands for a category.
    pub fn headline(&self, category: &str) -> Option<MetricId> {
        self.metrics(category).first().copied()
    }

    /// Observes one image.
    pub fn observe(&self, prompt: &Prompt, image: &RgbImage) -> Vec<Observation> {
        let backends = Backends {
            vqa: &self.perception,
            detector: &self.perception,
            image_text: self.clip.as_ref().map(|clip| clip as &dyn gentron_metrics::ImageText),
        };
        measure(prompt, image, &backends, &self.metrics(&prompt.category))
    }

    /// Digest of everything that changes an observation of a given image.
    pub fn identity(&self) -> String {
        let cards = registry();
        let backends = [gentron_metrics::Vqa::id(&self.perception), gentron_metrics::Detector::id(&self.perception)];
        let identity =
            (SCORING, env!("CARGO_PKG_VERSION"), cards, backends, &self.metrics, self.clip.is_some(), &self.weights);
        digest::of_value(&identity)
    }

    /// For the protocol card: what computes each metric of the given categories.
    pub fn card<'a>(&self, categories: impl IntoIterator<Item = &'a str>) -> Vec<ScorerInfo> {
        let mut metrics: Vec<MetricId> = categories.into_iter().flat_map(|category| self.metrics(category)).collect();
        metrics.sort();
        metrics.dedup();
        metrics.into_iter().map(|metric| self.scorer(metric)).collect()
    }

    fn scorer(&self, metric: MetricId) -> ScorerInfo {
        let own = || format!("gentron {}", env!("CARGO_PKG_VERSION"));
        let clip = || match &self.clip {
            Some(clip) => gentron_metrics::ImageText::id(clip).to_owned(),
            None => "none (no CLIP weights)".to_owned(),
        };
        let (name, version) = match metric {
            MetricId::BVqa | MetricId::BVqaNp2 | MetricId::ActionVqa => (self.perception_vqa(), own()),
            MetricId::Unidet2d
            | MetricId::Unidet3d
            | MetricId::UnidetNumeracy
            | MetricId::Unidet2dFixed
            | MetricId::Unidet3dFixed
            | MetricId::UnidetNumeracyFixed => (self.perception_detector(), own()),
            MetricId::ClipScore => (clip(), self.clip_version()),
            MetricId::ThreeInOne | MetricId::ThreeInOneFixed => (format!("{}, {}", self.perception_vqa(), clip()), own()),
        };
        ScorerInfo { metric: metric.to_string(), name, version }
    }

    fn perception_vqa(&self) -> String {
        gentron_metrics::Vqa::id(&self.perception).to_owned()
    }

    fn perception_detector(&self) -> String {
        gentron_metrics::Detector::id(&self.perception).to_owned()
    }

    fn clip_version(&self) -> String {
        let model = self.weights.iter().find(|(path, _)| path.ends_with(".safetensors"));
        model.map_or_else(|| "unscored".into(), |(_, digest)| digest.clone())
    }
}
