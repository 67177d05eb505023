//! Pictures, clips and texts of the suite `shapes` as training data.

use gentron_model::train::{ClipExample, Exam, Example, Source};
use gentron_suites::shapes::{self, Form};

use super::exam::ShapesExam;

/// Pairs, clips and documents of the suite `shapes`, and its exam.
#[derive(Default)]
pub struct ShapesSource {
    exam: ShapesExam,
}

impl Source for ShapesSource {
    fn id(&self) -> String {
        "shapes 1".to_owned()
    }

    fn example(&self, seed: u64, index: u64) -> Example {
        let pair = shapes::training_pair(seed, index);
        Example { image: pair.image, caption: pair.caption }
    }

    fn kinds(&self) -> Vec<String> {
        Form::ALL.map(|form| form.category().to_owned()).to_vec()
    }

    fn example_of(&self, kind: &str, seed: u64, index: u64) -> Example {
        let form = Form::ALL.into_iter().find(|form| form.category() == kind);
        let Some(form) = form else { return self.example(seed, index) };
        let pair = shapes::training_pair_of(form, seed, index);
        Example { image: pair.image, caption: pair.caption }
    }

    fn hard_negative(&self, seed: u64, index: u64) -> Option<String> {
        shapes::hard_negative(seed, index)
    }

    fn document(&self, seed: u64, index: u64) -> String {
        shapes::training_document(seed, index)
    }

    fn vocabulary(&self) -> Vec<String> {
        shapes::vocabulary()
    }

    fn clip_vocabulary(&self) -> Vec<String> {
        shapes::motion::motion_vocabulary()
    }

    fn clip(&self, seed: u64, index: u64) -> Option<ClipExample> {
        let shapes::motion::ClipPair { frames, caption, .. } = shapes::motion::training_clip(seed, index);
        Some(ClipExample { frames, caption })
    }

    fn exam(&self) -> Option<&dyn Exam> {
        Some(&self.exam)
    }
}
