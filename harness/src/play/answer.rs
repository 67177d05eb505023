//! What an arm drew, as the page shows it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gentron_metrics::{Observation, Outcome, Reason};
use gentron_model::pipeline::Attention;
use gentron_model::text::TextEncoder;
use image::RgbImage;
use serde::Serialize;

use super::question::Word;
use crate::generate::png;

/// A picture and how it came about.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The picture, a data address.
    pub image: String,
    /// Its width and height.
    pub size: [u32; 2],
    /// What the arm took the picture to be at each step, likewise.
    pub steps: Vec<String>,
    /// Where it looked, by encoder; empty for arms that do not attend to words.
    pub attention: Vec<Map>,
    /// Scores with their reasons.
    pub scores: Vec<Score>,
    /// How long drawing took.
    pub seconds: f64,
}

/// Where an arm looked for the words of one encoder.
#[derive(Debug, Serialize)]
pub struct Map {
    /// The encoder.
    pub encoder: String,
    /// Image tokens a side.
    pub grid: usize,
    /// By word of the text, then by step: attention of each image token in reading order. A word that the encoder lost has none.
    pub words: Vec<Vec<Vec<f32>>>,
}

/// One metric.
#[derive(Debug, Serialize)]
pub struct Score {
    /// Its name.
    pub metric: String,
    /// The score, where there is one.
    pub value: Option<f64>,
    /// Why there is none.
    pub unscored: Option<String>,
    /// What it rests on, a line each.
    pub reasons: Vec<String>,
    /// What the detector found: label and `[x1, y1, x2, y2]` in pixels.
    pub boxes: Vec<(String, [f32; 4])>,
}

/// The picture as a data address.
///
/// # Errors
/// It has no pixels.
pub fn address(image: &RgbImage) -> anyhow::Result<String> {
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(png::encode(image)?)))
}

/// Adds up what was attended to for each word: a word may be several tokens.
///
/// # Errors
/// A tokenizer fails.
pub fn by_word(
    attention: &[Attention],
    encoders: &[&dyn TextEncoder],
    text: &str,
    words: &[Word],
) -> anyhow::Result<Vec<Map>> {
    let mut maps = Vec::new();
    for seen in attention {
        let encoder = encoders[seen.source];
        let pieces = encoder.pieces(text)?;
        let of_word = |word: &Word| -> Vec<Vec<f32>> {
            let within = |bytes: &std::ops::Range<usize>| bytes.start < word.bytes.end && word.bytes.start < bytes.end;
            let positions: Vec<usize> = pieces.iter().filter(|p| within(&p.bytes)).map(|p| p.position).collect();
            if positions.is_empty() {
                return Vec::new();
            }
            let sum = |step: &Vec<Vec<f32>>| -> Vec<f32> {
                let cell = |n: usize| positions.iter().map(|position| step[*position][n]).sum::<f32>();
                (0..seen.grid * seen.grid).map(|n| (cell(n) * 1e4).round() / 1e4).collect()
            };
            seen.steps.iter().map(sum).collect()
        };
        maps.push(Map {
            encoder: encoder.name().to_owned(),
            grid: seen.grid,
            words: words.iter().map(of_word).collect(),
        });
    }
    Ok(maps)
}

/// Observations in few words.
pub fn scores(observations: Vec<Observation>) -> Vec<Score> {
    let score = |observation: Observation| {
        let (value, unscored, reasons) = match observation.outcome {
            Outcome::Scored { value, reasons } => (Some(value), None, reasons),
            Outcome::Unscored { why } | Outcome::Outside { why } => (None, Some(why), Vec::new()),
        };
        let boxes = reasons.iter().filter_map(|reason| match reason {
            Reason::Box { label, bbox, .. } => Some((label.clone(), *bbox)),
            _ => None,
        });
        Score {
            metric: observation.metric,
            value,
            unscored,
            boxes: boxes.collect(),
            reasons: reasons.iter().filter_map(line).collect(),
        }
    };
    observations.into_iter().map(score).collect()
}

fn line(reason: &Reason) -> Option<String> {
    let percent = |value: f64| format!("{:.1} %", value * 100.0);
    Some(match reason {
        Reason::Phrase { phrase, yes, why } => format!("{phrase}? {}: {why}", percent(*yes)),
        Reason::Relation { relation, subject, object, position, why } => {
            format!("{subject} {} {object}? {}: {why}", relation.replace('_', " "), percent(*position))
        }
        Reason::Count { noun, wanted, found } => format!("{noun}: {wanted} wanted, {found} found"),
        Reason::Similarity { text, cosine } => format!("cosine {cosine:.3} with: {text}"),
        Reason::Note { text } => text.clone(),
        Reason::Box { .. } => return None,
    })
}
