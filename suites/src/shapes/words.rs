//! The words of the small world: shapes, colours, textures, numbers.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::SuitesError;

fn find<T: Copy>(all: &[T], word: fn(T) -> &'static str, what: &'static str, got: &str) -> Result<T, SuitesError> {
    all.iter().copied().find(|&value| word(value) == got).ok_or_else(|| SuitesError::UnknownWord {
        what,
        got: got.to_owned(),
        known: all.iter().map(|&value| word(value)).collect::<Vec<_>>().join(" "),
    })
}

/// A kind of object. Every shape touches all four sides of its square box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name is its own shape")]
pub enum Shape {
    Circle,
    Square,
    Triangle,
    Star,
    Cross,
    Heart,
}

impl Shape {
    /// All shapes, in a fixed order.
    pub const ALL: [Self; 6] = [Self::Circle, Self::Square, Self::Triangle, Self::Star, Self::Cross, Self::Heart];

    /// The noun, singular.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Circle => "circle",
            Self::Square => "square",
            Self::Triangle => "triangle",
            Self::Star => "star",
            Self::Cross => "cross",
            Self::Heart => "heart",
        }
    }

    /// The noun, plural.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Circle => "circles",
            Self::Square => "squares",
            Self::Triangle => "triangles",
            Self::Star => "stars",
            Self::Cross => "crosses",
            Self::Heart => "hearts",
        }
    }
}

impl FromStr for Shape {
    type Err = SuitesError;

    /// Accepts the singular and the plural.
    fn from_str(got: &str) -> Result<Self, SuitesError> {
        match Self::ALL.into_iter().find(|shape| shape.plural() == got) {
            Some(shape) => Ok(shape),
            None => find(&Self::ALL, Self::word, "shape", got),
        }
    }
}

/// An object's colour. Any two, and each and white, are more than 100 apart in RGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name is its own colour")]
pub enum Color {
    Red,
    Orange,
    Yellow,
    Green,
    Cyan,
    Blue,
    Purple,
    Black,
}

impl Color {
    /// All colours, in a fixed order.
    pub const ALL: [Self; 8] =
        [Self::Red, Self::Orange, Self::Yellow, Self::Green, Self::Cyan, Self::Blue, Self::Purple, Self::Black];

    /// The adjective.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Orange => "orange",
            Self::Yellow => "yellow",
            Self::Green => "green",
            Self::Cyan => "cyan",
            Self::Blue => "blue",
            Self::Purple => "purple",
            Self::Black => "black",
        }
    }

    /// The drawn value, 8-bit sRGB.
    pub const fn rgb(self) -> [u8; 3] {
        match self {
            Self::Red => [215, 20, 35],
            Self::Orange => [250, 125, 0],
            Self::Yellow => [250, 225, 20],
            Self::Green => [20, 155, 55],
            Self::Cyan => [0, 205, 225],
            Self::Blue => [25, 65, 225],
            Self::Purple => [150, 35, 185],
            Self::Black => [20, 20, 20],
        }
    }
}

impl FromStr for Color {
    type Err = SuitesError;

    fn from_str(got: &str) -> Result<Self, SuitesError> {
        find(&Self::ALL, Self::word, "color", got)
    }
}

/// An object's surface: its colour alone, or its colour in alternation with white.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Texture {
    /// One colour; no text ever says so.
    Plain,
    /// Horizontal stripes.
    Striped,
    /// White dots.
    Dotted,
    /// A chessboard.
    Checkered,
}

impl Texture {
    /// All textures, in a fixed order.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Striped, Self::Dotted, Self::Checkered];
    /// The textures that texts name.
    pub const NAMED: [Self; 3] = [Self::Striped, Self::Dotted, Self::Checkered];

    /// The adjective. `plain` occurs in no text.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Striped => "striped",
            Self::Dotted => "dotted",
            Self::Checkered => "checkered",
        }
    }
}

impl FromStr for Texture {
    type Err = SuitesError;

    fn from_str(got: &str) -> Result<Self, SuitesError> {
        find(&Self::ALL, Self::word, "texture", got)
    }
}

/// The most objects that a scene of a caption or prompt holds.
pub const MAX_OBJECTS: usize = 5;

pub(super) const NUMBERS: [&str; MAX_OBJECTS] = ["one", "two", "three", "four", "five"];

/// `one` to `five`; `many` outside, which no generated text contains.
pub fn number_word(count: u32) -> &'static str {
    (count as usize).checked_sub(1).and_then(|index| NUMBERS.get(index)).copied().unwrap_or("many")
}

/// The inverse of [`number_word`].
pub(super) fn number_of(word: &str) -> Option<u32> {
    NUMBERS.iter().position(|&number| number == word).map(|index| index as u32 + 1)
}

/// The article before `word`.
pub fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::super::{BACKGROUND, LIGHT, LINK};
    use super::*;

    #[test]
    fn colours_are_far_from_each_other_and_from_all_that_is_no_object() {
        let mut all: Vec<[u8; 3]> = Color::ALL.map(Color::rgb).to_vec();
        let square =
            |a: [u8; 3], b: [u8; 3]| a.iter().zip(b).map(|(&a, b)| (i32::from(a) - i32::from(b)).pow(2)).sum::<i32>();
        for other in [BACKGROUND, LIGHT, LINK] {
            assert!(all.iter().all(|&color| square(color, other) > 100 * 100), "{other:?}");
        }
        while let Some(one) = all.pop() {
            assert!(all.iter().all(|&other| square(one, other) > 100 * 100), "{one:?}");
        }
    }

    #[test]
    fn words_are_read_back() {
        for shape in Shape::ALL {
            assert_eq!(shape.word().parse(), Ok(shape));
            assert_eq!(shape.plural().parse(), Ok(shape));
        }
        assert!(Color::ALL.into_iter().all(|color| color.word().parse() == Ok(color)));
        assert!(Texture::ALL.into_iter().all(|texture| texture.word().parse() == Ok(texture)));
        assert!((1..=5).all(|count| number_of(number_word(count)) == Some(count)));
        assert!("hexagon".parse::<Shape>().is_err());
    }
}
