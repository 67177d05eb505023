//! What each metric is: its id, and a card that explains it.

mod registry;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use self::registry::REGISTRY;
use crate::error::MetricError;
use crate::formulas::{NP_NUM, NP_NUM_PAPER};

/// A metric that [`crate::measure()`] can compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MetricId {
    /// Product over noun phrases.
    #[serde(rename = "b-vqa")]
    BVqa,
    /// Relation in the plane.
    #[serde(rename = "unidet-2d")]
    Unidet2d,
    /// Relation in depth.
    #[serde(rename = "unidet-3d")]
    Unidet3d,
    /// Numbers of things.
    #[serde(rename = "unidet-numeracy")]
    UnidetNumeracy,
    /// Image-text cosine.
    #[serde(rename = "clipscore")]
    ClipScore,
    /// Action asked as a question; ours.
    #[serde(rename = "action-vqa")]
    ActionVqa,
    /// Mean of the parts of a complex prompt.
    #[serde(rename = "3-in-1")]
    ThreeInOne,
    /// Product over the first two noun phrases.
    #[serde(rename = "b-vqa-np2")]
    BVqaNp2,
    /// Mean of the parts of a complex prompt, the attribute one over the first two noun phrases.
    #[serde(rename = "3-in-1-np2")]
    ThreeInOneNp2,
    /// Relation in the plane, repaired.
    #[serde(rename = "unidet-2d-fixed")]
    Unidet2dFixed,
    /// Relation in depth, repaired.
    #[serde(rename = "unidet-3d-fixed")]
    Unidet3dFixed,
    /// Numbers of things, repaired.
    #[serde(rename = "unidet-numeracy-fixed")]
    UnidetNumeracyFixed,
    /// Mean of the parts of a complex prompt, the spatial one repaired.
    #[serde(rename = "3-in-1-fixed")]
    ThreeInOneFixed,
    /// CLIP-H trained on people's choices between two pictures.
    #[serde(rename = "pickscore")]
    PickScore,
    /// CLIP-H trained on people's choices, another set.
    #[serde(rename = "hpsv2.1")]
    HpsV2,
    /// BLIP trained on people's rankings.
    #[serde(rename = "image-reward")]
    ImageReward,
    /// Whether named objects of a clip move as told; ours.
    #[serde(rename = "motion")]
    Motion,
    /// What neighbouring frames share, pixel by pixel.
    #[serde(rename = "flicker")]
    Flicker,
    /// What frames share with the one before and the first, by CLIP.
    #[serde(rename = "consistency")]
    Consistency,
    /// Frame-text cosine.
    #[serde(rename = "clipsim")]
    ClipSim,
    /// Share of the frame that the named object takes; ours.
    #[serde(rename = "subject-size")]
    SubjectSize,
    /// How near the middle the named object is; ours.
    #[serde(rename = "subject-centrality")]
    SubjectCentrality,
}

impl MetricId {
    /// Every metric, in the order of the registry.
    pub const ALL: [Self; 22] = [
        Self::BVqa,
        Self::Unidet2d,
        Self::Unidet3d,
        Self::UnidetNumeracy,
        Self::ClipScore,
        Self::ActionVqa,
        Self::ThreeInOne,
        Self::BVqaNp2,
        Self::ThreeInOneNp2,
        Self::Unidet2dFixed,
        Self::Unidet3dFixed,
        Self::UnidetNumeracyFixed,
        Self::ThreeInOneFixed,
        Self::PickScore,
        Self::HpsV2,
        Self::ImageReward,
        Self::Motion,
        Self::Flicker,
        Self::Consistency,
        Self::ClipSim,
        Self::SubjectSize,
        Self::SubjectCentrality,
    ];

    /// Those of models that were trained on what people prefer. No suite has them among its own: they are scored where
    /// the model is there or a recipe asks for them.
    pub const PREFERENCES: [Self; 3] = [Self::PickScore, Self::HpsV2, Self::ImageReward];

    /// Those that look at a clip as a whole; of a clip, every other is the mean over its frames.
    pub const OF_CLIPS: [Self; 6] =
        [Self::Motion, Self::Flicker, Self::Consistency, Self::ClipSim, Self::SubjectSize, Self::SubjectCentrality];

    /// Whether it looks at a clip as a whole.
    #[must_use]
    pub fn is_of_clips(self) -> bool {
        Self::OF_CLIPS.contains(&self)
    }

