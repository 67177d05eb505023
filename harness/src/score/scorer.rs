//! What looks at the images of a run, and what it calls itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gentron_metrics::formulas::NP_NUM;
use gentron_metrics::frechet::ImageFeatures;
use gentron_metrics::shapes::ShapesPerception;
use gentron_metrics::{
    Backends, ClipBackends, ImageText, MetricId, Observation, Outcome, Tracker, measure, measure_clip,
    metrics_over_phrases, outside, registry,
};
use gentron_reports::ScorerInfo;
use gentron_suites::Prompt;
use gentron_suites::shapes::motion;
use image::RgbImage;

use super::canary;
use super::clip::ClipSimilarity;
use super::eyes::{Eyes, Needs};
use super::photographs;
use super::stated::Preparation;
use crate::generate::strip;
use crate::plan::Task;
use crate::recipe::{Resolved, World};
use crate::store::digest;

/// Counts up whenever the same image comes to be observed otherwise.
pub const SCORING: u32 = 1;

/// The same for photographs alone: 2 since CLIP resizes and crops them, 3 since every network that is not the official one is in the
/// score's name and prompts can be outside a score, 4 since HPSv2.1 reads straight quotes and a depth map that is missing costs scores in
/// depth alone.
const OF_PHOTOGRAPHS: u32 = 4;

/// The perception back-ends of a run and the metrics that it asks for.
pub struct Scorer {
    perception: ShapesPerception,
    clip: Option<ClipSimilarity>,
    metrics: Option<Vec<MetricId>>,
    /// Noun phrases that a headline score asks for at most.
    np_num: usize,
    /// Digests of the weights that it measures the small world with.
    weights: BTreeMap<String, String>,
    /// Who looks at photographs; nobody where no suite has any.
    eyes: Eyes,
    /// What the suites' images show.
    worlds: BTreeMap<String, World>,
    /// Whether an arm draws clips.
    clips: bool,
}

/// Metrics of clips that follow a named thing.
const NEED_A_TRACKER: [MetricId; 3] = [MetricId::Motion, MetricId::SubjectSize, MetricId::SubjectCentrality];

impl Scorer {
    /// The scorer of a recipe. Without CLIP's weights, CLIPScore is unscored, and says so; likewise with `eyes`.
    ///
    /// # Errors
    /// The weights are there but damaged.
    pub fn new(recipe: &Resolved, clip: Option<(&Path, BTreeMap<String, String>)>, eyes: Eyes) -> anyhow::Result<Self> {
        let worlds = recipe.suites.iter().map(|suite| (suite.id.clone(), suite.world())).collect();
        let (clip, weights) = match clip {
            Some((folder, digests)) => (Some(ClipSimilarity::load(folder)?), digests),
            None => (None, BTreeMap::new()),
        };
        let clips = recipe.arms.iter().any(|arm| arm.sampler.frames.is_some());
        let np_num = recipe.np_num.unwrap_or(NP_NUM);
        Ok(Self { weights, clip, clips, np_num, ..Self::of_worlds(worlds, recipe.metrics.clone(), eyes) })
    }

    /// A scorer of one suite, without a recipe. The CLIP of `eyes` looks at drawn shapes, too.
    pub fn of_world(suite: &str, world: World, mut eyes: Eyes) -> Self {
        let clip = if world == World::Shapes { eyes.clip.take() } else { None };
        let scorer = Self::of_worlds([(suite.to_owned(), world)].into(), None, eyes);
        let Some((clip, sha256)) = clip else { return scorer };
        Self { weights: [("model.safetensors".to_owned(), sha256)].into(), clip: Some(clip), ..scorer }
    }

    fn of_worlds(worlds: BTreeMap<String, World>, metrics: Option<Vec<MetricId>>, eyes: Eyes) -> Self {
        let perception = ShapesPerception::default();
        let weights = BTreeMap::new();
        Self { perception, clip: None, metrics, np_num: NP_NUM, weights, eyes, worlds, clips: false }
    }

    /// Every scorer says of the canary pictures what it should. Returns what those of each network were held against.
    ///
    /// # Errors
    /// One does not: nothing must be scored then.
    pub fn check_canaries(&self) -> anyhow::Result<canary::Canaries> {
        canary::of_shapes(&self.perception)?;
        // By content alone: the folder may be called otherwise the next time.
        let digest = digest::of_value(&self.weights.values().collect::<Vec<_>>());
        canary::of_eyes(&self.eyes, self.clip.as_ref().map(|clip| (clip, digest.as_str())))
    }

