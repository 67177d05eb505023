//! Files of weights: torch.save's two formats, both layouts of BLIP, and what is said of a wrong one.

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Tensor};
use gentron_metrics::MetricError;
use gentron_metrics::blip::{BLIP_VQA, BlipConfig, BlipNetwork, BlipVqa, Layout, Words};
use gentron_metrics::weights::{TensorProblem, TensorSource, WeightsFile, WeightsStatement};
use gentron_metrics::{Answer, Vqa};
use serde::Deserialize;

use crate::formula::{Formula, blip};
use crate::pixels::formula_image;
use crate::{goldens, own};

#[derive(Deserialize)]
struct Tiny {
    config: BlipConfig,
    params: BTreeMap<String, Vec<usize>>,
}

fn tiny() -> Option<Tiny> {
    goldens::read_all::<Tiny>("blip_vqa_tiny", ".json").pop().map(|(_, tiny)| tiny)
}

/// The tiny network's tensors, those that are tied repeated, as a file has them.
fn tensors(tiny: &Tiny) -> HashMap<String, Tensor> {
    let alias = |name: &str| match name {
        "text_decoder.cls.predictions.decoder.weight" => {
            "text_decoder.bert.embeddings.word_embeddings.weight".to_owned()
        }
        "text_decoder.cls.predictions.decoder.bias" => "text_decoder.cls.predictions.bias".to_owned(),
        _ => name.to_owned(),
    };
    let made =
        |(name, shape): (&String, &Vec<usize>)| (name.clone(), Formula::new(blip).tensor(&alias(name), shape).unwrap());
    tiny.params.iter().map(made).collect()
}