    /// What the user types and a table prints.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BVqa => "b-vqa",
            Self::Unidet2d => "unidet-2d",
            Self::Unidet3d => "unidet-3d",
            Self::UnidetNumeracy => "unidet-numeracy",
            Self::ClipScore => "clipscore",
            Self::ActionVqa => "action-vqa",
            Self::ThreeInOne => "3-in-1",
            Self::BVqaNp2 => "b-vqa-np2",
            Self::ThreeInOneNp2 => "3-in-1-np2",
            Self::Unidet2dFixed => "unidet-2d-fixed",
            Self::Unidet3dFixed => "unidet-3d-fixed",
            Self::UnidetNumeracyFixed => "unidet-numeracy-fixed",
            Self::ThreeInOneFixed => "3-in-1-fixed",
            Self::PickScore => "pickscore",
            Self::HpsV2 => "hpsv2.1",
            Self::ImageReward => "image-reward",
            Self::Motion => "motion",
            Self::Flicker => "flicker",
            Self::Consistency => "consistency",
            Self::ClipSim => "clipsim",
            Self::SubjectSize => "subject-size",
            Self::SubjectCentrality => "subject-centrality",
        }
    }

    /// The metric of a score's name, which is its id, or id, `@` and the names of other networks than its official ones, `+` between
    /// them ([`crate::score_name()`]); and those names.
    #[must_use]
    pub fn of_score(name: &str) -> Option<(Self, Option<&str>)> {
        let (id, others) = name.split_once('@').map_or((name, None), |(id, others)| (id, Some(others)));
        Some((id.parse().ok()?, others))
    }

    /// Whether its value depends on who answers questions.
    #[must_use]
    pub fn uses_vqa(self) -> bool {
        matches!(self, Self::BVqa | Self::BVqaNp2 | Self::ActionVqa) || self.is_three_in_one()
    }

    /// Whether it is the mean of the parts of a complex prompt: its phrases asked, its relation looked for, its text compared.
    #[must_use]
    pub fn is_three_in_one(self) -> bool {
        matches!(self, Self::ThreeInOne | Self::ThreeInOneNp2 | Self::ThreeInOneFixed)
    }

    /// How many of a prompt's noun phrases it asks for at most; nothing where it asks for none.
    #[must_use]
    pub fn np_num(self) -> Option<usize> {
        match self {
            Self::BVqa | Self::ThreeInOne | Self::ThreeInOneFixed => Some(NP_NUM),
            Self::BVqaNp2 | Self::ThreeInOneNp2 => Some(NP_NUM_PAPER),
            _ => None,
        }
    }

    /// The same official score over `np_num` noun phrases; nothing where there is none.
    #[must_use]
    pub fn over_phrases(self, np_num: usize) -> Option<Self> {
        match (self, np_num) {
            (Self::BVqa | Self::BVqaNp2, NP_NUM) => Some(Self::BVqa),
            (Self::BVqa | Self::BVqaNp2, NP_NUM_PAPER) => Some(Self::BVqaNp2),
            (Self::ThreeInOne | Self::ThreeInOneNp2, NP_NUM) => Some(Self::ThreeInOne),
            (Self::ThreeInOne | Self::ThreeInOneNp2, NP_NUM_PAPER) => Some(Self::ThreeInOneNp2),
            _ => None,
        }
    }

    /// Whether its value depends on who orders objects in depth.
    #[must_use]
    pub fn uses_depth(self) -> bool {
        matches!(self, Self::Unidet3d | Self::Unidet3dFixed)
    }

    /// Whether its value depends on who compares the image with the text.
    #[must_use]
    pub fn uses_image_text(self) -> bool {
        self == Self::ClipScore || self.is_three_in_one()
    }

    /// Whether its value depends on the detector.
    #[must_use]
    pub fn uses_detector(self) -> bool {
        use MetricId::{ActionVqa, BVqa, BVqaNp2, ClipScore};
        !matches!(self, BVqa | BVqaNp2 | ClipScore | ActionVqa)
            && !self.is_of_clips()
            && !Self::PREFERENCES.contains(&self)
    }

    /// Its card.
    #[must_use]
    pub fn card(self) -> &'static MetricCard {
        &REGISTRY[self as usize]
    }
}

impl fmt::Display for MetricId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for MetricId {
    type Err = MetricError;

