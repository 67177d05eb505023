//! What the exact perception says of pictures that are drawn for the purpose.

#[path = "shapes/pictures.rs"]
mod pictures;

use gentron_metrics::shapes::ShapesPerception;
use gentron_metrics::{Detector, MetricError, Vqa};
use gentron_suites::Suite;
use gentron_suites::shapes::{Color, Object, Scene, Shape, Texture, render, suite, training_pair, truth};
use image::{Rgb, RgbImage};
use pictures::{Spoil, spoilt};

fn object(shape: Shape, color: Color, texture: Texture, x: f32, y: f32, size: f32) -> Object {
    Object { shape, color, texture, center: [x, y], size, turn: 0.0 }
}

fn picture(objects: Vec<Object>) -> RgbImage {
    render(&Scene { objects, links: Vec::new() })
}

fn yes(image: &RgbImage, phrase: &str) -> f64 {
    ShapesPerception::new().answer(image, phrase).unwrap_or_else(|e| panic!("{e}")).yes
}

#[test]
fn every_combination_of_attributes_is_read_and_no_other() {
    for shape in Shape::ALL {
        for color in Color::ALL {
            for texture in Texture::ALL {
                let image = picture(vec![object(shape, color, texture, 31.0, 33.0, 22.0)]);
                for other in Color::ALL {
                    let p = yes(&image, &format!("a {} {}", other.word(), shape.word()));
                    assert!(
                        if other == color { p >= 0.9975 } else { p <= 0.01 },
                        "{color:?} {shape:?} as {other:?}: {p}"
                    );
                }
                for other in Shape::ALL {
                    let p = yes(&image, &format!("a {} {}", color.word(), other.word()));
                    assert!(if other == shape { p >= 0.9975 } else { p <= 0.01 }, "{shape:?} as {other:?}: {p}");
                }
                for other in Texture::NAMED {
                    let p = yes(&image, &format!("a {} {}", other.word(), shape.word()));
                    let right = if other == texture { p >= 0.9975 } else { p <= 0.01 };
                    assert!(right, "{texture:?} {shape:?} as {other:?}: {p}");
                }
            }
        }
    }
}

#[test]
fn reasons_say_what_is_there_instead() {
    let image = picture(vec![object(Shape::Circle, Color::Blue, Texture::Plain, 12.0, 30.0, 20.0)]);
    let why = |phrase| ShapesPerception::new().answer(&image, phrase).map(|answer| answer.why).unwrap_or_default();
    assert_eq!(why("a blue circle"), "found a blue circle at 12,30");
    assert_eq!(why("a red circle"), "found a blue circle at 12,30; no red one");
    assert_eq!(why("a striped red circle"), "found a blue circle at 12,30; no striped red one");
    assert_eq!(why("a heart"), "found no heart, only a blue circle at 12,30");
    assert_eq!(why("a heart inside a blue circle"), "did not find a heart");
}

#[test]
fn numbers_are_exact() {
    let place = |i: usize| object(Shape::Star, Color::Green, Texture::Plain, 12.0 + 20.0 * i as f32, 30.0, 16.0);
    let image = picture((0..3).map(place).collect());
    assert!(yes(&image, "three stars") > 0.99);
    assert!(yes(&image, "two stars") < 0.01);
    assert!(yes(&image, "four green stars") < 0.01);
    assert!(yes(&image, "a star") > 0.99);
}

#[test]
fn what_is_behind_is_completed_and_what_is_in_front_is_nearer() {
    let back = object(Shape::Square, Color::Blue, Texture::Plain, 32.0, 32.0, 40.0);
    let front = object(Shape::Star, Color::Red, Texture::Plain, 33.0, 31.0, 31.0);
    let found = ShapesPerception::new().detect(&picture(vec![back.clone(), front.clone()])).unwrap_or_default();
    let of = |label: &str| found.boxes.iter().find(|b| b.label == label).map(|b| b.bbox).unwrap_or_default();
    for (label, object) in [("square", &back), ("star", &front)] {
        let off = of(label).iter().zip(object.bbox()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off <= 0.5, "{label}: {off}");
    }
    let depth = found.depth.unwrap_or_else(|| panic!("no depth"));
    let at = |x: usize, y: usize| depth.values[y * 64 + x];
    assert!(at(2, 2) == 0.0 && at(14, 14) > 0.0 && at(32, 32) > at(14, 14));
}

#[test]
fn actions_hold_only_between_those_who_do_them() {
    let square = |x| object(Shape::Square, Color::Red, Texture::Plain, x, 32.0, 20.0);
    let circle = |x| object(Shape::Circle, Color::Blue, Texture::Plain, x, 32.0, 20.0);
    let apart = picture(vec![square(15.0), circle(38.0)]);
    let close = picture(vec![square(15.0), circle(34.5)]);
    let linked = |links| render(&Scene { objects: vec![square(15.0), circle(48.0)], links });
    assert!(yes(&apart, "a square touching a circle") < 0.01);
    assert!(yes(&close, "a square touching a circle") > 0.99);
    assert!(yes(&close, "a circle connected to a square by a line") < 0.01);
    assert!(yes(&linked(vec![(0, 1)]), "a circle connected to a square by a line") > 0.99);
    assert!(yes(&linked(Vec::new()), "a circle connected to a square by a line") < 0.01);
    let container = object(Shape::Square, Color::Red, Texture::Dotted, 32.0, 32.0, 50.0);
    let inner = object(Shape::Circle, Color::Blue, Texture::Plain, 30.0, 34.0, 16.0);
    let nested = picture(vec![container, inner]);
    assert!(yes(&nested, "a blue circle inside a dotted red square") > 0.99);
    assert!(yes(&nested, "a red square inside a blue circle") < 0.01);
    assert!(yes(&nested, "a blue circle touching a red square") < 0.01);
}

