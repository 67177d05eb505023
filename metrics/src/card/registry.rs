//! The cards.

use super::{MetricCard, MetricId};

/// In the order of [`MetricId::ALL`].
pub(super) static REGISTRY: [MetricCard; 22] = [
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
            "Published numbers before December 2023 asked two phrases only (np_num 2, here b-vqa-np2): the paper's \
                tables were most likely made so, and the two do not compare.",
            "A phrase is asked as a bare fragment (\"a green bench?\"), not as a sentence; BLIP returns P(yes) of it.",
            "Hugging Face's conversion of BLIP-VQA gives other numbers, and its scores another name: b-vqa@blip-hf-384.",
            "Phrases come from spaCy and get lost: \"a brown acorn and a green leaf\" has one. 9 colour, 4 shape and 6 \
                texture prompts of 300 are judged on a single phrase, and fewer phrases score higher. Two spaCy \
                models disagree on 13 to 31 of 300 prompts of a category.",
            "Each phrase is judged alone, so one object may answer for two phrases, and surplus \
                objects cost nothing.",
        ],
        reference: "T2I-CompBench, arXiv 2307.06350; BLIPvqa_eval/BLIP_vqa.py at 1b70949",
        chance: "shapes: 0.000 (color, texture), 0.033 (shape), 0.000 (complex); photographs: not measured",
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
            "Labels must equal the noun exactly: under UniDet 102 of 300 official prompts can never score (wallet, \
                mouse, cow, table, phone, sofa, bag, painting, computer), so the best possible mean is about 0.66.",
            "\"near\" means level or plumb, not near: any two boxes within 150 px in one axis count.",
            "With two objects of one noun the more confident one is judged, whichever it is.",
            "\"on top of\" is recognised but has no rule, and scores 0: with exact matching, 12 of 300 complex prompts \
                can score at all.",
            "The wrong noun is looked for in 3 of 300 prompts, where spaCy does not take \"key\" for a noun.",
            "A boy, girl, man or woman that the detector calls so is not found: all are looked for as person.",
            "The official script feeds its detector blue for red; detections made properly differ a little.",
        ],
        reference: "T2I-CompBench, arXiv 2307.06350; UniDet_eval/2D_spatial_eval.py at 1b70949",
        chance: "shapes: 0.031 (2d_spatial), 0.259 (complex); photographs: not measured",
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
            "Depth is read at swapped rows and columns, in images that are not square even outside the map, which \
                scores 0 for position.",
            "Two objects apart get no credit for position, however clear their depth.",
            "There is no cut below 0.5, so two objects in any arrangement earn 0.5.",
            "Labels match by substring: \"car\" finds a carpet, \"key\" a monkey, \"bag\" a cabbage.",
            "The last matching box up to the other noun's first one is judged, not the surest.",
            "The wrong noun is looked for in 3 of 300 prompts.",
        ],
        reference: "T2I-CompBench++, TPAMI 2025; UniDet_eval/3D_spatial_eval.py at 1b70949",
        chance: "shapes: 0.175; photographs: not measured",
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
            "A noun that is no label takes over every label that contains it: \"cat\" the cattle, \"bee\" the beer.",
            "television is not looked for as a tv; a man that the detector calls man is no person.",
        ],
        reference: "T2I-CompBench++, TPAMI 2025; UniDet_eval/numeracy_eval.py at 1b70949",
        chance: "shapes: 0.212; photographs: not measured",
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
            "The scale depends on the CLIP model: only values of one model compare. A CLIP of other sizes than the official \
                one has its name in the score's, in 3-in-1's too.",
            "A CLIP is known by its sizes alone: weights that somebody else trained at ViT-B/32's sizes have the official name. \
                The run's card has the digest of what was loaded.",
            "A text of more than 77 tokens is cut; the official script stops there. Of the published prompts that is one \
                PartiPrompt.",
            "The official script computes in fp16 on a GPU, and its values are multiples of 1e-4 to 2e-4; here all is f32.",
        ],
        reference: "Hessel et al., arXiv 2104.08718; CLIPScore_eval/CLIP_similarity.py at 1b70949",
        chance: "not measured: each CLIP has its own mean cosine of unrelated pairs",
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
        chance: "shapes: 0.000; photographs: not measured",
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
            "The official script matches images and prompts by position, ten a prompt: one missing file shifts all.",
            "Published numbers before December 2023 have an attribute part over two phrases (here 3-in-1-np2), and do not \
                compare.",
        ],
        reference: "T2I-CompBench, arXiv 2307.06350; 3_in_1_eval/3_in_1.py at 1b70949",
        chance: "shapes: 0.137 (spatial prompts); photographs: not measured",
        headline_for: &["complex"],
    },
    MetricCard {
        id: MetricId::BVqaNp2,
        name: "Disentangled BLIP-VQA, two phrases",
        unit: "probability",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "Π P(yes | \"phrase_i?\") over the first 2 noun phrases, rounded as b-vqa",
        preprocessing: "As for b-vqa.",
        known_problems: &[
            "What the third and later phrases ask for is not looked at.",
            "Otherwise as b-vqa. This was the official default (--np_num 2) before 2023-12-02.",
        ],
        reference: "T2I-CompBench, arXiv 2307.06350; BLIPvqa_eval/BLIP_vqa.py --np_num 2",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::ThreeInOneNp2,
        name: "3-in-1, two phrases",
        unit: "score",
        range: [-0.5, 1.0],
        higher_is_better: true,
        formula: "as 3-in-1, with b-vqa-np2 for the attribute part",
        preprocessing: "As for its parts; the text for clip is without adjectives.",
        known_problems: &[
            "What the third and later phrases ask for is not looked at, and complex prompts have many.",
            "Otherwise as 3-in-1. Its attribute part was the official default (--np_num 2) before 2023-12-02; a complex prompt \
                had 30 images until 2024-01-28.",
        ],
        reference: "T2I-CompBench, arXiv 2307.06350; 3_in_1_eval/3_in_1.py on results of BLIPvqa_eval/BLIP_vqa.py --np_num 2",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::Unidet2dFixed,
        name: "UniDet 2D spatial, repaired (ours)",
        unit: "score",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "as unidet-2d, but: labels are compared word by word with aliases (cattle, cow; tv for television; kinds \
            by their last word), man, woman, boy and girl under their own label, else as a person; \"on top of\", \
            \"below\" and others have the rules of top and bottom; near: 1 where |dx| < 150 and |dy| < 150, else \
            150 / max(|dx|, |dy|); the nouns are those beside the relation; one box does not stand for both",
        preprocessing: "As for unidet-2d.",
        known_problems: &[
            "Not an official score: it compares with no published number.",
            "It is asked of prompts with a relation in the plane between two things that the detector has classes for. The \
                others are outside: known before any image, the same for every arm, left out of the mean and counted beside \
                it. Under UniDet that leaves 282 of 300 spatial prompts (18 have a wallet) and 51 of 300 complex ones (197 \
                have no such relation, 52 a noun without a class).",
            "Distances are between centres: two large objects side by side are less near than two small ones.",
            "\"on top of\" is judged by boxes alone: over and on are the same.",
            "0 below 0.5 is kept: one object alone scores nothing.",
        ],
        reference: "This project, after T2I-CompBench, arXiv 2307.06350; metrics/src/formulas/fixed/plane.rs",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::Unidet3dFixed,
        name: "UniDet 3D spatial, repaired (ours)",
        unit: "score",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "as unidet-3d, but: depth is cut out with rows for rows; labels are compared word by word; each noun is \
            represented by its surest box, one box not by both; position is 1 from IoU 0.5 on, without the gap at 0.5",
        preprocessing: "As for unidet-2d.",
        known_problems: &[
            "Not an official score: it compares with no published number.",
            "A prompt with a noun that the detector has no class for is outside, as for unidet-2d-fixed: under UniDet 9 of 300.",
            "Overlap is still demanded: two objects apart get no credit for position.",
            "The mean depth over a box mixes the object with what surrounds it.",
            "There is no cut below 0.5, as officially.",
        ],
        reference: "This project, after T2I-CompBench++, TPAMI 2025; metrics/src/formulas/fixed/depth.rs",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::UnidetNumeracyFixed,
        name: "UniDet numeracy, repaired (ours)",
        unit: "score",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "as unidet-numeracy, but: labels are compared word by word with aliases; no noun takes over the boxes of \
            another; boxes that nearly coincide are one thing under whatever labels",
        preprocessing: "As for unidet-numeracy.",
        known_problems: &[
            "Not an official score: it compares with no published number.",
            "Any number of the right noun earns half; confidences are not used.",
            "A prompt with a noun that the detector has no class for is outside, as for unidet-2d-fixed: under UniDet none of \
                the official 300.",
            "Where the detector says person only, \"two boys and one girl\" are three persons each.",
        ],
        reference: "This project, after T2I-CompBench++, TPAMI 2025; metrics/src/formulas/fixed/numeracy.rs",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::ThreeInOneFixed,
        name: "3-in-1, repaired (ours)",
        unit: "score",
        range: [-0.5, 1.0],
        higher_is_better: true,
        formula: "as 3-in-1, with unidet-2d-fixed for the spatial part; a prompt whose kind needs that part and that \
            unidet-2d-fixed cannot be asked of is outside, for over fewer parts it would be another score",
        preprocessing: "As for its parts.",
        known_problems: &[
            "Not an official score: it compares with no published number.",
            "Under UniDet its mean is over 258 of 300 complex prompts: the 212 about actions, which have no spatial part, and \
                46 of the other 88. It leans towards actions, and 3-in-1 over all 300 is another mean.",
            "Probabilities and a raw cosine are still mixed, so the kinds of prompt live on different scales.",
        ],
        reference: "This project, after T2I-CompBench, arXiv 2307.06350",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::PickScore,
        name: "PickScore",
        unit: "logit",
        range: [-100.0, 100.0],
        higher_is_better: true,
        formula: "exp(logit_scale) · cos(image embedding, text embedding); the published scale is 100",
        preprocessing: "CLIP ViT-H/14: bicubic 224 px, centre crop; the whole prompt, cut to 77 tokens.",
        known_problems: &[
            "Made to rank pictures of one prompt: values of different prompts do not compare, and neither do means over \
                different prompts.",
            "Trained on choices of one web application's users among pictures of Stable Diffusion 1 and 2: prefers their \
                taste, and says nothing of whether counts, places and attributes are right.",
            "The crop loses the ends of pictures that are not square.",
        ],
        reference: "Kirstain et al., arXiv 2305.01569; yuvalkirstain/PickScore_v1",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::HpsV2,
        name: "Human Preference Score v2.1",
        unit: "cosine",
        range: [-1.0, 1.0],
        higher_is_better: true,
        formula: "cos(image embedding, text embedding), not scaled; leaderboards print 100 times as much",
        preprocessing: "CLIP ViT-H/14: the longer side becomes 224 by antialiased bicubic on floats, the rest is black; the \
            whole prompt with straight quotes, cut to 77 tokens.",
        known_problems: &[
            "v2.0 and v2.1 are different weights of one network: which one was loaded, its digest says.",
            "The official code resizes a tensor: before torchvision 0.17 without antialiasing, since then with. Here it \
                is with, so numbers of older installations differ.",
            "Officially computed under fp16 autocast; here all is f32.",
            "Differences between good models are small: a few hundredths.",
        ],
        reference: "Wu et al., arXiv 2306.09341; tgxs002/HPSv2",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::ImageReward,
        name: "ImageReward v1.0",
        unit: "deviations",
        range: [f64::NEG_INFINITY, f64::INFINITY],
        higher_is_better: true,
        formula: "(r − 0.1672) / 1.0333, r the output of BLIP with a linear head",
        preprocessing: "BLIP ViT-L/16: bicubic 224 px, centre crop; the whole prompt, cut to 35 tokens.",
        known_problems: &[
            "Made to rank pictures of one prompt; long prompts are cut to 35 tokens.",
            "It has no end in either direction, so a missing image leaves no bounds.",
            "Trained on pictures of 2022's models.",
        ],
        reference: "Xu et al., arXiv 2304.05977; THUDM/ImageReward",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::Motion,
        name: "Motion accuracy (ours)",
        unit: "share",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "share of the prompt's moving things whose track is the named motion and no other: a line through the sightings; left, right, \
            up, down: 10 % of the frame along the axis, less than half of it across; grow, shrink: a factor of 1.4; turn: 24 degrees \
            clockwise; every other change below half of that; not seen in half of the frames counts as not moved",
        preprocessing: "shapes: the largest patch of the named colour in each frame, its middle, size and turn by moments of its paint.",
        known_problems: &[
            "The thing is followed by its colour: whether it has the named shape is what b-vqa says, a frame at a time.",
            "A surplus object of the same colour can take over the track.",
            "Two patches of one colour that touch are one.",
        ],
        reference: "This project; metrics/src/video/track.rs, metrics/src/shapes/track.rs",
        chance: "shapes-motion: 0.00 (translate, scale, turn, two_motions), 0.25 (still), on 100 clips of other prompts",
        headline_for: &["translate", "scale", "turn", "still", "two_motions"],
    },
    MetricCard {
        id: MetricId::Flicker,
        name: "Temporal flickering",
        unit: "share",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "1 - mean over neighbouring frames of the mean absolute difference of their pixels, in shares of 255; 1 is a still",
        preprocessing: "The frames' own pixels.",
        known_problems: &["Motion lowers it too: VBench applies it to clips of static scenes, here to all."],
        reference: "VBench, arXiv 2311.17982, section 3.1",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::Consistency,
        name: "Temporal consistency",
        unit: "cosine",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "mean over frames from the second on of the mean of two cosines of CLIP's image embeddings, with the frame before and with \
            the first frame; negative ones count as 0",
        preprocessing: "CLIP's own.",
        known_problems: &[
            "A still clip of anything has 1.",
            "VBench's subject consistency takes DINO's features; this is CLIP's.",
        ],
        reference: "VBench, arXiv 2311.17982, section 3.1 (background consistency)",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::ClipSim,
        name: "CLIPSIM",
        unit: "cosine",
        range: [-1.0, 1.0],
        higher_is_better: true,
        formula: "mean over frames of the cosine of CLIP's embeddings of frame and prompt",
        preprocessing: "CLIP's own.",
        known_problems: &["A frame does not show what moves: it says little of motion."],
        reference: "GODIVA, arXiv 2104.14806",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::SubjectSize,
        name: "Size of the named thing (ours)",
        unit: "share",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "share of the frame that the box of the prompt's named thing covers, mean over the frames in which it is seen, then over things",
        preprocessing: "As for motion.",
        known_problems: &[
            "Larger is what the paper claims of motion-free guidance (figures 6 and 8), not better.",
            "Unscored where nothing named is seen, so that arms are compared on what both of them drew.",
        ],
        reference: "This project, after GenTron, arXiv 2312.04557, figures 6 and 8; metrics/src/video/track.rs",
        chance: "not measured",
        headline_for: &[],
    },
    MetricCard {
        id: MetricId::SubjectCentrality,
        name: "Centrality of the named thing (ours)",
        unit: "share",
        range: [0.0, 1.0],
        higher_is_better: true,
        formula: "1 - distance of the named thing's middle from the frame's, in half diagonals; mean over the frames in which it is seen, then \
            over things",
        preprocessing: "As for motion.",
        known_problems: &[
            "More central is what the paper claims of motion-free guidance (figures 6 and 8), not better.",
            "Unscored where nothing named is seen, so that arms are compared on what both of them drew.",
        ],
        reference: "This project, after GenTron, arXiv 2312.04557, figures 6 and 8; metrics/src/video/track.rs",
        chance: "not measured",
        headline_for: &[],
    },
];
