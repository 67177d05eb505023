//! Named sizes, and the paper's ledger of them.

use super::config::{Conditioning, GenTronConfig, TextSource};
use crate::checkpoint::{Parameter, outline};
use candle_core::Result;

/// A text source of a preset, by value where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedSource {
    /// Registry key.
    pub name: &'static str,
    /// Channels of tokens and of the pooled text, which are equal for the encoders listed here.
    pub width: usize,
}

/// CLIP ViT-L's text tower.
pub const CLIP_L: NamedSource = NamedSource { name: "clip-l", width: 768 };
/// Flan-T5-XXL's encoder.
pub const FLAN_T5_XXL: NamedSource = NamedSource { name: "flan-t5-xxl", width: 4096 };
/// The small world's CLIP.
pub const CLIP_SHAPES: NamedSource = NamedSource { name: "clip-shapes", width: 128 };
/// The small world's T5.
pub const T5_SHAPES: NamedSource = NamedSource { name: "t5-shapes", width: 128 };

impl From<NamedSource> for TextSource {
    fn from(source: NamedSource) -> Self {
        Self { name: source.name.into(), width: source.width, pooled_width: source.width }
    }
}

/// A size of GenTron under its registry key.
#[derive(Clone, Debug)]
pub struct Preset {
    /// What the user types and a table prints.
    pub name: &'static str,
    /// Cross-attention with both encoders interleaved, which is what the paper's table 1 most likely counts.
    pub config: GenTronConfig,
    /// The paper's parameter count in millions (table 1), where the paper has this size.
    pub paper_millions: Option<f64>,
}

/// All presets, by size within their world.
pub fn presets() -> Vec<Preset> {
    let full = |name, depth, hidden_size, paper| Preset {
        name,
        config: GenTronConfig {
            depth,
            hidden_size,
            text: vec![CLIP_L.into(), FLAN_T5_XXL.into()],
            ..GenTronConfig::default()
        },
        paper_millions: Some(paper),
    };
    let shapes = |name, depth, hidden_size, num_heads| Preset {
        name,
        config: GenTronConfig {
            latent_size: 8,
            in_channels: 8,
            depth,
            hidden_size,
            num_heads,
            text: vec![CLIP_SHAPES.into(), T5_SHAPES.into()],
            ..GenTronConfig::default()
        },
        paper_millions: None,
    };
    vec![
        // Heads: not in the paper's table 1; 16 as in DiT-XL and the unofficial re-implementation. Ours.
        full("gentron-xl/2", 28, 1152, 930.0),
        full("gentron-g/2", 48, 1664, 3083.8),
        shapes("gentron-shapes-s/2", 4, 96, 3),
        shapes("gentron-shapes/2", 6, 160, 5),
        shapes("gentron-shapes-l/2", 8, 192, 6),
    ]
}

impl Preset {
    /// The preset of a registry key.
    pub fn find(name: &str) -> Option<Self> {
        presets().into_iter().find(|preset| preset.name == name)
    }
}

impl GenTronConfig {
    /// Exact number of parameters, counted by building the network on a builder that allocates nothing.
    ///
    /// # Errors
    /// Where the configuration contradicts itself.
    pub fn parameter_count(&self) -> Result<u64> {
        let parameters = outline(|vb| super::GenTron::new(vb, self))?;
        Ok(parameters.iter().map(Parameter::elements).sum())
    }

    /// This size with another way of conditioning and other encoders.
    pub fn with(&self, conditioning: Conditioning, text: Vec<TextSource>) -> Self {
        Self { conditioning, text, ..self.clone() }
    }
}
