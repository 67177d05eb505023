//! The paper's Tables 2, 3 and 4 and its comparison by people: the published numbers, each with what is known of its protocol.
//!
//! The body of the paper (arXiv 2312.04557) was not available to us. The numbers are second-hand: two independent readers'
//! notes on the PDF agree on every cell, and each row's mean equals the mean of its six columns to two decimals (a test
//! below). Everything about their protocol that matters for a comparison (images per prompt, sampler, guidance, scorer version,
//! resolution) is unknown, and the images are photographs, not drawn shapes.

use crate::protocol::PublishedCard;

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

impl PaperColumn {
    /// Whether a category is this column's; the official files spell one of them shorter.
    pub fn is(&self, category: &str) -> bool {
        self.category == category || (category == "spatial" && self.category == "2d_spatial")
    }
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

/// What is known of how Tables 2 and 3 were made. The paper's own number of images and scorer version are told nowhere: these are the
/// official protocol's, and the scorer of its day.
pub const COMPBENCH_CARD: PublishedCard = PublishedCard {
    suite: "t2i-compbench",
    world: "photographs",
    prompts: 1800,
    images_per_prompt: 10,
    images_source: " (official protocol; the paper does not say)",
    np_num: Some(2),
    measure: None,
    untold: "seeds, sampler, steps, guidance and image size",
};

/// A row of Table 3, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelRow {
    /// Our name for the row, for [`crate::ArmInfo::paper_row`]; GenTron's is that of its row in Table 2.
    pub id: &'static str,
    /// The model.
    pub model: &'static str,
    /// The six scores, in the order of [`COLUMNS`].
    pub scores: [f64; 6],
    /// The Mean printed.
    pub mean: f64,
}

const fn model(id: &'static str, model: &'static str, scores: [f64; 6], mean: f64) -> ModelRow {
    ModelRow { id, model, scores, mean }
}

/// Where Table 3 comes from.
pub const TABLE_3_SOURCE: &str = "Table 3, read in a copy of the authors' project page: first-hand.";

/// Table 3: earlier models and GenTron's largest.
pub const TABLE_3: [ModelRow; 10] = [
    model("sd-v1-4", "SD v1.4", [37.65, 35.76, 41.56, 12.46, 30.79, 30.80], 31.50),
    model("sd-v2", "SD v2", [50.65, 42.21, 49.22, 13.42, 30.96, 33.86], 36.72),
    model("composable-v2", "Composable v2", [40.63, 32.99, 36.45, 8.00, 29.80, 28.98], 29.47),
    model("structured-v2", "Structured v2", [49.90, 42.18, 49.00, 13.86, 31.11, 33.55], 36.60),
    model("attn-exct-v2", "Attn-Exct v2", [64.00, 45.17, 59.63, 14.55, 31.09, 34.01], 41.41),
    model("gors", "GORS", [66.03, 47.85, 62.87, 18.15, 31.93, 33.28], 43.35),
    model("dall-e-2", "DALL-E 2", [57.50, 54.64, 63.74, 12.83, 30.43, 36.96], 42.68),
    model("sdxl", "SDXL", [63.69, 54.08, 56.37, 20.32, 31.10, 40.91], 44.41),
    model("pixart-alpha", "PixArt-α", [68.86, 55.82, 70.44, 20.82, 31.79, 41.17], 48.15),
    model("clip-t5-cross-g", "GenTron CLIP-T5XXL G/2", [76.74, 57.00, 71.50, 20.98, 32.02, 41.67], 49.99),
];

/// A row of Table 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CocoRow {
    /// The model.
    pub model: &'static str,
    /// Parameters.
    pub parameters: &'static str,
    /// Fréchet Inception distance on 30,000 images of MS-COCO, lower is better.
    pub fid: f64,
    /// CLIP score.
    pub clip: Option<f64>,
    /// Mean of T2I-CompBench, in percent.
    pub mean: Option<f64>,
    /// How the row is known.
    pub confidence: &'static str,
}

/// Where Table 4 comes from.
pub const TABLE_4_SOURCE: &str = "Table 4, the rows that readers' notes hold; the paper's table has more.";

