//! Which script writes which files.

use super::answers::{Answer, Form, json};
use super::folder::Sample;
use crate::card::MetricId;
use crate::observation::Outcome;

/// The result of one official script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResultFile {
    /// `BLIP_vqa.py`.
    BlipVqa,
    /// `2D_spatial_eval.py`.
    Unidet2d,
    /// `3D_spatial_eval.py`.
    Unidet3d,
    /// `numeracy_eval.py`.
    Numeracy,
    /// `CLIP_similarity.py`.
    Clip,
    /// `3_in_1.py`.
    ThreeInOne,
}

/// An image and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// The image.
    pub sample: &'a Sample,
    /// Its score.
    pub outcome: &'a Outcome,
}

impl ResultFile {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::BlipVqa, Self::Unidet2d, Self::Unidet3d, Self::Numeracy, Self::Clip, Self::ThreeInOne];

    /// The script that computes this metric; none for metrics of ours and repaired ones.
    #[must_use]
    pub fn of_metric(metric: MetricId) -> Option<Self> {
        match metric {
            MetricId::BVqa | MetricId::BVqaNp2 => Some(Self::BlipVqa),
            MetricId::Unidet2d => Some(Self::Unidet2d),
            MetricId::Unidet3d => Some(Self::Unidet3d),
            MetricId::UnidetNumeracy => Some(Self::Numeracy),
            MetricId::ClipScore => Some(Self::Clip),
            MetricId::ThreeInOne | MetricId::ThreeInOneNp2 => Some(Self::ThreeInOne),
            _ => None,
        }
    }

    /// The folder below `OUT` that holds its `vqa_result.json`.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::BlipVqa => "annotation_blip",
            Self::Unidet2d => "labels/annotation_obj_detection_2d",
            Self::Unidet3d => "labels/annotation_obj_detection_3d",
            Self::Numeracy => "annotation_num",
            Self::Clip => "annotation_clip",
            Self::ThreeInOne => "annotation_3_in_1",
        }
    }

    /// The name of its summary, in the same folder.
    #[must_use]
    pub fn summary_name(self) -> &'static str {
        match self {
            Self::BlipVqa => "blip_vqa_score.txt",
            Self::Unidet2d => "avg_score.txt",
            Self::Unidet3d => "avg_result.txt",
            Self::Numeracy => "score.txt",
            Self::Clip => "score_avg.txt",
            Self::ThreeInOne => "vqa_score.txt",
        }
    }

    /// Whether `question_id` is the image's position in the folder; the number in its name otherwise. They agree where
    /// the names count from 0 without a gap.
    #[must_use]
    pub fn counts_positions(self) -> bool {
        matches!(self, Self::BlipVqa | Self::Clip | Self::ThreeInOne)
    }

    /// The file's content, byte for byte as `json.dump` writes it.
    #[must_use]
    pub fn json(self, answers: &[Answer]) -> String {
        let form = match self {
            Self::BlipVqa => Form::FourDecimals,
            Self::Unidet2d | Self::Unidet3d | Self::Numeracy => Form::Number,
            Self::Clip | Self::ThreeInOne => Form::Float,
        };
        json(answers, form)
    }

    /// The answers of scored images, which must be all of the folder's in its order. Where any is unscored: how many.
    ///
    /// # Errors
    /// The number of images without a score; the scripts know no such thing, so no official file can say it.
    pub fn answers(self, scored: &[Scored<'_>]) -> Result<Vec<Answer>, usize> {
        let values: Vec<Option<f64>> = scored.iter().map(|image| image.outcome.value()).collect();
        let missing = values.iter().filter(|value| value.is_none()).count();
        if missing > 0 {
            return Err(missing);
        }
        let answer = |(position, (image, value)): (usize, (&Scored<'_>, f64))| Answer {
            question_id: if self.counts_positions() { position as u64 } else { image.sample.number },
            answer: value,
        };
        Ok(scored.iter().zip(values.into_iter().flatten()).enumerate().map(answer).collect())
    }
}
