//! What a run's card says of the networks that look at photographs: whose they are, and what they do to a picture first.

use gentron_metrics::blip::{BlipVqa, ImageReward, Layout};
use gentron_metrics::depth::DptHybrid;
use gentron_metrics::detector::unidet::UniDet;
use gentron_metrics::weights::WeightsStatement;
use gentron_metrics::{ImageText, MetricId, Preference as _};
use serde::Serialize;

use super::clip::NORMALIZATION;
use super::eyes::{Eyes, Needs};

/// What a network does to a picture before it looks at it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Preparation {
    /// The network.
    pub network: String,
    /// How the picture gets its size.
    pub resize: String,
    /// How grey levels become floats.
    pub normalization: String,
}

impl Preparation {
    /// What a network's card says.
    pub fn of(statement: &WeightsStatement) -> Self {
        let card = statement.card;
        // The card is of the published file; transformers' conversion of BLIP-VQA is another network.
        let converted = statement.layout == Layout::HuggingFace.as_str();
        let resize = if converted { card.resize.replace("480", "384") } else { card.resize.to_owned() };
        Self { network: card.id.to_owned(), resize, normalization: card.normalization.to_owned() }
    }

    /// That of a CLIP, which has no card.
    pub fn of_clip(network: &str, resize: String) -> Self {
        Self { network: network.to_owned(), resize, normalization: NORMALIZATION.to_owned() }
    }
}

impl Eyes {
    /// Statements of the networks with a card that a metric asks.
    fn asked(&self, metric: MetricId) -> impl Iterator<Item = &WeightsStatement> {
        let needs = Needs::of(metric);
        let blip = self.blip.as_ref().filter(|_| needs.vqa).map(BlipVqa::statement);
        // Boxes from a file come before a network's.
        let unidet = self.unidet(metric).filter(|_| needs.detector && self.found.is_none()).map(UniDet::statement);
        let depth = self.fills_depth().filter(|_| needs.depth).map(DptHybrid::statement);
        let reward = self.image_reward.as_ref().map(ImageReward::statement);
        let reward = reward.filter(|_| needs.preference == Some(MetricId::ImageReward));
        [blip, unidet, depth, reward].into_iter().flatten()
    }

    /// Licences of the networks that a metric asks, as far as they are known.
    pub fn licences(&self, metric: MetricId) -> Option<String> {
        let needs = Needs::of(metric);
        let clip = self.clip.as_ref().filter(|_| needs.image_text);
        let clip = clip.and_then(|(clip, sha256)| Some(by_sizes(clip.licence()?, sha256)));
        let preferring = match needs.preference {
            Some(MetricId::PickScore) => self.pickscore.as_ref().map(|_| "MIT (PickScore)"),
            Some(MetricId::HpsV2) => self.hpsv2.as_ref().map(|_| "Apache-2.0 (HPSv2)"),
            _ => None,
        };
        let of_cards = self.asked(metric).map(|statement| statement.card.licence);
        let licences: Vec<&str> = of_cards.chain(clip.as_deref()).chain(preferring).collect();
        (!licences.is_empty()).then(|| licences.join("; "))
    }

    /// How the networks that a metric asks prepare a picture.
    pub fn preparations(&self, metric: MetricId) -> Vec<Preparation> {
        let needs = Needs::of(metric);
        let clip = self.clip.as_ref().filter(|_| needs.image_text);
        let clip = clip.map(|(clip, _)| Preparation::of_clip(ImageText::id(clip), clip.resize()));
        let preferring = match needs.preference {
            Some(MetricId::PickScore) => {
                self.pickscore.as_ref().map(|model| Preparation::of_clip(model.id(), model.resize()))
            }
            Some(MetricId::HpsV2) => self.hpsv2.as_ref().map(|model| Preparation::of_clip(model.id(), model.resize())),
            _ => None,
        };
        self.asked(metric).map(Preparation::of).chain(clip).chain(preferring).collect()
    }
}

/// Whose a CLIP is, only its sizes tell, which another training of the same network has, too: so its licence is said with that reserve, and
/// with the digest of what was loaded.
fn by_sizes(licence: &str, sha256: &str) -> String {
    let digest = sha256.get(..16).unwrap_or(sha256);
    format!("{licence}, taken for that one by its sizes, not by its files; digest {digest}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::recipe::World;
    use crate::score::{Scorer, ScorerPaths, photographs};

    #[test]
    fn a_clip_and_a_pickscore_state_licence_size_and_normalization() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens/metrics/pickscore");
        let paths = ScorerPaths { clip: Some(folder.clone()), pickscore: Some(folder), ..ScorerPaths::default() };
        let eyes = Eyes::open(&paths).unwrap();
        // Nobody knows whose this one is, and its cosines are not those of the official CLIP.
        assert_eq!(eyes.licences(MetricId::ClipScore), None);
        assert_eq!(photographs::name(&eyes, MetricId::ClipScore), "clipscore@clip-10x2-patch7-28");
        assert_eq!(photographs::name(&eyes, MetricId::BVqa), "b-vqa");
        assert_eq!(photographs::name(&eyes, MetricId::ThreeInOne), "3-in-1@clip-10x2-patch7-28");
        assert_eq!(photographs::name(&eyes, MetricId::ThreeInOneFixed), "3-in-1-fixed@clip-10x2-patch7-28");
        assert_eq!(eyes.licences(MetricId::PickScore).as_deref(), Some("MIT (PickScore)"));
        let resize = "shorter side 28, Pillow's 8-bit bicubic, centre crop".to_owned();
        let of = |network: &str| Preparation::of_clip(network, resize.clone());
        assert_eq!(eyes.preparations(MetricId::ClipScore), [of("clip-10x2-patch7-28")]);
        assert_eq!(eyes.preparations(MetricId::PickScore), [of("pickscore")]);
        assert!(eyes.preparations(MetricId::BVqa).is_empty());

        let said = by_sizes("MIT (OpenAI CLIP)", &"0123456789abcdef".repeat(4));
        assert_eq!(
            said,
            "MIT (OpenAI CLIP), taken for that one by its sizes, not by its files; digest 0123456789abcdef"
        );

        let photographs = |eyes| Scorer::of_world("mine", World::Photographs, eyes).resize([("mine", "all")]);
        let said = photographs(eyes);
        assert!(said.starts_with("clip-10x2-patch7-28: shorter side 28, ") && said.contains("0.26862954"), "{said}");
        assert_eq!(photographs(Eyes::default()), "each scorer's own");
        let shapes = Scorer::of_world("shapes", World::Shapes, Eyes::default());
        assert_eq!(shapes.resize([("shapes", "color")]), "none");
    }
}
