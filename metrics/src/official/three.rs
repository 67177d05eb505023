//! `3_in_1.py`, which reads the results of three other scripts.

use std::path::Path;

use gentron_suites::ComplexKind;

use super::answers::{Answer, read_answers};
use super::results::ResultFile;
use crate::error::{MetricError, Place};
use crate::formulas::three_in_one;

/// How many images of each prompt the script takes for granted.
pub const IMAGES_A_PROMPT: usize = 10;

/// The 3-in-1 of a folder that holds the results of BLIP-VQA, UniDet 2D and CLIPScore, these two run with `--complex`.
///
/// `kinds` are those of the prompts in the order of `complex_val.txt`. As officially, images and prompts are matched by
/// position alone, [`IMAGES_A_PROMPT`] a prompt.
///
/// # Errors
/// A result file cannot be read, or has another number of answers than ten for each prompt.
pub fn three_in_one_of_folder(root: &Path, kinds: &[ComplexKind]) -> Result<Vec<Answer>, MetricError> {
    let expected = kinds.len() * IMAGES_A_PROMPT;
    let read = |file: ResultFile| {
        let path = root.join(file.folder()).join("vqa_result.json");
        let answers = read_answers(&path)?;
        if answers.len() != expected {
            let why = format!(
                "{} answers; {} prompts of {IMAGES_A_PROMPT} images have {expected}",
                answers.len(),
                kinds.len()
            );
            return Err(MetricError::record(&path, Place::File, why));
        }
        Ok(answers)
    };
    let (attribute, spatial, clip) = (read(ResultFile::BlipVqa)?, read(ResultFile::Unidet2d)?, read(ResultFile::Clip)?);
    let score = |i: usize| Answer {
        question_id: i as u64,
        answer: three_in_one(kinds[i / IMAGES_A_PROMPT], attribute[i].answer, spatial[i].answer, clip[i].answer),
    };
    Ok((0..expected).map(score).collect())
}
