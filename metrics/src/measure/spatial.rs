//! The scores that look for boxes.

use gentron_suites::Count;

use super::{Absent, Look, Scored};
use crate::error::MetricError;
use crate::formulas::{self, DepthAxes, Frame, RelationScore};
use crate::observation::Reason;
use crate::perception::{DepthMap, Detection};
use crate::wanted::{self, Mode, Reading, Space, Wanted};

impl Look<'_> {
    /// All boxes in the official frame.
    fn boxes(&self) -> Result<Vec<Detection>, MetricError> {
        let found = self.detections()?;
        let [width, height] = found.frame.unwrap_or([self.image.width(), self.image.height()]);
        Ok(Frame::of(self.image.width(), self.image.height()).from(width, height).scale_all(&found.boxes))
    }

    /// All boxes in the image's own pixels, for people.
    fn in_image(&self) -> Result<Vec<Detection>, MetricError> {
        let found = self.detections()?;
        let Some([width, height]) = found.frame else { return Ok(found.boxes.clone()) };
        let x = self.image.width() as f32 / width.max(1) as f32;
        let y = self.image.height() as f32 / height.max(1) as f32;
        let scaled = |[x1, y1, x2, y2]: [f32; 4]| [x1 * x, y1 * y, x2 * x, y2 * y];
        Ok(found.boxes.iter().map(|d| Detection { bbox: scaled(d.bbox), ..d.clone() }).collect())
    }

    /// The depth map in the same frame.
    fn depth(&self) -> Result<DepthMap, Absent> {
        let depth = self.detections()?.depth.as_ref().ok_or("the detector gives no depth")?;
        Ok(Frame::of(self.image.width(), self.image.height()).depth(depth))
    }

    pub(super) fn unidet_2d(&self, mode: Mode) -> Scored {
        let wanted = match wanted::relation(self.prompt, Space::Plane, mode) {
            Reading::Found(wanted) => wanted,
            Reading::Zero(why) => return Ok((0.0, vec![Reason::Note { text: why.to_owned() }])),
            Reading::Absent(why) => return Err(why.into()),
        };
        let boxes = self.boxes()?;
        let score = match (mode, wanted.kind, &wanted.subject[..], &wanted.object[..]) {
            (Mode::Fixed, Some(kind), subject, object) => formulas::unidet_2d_fixed(&boxes, kind, subject, object),
            (_, kind, [subject, ..], [object, ..]) => formulas::unidet_2d(&boxes, kind, subject, object),
            _ => return Err("the prompt names no objects".into()),
        };
        Ok((score.value, relation_reasons(&wanted, &score, &self.in_image()?)))
    }

    pub(super) fn unidet_3d(&self, mode: Mode) -> Scored {
        let wanted = match wanted::relation(self.prompt, Space::Depth, mode) {
            Reading::Found(wanted) => wanted,
            Reading::Zero(why) => return Ok((0.0, vec![Reason::Note { text: why.to_owned() }])),
            Reading::Absent(why) => return Err(why.into()),
        };
        let axes = if self.prompt.suite == "shapes" { DepthAxes::Fixed } else { DepthAxes::Official };
        let (boxes, depth) = (self.boxes()?, self.depth()?);
        let score = match (mode, wanted.kind, &wanted.subject[..], &wanted.object[..]) {
            (Mode::Fixed, Some(kind), subject, object) => {
                formulas::unidet_3d_fixed(&boxes, Some(&depth), kind, subject, object)
            }
            (_, kind, [subject, ..], [object, ..]) => {
                formulas::unidet_3d(&boxes, Some(&depth), kind, subject, object, axes)
            }
            _ => return Err("the prompt names no objects".into()),
        };
        Ok((score.value, relation_reasons(&wanted, &score, &self.in_image()?)))
    }

    pub(super) fn unidet_numeracy(&self, mode: Mode) -> Scored {
        let counts = &self.prompt.annotation.counts;
        let boxes = self.boxes()?;
        let score = match mode {
            Mode::Official => formulas::unidet_numeracy(&boxes, counts),
            Mode::Fixed => formulas::unidet_numeracy_fixed(&boxes, counts),
        };
        let score = score.ok_or("the prompt asks for no number of anything")?;
        let reason =
            |(count, &found): (&Count, &u32)| Reason::Count { noun: count.noun.clone(), wanted: count.count, found };
        Ok((score.value, counts.iter().zip(&score.found).map(reason).collect()))
    }
}

fn relation_reasons(wanted: &Wanted, score: &RelationScore, found: &[Detection]) -> Vec<Reason> {
    let used = [score.subject, score.object].into_iter().flatten().map(|index| &found[index]);
    let mut reasons: Vec<Reason> =
        used.map(|d| Reason::Box { label: d.label.clone(), score: d.score, bbox: d.bbox }).collect();
    let words: &str = match wanted.kind {
        Some(kind) => wanted::relation_words(kind),
        None => &wanted.words,
    };
    let name = |names: &[String]| names.first().cloned().unwrap_or_default();
    let (subject, object) = (name(&wanted.subject), name(&wanted.object));
    let why = match (score.subject, score.object) {
        (None, None) => format!("neither a {subject} nor a {object} was found"),
        (None, Some(_)) => format!("no {subject} was found"),
        (Some(_), None) => format!("no {object} was found"),
        (Some(_), Some(_)) if wanted.kind.is_none() => format!("the official code has no rule for \"{words}\""),
        (Some(_), Some(_)) if score.position >= 1.0 => format!("the {subject} is {words} the {object}"),
        (Some(_), Some(_)) if score.position > 0.0 => {
            format!("the {subject} is {words} the {object}, but their boxes earn only {:.2}", score.position)
        }
        (Some(_), Some(_)) => format!("the {subject} is not {words} the {object}"),
    };
    reasons.push(Reason::Relation { relation: words.to_owned(), subject, object, position: score.position, why });
    reasons
}
