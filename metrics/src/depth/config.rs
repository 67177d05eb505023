//! Sizes.

/// All sizes of a DPT-Hybrid; the default is the published one.
#[derive(Clone, Debug, PartialEq)]
pub struct DptConfig {
    /// Side of the square picture in pixels, a multiple of 32.
    pub image: usize,
    /// Groups of the residual network's normalisations.
    pub groups: usize,
    /// Channels that the stem gives.
    pub stem: usize,
    /// Blocks and channels of the three residual stages.
    pub stages: [(usize, usize); 3],
    /// Width of a token.
    pub width: usize,
    /// Blocks of the transformer.
    pub blocks: usize,
    /// Heads of attention.
    pub heads: usize,
    /// Side of the grid of positions in the file.
    pub positions: usize,
    /// Blocks whose results are used beside the first two stages.
    pub taken: [usize; 2],
    /// Channels of the fused maps.
    pub features: usize,
    /// Channels before the last convolution.
    pub last: usize,
    /// Classes of the pretraining, whose weights are in the file and not used.
    pub classes: usize,
}

impl Default for DptConfig {
    fn default() -> Self {
        Self {
            image: 480,
            groups: 32,
            stem: 64,
            stages: [(3, 256), (4, 512), (9, 1024)],
            width: 768,
            blocks: 12,
            heads: 12,
            positions: 24,
            taken: [8, 11],
            features: 256,
            last: 32,
            classes: 1000,
        }
    }
}

impl DptConfig {
    /// As small as one may be that still has every part: for the canaries of the code, and for tests.
    #[must_use]
    pub fn small() -> Self {
        Self {
            image: 96,
            groups: 2,
            stem: 6,
            stages: [(1, 8), (2, 16), (1, 24)],
            width: 20,
            blocks: 3,
            heads: 5,
            positions: 4,
            taken: [1, 2],
            features: 14,
            last: 5,
            classes: 3,
        }
    }

    /// Tokens along a side.
    pub(super) fn grid(&self) -> usize {
        self.image / 16
    }
}
