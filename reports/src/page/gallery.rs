//! The gallery: one prompt and noise per entry, every arm's drawing of it side by side.

use askama::Template;

use super::embed::{Embedded, Embedder};
use super::section::Section;
use crate::analysis::{Analysis, GalleryItem, PROMPTS_PER_CATEGORY, Picked, Shot};
use crate::error::Result;
use crate::reason::Reason;
use crate::run_info::RunInfo;
use crate::text::{counted, percent};

#[derive(Template)]
#[template(path = "gallery.html")]
struct Gallery<'a> {
    per_category: usize,
    categories: Vec<(usize, &'a str)>,
    items: Vec<ItemView<'a>>,
    /// Place of the baseline among the arms.
    baseline: usize,
    has_boxes: bool,
    has_clips: bool,
}

struct ItemView<'a> {
    /// Place of its category, for the filter.
    category: usize,
    prompt: &'a str,
    prompt_id: &'a str,
    facts: String,
    range: f64,
    picked: String,
    shots: Vec<ShotView<'a>>,
}

struct ShotView<'a> {
    letter: &'a str,
    label: &'a str,
    colour: usize,
    /// Frames that stand side by side in the image of a clip.
    frames: Option<u32>,
    image: Option<Embedded>,
    /// Headline score in percent, or why there is none.
    score: Option<String>,
    /// The same for the viewer to compute with; empty if there is none.
    value: String,
    /// Where the image itself is, relative to the run's folder; empty if it stands here whole.
    full: String,
    /// Length of the bar below the image, 0 to 100.
    filled: String,
    absence: String,
    /// What made the score, one line each.
    reasons: Vec<ReasonView>,
    /// What was seen, for whoever wants to know.
    details: Vec<ReasonView>,
    boxes: Vec<BoxView>,
}

/// One line under an image.
struct ReasonView {
    text: String,
    value: String,
}

/// A rectangle over an image, in its pixels.
struct BoxView {
    x: String,
    y: String,
    width: String,
    height: String,
    label: String,
}

/// The section; none without prompts to show.
pub(super) fn section(analysis: &Analysis, info: &RunInfo, images: &mut Embedder) -> Result<Option<Section>> {
    if analysis.gallery.is_empty() {
        return Ok(None);
    }
    let mut items = Vec::new();
    for item in &analysis.gallery {
        let left_out = images.left_out;
        let view = view((analysis, info), item, images)?;
        // A prompt that does not fit whole is left out whole; those of less difference come later anyway.
        if images.left_out == left_out {
            items.push(view);
        }
    }
    let shown = |index: &usize| items.iter().any(|item| item.category == *index);
    let gallery = Gallery {
        per_category: PROMPTS_PER_CATEGORY,
        categories: (0..analysis.categories.len())
            .filter(shown)
            .map(|index| (index, analysis.categories[index].label.as_str()))
            .collect(),
        has_boxes: items.iter().flat_map(|item| &item.shots).any(|shot| !shot.boxes.is_empty()),
        has_clips: items.iter().flat_map(|item| &item.shots).any(|shot| shot.frames.is_some()),
        items,
        baseline: analysis.arms.iter().position(|arm| arm.id == analysis.baseline).unwrap_or(0),
    };
    Ok(Some(Section { id: "gallery", title: "Look for yourself", body: gallery.render()? }))
}

fn view<'a>(
    (analysis, info): (&'a Analysis, &RunInfo),
    item: &'a GalleryItem,
    images: &mut Embedder,
) -> Result<ItemView<'a>> {
    let category = analysis.categories.iter().position(|c| c.suite == item.suite && c.id == item.category).unwrap_or(0);
    let split = match item.split.as_str() {
        "unsplit" => String::new(),
        split => format!("{split} combination · "),
    };
    let shots = analysis.arms.iter().zip(&item.shots).enumerate().map(|(index, (arm, shot))| {
        let frames = info.arm(&arm.id).and_then(|arm| arm.frames);
        let image = shot.image.as_deref().map(|path| images.image(path, frames)).transpose()?.flatten();
        Ok(ShotView {
            letter: &arm.letter,
            label: &arm.label,
            colour: index % 8,
            frames,
            absence: absence(shot),
            score: shot.value.map(percent),
            value: shot.value.map(|v| v.to_string()).unwrap_or_default(),
            full: image.as_ref().filter(|i| i.thumbnail).and(shot.image.clone()).unwrap_or_default(),
            filled: format!("{:.1}", shot.value.unwrap_or(0.0).clamp(0.0, 1.0) * 100.0),
            reasons: shot.reasons.iter().filter_map(reason).collect(),
            details: shot.reasons.iter().filter_map(detail).collect(),
            boxes: shot.reasons.iter().filter_map(rectangle).collect(),
            image,
        })
    });
    Ok(ItemView {
        category,
        range: item.range,
        prompt: &item.prompt,
        prompt_id: &item.prompt_id,
        facts: format!(
            "{} · {split}{} · image {}",
            analysis.categories[category].label,
            counted(u64::from(item.things), "thing"),
            item.k
        ),
        picked: match item.picked {
            Picked::Disagreement { range } => format!("among the largest disagreements: {} points", percent(range)),
            Picked::Spread => "spread over the scores".to_owned(),
        },
        shots: shots.collect::<Result<_>>()?,
    })
}

fn absence(shot: &Shot) -> String {
    match (&shot.unscored, &shot.image) {
        (Some(why), _) => format!("unscored: {why}"),
        (None, None) => "not drawn yet".to_owned(),
        _ => String::new(),
    }
}

fn line(text: String, value: String) -> Option<ReasonView> {
    Some(ReasonView { text, value })
}

/// What a reason adds to the score, in a few words.
fn reason(reason: &Reason) -> Option<ReasonView> {
    match reason {
        Reason::Phrase { phrase, yes, .. } => line(format!("{phrase}?"), percent(*yes)),
        Reason::Relation { relation, subject, object, position, .. } => line(
            format!("{subject} {} {object}?", relation.replace('_', " ")),
            position.map(percent).unwrap_or_default(),
        ),
        Reason::Count { noun, wanted, found } => line(format!("{noun}: {wanted} wanted"), format!("{found} found")),
        Reason::Similarity { cosine, .. } => line("cosine with the prompt".to_owned(), format!("{cosine:.3}")),
        Reason::Box { .. } | Reason::Note { .. } => None,
    }
}

/// What was seen.
fn detail(reason: &Reason) -> Option<ReasonView> {
    match reason {
        Reason::Phrase { phrase, why, .. } => line(format!("{phrase}: {why}"), String::new()),
        Reason::Relation { subject, object, why, .. } => line(format!("{subject}, {object}: {why}"), String::new()),
        Reason::Box { label, score, bbox: [x1, y1, x2, y2] } => {
            line(format!("found {label} at {x1:.0}, {y1:.0} to {x2:.0}, {y2:.0}"), percent(*score))
        }
        Reason::Similarity { text, .. } => line(format!("text compared: {text}"), String::new()),
        Reason::Note { text } => line(text.clone(), String::new()),
        Reason::Count { .. } => None,
    }
}

fn rectangle(reason: &Reason) -> Option<BoxView> {
    let Reason::Box { label, bbox: [x1, y1, x2, y2], .. } = reason else { return None };
    let [x, y, width, height] = [*x1, *y1, x2 - x1, y2 - y1].map(|v| format!("{v:.1}"));
    Some(BoxView { x, y, width, height, label: label.clone() })
}
