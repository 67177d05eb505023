//! The cards.

use super::{MetricCard, MetricId};

/// In the order of [`MetricId::ALL`].
pub(super) static REGISTRY: [MetricCard; 7] = [
    MetricCard {
        id: MetricId::BVqa,
        name: "Disentangled BLIP-VQA",
        unit: "probability",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "Π P(yes | \"phrase_i?\") over the first 8 noun phrases; each factor and the product rounded to \
            4 decimals, product in f32",
        preprocessing: "The VQA back-end's own (BLIP: 480 x 480 bicubic, aspect ratio ignored; shapes: the image's \
            own pixels). Phrases come from the suite.",
        known_problems: &[
            "The product punishes prompts with many phrases: a right image of eight phrases may score \
                0.4 under BLIP.",
            "Published numbers before December 2023 asked two phrases only (np_num 2).",
            "Each phrase is judged alone, so one object may answer for two phrases, and surplus \
                objects cost nothing.",
        ],
        reference: "T2I-CompBench, arXiv 2307.06350; BLIPvqa_eval/BLIP_vqa.py at 1b70949",
        headline_for: &["color", "shape", "texture"],
    },
    MetricCard {
        id: MetricId::Unidet2d,
        name: "UniDet 2D spatial",
        unit: "score",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "0.25 conf₁ + 0.25 conf₂ + 0.5 position, set to 0 below 0.5; position from the box centres: 0 on the wrong side, else 1 up to IoU 0.1, 0.1/IoU above; \
                  near, next to, on side of: 1 where |dx| < 150 or |dy| < 150, else 150 / max(|dx|, |dy|)",
        preprocessing: "Boxes are scaled into the official frame (shorter side 479, longer at most 480 px), where \
            the 150 px live; a 64 px image is enlarged 479/64 times, so 150 px are 20 of its own.",
        known_problems: &[
            "Labels must equal the noun exactly: under UniDet 102 of 300 official prompts can never score.",
            "\"near\" means level or plumb, not near: any two boxes within 150 px in one axis count.",
            "With two objects of one noun the more confident one is judged, whichever it is.",
            "\"on top of\" is recognised but has no rule, and scores 0.",
        ],
        reference: "T2I-CompBench, arXiv 2307.06350; UniDet_eval/2D_spatial_eval.py at 1b70949",
        headline_for: &["2d_spatial", "spatial"],
    },
    MetricCard {
        id: MetricId::Unidet3d,
        name: "UniDet 3D spatial",
        unit: "score",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "0.25 conf₁ + 0.25 conf₂ + 0.5 position; position is 0 where the mean depth over the two \
            boxes orders them wrongly, else 1 for IoU > 0.5, IoU / 0.5 below",
        preprocessing: "Boxes and depth in the official frame (see unidet-2d). The official code swaps rows and \
            columns of the depth map; shapes uses the right axes.",
        known_problems: &[
            "Two objects apart get no credit for position, however clear their depth.",
            "There is no cut below 0.5, so two objects in any arrangement earn 0.5.",
            "Labels match by substring: \"car\" finds a carpet.",
        ],
        reference: "T2I-CompBench++, TPAMI 2025; UniDet_eval/3D_spatial_eval.py at 1b70949",
        headline_for: &["3d_spatial"],
    },
    MetricCard {
        id: MetricId::UnidetNumeracy,
        name: "UniDet numeracy",
        unit: "score",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "Σ over n wanted nouns: 0.5/n if any is found, another 0.5/n if the number found is the \
            number wanted",
        preprocessing: "Detections with score > 0.1; boxes of one label that nearly coincide are counted once.",
        known_problems: &[
            "Any number of the right noun earns half; confidences are not used.",
            "A noun that is no label takes over every label that contains it.",
        ],
        reference: "T2I-CompBench++, TPAMI 2025; UniDet_eval/numeracy_eval.py at 1b70949",
        headline_for: &["numeracy"],
    },
    MetricCard {
        id: MetricId::ClipScore,
        name: "CLIPScore",
        unit: "cosine",
        range: [-1.0, 1.0],
        higher_is_better: true,
        formula: "cos(image embedding, text embedding), neither scaled nor clipped",
        preprocessing: "The CLIP model's own (official: ViT-B/32, bicubic 224 px, centre crop). Complex prompts are \
            compared without their adjectives.",
        known_problems: &[
            "Insensitive to who does what to whom: swapped roles score nearly the same.",
            "The scale depends on the CLIP model: only values of one model compare.",
        ],
        reference: "Hessel et al., arXiv 2104.08718; CLIPScore_eval/CLIP_similarity.py at 1b70949",
        headline_for: &["non_spatial"],
    },
    MetricCard {
        id: MetricId::ActionVqa,
        name: "Action VQA (ours)",
        unit: "probability",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "P(yes | \"subject action object?\"), the whole action as one question",
        preprocessing: "As for b-vqa.",
        known_problems: &[
            "Not an official score: T2I-CompBench has CLIPScore alone for this category, which hardly \
                sees the action.",
            "Only actions that the VQA back-end can read: inside, touching and connected to for shapes.",
        ],
        reference: "This project; the question form is B-VQA-n of arXiv 2307.06350",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::ThreeInOne,
        name: "3-in-1",
        unit: "score",
        range: [-0.5, 1.0],
        higher_is_better: true,
        formula: "(spatial + attribute)/2, (clip + attribute)/2 or (attribute + spatial + clip)/3 by the kind \
            of prompt, from unidet-2d, b-vqa and clipscore",
        preprocessing: "As for its parts; the text for clip is without adjectives.",
        known_problems: &[
            "Mixes probabilities with a raw cosine, so the three kinds of prompt live on different scales.",
            "Under UniDet only 12 of 300 official prompts can have a spatial part above 0.",
        ],
        reference: "T2I-CompBench, arXiv 2307.06350; 3_in_1_eval/3_in_1.py at 1b70949",
        headline_for: &["complex"],
    },
];
