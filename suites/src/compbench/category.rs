//! The names of categories and lists.

use serde::{Deserialize, Serialize};

use crate::phrases::SpacyModel;

/// A category, in the order of the paper's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name is its own category")]
pub enum Category {
    Color,
    Shape,
    Texture,
    Spatial,
    #[serde(rename = "3d_spatial")]
    Spatial3d,
    Numeracy,
    NonSpatial,
    Complex,
}

impl Category {
    /// All eight.
    pub const ALL: [Self; 8] = [
        Self::Color,
        Self::Shape,
        Self::Texture,
        Self::Spatial,
        Self::Spatial3d,
        Self::Numeracy,
        Self::NonSpatial,
        Self::Complex,
    ];

    /// As the file names begin, and as [`Prompt::category`](crate::Prompt::category) has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Color => "color",
            Self::Shape => "shape",
            Self::Texture => "texture",
            Self::Spatial => "spatial",
            Self::Spatial3d => "3d_spatial",
            Self::Numeracy => "numeracy",
            Self::NonSpatial => "non_spatial",
            Self::Complex => "complex",
        }
    }

    /// Category and the rest of an official file's name, such as `_val_seen`.
    pub(super) fn of_file(stem: &str) -> Option<(Self, &str)> {
        let rest_of = |category: &Self| Some((*category, stem.strip_prefix(category.name())?));
        let old_name = || Some((Self::NonSpatial, stem.strip_prefix("action")?));
        Self::ALL.iter().find_map(rest_of).or_else(old_name)
    }
}

/// Which prompts of each category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// The 300 of evaluation: what published scores are of.
    #[default]
    Val,
    /// The same with `color_val.txt` as it was before 2025-09-03, when five of its prompts were duplicates: what all
    /// scores published until then are of.
    ValBefore2025,
    /// The 700 of training.
    Train,
    /// The files without a suffix. `color.txt` is not the union of the two others.
    All,
}

impl List {
    /// The suite's registry key.
    pub fn suite(self) -> &'static str {
        match self {
            Self::Val => "t2i-compbench",
            Self::ValBefore2025 => "t2i-compbench-before-2025",
            Self::Train => "t2i-compbench-train",
            Self::All => "t2i-compbench-all",
        }
    }

    /// The registry key of the same list with phrases by a spaCy model. Scores under two models are of two protocols, so
    /// that each has a key; the default model's is [`Self::suite`].
    pub fn suite_of(self, model: SpacyModel) -> String {
        if model == SpacyModel::default() {
            return self.suite().to_owned();
        }
        format!("{}-spacy-{}", self.suite(), model.version())
    }

    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Val | Self::ValBefore2025 => "_val",
            Self::Train => "_train",
            Self::All => "",
        }
    }
}
