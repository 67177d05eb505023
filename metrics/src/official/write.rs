//! Writing what the scripts write.

use std::fs;
use std::path::{Path, PathBuf};

use super::answers::{Answer, Form, json};
use super::folder::Sample;
use super::python::json_string;
use super::results::{ResultFile, Scored};
use crate::error::{MetricError, Place};
use crate::file;

/// One question of `BLIP_vqa.py`, and what the network said.
#[derive(Clone, Debug, PartialEq)]
pub struct BlipQuestion {
    /// The noun phrase and a question mark; empty where the prompt has fewer phrases.
    pub question: String,
    /// Probability of yes. The script runs the network on an empty question too, and ignores what it says.
    pub yes: f64,
}

/// Writes `vqa_result.json`, the summary, and for UniDet 2D `mapping.json`. Returns the paths.
///
/// # Errors
/// An image has no score, or a file cannot be written.
pub fn write_results(root: &Path, file: ResultFile, scored: &[Scored<'_>]) -> Result<Vec<PathBuf>, MetricError> {
    let folder = root.join(file.folder());
    let incomplete = |why: String| MetricError::record(&folder, Place::File, why);
    let answers = file.answers(scored).map_err(|missing| {
        incomplete(format!("{missing} of {} images have no score, which no official result can say", scored.len()))
    })?;
    let summary = file.summary(&answers).ok_or_else(|| incomplete("there is no image".to_owned()))?;
    let mut written =
        vec![write(&folder, "vqa_result.json", &file.json(&answers))?, write(&folder, file.summary_name(), &summary)?];
    if file == ResultFile::Unidet2d {
        let entry = |image: &Scored<'_>| {
            format!("{{\"image\": {}, \"question_id\": {}}}", json_string(&image.sample.name), image.sample.number)
        };
        let mapping = format!("[{}]", scored.iter().map(entry).collect::<Vec<_>>().join(", "));
        written.push(write(&folder, "mapping.json", &mapping)?);
    }
    Ok(written)
}

/// Writes, for each phrase i from 1 on, `annotation{i}_blip/vqa_test.json` and the network's answers beside it.
/// `questions[k]` are those of `samples[k]`, as many as `--np_num` says. Returns the paths.
///
/// `vqa_test.json` names each image by `root`, `/samples/` and its file name, as the script does; the data set is always
/// `color` there.
///
/// # Errors
/// The lists have different lengths, or a file cannot be written.
pub fn write_blip_phrases(
    root: &Path,
    samples: &[Sample],
    questions: &[Vec<BlipQuestion>],
) -> Result<Vec<PathBuf>, MetricError> {
    let np_num = questions.first().map_or(0, Vec::len);
    if samples.len() != questions.len() || questions.iter().any(|of_image| of_image.len() != np_num) {
        let why = format!("{} images and {} lists of questions, not all of {np_num}", samples.len(), questions.len());
        return Err(MetricError::record(root, Place::File, why));
    }
    let mut written = Vec::new();
    for phrase in 0..np_num {
        let folder = root.join(format!("annotation{}_blip", phrase + 1));
        let test = samples.iter().enumerate().map(|(id, sample)| {
            let image = format!("{}/samples/{}", root.display(), sample.name);
            let question = &questions[id][phrase].question;
            format!(
                "{{\"image\": {}, \"question_id\": {id}, \"question\": {}, \"dataset\": \"color\"}}",
                json_string(&image),
                json_string(question)
            )
        });
        let test = format!("[{}]", test.collect::<Vec<_>>().join(", "));
        written.push(write(&folder, "vqa_test.json", &test)?);
        let answer = |(id, of_image): (usize, &Vec<BlipQuestion>)| Answer {
            question_id: id as u64,
            answer: of_image[phrase].yes,
        };
        let answers: Vec<Answer> = questions.iter().enumerate().map(answer).collect();
        let text = json(&answers, Form::FourDecimals);
        written.push(write(&folder.join("VQA/result"), "vqa_result.json", &text)?);
    }
    Ok(written)
}

/// Returns where it is.
fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf, MetricError> {
    let path = folder.join(name);
    let failed = |source| MetricError::io(&path, "write", source);
    fs::create_dir_all(folder).map_err(failed)?;
    file::write(&path, text.as_bytes()).map_err(failed)?;
    Ok(path)
}