    fn from_str(id: &str) -> Result<Self, MetricError> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == id).ok_or_else(|| MetricError::UnknownMetric {
            id: id.to_owned(),
            known: Self::ALL.map(Self::as_str).join(", "),
        })
    }
}

/// All that a reader needs to know before trusting a number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MetricCard {
    /// Registry key.
    pub id: MetricId,
    /// The field's name for it.
    pub name: &'static str,
    /// What the number counts.
    pub unit: &'static str,
    /// Smallest and largest possible value; an infinity (null in JSON) where there is no end.
    pub range: [f64; 2],
    /// Whether more is better.
    pub higher_is_better: bool,
    /// The formula, in words and symbols.
    pub formula: &'static str,
    /// What happens to image and text before the formula.
    pub preprocessing: &'static str,
    /// What it cannot see or gets wrong.
    pub known_problems: &'static [&'static str],
    /// Where it comes from.
    pub reference: &'static str,
    /// What pictures of other prompts score: where it was measured, and where not.
    pub chance: &'static str,
    /// Categories whose official number this is.
    pub headline_for: &'static [&'static str],
}

/// Every metric's card, in the order of [`MetricId::ALL`].
#[must_use]
pub fn registry() -> &'static [MetricCard] {
    &REGISTRY
}

/// The metrics of a suite's category, its headline number first, each official score followed by its repaired form.
///
/// T2I-CompBench's prompts have official and fixed scores, and B-VQA and 3-in-1 with 8 and with 2 phrases; PartiPrompts, which has no
/// official automatic score, and suites of the user's have CLIPScore and B-VQA; `shapes` has what
/// [`official_metrics`] says, `shapes-motion` what [`clip_metrics`] says.
#[must_use]
pub fn metrics_for(suite: &str, category: &str) -> Vec<MetricId> {
    use MetricId::{
        BVqa, BVqaNp2, ClipScore, ThreeInOne, ThreeInOneFixed, ThreeInOneNp2, Unidet2d, Unidet2dFixed, Unidet3d,
        Unidet3dFixed, UnidetNumeracy, UnidetNumeracyFixed,
    };
    if suite == "shapes" {
        return official_metrics(category);
    }
    if suite == gentron_suites::shapes::motion::ID {
        return clip_metrics(&[BVqa]);
    }
    if !suite.starts_with("t2i-compbench") {
        return vec![ClipScore, BVqa];
    }
    match category {
        "color" | "shape" | "texture" => vec![BVqa, BVqaNp2],
        "spatial" => vec![Unidet2d, Unidet2dFixed],
        "3d_spatial" => vec![Unidet3d, Unidet3dFixed],
        "numeracy" => vec![UnidetNumeracy, UnidetNumeracyFixed],
        "non_spatial" => vec![ClipScore],
        "complex" => {
            vec![ThreeInOne, ThreeInOneNp2, ThreeInOneFixed, BVqa, BVqaNp2, Unidet2d, Unidet2dFixed, ClipScore]
        }
        _ => Vec::new(),
    }
}

/// The same where the headline number is the one over `np_num` noun phrases, if it asks for any: over 2 as before December 2023. Over 8
/// it is [`metrics_for`].
#[must_use]
pub fn metrics_over_phrases(suite: &str, category: &str, np_num: usize) -> Vec<MetricId> {
    let mut metrics = metrics_for(suite, category);
    if let Some(headline) = metrics.first().and_then(|metric| metric.over_phrases(np_num)) {
        metrics.retain(|metric| *metric != headline);
        metrics.insert(0, headline);
    }
    metrics
}

/// The metrics of clips: motion, then means over frames of `of_frames`, then the others.
#[must_use]
pub fn clip_metrics(of_frames: &[MetricId]) -> Vec<MetricId> {
    let [motion, others @ ..] = MetricId::OF_CLIPS;
    std::iter::once(motion).chain(of_frames.iter().copied()).chain(others).collect()
}

