//! From a prompt and a clip to observations.

use gentron_suites::{Motion, Moving, Prompt};
use image::RgbImage;

use super::{Absent, Scored, outcome_of};
use crate::card::MetricId;
use crate::clip_text::straight_quotes;
use crate::error::MetricError;
use crate::frechet::ImageFeatures;
use crate::observation::{Observation, Outcome, Reason};
use crate::perception::{ImageText, Tracker};
use crate::video::{Moved, Subject, Track, clipsim, consistency, flicker};

/// Who looks at the clip as a whole; without one, the metrics that need it are unscored.
#[derive(Clone, Copy, Default)]
pub struct ClipBackends<'a> {
    /// Follows objects.
    pub tracker: Option<&'a dyn Tracker>,
    /// Compares a frame with the text.
    pub image_text: Option<&'a dyn ImageText>,
    /// Compares a frame with another.
    pub features: Option<&'a dyn ImageFeatures>,
}

/// One observation for each of `metrics`, in their order. A metric of pictures is the mean of what `of_frame` observes on each frame, and
/// unscored where a frame is; of a prompt that it cannot be asked of, outside.
///
/// The result depends on the arguments alone.
pub fn measure_clip(
    prompt: &Prompt,
    frames: &[RgbImage],
    backends: &ClipBackends<'_>,
    of_frame: &dyn Fn(&RgbImage, &[MetricId]) -> Vec<Observation>,
    metrics: &[MetricId],
) -> Vec<Observation> {
    let of_pictures: Vec<MetricId> = metrics.iter().copied().filter(|metric| !metric.is_of_clips()).collect();
    let observed: Vec<Vec<Observation>> = frames.iter().map(|frame| of_frame(frame, &of_pictures)).collect();
    let mut look = Look { prompt, frames, backends, tracks: None };
    let observe = |&metric: &MetricId| match of_pictures.iter().position(|&other| other == metric) {
        Some(place) => over_frames(metric, observed.iter().filter_map(|frame| frame.get(place))),
        None => Observation { metric: metric.to_string(), outcome: look.outcome(metric) },
    };
    metrics.iter().map(observe).collect()
}

/// The mean of a picture's metric, with the reasons of the middle frame.
fn over_frames<'a>(metric: MetricId, frames: impl Iterator<Item = &'a Observation>) -> Observation {
    let frames: Vec<&Observation> = frames.collect();
    let name = frames.first().map_or_else(|| metric.to_string(), |first| first.metric.clone());
    let mut sum = 0.0;
    let mut shown = Vec::new();
    for (number, frame) in frames.iter().enumerate() {
        match &frame.outcome {
            Outcome::Unscored { why } => {
                let why = format!("frame {}: {why}", number + 1);
                return Observation { metric: name, outcome: Outcome::Unscored { why } };
            }
            Outcome::Outside { .. } => return Observation { metric: name, outcome: frame.outcome.clone() },
            Outcome::Scored { value, reasons } => {
                sum += value;
                if number == frames.len() / 2 {
                    shown.clone_from(reasons);
                }
            }
        }
    }
    if frames.is_empty() {
        return Observation { metric: name, outcome: Outcome::Unscored { why: NO_FRAMES.to_owned() } };
    }
    let text = format!("mean over {} frames; what was seen is frame {}", frames.len(), frames.len() / 2 + 1);
    shown.push(Reason::Note { text });
    Observation { metric: name, outcome: Outcome::Scored { value: sum / frames.len() as f64, reasons: shown } }
}

const NO_FRAMES: &str = "the clip has no frames";
const TOO_FEW: &str = "the clip has fewer than two frames, or frames of different sizes";

struct Look<'a> {
    prompt: &'a Prompt,
    frames: &'a [RgbImage],
    backends: &'a ClipBackends<'a>,
    /// Of each moving thing of the prompt; followed once for all metrics.
    tracks: Option<Vec<Track>>,
}