    /// The CLIP that looks at these images, with the digest of its weights.
    pub fn similarity(&self) -> Option<(&ClipSimilarity, String)> {
        let of_eyes = self.eyes.clip.as_ref().map(|(clip, sha256)| (clip, sha256.clone()));
        self.clip.as_ref().map(|clip| (clip, self.clip_version())).or(of_eyes)
    }

    fn world(&self, suite: &str) -> World {
        self.worlds.get(suite).copied().unwrap_or_else(|| World::of(suite))
    }

    /// Whether a suite's images are read without any network but a small CLIP.
    pub fn is_exact(&self, suite: &str) -> bool {
        self.world(suite) == World::Shapes
    }

    /// The metrics of a suite's category, its headline first: those that the recipe lists, or the usual ones.
    ///
    /// Of listed ones the headline is the first that is usual in the category, so that one list serves categories of different scores;
    /// where none is, it is the first listed.
    pub fn metrics(&self, suite: &str, category: &str) -> Vec<MetricId> {
        let usual = self.usual(suite, category);
        let Some(mut listed) = self.metrics.clone() else { return usual };
        let headline = usual.into_iter().find(|metric| listed.contains(metric)).or(listed.first().copied());
        listed.sort_by_key(|metric| Some(*metric) != headline);
        listed
    }

    /// The metrics of a category where nobody says otherwise; of photographs also those of each model of people's preference that is
    /// here.
    fn usual(&self, suite: &str, category: &str) -> Vec<MetricId> {
        let photographs = self.world(suite) == World::Photographs;
        let preferences = self.eyes.preferring().map(|(metric, ..)| metric).filter(|_| photographs);
        let of_frames = metrics_over_phrases(suite, category, self.np_num);
        // Of what moves on photographs nobody here knows.
        let of_clips = MetricId::OF_CLIPS.into_iter().filter(|metric| !NEED_A_TRACKER.contains(metric));
        let of_clips = of_clips.filter(|_| self.clips && suite != motion::ID);
        of_frames.into_iter().chain(of_clips).chain(preferences).collect()
    }

    /// The metric that stands for a category.
    pub fn headline(&self, suite: &str, category: &str) -> Option<MetricId> {
        self.metrics(suite, category).first().copied()
    }

    /// What a metric's score of a suite's images is called.
    pub fn name(&self, suite: &str, metric: MetricId) -> String {
        match self.world(suite) {
            World::Shapes => metric.to_string(),
            World::Photographs => photographs::name(&self.eyes, metric),
        }
    }

    /// Observes one image; `file` is its name where others have looked at it.
    pub fn observe(&self, prompt: &Prompt, image: &RgbImage, file: &str) -> Vec<Observation> {
        self.observe_by(prompt, image, file, &self.metrics(&prompt.suite, &prompt.category))
    }

    /// Observes one image by these metrics.
    pub fn observe_by(&self, prompt: &Prompt, image: &RgbImage, file: &str, metrics: &[MetricId]) -> Vec<Observation> {
        match self.world(&prompt.suite) {
            World::Photographs => photographs::observe(&self.eyes, prompt, image, file, metrics),
            World::Shapes => {
                let backends = Backends {
                    image_text: self.clip.as_ref().map(|clip| clip as &dyn ImageText),
                    ..Backends::new(&self.perception, &self.perception)
                };
                measure(prompt, image, &backends, metrics)
            }
        }
    }

    /// What is left to say of an image that is missing or cannot be read, under the names that its scores would have: the reason, and which
    /// scores could not have been asked of its prompt anyway.
    pub fn unseen(&self, prompt: &Prompt, why: &str) -> Vec<Observation> {
        let outcome = |metric| {
            let outside = match self.world(&prompt.suite) {
                World::Shapes => outside(prompt, metric, &self.perception),
                World::Photographs => photographs::cannot_be_asked(&self.eyes, prompt, metric),
            };
            outside.map_or_else(|| Outcome::Unscored { why: why.to_owned() }, |why| Outcome::Outside { why })
        };
        let observation = |metric| Observation { metric: self.name(&prompt.suite, metric), outcome: outcome(metric) };
        self.metrics(&prompt.suite, &prompt.category).into_iter().map(observation).collect()
    }

    /// Observes what was drawn for a task: a picture, or a clip's frames side by side.
    ///
    /// # Errors
    /// The picture is not as wide as its frames.
    pub fn observe_task(&self, prompt: &Prompt, task: &Task, image: &RgbImage) -> anyhow::Result<Vec<Observation>> {
        match task.frames {
            None => Ok(self.observe(prompt, image, &task.image_text())),
            Some(frames) => Ok(self.observe_clip(prompt, &strip::split(image, frames)?, &task.image_text())),
        }
    }

