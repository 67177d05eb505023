//! Questions, and products of phrase probabilities as strings.

use gentron_metrics::formulas::b_vqa;
use gentron_metrics::official::{Answer as OfficialAnswer, ResultFile};
use serde::Deserialize;

use crate::goldens::{self, Answer};

#[derive(Deserialize)]
struct Golden {
    np_num: usize,
    spacy_model: Option<String>,
    official_text: String,
    images: Vec<Image>,
}

#[derive(Deserialize)]
struct Image {
    image: String,
    questions: Vec<String>,
    synthetic_prob: Vec<String>,
    official: Answer<String>,
}

#[test]
fn parity_of_b_vqa() {
    for (name, golden) in goldens::read_all::<Golden>("blip_vqa_", "_val.json") {
        let mut answers = Vec::new();
        for image in &golden.images {
            let asked = image.questions.iter().zip(&image.synthetic_prob).filter(|(question, _)| !question.is_empty());
            let probabilities: Vec<f64> =
                asked.map(|(_, p)| p.parse().unwrap_or_else(|e| panic!("{p:?}: {e}"))).collect();
            let product = b_vqa(&probabilities, golden.np_num);
            assert_eq!(format!("{product:.4}"), image.official.answer, "{name}, {:?}", image.image);
            answers.push(OfficialAnswer { question_id: answers.len() as u64, answer: product });
        }
        // The same sum in the same order: the printed average is exact to the last digit.
        assert_eq!(ResultFile::BlipVqa.summary(&answers).as_ref(), Some(&golden.official_text), "{name}");
    }
}

#[test]
fn parity_of_questions() {
    for (name, golden) in goldens::read_all::<Golden>("blip_vqa_", "_val.json") {
        for image in &golden.images {
            let prompt = image.image.split('_').next().unwrap_or_default();
            let parse = goldens::parse(prompt, golden.spacy_model.as_deref());
            let mut questions: Vec<String> = parse.phrases().into_iter().map(|phrase| format!("{phrase}?")).collect();
            questions.resize(golden.np_num, String::new());
            assert_eq!(questions, image.questions, "{name}, {prompt:?}");
        }
    }
}
