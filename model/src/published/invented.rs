//! Whole folders of a published network's layout, with invented weights and an invented tokenizer.

use std::path::Path;

use candle_core::DType;
use safetensors::tensor::Dtype;
use serde_json::{Value, json};

use super::{Network, Published};
use crate::checkpoint::{CheckpointError, Layout, Written, write_random};
use crate::gentron::{GenTron, GenTronConfig};
use crate::text::clip::ClipModel;
use crate::text::t5::T5Config;

/// Bytes of a part of a sharded checkpoint: what transformers writes.
const PART: u64 = 10_000_000_000;

/// What is written of a network.
#[derive(Clone, Copy, Debug)]
pub struct Invention {
    /// Type of the tensors: F32, F16 or BF16.
    pub dtype: DType,
    /// Of T5: only what a text encoder needs.
    pub encoder_only: bool,
    /// Bytes of a part; absent for transformers' own 10 GB, and one file where all fits into it.
    pub part: Option<u64>,
    /// Seed of the numbers.
    pub seed: u64,
}

impl Published {
    /// Writes configuration, tokenizer and random weights into `folder`, in the layout of the published repository.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn invent(&self, folder: &Path, invention: Invention) -> Result<Written, CheckpointError> {
        let parameters = self
            .parameters(invention.encoder_only)
            .map_err(|source| CheckpointError::Build { path: folder.to_owned(), source })?;
        write_json(&folder.join("config.json"), &self.description())?;
        if let Some(tokenizer) = tokenizer(&self.network) {
            write_json(&folder.join("tokenizer.json"), &tokenizer)?;
        }
        // OpenAI's CLIP was saved by a transformers that kept them.
        let counts = match &self.network {
            Network::Clip(config) => {
                let vision = &config.vision_config;
                let places = (vision.image_size / vision.patch_size).pow(2) + 1;
                ClipModel::BUFFERS.into_iter().zip([config.text_config.max_position_embeddings, places]).collect()
            }
            _ => Vec::new(),
        };
        write_weights(folder, &parameters, (self.file(), &counts), invention)
    }

    /// `config.json` with the fields of the published one that say what the network is.
    fn description(&self) -> Value {
        let (config, kind) = match &self.network {
            Network::Clip(config) => (json!(config), json!({"architectures": ["CLIPModel"], "model_type": "clip"})),
            Network::T5(config) => {
                (json!(config), json!({"architectures": ["T5ForConditionalGeneration"], "model_type": "t5"}))
            }
            Network::Autoencoder(config) => (json!(config), json!({"_class_name": "AutoencoderKL"})),
        };
        merged(kind, config)
    }
}

/// Writes `config.json` and random weights of a GenTron.
///
/// # Errors
/// Where a file cannot be written, or the configuration contradicts itself.
pub fn invent_gentron(folder: &Path, config: &GenTronConfig, invention: Invention) -> Result<Written, CheckpointError> {
    let parameters = crate::checkpoint::outline(|vb| GenTron::new(vb, config))
        .map_err(|source| CheckpointError::Build { path: folder.to_owned(), source })?;
    write_json(&folder.join("config.json"), &json!(config))?;
    write_weights(folder, &parameters, ("model.safetensors", &[]), invention)
}

fn write_weights(
    folder: &Path,
    parameters: &[crate::checkpoint::Parameter],
    (file, counts): (&str, &[(&str, usize)]),
    invention: Invention,
) -> Result<Written, CheckpointError> {
    let dtype = match invention.dtype {
        DType::BF16 => Dtype::BF16,
        DType::F16 => Dtype::F16,
        _ => Dtype::F32,
    };
    let elements: u64 = parameters.iter().map(crate::checkpoint::Parameter::elements).sum();
    let bytes = elements * dtype.bitsize() as u64 / 8;
    let part = invention.part.or((bytes > PART).then_some(PART));
    write_random(folder, parameters, Layout { file, dtype, part, counts }, invention.seed)
}

