//! Protocol cards side by side: the fields in which two differ, or in which ours differs from a published one.

use serde::Serialize;

use crate::run_info::Protocol;
use crate::text::short;

/// A field that is not the same on both cards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldDifference {
    /// The field, in words.
    pub field: String,
    /// There.
    pub theirs: String,
    /// Here.
    pub ours: String,
}

impl FieldDifference {
    fn of(field: &str, theirs: impl Into<String>, ours: impl Into<String>) -> Option<Self> {
        let (theirs, ours) = (theirs.into(), ours.into());
        (theirs != ours).then(|| Self { field: field.to_owned(), theirs, ours })
    }
}

/// The fields in which two runs' cards differ.
pub fn field_differences(theirs: &Protocol, ours: &Protocol) -> Vec<FieldDifference> {
    let suites = |p: &Protocol| -> String {
        let named = p.suites.iter().map(|s| format!("{} ({} prompts, {:.8})", s.id, s.prompts, s.digest));
        named.collect::<Vec<_>>().join(", ")
    };
    let scorers = |p: &Protocol| -> String {
        let named = p.scorers.iter().map(|s| format!("{} by {} {:.12}", s.metric, s.name, s.version));
        named.collect::<Vec<_>>().join(", ")
    };
    let sampler = |p: &Protocol| format!("{}, {} steps", p.sampler.kind, p.sampler.steps);
    [
        FieldDifference::of("prompts", suites(theirs), suites(ours)),
        FieldDifference::of(
            "images per prompt",
            theirs.images_per_prompt.to_string(),
            ours.images_per_prompt.to_string(),
        ),
        FieldDifference::of("seed", theirs.seed.to_string(), ours.seed.to_string()),
        FieldDifference::of("sampler", sampler(theirs), sampler(ours)),
        FieldDifference::of("guidance", short(theirs.sampler.guidance), short(ours.sampler.guidance)),
        FieldDifference::of("scorers", scorers(theirs), scorers(ours)),
        FieldDifference::of("np_num", np_num(theirs.np_num), np_num(ours.np_num)),
        FieldDifference::of("resize", theirs.resize.clone(), ours.resize.clone()),
        FieldDifference::of("image size", size(theirs), size(ours)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn size(p: &Protocol) -> String {
    format!("{} × {}", p.image_size[0], p.image_size[1])
}

fn np_num(np_num: Option<u32>) -> String {
    np_num.map_or("not the same in all categories".to_owned(), |n| n.to_string())
}

/// What is known of how published numbers came about. A field that nobody tells cannot match or differ, and is listed instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedCard {
    /// Start of the suite's id.
    pub suite: &'static str,
    /// What the images show.
    pub world: &'static str,
    /// Prompts in all.
    pub prompts: u64,
    /// Images of each prompt.
    pub images_per_prompt: u32,
    /// Where the number of images comes from.
    pub images_source: &'static str,
    /// Noun phrases asked about; none where no phrase is.
    pub np_num: Option<u32>,
    /// What is measured, where it is not one of our scores.
    pub measure: Option<&'static str>,
    /// Fields that no source tells.
    pub untold: &'static str,
}

/// The fields in which our card differs from a published one. Empty: the numbers may stand side by side.
pub fn locked_by(theirs: &PublishedCard, ours: &Protocol) -> Vec<FieldDifference> {
    let drawn = ours.suites.iter().any(|suite| suite.id == "shapes");
    let ids: Vec<&str> = ours.suites.iter().map(|suite| suite.id.as_str()).collect();
    let same_suite = !ids.is_empty() && ids.iter().all(|id| id.starts_with(theirs.suite));
    let prompts: u64 = ours.suites.iter().map(|suite| suite.prompts).sum();
    let images = format!("{}{}", theirs.images_per_prompt, theirs.images_source);
    [
        FieldDifference::of("world", theirs.world, if drawn { "drawn shapes" } else { "photographs" }),
        if same_suite { None } else { FieldDifference::of("suite", theirs.suite, ids.join(", ")) },
        FieldDifference::of("prompts", theirs.prompts.to_string(), prompts.to_string()),
        if theirs.images_per_prompt == ours.images_per_prompt {
            None
        } else {
            FieldDifference::of("images per prompt", images, ours.images_per_prompt.to_string())
        },
        theirs.np_num.and_then(|n| {
            FieldDifference::of("np_num", format!("{n} (the scorer before December 2023)"), np_num(ours.np_num))
                .filter(|_| ours.np_num != Some(n))
        }),
        theirs.measure.and_then(|measure| FieldDifference::of("measure", measure, "scores of this run")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_info::{SamplerInfo, SuiteInfo};

    fn ours() -> Protocol {
        Protocol {
            suites: vec![SuiteInfo {
                id: "t2i-compbench".into(),
                digest: "ab".into(),
                prompts: 1800,
                licence: None,
                files: vec![],
            }],
            images_per_prompt: 10,
            seed: 1,
            sampler: SamplerInfo { kind: "ddim".into(), steps: 50, guidance: 7.5, motion_guidance: None },
            scorers: vec![],
            np_num: Some(2),
            resize: "none".into(),
            image_size: [512, 512],
        }
    }

    #[test]
    fn the_lock_opens_only_where_every_known_field_matches() {
        let card = crate::paper::COMPBENCH_CARD;
        assert_eq!(locked_by(&card, &ours()), vec![]);
        let fields = |change: fn(&mut Protocol)| {
            let mut ours = ours();
            change(&mut ours);
            locked_by(&card, &ours).into_iter().map(|d| d.field).collect::<Vec<_>>()
        };
        assert_eq!(fields(|p| p.np_num = Some(8)), ["np_num"]);
        assert_eq!(fields(|p| p.np_num = None), ["np_num"]);
        assert_eq!(fields(|p| p.images_per_prompt = 2), ["images per prompt"]);
        assert_eq!(fields(|p| p.suites[0].prompts = 60), ["prompts"]);
        assert_eq!(fields(|p| p.suites[0].id = "shapes".into()), ["world", "suite"]);
        assert_eq!(fields(|p| p.suites.clear()), ["suite", "prompts"]);
    }

    #[test]
    fn cards_of_runs_differ_field_by_field() {
        let mut other = ours();
        (other.seed, other.sampler.guidance) = (2, 3.0);
        let found = field_differences(&ours(), &other);
        let told: Vec<_> = found.iter().map(|d| (d.field.as_str(), d.theirs.as_str(), d.ours.as_str())).collect();
        assert_eq!(told, [("seed", "1", "2"), ("guidance", "7.5", "3")]);
    }
}