#[test]
fn a_blotch_is_not_a_sure_object() {
    // A pinwheel of three lobes.
    let image = RgbImage::from_fn(64, 64, |x, y| {
        let (dx, dy) = (x as f32 - 31.5, y as f32 - 31.5);
        let radius = 11.0 + 5.0 * (3.0 * dy.atan2(dx) + 0.6).cos() + 2.0 * (5.0 * dy.atan2(dx)).sin();
        Rgb(if dx.hypot(dy) < radius { Color::Green.rgb() } else { [240, 240, 236] })
    });
    let found = ShapesPerception::new().detect(&image).unwrap_or_default();
    assert!(found.boxes.iter().all(|b| b.score < 0.5), "{found:?}");
}

#[test]
fn a_shape_in_two_colours_is_a_shape_of_undecided_colour() {
    let mut image = picture(vec![object(Shape::Square, Color::Red, Texture::Plain, 32.0, 32.0, 24.0)]);
    for pixel in image.enumerate_pixels_mut().filter(|(x, _, p)| *x >= 32 && p.0 == Color::Red.rgb()) {
        *pixel.2 = Rgb(Color::Blue.rgb());
    }
    assert!(yes(&image, "a square") > 0.9);
    for phrase in ["a red square", "a blue square"] {
        assert!((0.2..0.8).contains(&yes(&image, phrase)), "{phrase}: {}", yes(&image, phrase));
    }
}

#[test]
fn unknown_words_are_errors_that_name_them() {
    let image = picture(Vec::new());
    let error = ShapesPerception::new().answer(&image, "a pink zebra").map(|answer| answer.yes);
    assert!(matches!(error, Err(MetricError::UnknownWords { words, .. }) if words == ["pink", "zebra"]));
}

#[test]
fn an_empty_picture_has_nothing_and_no_pixels_are_an_error() {
    let eyes = ShapesPerception::new();
    assert_eq!(eyes.detect(&picture(Vec::new())).map(|found| found.boxes.len()).ok(), Some(0));
    assert_eq!(yes(&picture(Vec::new()), "a circle"), 0.0);
    assert!(matches!(eyes.detect(&RgbImage::new(0, 5)), Err(MetricError::ImageSize { .. })));
}

#[test]
fn pictures_of_other_sizes_are_read_in_their_own_pixels() {
    let small = picture(vec![object(Shape::Heart, Color::Purple, Texture::Plain, 20.0, 40.0, 24.0)]);
    let large = image::imageops::resize(&small, 256, 192, image::imageops::FilterType::CatmullRom);
    let found = ShapesPerception::new().detect(&large).unwrap_or_default();
    let heart = &found.boxes[0];
    assert_eq!(heart.label, "heart");
    let wanted = [8.0 * 4.0, 28.0 * 3.0, 32.0 * 4.0, 52.0 * 3.0];
    assert!(heart.bbox.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= 4.0), "{heart:?}");
    assert_eq!(found.depth.map(|d| (d.width, d.height)), Some((256, 192)));
}

#[test]
fn scores_are_probabilities_on_any_picture_and_repeat_to_the_bit() {
    for seed in 0..40_u64 {
        let block = 1 + seed as u32 % 9;
        let noise = RgbImage::from_fn(64, 64, |x, y| {
            let cell = u64::from(x / block) * 8191 + u64::from(y / block) + seed * 131_071;
            let hash = cell.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            Rgb([hash as u8, (hash >> 8) as u8, (hash >> 16) as u8])
        });
        let found = ShapesPerception::new().detect(&noise).unwrap_or_default();
        assert!(found.boxes.iter().all(|b| (0.0..=1.0).contains(&b.score)));
        assert!(found.boxes.windows(2).all(|pair| pair[0].score >= pair[1].score));
        assert_eq!(ShapesPerception::new().detect(&noise).ok(), Some(found));
        assert!((0.0..=1.0).contains(&yes(&noise, "two striped red circles")));
    }
}

#[test]
fn training_pictures_are_read_as_they_were_drawn() {
    let eyes = ShapesPerception::new();
    let (mut objects, mut right, mut pictures, mut whole) = (0, 0, 0, 0);
    for index in 0..400 {
        let pair = training_pair(11, index);
        let image = spoilt(&pair.image, Spoil { blur: 0, noise: 2.0 }, index);
        let found = eyes.detect(&image).unwrap_or_default();
        let seen = |o: &gentron_suites::shapes::TrueObject| {
            let attributes = [o.color.word(), o.texture.word()];
            let near = |b: [f32; 4]| b.iter().zip(o.bbox).all(|(a, b)| (a - b).abs() <= 1.5);
            found.boxes.iter().any(|b| b.label == o.shape.word() && b.attributes == attributes && near(b.bbox))
        };
        let truth = truth(&pair.scene);
        let good = truth.iter().filter(|&o| seen(o)).count();
        (objects, right) = (objects + truth.len(), right + good);
        (pictures, whole) = (pictures + 1, whole + usize::from(good == truth.len() && found.boxes.len() == good));
    }
    println!("{right} of {objects} objects, {whole} of {pictures} pictures read without a mistake");
    assert!(right * 1000 >= objects * 995 && whole * 100 >= pictures * 98);
}

#[test]
fn every_phrase_of_the_suite_can_be_read() {
    let eyes = ShapesPerception::new();
    let blank = picture(Vec::new());
    for prompt in suite().prompts() {
        for phrase in &prompt.annotation.phrases {
            assert!(eyes.answer(&blank, phrase).is_ok(), "{phrase}");
        }
    }
}