#[test]
fn parity_of_both_formats_of_torch_save() {
    for name in ["legacy.pth", "zip.pth"] {
        let file = WeightsFile::open(&own::path(name), Some("model"), &Device::Cpu).unwrap();
        assert_eq!(file.names(), ["a.weight", "b", "half", "view"], "{name}");
        assert_eq!(file.sha256().len(), 64);
        let values = |tensor: &str, shape: &[usize]| {
            file.tensor(tensor, shape).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        assert_eq!(values("a.weight", &[2, 3]), [0.0, 0.25, 0.5, 0.75, 1.0, 1.25], "{name}");
        assert_eq!(values("view", &[3]), [0.75, 1.0, 1.25], "{name}");
        assert_eq!(values("half", &[1]), [0.5], "{name}");
        file.tensor("b", &[3]).unwrap();
        file.tensor("c", &[1]).unwrap();
        let Err(MetricError::Weights { problems, .. }) = file.finish() else { panic!("{name} has two problems") };
        let shape = TensorProblem::Shape { name: "b".to_owned(), expected: vec![3], got: vec![2] };
        assert_eq!(problems.0, [shape, TensorProblem::Missing { name: "c".to_owned(), shape: vec![1] }]);
        assert!(WeightsFile::open(&own::path(name), Some("absent"), &Device::Cpu).is_err());
    }
    assert!(WeightsFile::open(&own::path("frechet.json"), None, &Device::Cpu).is_err());
}

#[test]
fn parity_of_blips_two_layouts() {
    let Some(tiny) = tiny() else { return };
    let folder = tempfile::tempdir().unwrap();
    let original = folder.path().join("original.safetensors");
    let mut tensors = tensors(&tiny);
    candle_core::safetensors::save(&tensors, &original).unwrap();
    let question = [vec![101, 1037, 2665, 6847, 1029, 102]];
    let picture = Tensor::arange(0f32, 3072.0, &Device::Cpu).unwrap().reshape((3, 32, 32)).unwrap();
    let picture = (picture / 3072.0).unwrap();
    let answer = |network: &BlipNetwork| network.probabilities(&network.look(&picture).unwrap(), &question).unwrap();
    let (network, digest) = Layout::Original.open(&original, &tiny.config, &Device::Cpu).unwrap();
    assert_eq!(digest.len(), 64);

    // transformers' names, without what it leaves out because it is tied or no weight.
    let renamed = tensors.iter().filter(|(name, _)| !name.contains("position_ids") && !name.contains(".decoder."));
    let renamed: HashMap<String, Tensor> = renamed
        .map(|(name, tensor)| {
            let name = name.replace("visual_encoder.blocks.", "vision_model.encoder.layers.");
            let name = name.replace("visual_encoder.norm.", "vision_model.post_layernorm.");
            let name = name.replace("visual_encoder.cls_token", "vision_model.embeddings.class_embedding");
            let name = name.replace("visual_encoder.pos_embed", "vision_model.embeddings.position_embedding");
            let name = name.replace("visual_encoder.patch_embed.proj", "vision_model.embeddings.patch_embedding");
            let name = name.replace(".norm1.", ".layer_norm1.").replace(".norm2.", ".layer_norm2.");
            (name.replace(".attn.proj.", ".self_attn.projection.").replace(".attn.", ".self_attn."), tensor.clone())
        })
        .collect();
    let other = folder.path().join("model.safetensors");
    candle_core::safetensors::save(&renamed, &other).unwrap();
    let (same, _) = Layout::HuggingFace.open(&other, &tiny.config, &Device::Cpu).unwrap();
    assert_eq!(answer(&network), answer(&same));

    // Positions of another picture size are resampled; everything else that does not fit is named.
    let more = Formula::new(blip).tensor("visual_encoder.pos_embed", &[1, 10, 48]).unwrap();
    tensors.insert("visual_encoder.pos_embed".to_owned(), more.clone());
    candle_core::safetensors::save(&tensors, &original).unwrap();
    Layout::Original.open(&original, &tiny.config, &Device::Cpu).unwrap();
    tensors.remove("visual_encoder.norm.bias");
    tensors.insert("itm_head.weight".to_owned(), more.clone());
    tensors.insert("visual_encoder.cls_token".to_owned(), more.clone());
    tensors.insert(
        "text_decoder.cls.predictions.decoder.bias".to_owned(),
        Tensor::zeros(30524, candle_core::DType::F32, &Device::Cpu).unwrap(),
    );
    candle_core::safetensors::save(&tensors, &original).unwrap();
    let Err(error) = Layout::Original.open(&original, &tiny.config, &Device::Cpu) else { panic!("four problems") };
    let text = error.to_string();
    for part in [
        "visual_encoder.norm.bias [48] is missing",
        "itm_head.weight has no place",
        "visual_encoder.cls_token is [1, 10, 48], not [1, 1, 48]",
        "text_decoder.cls.predictions.decoder.bias differs from text_decoder.cls.predictions.bias",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn parity_of_questions_asked_together_and_alone() {
    let Some(tiny) = tiny() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vocab.txt");
    let mut words: Vec<String> = (0..30522).map(|i| format!("w{i}")).collect();
    for (at, word) in [
        (100, "[UNK]"),
        (101, "[CLS]"),
        (102, "[SEP]"),
        (1029, "?"),
        (1037, "a"),
        (2053, "no"),
        (2417, "red"),
        (2482, "car"),
        (2748, "yes"),
    ] {
        words[at] = word.to_owned();
    }
    std::fs::write(&path, words.join("\n")).unwrap();
    let words = Words::open(&path).unwrap();
    assert_eq!(words.ids("A red car?").unwrap(), [101, 1037, 2417, 2482, 1029, 102]);
    let statement = WeightsStatement { card: BLIP_VQA, path, sha256: String::new(), layout: Layout::Original.as_str() };
    // Full widths, so that the matrix products take the paths that they take in earnest.
    let mut config = tiny.config;
    config.bert = gentron_metrics::blip::BertConfig { layers: 1, encoder_width: 48, ..Default::default() };
    let network = BlipNetwork::load(&Formula::new(blip), &config).unwrap();
    let vqa = BlipVqa::new(network, words, statement, &Device::Cpu);
    let phrases = ["a red car", "car", "the w17 w18 w19 w20 w21 w22", "", "a no"];
    let images = [formula_image(31, 47), formula_image(64, 64)];
    for image in &images {
        let together = vqa.answers(image, &phrases).unwrap();
        let alone: Vec<Answer> = phrases.iter().map(|phrase| vqa.answer(image, phrase).unwrap()).collect();
        assert_eq!(together, alone);
        assert_eq!(vqa.answers(image, &phrases[1..3]).unwrap(), together[1..3]);
    }
    assert_ne!(vqa.answer(&images[0], "car").unwrap(), vqa.answer(&images[1], "car").unwrap());
    assert!(vqa.answers(&images[0], &[]).unwrap().is_empty());
    // Only the converted network has a name of its own.
    assert_eq!(vqa.name_in_score(), None);
    let statement = WeightsStatement { layout: Layout::HuggingFace.as_str(), ..vqa.statement().clone() };
    let network = BlipNetwork::load(&Formula::new(blip), &config).unwrap();
    let converted = BlipVqa::new(network, Words::open(&statement.path).unwrap(), statement, &Device::Cpu);
    assert_eq!(converted.name_in_score(), Some("blip-hf-384"));
}
