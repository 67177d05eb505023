//! The pictures, drawn by code.

use gentron_suites::{Suite, shapes};
use image::{Rgb, RgbImage};

/// A picture and what is asked about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Short, for messages.
    pub name: &'static str,
    /// What is shown.
    pub image: RgbImage,
    /// What the question-answerer is asked: phrases of the small world's grammar, right and wrong ones.
    pub phrases: Vec<String>,
    /// What the image is compared with.
    pub text: String,
}

/// Draws a scene of four categories of the shapes suite, and a picture of no object that is not square: it shows whether
/// an image is resized, cropped and normalised as before.
#[must_use]
pub fn pictures() -> Vec<Picture> {
    let suite = shapes::suite();
    let scene = |name: &'static str| {
        let prompt = suite.prompts().iter().find(|prompt| prompt.category == name)?;
        let image = shapes::render(&shapes::scene_for(prompt, 1));
        let mut phrases = prompt.annotation.phrases.clone();
        phrases.push("a red circle".to_owned());
        Some(Picture { name, image, phrases, text: prompt.text.clone() })
    };
    let scenes = ["color", "texture", "2d_spatial", "numeracy"].into_iter().filter_map(scene);
    let waves = Picture {
        name: "waves",
        image: RgbImage::from_fn(96, 72, |x, y| {
            Rgb([(7 * x + 3 * y) as u8, (x * y) as u8, ((x * x + 5 * y) / 3) as u8])
        }),
        phrases: vec!["a red circle".to_owned(), "a blue square".to_owned()],
        text: "waves of many colors".to_owned(),
    };
    scenes.chain([waves]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_five_are_drawn_and_none_is_uniform() {
        let drawn = pictures();
        assert_eq!(drawn.len(), 5);
        assert!(drawn.iter().all(|picture| picture.image.pixels().any(|pixel| pixel != picture.image.get_pixel(0, 0))));
    }
}
