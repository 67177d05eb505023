use super::*;
use crate::shapes::{CANVAS, tokens, vocabulary};
use crate::{Split, Suite};

fn on_canvas(clip: &Clip) -> bool {
    (0..FRAMES).flat_map(|frame| clip.scene(frame).objects).all(|object| {
        let [x1, y1, x2, y2] = object.bbox();
        x1 >= 0.0 && y1 >= 0.0 && x2 <= CANVAS as f32 && y2 <= CANVAS as f32
    })
}

#[test]
fn training_clips_show_every_motion_and_nothing_that_is_held_out() {
    let mut seen = std::collections::BTreeMap::new();
    for index in 0..2000 {
        let ClipPair { frames, caption, clip } = training_clip(7, index);
        assert_eq!(frames.len(), FRAMES);
        assert!(on_canvas(&clip), "{caption}");
        assert!(!clip.scene(0).is_held_out(), "{caption}");
        assert!(caption.contains("while") || clip.actors.len() == caption.matches(" and ").count() + 1, "{caption}");
        clip.actors.iter().for_each(|actor| *seen.entry(actor.motion).or_insert(0) += 1);
    }
    assert!(Motion::ALL.iter().all(|motion| seen[motion] > 200), "{seen:?}");
    let again = |index| training_clip(7, index).frames;
    assert_eq!(again(3), again(3));
    assert_ne!(again(3), again(4));
}

#[test]
fn the_words_of_clips_are_those_of_pictures_and_a_few_more() {
    let (known, new) = (vocabulary(), motion_vocabulary());
    assert!(new.is_sorted() && new.iter().all(|word| !known.contains(word)));
    let mut used = std::collections::BTreeSet::new();
    for index in 0..4000 {
        let caption = training_clip(1, index).caption;
        for token in tokens(&caption) {
            let token = token.to_owned();
            assert!(known.contains(&token) || new.contains(&token), "{token} in {caption}");
            used.insert(token);
        }
    }
    assert!(new.iter().all(|word| used.contains(word)), "{new:?} without {used:?}");
}

#[test]
fn objects_move_as_their_motion_says_and_never_meet() {
    for index in 0..1000 {
        let clip = training_clip(3, index).clip;
        for actor in &clip.actors {
            let [first, last] = [actor.at(0), actor.at(FRAMES - 1)];
            let [dx, dy] = [last.center[0] - first.center[0], last.center[1] - first.center[1]];
            let growth = last.size / first.size;
            let turned = last.turn - first.turn;
            let (x, y, scale, turn) = match actor.motion {
                Motion::Still => (0.0, 0.0, 1.0, 0.0),
                Motion::Left => (-1.0, 0.0, 1.0, 0.0),
                Motion::Right => (1.0, 0.0, 1.0, 0.0),
                Motion::Up => (0.0, -1.0, 1.0, 0.0),
                Motion::Down => (0.0, 1.0, 1.0, 0.0),
                Motion::Grow => (0.0, 0.0, 2.0, 0.0),
                Motion::Shrink => (0.0, 0.0, 0.5, 0.0),
                Motion::Turn => (0.0, 0.0, 1.0, 56.0),
            };
            assert!((growth - scale).abs() < 1e-4 && (turned - turn).abs() < 1e-3, "{actor:?}");
            for (moved, sign) in [(dx, x), (dy, y)] {
                let ok = if sign == 0.0 { moved == 0.0 } else { (17.0..=29.0).contains(&(moved * sign)) };
                assert!(ok, "{actor:?}");
            }
        }
        if let [one, other] = &clip.actors[..] {
            for frame in 0..FRAMES {
                let [a, b] = [one.at(frame).bbox(), other.at(frame).bbox()];
                assert!(a[2] < b[0] || b[2] < a[0] || a[3] < b[1] || b[3] < a[1], "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn evaluation_prompts_can_be_shown_and_are_split_rightly() {
    let suite = suite();
    assert_eq!(suite.prompts().len(), 5 * 20);
    for prompt in suite.prompts() {
        let clip = clip_for(prompt, 5);
        assert_eq!(clip.actors.len(), prompt.annotation.motions.len(), "{}", prompt.text);
        assert!(on_canvas(&clip));
        let motions = clip.actors.iter().map(|actor| actor.motion);
        assert!(motions.eq(prompt.annotation.motions.iter().map(|moving| moving.motion)));
        assert_eq!(clip.scene(0).is_held_out(), prompt.split == Split::Unseen, "{}", prompt.text);
    }
    assert_eq!(suite.prompts()[0].text.split(' ').filter(|word| *word == "moving").count(), 1);
}

#[test]
fn a_turned_shape_covers_as_much_and_other_pixels() {
    use crate::shapes::{Color, Object, Scene, Shape, Texture, render};
    for shape in [Shape::Square, Shape::Triangle, Shape::Star, Shape::Cross, Shape::Heart] {
        let ink = |turn: f32| {
            let object =
                Object { shape, color: Color::Black, texture: Texture::Plain, center: [32.0; 2], size: 24.0, turn };
            let image = render(&Scene { objects: vec![object], links: vec![] });
            (image.pixels().map(|pixel| f64::from(240 - pixel.0[0])).sum::<f64>(), image)
        };
        let ((straight, a), (turned, b)) = (ink(0.0), ink(33.0));
        assert!((turned / straight - 1.0).abs() < 0.03, "{shape:?}: {straight} and {turned}");
        assert_ne!(a, b);
    }
}