/// Table 4, as far as it is known.
pub const TABLE_4: [CocoRow; 6] = [
    CocoRow {
        model: "SD v1.4",
        parameters: "0.9 B",
        fid: 12.94,
        clip: Some(0.325),
        mean: Some(31.50),
        confidence: "one note",
    },
    CocoRow {
        model: "SDXL",
        parameters: "2.6 B",
        fid: 17.82,
        clip: Some(0.329),
        mean: Some(44.41),
        confidence: "two notes",
    },
    CocoRow {
        model: "Imagen",
        parameters: "3.0 B",
        fid: 7.27,
        clip: Some(0.27),
        mean: None,
        confidence: "one note; FID in two more sources",
    },
    CocoRow { model: "MUSE-3B", parameters: "3 B", fid: 7.88, clip: None, mean: None, confidence: "one note" },
    CocoRow {
        model: "GenTron-XL/2",
        parameters: "0.9 B",
        fid: 14.21,
        clip: Some(0.326),
        mean: Some(49.13),
        confidence: "two notes",
    },
    CocoRow {
        model: "GenTron-G/2",
        parameters: "3.1 B",
        fid: 14.53,
        clip: Some(0.335),
        mean: Some(49.99),
        confidence: "three notes",
    },
];

/// What is known of how Table 4 was made.
pub const COCO_CARD: PublishedCard = PublishedCard {
    suite: "ms-coco",
    world: "photographs",
    prompts: 30_000,
    images_per_prompt: 1,
    images_source: "",
    np_num: None,
    measure: Some("FID-30K and CLIP score"),
    untold: "CLIP model, image size, sampler and guidance",
};

/// A question of the comparison by people with SDXL, in percent of votes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HumanRow {
    /// What was asked about.
    pub question: &'static str,
    /// Votes for GenTron, ties, votes for SDXL.
    pub votes: [f64; 3],
}

/// Where the votes come from.
pub const HUMAN_SOURCE: &str = "Figure 7: wins and ties from abstract and project page, first-hand; losses from three notes. 100 prompts of \
    PartiPrompts, an image each; 3000 responses (two notes).";

/// The comparison by people.
pub const HUMAN: [HumanRow; 2] = [
    HumanRow { question: "Visual quality", votes: [51.1, 19.8, 29.1] },
    HumanRow { question: "Text faithfulness", votes: [42.3, 42.9, 14.8] },
];

/// What is known of how people were asked.
pub const HUMAN_CARD: PublishedCard = PublishedCard {
    suite: "parti",
    world: "photographs",
    prompts: 100,
    images_per_prompt: 1,
    images_source: "",
    np_num: None,
    measure: Some("votes of people"),
    untold: "which prompts, the wording, the raters and their agreement",
};

/// What the paper has of an arm, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedRow {
    /// Our name for the row.
    pub id: &'static str,
    /// The six scores, in the order of [`COLUMNS`].
    pub scores: [f64; 6],
    /// The Mean printed.
    pub mean: f64,
}

/// The rows that an arm may stand for: Table 2's, then those of Table 3 that are not in it.
pub fn rows() -> Vec<PublishedRow> {
    let of_2 = TABLE_2.iter().map(|row| PublishedRow { id: row.id, scores: row.scores, mean: row.mean });
    let is_new = |row: &&ModelRow| TABLE_2.iter().all(|known| known.id != row.id);
    let of_3 = TABLE_3.iter().filter(is_new);
    of_2.chain(of_3.map(|row| PublishedRow { id: row.id, scores: row.scores, mean: row.mean })).collect()
}

/// The row of this id.
pub fn row(id: &str) -> Option<PublishedRow> {
    rows().into_iter().find(|row| row.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_of_the_tables_has_one_row_by_its_id() {
        let mut ids: Vec<&str> = rows().iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), TABLE_2.len() + TABLE_3.len() - 1);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), rows().len());
        for there in TABLE_3 {
            // GenTron's largest stands in both tables, with the same numbers.
            let found = row(there.id).map(|row| (row.scores, row.mean));
            assert_eq!(found, Some((there.scores, there.mean)), "{}", there.id);
        }
        assert_eq!(row("table-9"), None);
    }

    #[test]
    fn every_mean_is_the_mean_of_its_six_columns() {
        for row in TABLE_2 {
            let mean = row.scores.iter().sum::<f64>() / 6.0;
            assert!((mean - row.mean).abs() <= 0.005 + 1e-9, "{}: {mean} against {}", row.id, row.mean);
        }
        for row in TABLE_3 {
            let mean = row.scores.iter().sum::<f64>() / 6.0;
            assert!((mean - row.mean).abs() <= 0.005 + 1e-9, "{}: {mean} against {}", row.model, row.mean);
        }
        for row in HUMAN {
            assert!((row.votes.iter().sum::<f64>() - 100.0).abs() < 1e-9, "{}", row.question);
        }
    }
}