impl Look<'_> {
    fn outcome(&mut self, metric: MetricId) -> Outcome {
        let follows = matches!(metric, MetricId::Motion | MetricId::SubjectSize | MetricId::SubjectCentrality);
        if follows && self.prompt.annotation.motions.is_empty() {
            return Outcome::Outside { why: "the prompt says of nothing how it moves".to_owned() };
        }
        outcome_of(self.score(metric))
    }

    fn score(&mut self, metric: MetricId) -> Scored {
        let first = self.frames.first().ok_or(NO_FRAMES)?;
        let (width, height) = first.dimensions();
        match metric {
            MetricId::Motion => self.motion(width, height),
            MetricId::SubjectSize => self.subject(width, height, |subject| subject.size),
            MetricId::SubjectCentrality => self.subject(width, height, |subject| subject.centrality),
            MetricId::Flicker => Ok((flicker(self.frames).ok_or(TOO_FEW)?, Vec::new())),
            MetricId::Consistency => self.consistency(),
            MetricId::ClipSim => self.clipsim(),
            _ => Err("it is a score of pictures".into()),
        }
    }

    fn tracks(&mut self) -> Result<&[Track], Absent> {
        if self.tracks.is_none() {
            let tracker = self.backends.tracker.ok_or("nobody here follows objects through these clips")?;
            let track = |moving: &Moving| tracker.track(self.frames, &moving.phrase);
            self.tracks = Some(self.prompt.annotation.motions.iter().map(track).collect::<Result<_, MetricError>>()?);
        }
        Ok(self.tracks.as_deref().unwrap_or_default())
    }

    fn motion(&mut self, width: u32, height: u32) -> Scored {
        let moved: Vec<Option<Moved>> = self.tracks()?.iter().map(|track| track.moved(width, height)).collect();
        let mut reasons = Vec::new();
        let mut right = 0.0;
        for (moving, moved) in self.prompt.annotation.motions.iter().zip(&moved) {
            let yes = if moved.is_some_and(|moved| moved.is(moving.motion)) { 1.0 } else { 0.0 };
            right += yes;
            let why = moved.map_or_else(|| "not seen in half of the frames".to_owned(), |moved| describe(&moved));
            reasons.push(Reason::Phrase { phrase: format!("{} {}", moving.phrase, words(moving.motion)), yes, why });
        }
        Ok((right / moved.len() as f64, reasons))
    }

    /// Mean over the named things that are seen at all.
    fn subject(&mut self, width: u32, height: u32, of: impl Fn(&Subject) -> f64) -> Scored {
        let tracks = self.tracks()?;
        let values: Vec<f64> =
            tracks.iter().filter_map(|track| track.subject(width, height)).map(|subject| of(&subject)).collect();
        let note = format!("{} of {} named things seen", values.len(), tracks.len());
        if values.is_empty() {
            return Err("no named thing is seen in any frame".into());
        }
        Ok((values.iter().sum::<f64>() / values.len() as f64, vec![Reason::Note { text: note }]))
    }

    fn consistency(&self) -> Scored {
        let model = self.backends.features.ok_or("no image model is loaded")?;
        let rows = model.features(&self.frames.iter().collect::<Vec<_>>())?;
        let rows: Vec<Vec<f32>> = rows.chunks(model.width()).map(<[f32]>::to_vec).collect();
        Ok((consistency(&rows).ok_or(TOO_FEW)?, Vec::new()))
    }

    fn clipsim(&self) -> Scored {
        let model = self.backends.image_text.ok_or("no image-text model is loaded")?;
        let text = self.prompt.text.clone();
        let cosines = self
            .frames
            .iter()
            .map(|frame| model.cosine(frame, &straight_quotes(&text)))
            .collect::<Result<Vec<_>, _>>()?;
        let cosine = clipsim(&cosines).ok_or(TOO_FEW)?;
        Ok((cosine, vec![Reason::Similarity { text, cosine }]))
    }
}

fn words(motion: Motion) -> &'static str {
    gentron_suites::shapes::motion::motion_words(motion)
}

fn describe(moved: &Moved) -> String {
    let Moved { right, down, growth, turned } = moved;
    format!(
        "went {:+.0} % right and {:+.0} % down of the frame, grew {growth:.2} times, turned {turned:+.0} degrees",
        right * 100.0,
        down * 100.0
    )
}
