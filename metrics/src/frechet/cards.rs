//! What each distance between sets of pictures is, for whoever reads a list of metrics.

use serde::Serialize;

/// All that a reader needs to know before trusting a distance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DistanceCard {
    /// How the name of a value begins; the number of pictures follows ([`super::sized_name`]).
    pub id: &'static str,
    /// The field's name for it.
    pub name: &'static str,
    /// The formula, in words and symbols.
    pub formula: &'static str,
    /// Which network turns pictures into vectors, and how they are resized before.
    pub features: &'static str,
    /// What two sets of unrelated pictures score.
    pub chance: &'static str,
    /// What it cannot see or gets wrong.
    pub known_problems: &'static [&'static str],
    /// Where it comes from.
    pub reference: &'static str,
}

/// The distances between a folder of pictures and a reference set; smaller is better, 0 is equality.
pub static DISTANCES: [DistanceCard; 3] = [
    DistanceCard {
        id: "FID",
        name: "Fréchet Inception distance",
        formula: "|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½) of Inception's 2048 features",
        features: "Inception v3 as pytorch-fid runs it: 299 x 299, bilinear on floats without antialiasing",
        chance: "none: it has no upper end; the reference set against another part of itself is the floor",
        known_problems: &[
            "Biased by the number of pictures: the number is in the name, and only FID-30K compares with FID-30K.",
            "Fewer than 2,049 pictures leave the covariance without full rank.",
            "Sensitive to how the pictures were resized and compressed before (arXiv 2104.11222).",
            "The prompt is not looked at.",
        ],
        reference: "Heusel et al., arXiv 1706.08500; mseitzer/pytorch-fid 0.3.0",
    },
    DistanceCard {
        id: "FD-CLIP",
        name: "Fréchet distance on CLIP features",
        formula: "as FID, of CLIP's image embeddings, each of length 1",
        features: "as CMMD's, and named likewise: without a name ViT-L/14 at 336 px, else FD-CLIP-500@clip-vit-base-patch32",
        chance: "none: it has no upper end",
        known_problems: &[
            "Only values of one CLIP compare; its id is in the name, its digest beside the value.",
            "Biased by the number of pictures, as FID.",
        ],
        reference: "Kynkäänniemi et al., arXiv 2203.06026",
    },
    DistanceCard {
        id: "CMMD",
        name: "CLIP maximum mean discrepancy",
        formula: "1000 · MMD² with a Gaussian kernel, σ = 10, of CLIP's image embeddings, each of length 1",
        features: "officially ViT-L/14 at 336 px; with another CLIP the name says which: CMMD-500@clip-vit-base-patch32",
        chance: "none: it has no upper end",
        known_problems: &[
            "Published numbers are of ViT-L/14 at 336 px alone.",
            "Google's code crops a picture to the square in its middle and then resizes it; here it is resized and then cropped, as CLIP's \
                authors do it. Of square pictures that is the same; of others it moves the value a little, as do MS-COCO's in a reference \
                set. Bring these as squares to compare with a published number.",
            "The prompt is not looked at.",
        ],
        reference: "Jayasumana et al., arXiv 2401.09603; google-research/cmmd/io_util.py (_center_crop_and_resize)",
    },
];
