//! CLIPs that were trained on what people choose: PickScore and HPSv2.1.

use std::path::Path;

use candle_core::DType;
use candle_nn::VarBuilder;
use gentron_metrics::clip_text::straight_quotes;
use gentron_metrics::pixels::{Filter, Normalization, longest_side};
use gentron_metrics::weights::WeightsFile;
use gentron_metrics::{ImageText as _, MetricError, Preference};
use gentron_model::text::clip::{ClipConfig, ClipModel, read_tokenizer};
use image::RgbImage;

use super::clip::ClipSimilarity;
use super::open_clip;
use crate::device;
use crate::failure::Explain as _;
use crate::store::digest;
use crate::weights;

/// PickScore: a CLIP's cosine times its learnt scale.
pub struct PickScore {
    clip: ClipSimilarity,
    scale: f64,
    sha256: String,
}

impl PickScore {
    /// Loads a folder with transformers' files of the network, and a CLIP's tokenizer.
    ///
    /// # Errors
    /// Those of [`ClipSimilarity::load`].
    pub fn load(folder: &Path) -> anyhow::Result<Self> {
        let hint = "--pickscore names a folder with config.json and model.safetensors of yuvalkirstain/PickScore_v1 and the \
                    tokenizer.json of a CLIP; `gentron doctor` says how to get them";
        let clip = ClipSimilarity::load_for(folder, hint)?;
        let scale = clip.model().scale()?;
        Ok(Self { clip, scale, sha256: digest::of_value(&weights::digests(folder, "")?) })
    }

    /// Digest of everything that was loaded.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// How a picture gets its size, in words.
    pub fn resize(&self) -> String {
        self.clip.resize()
    }
}

impl Preference for PickScore {
    fn id(&self) -> &str {
        "pickscore"
    }

    fn preference(&self, image: &RgbImage, text: &str) -> Result<f64, MetricError> {
        Ok(self.clip.cosine(image, text)? * self.scale)
    }
}

/// HPSv2: a CLIP's cosine, of the whole picture on black.
pub struct HpsV2 {
    clip: ClipSimilarity,
    side: u32,
    sha256: String,
}

impl HpsV2 {
    /// Loads the published file, OpenCLIP's state dict under `state_dict`, or safetensors of the same names; `folder` has the
    /// tokenizer of any CLIP.
    ///
    /// # Errors
    /// A file is missing, damaged or something else.
    pub fn load(file: &Path, folder: &Path) -> anyhow::Result<Self> {
        Self::of_size(file, folder, &open_clip::vit_h_14())
    }

    /// The same of another size.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn of_size(file: &Path, folder: &Path, config: &ClipConfig) -> anyhow::Result<Self> {
        let explain = || {
            let hint = "it is HPS_v2.1_compressed.pt of tgxs002/HPSv2 beside the tokenizer.json of a CLIP; `gentron doctor` \
                        says how to get both";
            (format!("cannot load HPSv2 from {}", file.display()), hint)
        };
        let device = device::device()?;
        let tokenizer = read_tokenizer(folder, &config.text_config).explain(explain)?;
        let weights = WeightsFile::open(file, Some("state_dict"), &device).explain(explain)?;
        let tensors = open_clip::tensors(&weights, config).explain(explain)?;
        weights.finish().explain(explain)?;
        let model = ClipModel::new(VarBuilder::from_tensors(tensors, DType::F32, &device), config).explain(explain)?;
        let words = digest::of_file(&folder.join("tokenizer.json"))?;
        Ok(Self {
            clip: ClipSimilarity::new("hpsv2.1".to_owned(), model, tokenizer, &device),
            side: config.vision_config.image_size as u32,
            sha256: digest::of_value(&(weights.sha256(), words)),
        })
    }

    /// Digest of everything that was loaded.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// How a picture gets its size, in words.
    pub fn resize(&self) -> String {
        format!("longer side {}, bicubic on floats with antialiasing, black around it", self.side)
    }
}

impl Preference for HpsV2 {
    fn id(&self) -> &str {
        "hpsv2.1"
    }

