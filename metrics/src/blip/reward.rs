//! ImageReward: BLIP's eye and question encoder with five linear layers behind them, trained on people's rankings.

use std::path::Path;

use candle_core::{Device, Tensor};
use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::config::{BertConfig, VitConfig};
use super::layer::linear;
use super::question::QuestionEncoder;
use super::vision::Vit;
use super::words::Words;
use crate::error::MetricError;
use crate::kernels::{After, Linear};
use crate::perception::Preference;
use crate::pixels::{Filter, Normalization, shorter_side_and_crop, to_tensor};
use crate::weights::{NetworkCard, TensorSource, WeightsFile, WeightsStatement};

/// What ImageReward is.
pub static IMAGE_REWARD: NetworkCard = NetworkCard {
    id: "image-reward",
    name: "ImageReward-v1.0: BLIP with ViT-L/16 at 224 px and a head of five linear layers",
    weights: "ImageReward.pt of THUDM/ImageReward (446 million parameters), or safetensors of the same names; vocab.txt of \
        bert-base-uncased",
    licence: "Apache-2.0 (THUDM/ImageReward); vocabulary Apache-2.0",
    resize: "shorter side 224, Pillow's 8-bit bicubic, centre crop",
    normalization: "grey/255, mean 0.48145466 0.4578275 0.40821073, std 0.26862954 0.26130258 0.27577711",
    known_problems: &["Texts are cut to 35 tokens.", "The crop loses the ends of pictures that are not square."],
    reference: "Xu et al., arXiv 2304.05977; THUDM/ImageReward",
};

/// Mean and deviation of the head's output on the authors' data, which the published score is freed of.
const MEAN: f64 = 0.167_173_628_300_524_26;
const DEVIATION: f64 = 1.033_339_496_605_407_2;

/// Width of a space that BLIP was pretrained in; its projections are in the file and unused.
const UNUSED: usize = 256;

/// Sizes; the default is the published ImageReward-v1.0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardConfig {
    /// The eye.
    pub vit: VitConfig,
    /// The encoder of the text.
    pub bert: BertConfig,
    /// Widths of the head's layers; the last is 1.
    pub head: Vec<usize>,
}

impl Default for RewardConfig {
    fn default() -> Self {
        Self {
            vit: VitConfig { image: 224, width: 1024, depth: 24, heads: 16, ..VitConfig::default() },
            bert: BertConfig { encoder_width: 1024, ..BertConfig::default() },
            head: vec![1024, 128, 64, 16, 1],
        }
    }
}

/// ImageReward without words: a picture and token ids in, a number out.
pub struct RewardNetwork {
    visual_encoder: Vit,
    text_encoder: QuestionEncoder,
    layers: Vec<Linear>,
    config: RewardConfig,
}

fn failed(source: candle_core::Error) -> MetricError {
    MetricError::Network { network: IMAGE_REWARD.id.to_owned(), source }
}

impl RewardNetwork {
    /// Takes every tensor by its name in the published file.
    ///
    /// # Errors
    /// Those of the source.
    pub fn load(source: &dyn TensorSource, config: &RewardConfig) -> Result<Self, MetricError> {
        for (name, inner) in [("vision_proj", config.vit.width), ("text_proj", config.bert.hidden)] {
            source.ignored(&format!("blip.{name}.weight"), &[UNUSED, inner]);
            source.ignored(&format!("blip.{name}.bias"), &[UNUSED]);
        }
        let inner = std::iter::once(config.bert.hidden).chain(config.head.iter().copied());
        // Dropouts stand between the layers and count: 0, 2, 4, 6, 7.
        let place = |i: usize| if i + 1 == config.head.len() { 2 * i - 1 } else { 2 * i };
        let layer = |(i, (&out, inner))| linear(source, &format!("mlp.layers.{}", place(i)), (out, inner));
        Ok(Self {
            visual_encoder: Vit::load(source, "blip.visual_encoder", &config.vit)?,
            text_encoder: QuestionEncoder::load(source, "blip.text_encoder", &config.bert)?,
            layers: config.head.iter().zip(inner).enumerate().map(layer).collect::<Result<_, _>>()?,
            config: config.clone(),
        })
    }

    /// Reads a file, every tensor accounted for; gives its SHA-256, too.
    ///
    /// # Errors
    /// [`MetricError::WeightsFile`] where it cannot be read, [`MetricError::Weights`] with every tensor that is
    /// missing, mis-shaped or left over.
    pub fn open(path: &Path, config: &RewardConfig, device: &Device) -> Result<(Self, String), MetricError> {
        let file = WeightsFile::open(path, None, device)?;
        let network = Self::load(&file, config)?;
        file.finish()?;
        Ok((network, file.sha256().to_owned()))
    }

    /// The reward of one normalised picture (3, S, S) for the ids of a text, `[CLS]` first and left as it is.
    ///
    /// # Errors
    /// [`MetricError::Network`] where a shape is another one, or an id outside the vocabulary.
    pub fn reward(&self, picture: &Tensor, text: &[u32]) -> Result<f64, MetricError> {
        let work = || {
            let tokens = self.visual_encoder.forward(picture)?;
            let seen = self.text_encoder.look(&tokens)?;
            let read = self.text_encoder.forward(&[text.to_vec()], &seen)?;
            let first = read.states.narrow(0, 0, 1)?; // (1, D)
            let out = self.layers.iter().try_fold(first, |x, layer| layer.forward_rows(&x, After::Nothing))?; // (1, 1)
            Ok(f64::from(out.flatten_all()?.to_vec1::<f32>()?[0]))
        };
        Ok((work().map_err(failed)? - MEAN) / DEVIATION)
    }
}

/// ImageReward with its words.
pub struct ImageReward {
    network: RewardNetwork,
    words: Words,
    statement: WeightsStatement,
    device: Device,
}

impl ImageReward {
    /// Reads the published network and the vocabulary.
    ///
    /// # Errors
    /// Those of [`RewardNetwork::open`] and [`Words::open`].
    pub fn open(weights: &Path, vocabulary: &Path, device: &Device) -> Result<Self, MetricError> {
        let words = Words::open(vocabulary)?;
        let (network, sha256) = RewardNetwork::open(weights, &RewardConfig::default(), device)?;
        let layout = "THUDM/ImageReward";
        let statement = WeightsStatement { card: IMAGE_REWARD, path: weights.to_owned(), sha256, layout };
        Ok(Self::new(network, words, statement, device))
    }

    /// Of parts that were made otherwise, for networks of other sizes.
    #[must_use]
    pub fn new(network: RewardNetwork, words: Words, statement: WeightsStatement, device: &Device) -> Self {
        Self { network, words, statement, device: device.clone() }
    }

    /// Which weights judge: for the run's protocol.
    #[must_use]
    pub fn statement(&self) -> &WeightsStatement {
        &self.statement
    }
}

impl Preference for ImageReward {
    fn id(&self) -> &str {
        self.statement.card.id
    }

    fn preference(&self, image: &RgbImage, text: &str) -> Result<f64, MetricError> {
        let side = self.network.config.vit.image as u32;
        let seen = shorter_side_and_crop(image, side, Filter::Bicubic)?;
        let picture = to_tensor(&[&seen], Normalization::CLIP, &self.device)?;
        self.network.reward(&picture.squeeze(0).map_err(failed)?, &self.words.ids_of_text(text)?)
    }
}
