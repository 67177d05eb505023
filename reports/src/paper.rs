//! The paper's Table 2, the only published numbers of this ablation.
//!
//! The body of the paper (arXiv 2312.04557) was not available to us. The numbers are second-hand: two independent readers'
//! notes on the PDF agree on every cell, and each row's mean equals the mean of its six columns to two decimals (a test
//! below). Everything about their protocol that matters for a comparison (images per prompt, sampler, guidance, scorer version,
//! resolution) is unknown, and the images are photographs, not drawn shapes.

/// How far the numbers can be trusted, for captions.
pub const CONFIDENCE: &str = "Second-hand: the paper's body was not available; two independent notes on the PDF agree on \
    every cell, and every Mean equals the mean of its six columns.";

/// Where they come from, for captions.
pub const CITATION: &str =
    "GenTron: Diffusion Transformers for Image and Video Generation, arXiv 2312.04557, CVPR 2024, Table 2";

/// A column of Table 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaperColumn {
    /// The heading in the paper.
    pub label: &'static str,
    /// The category of T2I-CompBench that it is.
    pub category: &'static str,
}

/// The six columns, in the paper's order.
pub const COLUMNS: [PaperColumn; 6] = [
    PaperColumn { label: "Color", category: "color" },
    PaperColumn { label: "Shape", category: "shape" },
    PaperColumn { label: "Texture", category: "texture" },
    PaperColumn { label: "Spatial", category: "2d_spatial" },
    PaperColumn { label: "Non-spatial", category: "non_spatial" },
    PaperColumn { label: "Complex", category: "complex" },
];

/// A row of Table 2, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PaperRow {
    /// Our name for the row, for [`crate::ArmInfo::paper_row`].
    pub id: &'static str,
    /// Text encoder.
    pub text_encoder: &'static str,
    /// Kind of encoder: multimodal (MM), language model (LLM) or both.
    pub kind: &'static str,
    /// How text is brought in.
    pub integration: &'static str,
    /// Size of the backbone.
    pub scale: &'static str,
    /// The six scores, in the order of [`COLUMNS`].
    pub scores: [f64; 6],
    /// The Mean printed in the paper.
    pub mean: f64,
}

/// The five rows, in the paper's order.
pub const TABLE_2: [PaperRow; 5] = [
    PaperRow {
        id: "clip-adaln-xl",
        text_encoder: "CLIP-L",
        kind: "MM",
        integration: "adaLN-Zero",
        scale: "XL/2",
        scores: [36.94, 42.06, 50.73, 9.41, 30.38, 36.41],
        mean: 34.32,
    },
    PaperRow {
        id: "clip-cross-xl",
        text_encoder: "CLIP-L",
        kind: "MM",
        integration: "cross-attention",
        scale: "XL/2",
        scores: [73.91, 51.81, 68.76, 19.26, 31.80, 41.52],
        mean: 47.84,
    },
    PaperRow {
        id: "t5-cross-xl",
        text_encoder: "T5-XXL",
        kind: "LLM",
        integration: "cross-attention",
        scale: "XL/2",
        scores: [74.90, 55.40, 70.05, 20.52, 31.68, 41.01],
        mean: 48.93,
    },
    PaperRow {
        id: "clip-t5-cross-xl",
        text_encoder: "CLIP-T5XXL",
        kind: "MM + LLM",
        integration: "cross-attention",
        scale: "XL/2",
        scores: [75.65, 55.74, 69.48, 20.67, 31.79, 41.44],
        mean: 49.13,
    },
    PaperRow {
        id: "clip-t5-cross-g",
        text_encoder: "CLIP-T5XXL",
        kind: "MM + LLM",
        integration: "cross-attention",
        scale: "G/2",
        scores: [76.74, 57.00, 71.50, 20.98, 32.02, 41.67],
        mean: 49.99,
    },
];

/// The row of this id.
pub fn row(id: &str) -> Option<&'static PaperRow> {
    TABLE_2.iter().find(|row| row.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mean_is_the_mean_of_its_six_columns() {
        for row in TABLE_2 {
            let mean = row.scores.iter().sum::<f64>() / 6.0;
            assert!((mean - row.mean).abs() <= 0.005 + 1e-9, "{}: {mean} against {}", row.id, row.mean);
        }
    }
}