    fn preference(&self, image: &RgbImage, text: &str) -> Result<f64, MetricError> {
        // OpenCLIP's tokenizer begins with ftfy, as OpenAI's; transformers' of PickScore does not.
        self.clip.cosine_of(&straight_quotes(text), |device| {
            Ok(longest_side(image, self.side, Filter::Bicubic, (Normalization::CLIP, device))?)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use gentron_model::text::clip::{Activation, ClipTextConfig, ClipVisionConfig};
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Golden {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        size: [u32; 2],
        text: String,
        score: f64,
    }

    /// A folder of `metrics/tests/reference/preferences.py`, and its golden.
    fn golden(name: &str) -> (PathBuf, Golden) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens/metrics").join(name);
        let text = std::fs::read(folder.join("golden.json")).unwrap();
        (folder, serde_json::from_slice(&text).unwrap())
    }

    fn picture([width, height]: [u32; 2]) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([7 * x + 3 * y, x * y, (x * x + 5 * y) / 3].map(|value| (value % 256) as u8))
        })
    }

    fn worst(model: &dyn Preference, golden: &Golden) -> f64 {
        let apart = |case: &Case| {
            let got = model.preference(&picture(case.size), &case.text).unwrap();
            (got - case.score).abs()
        };
        let worst = golden.cases.iter().map(apart).fold(0.0, f64::max);
        println!("{}: {} scores within {worst:.1e}", model.id(), golden.cases.len());
        worst
    }

    #[test]
    fn parity_of_pickscore() {
        let (folder, golden) = golden("pickscore");
        // The golden's scale is 25: 2e-5 of a cosine.
        assert!(worst(&PickScore::load(&folder).unwrap(), &golden) < 5e-4);
    }

    /// The sizes of the golden's network.
    fn tiny_hpsv2() -> ClipConfig {
        ClipConfig {
            text_config: ClipTextConfig {
                vocab_size: 10,
                hidden_size: 12,
                intermediate_size: 48,
                num_hidden_layers: 2,
                num_attention_heads: 3,
                max_position_embeddings: 16,
                hidden_act: Activation::Gelu,
                bos_token_id: 8,
                eos_token_id: 9,
                ..ClipTextConfig::default()
            },
            vision_config: ClipVisionConfig {
                hidden_size: 10,
                intermediate_size: 40,
                num_hidden_layers: 2,
                num_attention_heads: 2,
                image_size: 28,
                patch_size: 7,
                hidden_act: Activation::Gelu,
                ..ClipVisionConfig::default()
            },
            projection_dim: 6,
            ..ClipConfig::default()
        }
    }

    #[test]
    fn parity_of_hpsv2() {
        let (folder, golden) = golden("hpsv2");
        let config = tiny_hpsv2();
        let file = folder.join("HPS_v2.1_compressed.pt");
        assert!(worst(&HpsV2::of_size(&file, &folder, &config).unwrap(), &golden) < 2e-5);
        let refused = HpsV2::load(&file, &folder).err().unwrap();
        assert!(
            format!("{refused:#}").contains("token_embedding.weight is [10, 12], not [49408, 1024]"),
            "{refused:#}"
        );
    }

    #[test]
    fn hpsv2_reads_straight_quotes_and_pickscore_what_is_written() {
        let image = picture([28, 28]);
        // The goldens' tokenizer knows ten words, whole: one of them becomes "it's".
        let with_its = |name: &str| {
            let (from, to) = (golden(name).0, tempfile::tempdir().unwrap());
            for entry in std::fs::read_dir(&from).unwrap() {
                let entry = entry.unwrap();
                std::fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
            }
            let words = to.path().join("tokenizer.json");
            let text = std::fs::read_to_string(&words).unwrap().replace("\"river\"", "\"it's\"");
            std::fs::write(&words, text).unwrap();
            to
        };
        let folder = with_its("hpsv2");
        let file = folder.path().join("HPS_v2.1_compressed.pt");
        let hpsv2 = HpsV2::of_size(&file, folder.path(), &tiny_hpsv2()).unwrap();
        let folder = with_its("pickscore");
        let pickscore = PickScore::load(folder.path()).unwrap();
        let score = |model: &dyn Preference, text: &str| model.preference(&image, text).unwrap();
        let (straight, curly, unknown) = ("it's a red cat", "it\u{2019}s a red cat", "its a red cat");
        assert_eq!(score(&hpsv2, curly).to_bits(), score(&hpsv2, straight).to_bits());
        assert_ne!(score(&hpsv2, curly).to_bits(), score(&hpsv2, unknown).to_bits());
        assert_eq!(score(&pickscore, curly).to_bits(), score(&pickscore, unknown).to_bits());
        assert_ne!(score(&pickscore, curly).to_bits(), score(&pickscore, straight).to_bits());
    }
}