fn merged(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(mut first), Value::Object(second)) => {
            first.extend(second);
            Value::Object(first)
        }
        (first, _) => first,
    }
}

fn write_json(path: &Path, value: &Value) -> Result<(), CheckpointError> {
    let failed = |source| CheckpointError::Unwritable { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, format!("{value:#}\n")).map_err(failed)
}

/// A `tokenizer.json` of the kind and with the number of tokens of the published one. Its pieces are single characters; the others
/// are there only to be counted.
fn tokenizer(network: &Network) -> Option<Value> {
    match network {
        Network::Clip(config) => Some(bytes_of_clip(config.text_config.vocab_size)),
        Network::T5(config) => Some(pieces_of_t5(config)),
        Network::Autoencoder(_) => None,
    }
}

fn special(id: usize, content: &str) -> Value {
    json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true})
}

/// Byte-level BPE without merges, the last two of `count` tokens being begin and end.
fn bytes_of_clip(count: usize) -> Value {
    let mut alphabet: Vec<char> = tokenizers::pre_tokenizers::byte_level::ByteLevel::alphabet().into_iter().collect();
    alphabet.sort_unstable();
    let within = alphabet.iter().map(char::to_string);
    let ends = alphabet.iter().map(|character| format!("{character}</w>"));
    let filled = (0..count.saturating_sub(2 * alphabet.len() + 2)).map(|i| format!("unused{i}</w>"));
    let (begin, end) = ("<|startoftext|>", "<|endoftext|>");
    let tokens = within.chain(ends).chain(filled).chain([begin.to_owned(), end.to_owned()]);
    let vocabulary: serde_json::Map<String, Value> = tokens.zip(0..).map(|(token, id)| (token, json!(id))).collect();
    let (first, last) = (count - 2, count - 1);
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [special(first, begin), special(last, end)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Lowercase"},
        ]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "WhitespaceSplit"},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
        ]},
        "post_processor": {"type": "RobertaProcessing", "sep": [end, last], "cls": [begin, first],
            "trim_offsets": false, "add_prefix_space": false},
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": end, "continuing_subword_prefix": "",
            "end_of_word_suffix": "</w>", "fuse_unk": false, "vocab": vocabulary, "merges": []},
    })
}

/// A Unigram model of single characters with T5's 100 sentinels at the end.
fn pieces_of_t5(config: &T5Config) -> Value {
    const SENTINELS: usize = 100;
    /// Rows that T5's embedding has beyond its tokens, so that their number divides well.
    const UNUSED_ROWS: usize = 28;
    let count = config.vocab_size.saturating_sub(UNUSED_ROWS);
    let mut pieces =
        vec![json!(["<pad>", 0.0]), json!(["</s>", 0.0]), json!(["<unk>", 0.0]), json!(["\u{2581}", -2.0])];
    pieces.extend((33u8..127).map(|byte| json!([char::from(byte).to_string(), -4.0])));
    let filled =
        (0..count.saturating_sub(pieces.len() + SENTINELS)).map(|i| json!([format!("\u{2581}unused{i}"), -20.0]));
    pieces.extend(filled.collect::<Vec<_>>());
    let sentinels: Vec<String> = (0..SENTINELS).rev().map(|i| format!("<extra_id_{i}>")).collect();
    let first = pieces.len();
    pieces.extend(sentinels.iter().map(|sentinel| json!([sentinel, 0.0])));
    let added = [special(0, "<pad>"), special(1, "</s>"), special(2, "<unk>")]
        .into_iter()
        .chain(sentinels.iter().enumerate().map(|(i, sentinel)| special(first + i, sentinel)));
    let metaspace = json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true});
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": added.collect::<Vec<_>>(),
        "normalizer": {"type": "NFKC"},
        "pre_tokenizer": metaspace,
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
        "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": 2, "vocab": pieces, "byte_fallback": false},
    })
}