    /// Observes one clip; of metrics of pictures, the mean over its frames.
    pub fn observe_clip(&self, prompt: &Prompt, frames: &[RgbImage], file: &str) -> Vec<Observation> {
        self.of_clip(prompt, frames, file, &self.metrics(&prompt.suite, &prompt.category))
    }

    /// The headline metric's observation of one clip: what a category's limits need, without looking at each frame.
    pub fn observe_headline(&self, prompt: &Prompt, frames: &[RgbImage]) -> Vec<Observation> {
        let headline = self.headline(&prompt.suite, &prompt.category);
        self.of_clip(prompt, frames, "", headline.as_slice())
    }

    fn of_clip(&self, prompt: &Prompt, frames: &[RgbImage], file: &str, metrics: &[MetricId]) -> Vec<Observation> {
        let world = self.world(&prompt.suite);
        let clip = self.similarity().map(|(clip, _)| clip);
        let backends = ClipBackends {
            tracker: (world == World::Shapes).then_some(&self.perception as &dyn Tracker),
            image_text: clip.map(|clip| clip as &dyn ImageText),
            features: clip.map(|clip| clip as &dyn ImageFeatures),
        };
        let of_frame = |frame: &RgbImage, metrics: &[MetricId]| self.observe_by(prompt, frame, file, metrics);
        measure_clip(prompt, frames, &backends, &of_frame, metrics)
    }

    /// What the given suites' categories need and is not here, each once: their scores will be absent.
    pub fn lacks<'a>(&self, categories: impl IntoIterator<Item = (&'a str, &'a str)>) -> BTreeSet<&'static str> {
        let photographs = categories.into_iter().filter(|(suite, _)| self.world(suite) == World::Photographs);
        let metrics = photographs.flat_map(|(suite, category)| self.metrics(suite, category));
        metrics.flat_map(|metric| self.eyes.lacks(Needs::of(metric))).collect()
    }

    /// Digest of everything that changes an observation of a given image.
    pub fn identity(&self) -> String {
        let cards = registry();
        let backends = [gentron_metrics::Vqa::id(&self.perception), gentron_metrics::Detector::id(&self.perception)];
        let identity =
            (SCORING, env!("CARGO_PKG_VERSION"), cards, backends, &self.metrics, self.clip.is_some(), &self.weights);
        let of_shapes = digest::of_value(&identity);
        // With the usual number it is what it was before there were others.
        let of_shapes =
            if self.np_num == NP_NUM { of_shapes } else { digest::of_value(&(of_shapes, "np_num", self.np_num)) };
        // A run of the small world alone is what it was before there were others.
        if self.worlds.iter().all(|(suite, world)| *world == World::Shapes && World::of(suite) == World::Shapes) {
            return of_shapes;
        }
        digest::of_value(&(
            of_shapes,
            &self.worlds,
            MetricId::ALL.map(|metric| self.eyes.named(metric)),
            OF_PHOTOGRAPHS,
        ))
    }

