//! The two published networks, and what differs between them.

/// What the convolutions see before the pyramid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backbone {
    /// ResNet as MSRA published it: the stride is in the first 1 x 1 of a stage.
    ResNet,
    /// ResNeSt: a deep stem, split attention over two halves, strides by average pooling.
    ResNest,
}

/// Sizes of a UniDet. The published ones are [`UniDetConfig::R50`] and [`UniDetConfig::RS200`].
#[derive(Clone, Debug, PartialEq)]
pub struct UniDetConfig {
    /// Which residual network.
    pub backbone: Backbone,
    /// Channels of the stem's first convolution: for ResNeSt half of what it gives.
    pub stem: usize,
    /// Channels within the blocks of the first stage; they double from stage to stage.
    pub bottleneck: usize,
    /// Channels that the first stage gives; they double from stage to stage.
    pub stage: usize,
    /// Blocks of the four stages.
    pub blocks: [usize; 4],
    /// Channels of every level of the pyramid.
    pub pyramid: usize,
    /// Convolutions of a box head, before its linear layers.
    pub head_convolutions: usize,
    /// Linear layers of a box head.
    pub head_layers: usize,
    /// Their width.
    pub head: usize,
    /// Classes, without the background.
    pub classes: usize,
    /// Subtracted from the channels as they are fed, in grey levels.
    pub pixel_mean: [f32; 3],
    /// What the channels are then divided by.
    pub pixel_std: [f32; 3],
    /// Surest anchors of a level that are looked at.
    pub anchors_a_level: usize,
    /// Proposals that reach the box heads.
    pub proposals: usize,
    /// Boxes that are kept at the end.
    pub detections: usize,
}

impl UniDetConfig {
    /// `Unified_learned_OCIM_R50_6x+2x`: the detector of the official 3D and numeracy scores.
    pub const R50: Self = Self {
        backbone: Backbone::ResNet,
        stem: 64,
        bottleneck: 64,
        stage: 256,
        blocks: [3, 4, 6, 3],
        pyramid: 256,
        head_convolutions: 0,
        head_layers: 2,
        head: 1024,
        classes: 722,
        pixel_mean: [103.53, 116.28, 123.675],
        pixel_std: [1.0; 3],
        anchors_a_level: 1000,
        proposals: 1000,
        detections: 300,
    };

    /// `Unified_learned_OCIM_RS200_6x+2x`: the detector of the official 2D score.
    ///
    /// Its statistics are those of red, green and blue, and officially blue, green and red are fed to them. So it is here.
    pub const RS200: Self = Self {
        backbone: Backbone::ResNest,
        blocks: [3, 24, 36, 3],
        head_convolutions: 4,
        head_layers: 1,
        pixel_mean: [123.68, 116.779, 103.939],
        pixel_std: [58.393, 57.12, 57.375],
        ..Self::R50
    };

    /// Whether convolutions of pyramid and box heads are normalised (ResNeSt's) or have a bias.
    pub(super) fn normalised(&self) -> bool {
        self.backbone == Backbone::ResNest
    }

    /// Channels that the stem gives.
    pub(super) fn stem_out(&self) -> usize {
        match self.backbone {
            Backbone::ResNet => self.stem,
            Backbone::ResNest => 2 * self.stem,
        }
    }
}
