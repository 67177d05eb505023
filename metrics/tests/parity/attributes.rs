//! Products of phrase probabilities, as strings.

use gentron_metrics::formulas::b_vqa;
use serde::Deserialize;

use crate::goldens::{self, Answer};

#[derive(Deserialize)]
struct Golden {
    np_num: usize,
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
        let mut total = 0.0;
        for image in &golden.images {
            let asked = image.questions.iter().zip(&image.synthetic_prob).filter(|(question, _)| !question.is_empty());
            let probabilities: Vec<f64> =
                asked.map(|(_, p)| p.parse().unwrap_or_else(|e| panic!("{p:?}: {e}"))).collect();
            let product = b_vqa(&probabilities, golden.np_num);
            assert_eq!(format!("{product:.4}"), image.official.answer, "{name}, {:?}", image.image);
            total += product;
        }
        // The same sum in the same order: the printed average is exact to the last bit.
        let average = total / golden.images.len() as f64;
        assert_eq!(average, goldens::printed_average(&golden.official_text), "{name}");
    }
}