/// The metrics of a category, the official headline number first, then its parts and ours.
///
/// `spatial`, as T2I-CompBench's first release calls it, is `2d_spatial`. An unknown category has none.
#[must_use]
pub fn official_metrics(category: &str) -> Vec<MetricId> {
    match category {
        "color" | "shape" | "texture" => vec![MetricId::BVqa],
        "2d_spatial" | "spatial" => vec![MetricId::Unidet2d],
        "3d_spatial" => vec![MetricId::Unidet3d],
        "numeracy" => vec![MetricId::UnidetNumeracy],
        "non_spatial" => vec![MetricId::ClipScore, MetricId::ActionVqa],
        "complex" => vec![MetricId::ThreeInOne, MetricId::BVqa, MetricId::Unidet2d, MetricId::ClipScore],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_and_lead_to_their_cards() {
        for id in MetricId::ALL {
            assert_eq!(id.as_str().parse::<MetricId>().ok(), Some(id));
            assert_eq!(id.card().id, id);
            assert_eq!(serde_json::to_string(&id).ok(), Some(format!("\"{id}\"")));
        }
        assert!("fid".parse::<MetricId>().is_err_and(|e| e.to_string().contains("b-vqa, unidet-2d")));
    }

    #[test]
    fn a_scores_name_leads_to_its_metric_and_networks() {
        assert_eq!(MetricId::of_score("unidet-2d-fixed"), Some((MetricId::Unidet2dFixed, None)));
        assert_eq!(MetricId::of_score("unidet-3d@yolo"), Some((MetricId::Unidet3d, Some("yolo"))));
        let three = "3-in-1@yolo+clip-shapes";
        assert_eq!(MetricId::of_score(three), Some((MetricId::ThreeInOne, Some("yolo+clip-shapes"))));
        assert_eq!(MetricId::of_score("yolo"), None);
    }

    #[test]
    fn both_modes_are_scored_on_official_prompts_and_shapes_stays_as_it_is() {
        for category in ["color", "shape", "texture", "spatial", "3d_spatial", "numeracy", "non_spatial", "complex"] {
            let metrics = metrics_for("t2i-compbench", category);
            assert_eq!(metrics[0], official_metrics(category)[0], "{category}");
            let fixed = metrics.iter().filter(|metric| metric.as_str().ends_with("-fixed")).count();
            let variant = |metric: &MetricId| ["-fixed", "-np2"].iter().any(|end| metric.as_str().ends_with(end));
            let official = metrics.iter().filter(|metric| metric.uses_detector() && !variant(metric)).count();
            assert_eq!(fixed, official, "{category}");
            assert_eq!(metrics_for("shapes", category), official_metrics(category));
        }
        assert_eq!(metrics_for("parti", "Animals"), [MetricId::ClipScore, MetricId::BVqa]);
    }

    #[test]
    fn two_phrases_make_the_scores_over_two_phrases_the_headlines() {
        let headline = |category, np_num| metrics_over_phrases("t2i-compbench-before-2025", category, np_num)[0];
        for (category, of_two) in [
            ("color", MetricId::BVqaNp2),
            ("shape", MetricId::BVqaNp2),
            ("texture", MetricId::BVqaNp2),
            ("spatial", MetricId::Unidet2d),
            ("non_spatial", MetricId::ClipScore),
            ("complex", MetricId::ThreeInOneNp2),
        ] {
            assert_eq!(headline(category, NP_NUM_PAPER), of_two, "{category}");
            assert_eq!(headline(category, NP_NUM), official_metrics(category)[0], "{category}");
        }
        assert_eq!(metrics_over_phrases("shapes", "color", NP_NUM_PAPER), [MetricId::BVqaNp2, MetricId::BVqa]);
        for suite in ["shapes", "t2i-compbench", "shapes-motion", "parti"] {
            assert_eq!(metrics_over_phrases(suite, "complex", NP_NUM), metrics_for(suite, "complex"), "{suite}");
        }
        // Nothing is lost, and nothing asked twice.
        let (mut two, mut eight) =
            (metrics_over_phrases("t2i-compbench", "complex", NP_NUM_PAPER), metrics_for("t2i-compbench", "complex"));
        two.sort_unstable();
        eight.sort_unstable();
        assert_eq!(two, eight);
    }

    #[test]
    fn every_category_has_one_headline_and_it_comes_first() {
        for category in ["color", "shape", "texture", "2d_spatial", "3d_spatial", "numeracy", "non_spatial", "complex"]
        {
            let headlines: Vec<_> =
                registry().iter().filter(|c| c.headline_for.contains(&category)).map(|c| c.id).collect();
            assert_eq!(headlines, official_metrics(category)[..1]);
        }
        assert!(official_metrics("unheard of").is_empty());
    }
}
