//! What arms are drawn from, besides the recipe and the prompts: places on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use gentron_model::pipeline::EmbeddingCache;
use serde::{Deserialize, Serialize};

use crate::recipe::schema::Recipe;
use crate::recipe::{GeneratorKind, Patience};

/// Where what is drawn comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The weights folder, where one is needed or there.
    pub weights: Option<PathBuf>,
    /// By arm, for those that are drawn outside of this program.
    pub outside: BTreeMap<String, Outside>,
    /// Where text embeddings are kept; nowhere where they are cheap.
    pub embeddings: Option<EmbeddingCache>,
}

/// Where an arm that is drawn outside of this program comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// The import's folder, or the one that the program runs in; absolute.
    pub folder: PathBuf,
    /// How a program is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<Patience>,
}

impl Sources {
    /// The weights folder.
    ///
    /// # Errors
    /// There is none.
    pub fn weights(&self) -> anyhow::Result<&Path> {
        self.weights.as_deref().context("no weights folder")
    }

    /// The place of an arm that is drawn outside.
    ///
    /// # Errors
    /// The arm has none.
    pub fn outside(&self, arm: &str) -> anyhow::Result<&Outside> {
        self.outside.get(arm).with_context(|| format!("the arm {arm} has no place"))
    }
}

/// The places of a recipe's arms; its relative paths start from `folder`.
pub fn outside(recipe: &Recipe, folder: Option<&Path>) -> BTreeMap<String, Outside> {
    let start = folder.unwrap_or(Path::new("."));
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let place = |arm: &crate::recipe::schema::Arm| {
        let (folder, patience) = match arm.generator {
            GeneratorKind::Import => (start.join(arm.images.as_deref()?), None),
            GeneratorKind::Command => (start.to_owned(), Some(arm.command.as_ref()?.patience())),
            _ => return None,
        };
        Some((arm.name.clone(), Outside { folder: absolute(&folder), patience }))
    };
    recipe.arms.iter().filter_map(place).collect()
}
