//! What a text says, before it is worded and before it is drawn.

use serde::{Deserialize, Serialize};

use super::{Color, Shape, Texture};
use crate::{ActionKind, ComplexKind, RelationKind};

/// The kinds of text: T2I-CompBench's eight categories, and single objects, which only training has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// One object.
    Single,
    /// Two objects with colours.
    Color,
    /// Two or three different shapes.
    Shape,
    /// Two objects with textures.
    Texture,
    /// Two objects side by side or one above the other.
    #[serde(rename = "2d_spatial")]
    Spatial2d,
    /// Two objects, one of which hides a part of the other.
    #[serde(rename = "3d_spatial")]
    Spatial3d,
    /// Up to five objects, counted.
    Numeracy,
    /// Two objects that do something to each other.
    NonSpatial,
    /// Three to five objects with attributes and relations.
    Complex,
}

impl Form {
    /// All forms of training captions.
    pub const ALL: [Self; 9] = [
        Self::Single,
        Self::Color,
        Self::Shape,
        Self::Texture,
        Self::Spatial2d,
        Self::Spatial3d,
        Self::Numeracy,
        Self::NonSpatial,
        Self::Complex,
    ];
    /// The forms of evaluation prompts, in the order of the evaluation set.
    pub const CATEGORIES: [Self; 8] = [
        Self::Color,
        Self::Shape,
        Self::Texture,
        Self::Spatial2d,
        Self::Spatial3d,
        Self::Numeracy,
        Self::NonSpatial,
        Self::Complex,
    ];

    /// The category's name in T2I-CompBench's spelling.
    pub const fn category(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Color => "color",
            Self::Shape => "shape",
            Self::Texture => "texture",
            Self::Spatial2d => "2d_spatial",
            Self::Spatial3d => "3d_spatial",
            Self::Numeracy => "numeracy",
            Self::NonSpatial => "non_spatial",
            Self::Complex => "complex",
        }
    }
}

/// One noun phrase: a number of equal objects, with the attributes that are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    /// The noun.
    pub shape: Shape,
    /// The colour, where it is said.
    pub color: Option<Color>,
    /// The texture, where it is said.
    pub texture: Option<Texture>,
    /// How many.
    pub count: u32,
}

impl Thing {
    /// One object, of which only the shape is said.
    pub fn new(shape: Shape) -> Self {
        Self { shape, color: None, texture: None, count: 1 }
    }
}

/// What a text says. Indices point into `things`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The kind of text.
    pub form: Form,
    /// The noun phrases in the order of the official wording.
    pub things: Vec<Thing>,
    /// Subject, where it is, object.
    pub relation: Option<(usize, RelationKind, usize)>,
    /// Subject, what it does, object.
    pub action: Option<(usize, ActionKind, usize)>,
}

impl Description {
    /// How many objects the text asks for.
    pub fn objects(&self) -> u32 {
        self.things.iter().map(|thing| thing.count).sum()
    }

    /// Which of the three groups of complex prompts this is; `None` for other forms.
    pub fn complex(&self) -> Option<ComplexKind> {
        match (self.form, self.relation, self.action) {
            (Form::Complex, Some(_), Some(_)) => Some(ComplexKind::SpatialAction),
            (Form::Complex, None, Some(_)) => Some(ComplexKind::Action),
            (Form::Complex, _, None) => Some(ComplexKind::Spatial),
            _ => None,
        }
    }
}