    /// For the protocol card: what computes each metric of the given suites' categories.
    pub fn card<'a>(&self, categories: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<ScorerInfo> {
        let metrics: BTreeSet<(World, MetricId)> = categories
            .into_iter()
            .flat_map(|(suite, category)| {
                let world = self.world(suite);
                self.metrics(suite, category).into_iter().map(move |metric| (world, metric))
            })
            .collect();
        let card = |(world, metric)| match world {
            World::Shapes => self.of_shapes(metric),
            World::Photographs => self.of_photographs(metric),
        };
        metrics.into_iter().map(card).collect()
    }

    /// How each network that looks at photographs of the given suites' categories prepares them, each once.
    pub fn preparations<'a>(&self, categories: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Preparation> {
        let photographs = categories.into_iter().filter(|(suite, _)| self.world(suite) == World::Photographs);
        let metrics = photographs.flat_map(|(suite, category)| self.metrics(suite, category));
        let each: BTreeSet<Preparation> = metrics.flat_map(|metric| self.eyes.preparations(metric)).collect();
        each.into_iter().collect()
    }

    /// The same in words for a protocol card: "none" where no photograph is looked at.
    pub fn resize<'a>(&self, categories: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let categories: Vec<_> = categories.into_iter().collect();
        if categories.iter().all(|(suite, _)| self.is_exact(suite)) {
            return "none".to_owned();
        }
        let each = self.preparations(categories);
        let words = each.iter().map(|own| format!("{}: {}; {}", own.network, own.resize, own.normalization));
        let words = words.collect::<Vec<_>>().join(". ");
        if words.is_empty() { "each scorer's own".to_owned() } else { words }
    }

    fn of_shapes(&self, metric: MetricId) -> ScorerInfo {
        let own = || format!("gentron {}", env!("CARGO_PKG_VERSION"));
        let clip = || {
            self.clip
                .as_ref()
                .map_or_else(|| "none (no CLIP weights)".to_owned(), |clip| ImageText::id(clip).to_owned())
        };
        let (name, version) = match Needs::of(metric) {
            Needs { vqa: true, image_text: true, .. } => (format!("{}, {}", self.perception_vqa(), clip()), own()),
            Needs { image_text: true, .. } => (clip(), self.clip_version()),
            Needs { vqa: true, .. } => (self.perception_vqa(), own()),
            Needs { .. } if metric == MetricId::Flicker => ("pixels".to_owned(), own()),
            Needs { .. } => (gentron_metrics::Detector::id(&self.perception).to_owned(), own()),
        };
        ScorerInfo {
            metric: metric.to_string(),
            name,
            version,
            licence: Some("MIT OR Apache-2.0, part of gentron".into()),
        }
    }

    fn of_photographs(&self, metric: MetricId) -> ScorerInfo {
        let [vqa, detector, image_text, preference] = self.eyes.named(metric);
        let needs = Needs::of(metric);
        let asked = [
            (needs.vqa, vqa),
            (needs.detector, detector),
            (needs.image_text, image_text),
            (needs.preference.is_some(), preference),
        ];
        let (names, versions): (Vec<_>, Vec<_>) =
            asked.into_iter().filter(|(asked, _)| *asked).map(|(_, named)| named).unzip();
        ScorerInfo {
            metric: photographs::name(&self.eyes, metric),
            name: names.join("; "),
            version: versions.join("; "),
            licence: self.eyes.licences(metric),
        }
    }

    fn perception_vqa(&self) -> String {
        gentron_metrics::Vqa::id(&self.perception).to_owned()
    }

    fn clip_version(&self) -> String {
        let model = self.weights.iter().find(|(path, _)| path.ends_with(".safetensors"));
        model.map_or_else(|| "unscored".into(), |(_, digest)| digest.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(metrics: &[MetricId]) -> Scorer {
        let worlds = [("t2i-compbench".to_owned(), World::Photographs)].into();
        Scorer::of_worlds(worlds, Some(metrics.to_vec()), Eyes::default())
    }

    #[test]
    fn each_category_has_its_own_headline_among_the_metrics_of_a_recipe() {
        let scorer = listing(&[MetricId::BVqa, MetricId::Unidet2d, MetricId::Unidet2dFixed]);
        let headline = |suite, category| scorer.headline(suite, category);
        assert_eq!(headline("t2i-compbench", "color"), Some(MetricId::BVqa));
        assert_eq!(headline("t2i-compbench", "spatial"), Some(MetricId::Unidet2d));
        assert_eq!(headline("shapes", "2d_spatial"), Some(MetricId::Unidet2d));
        assert_eq!(headline("shapes", "complex"), Some(MetricId::BVqa));
        // None of them is usual in this one.
        assert_eq!(headline("t2i-compbench", "3d_spatial"), Some(MetricId::BVqa));
        let spatial = [MetricId::Unidet2d, MetricId::BVqa, MetricId::Unidet2dFixed];
        assert_eq!(scorer.metrics("t2i-compbench", "spatial"), spatial);
        assert_eq!(listing(&[]).headline("t2i-compbench", "color"), None);
    }

    #[test]
    fn headlines_over_two_phrases_are_another_scorer() {
        let usual = Scorer { metrics: None, ..listing(&[]) };
        let two = Scorer { metrics: None, np_num: 2, ..listing(&[]) };
        let headlines = |scorer: &Scorer| {
            ["color", "spatial", "complex"].map(|category| scorer.headline("t2i-compbench", category))
        };
        assert_eq!(headlines(&usual), [MetricId::BVqa, MetricId::Unidet2d, MetricId::ThreeInOne].map(Some));
        assert_eq!(headlines(&two), [MetricId::BVqaNp2, MetricId::Unidet2d, MetricId::ThreeInOneNp2].map(Some));
        assert_ne!(usual.identity(), two.identity());
    }
}
