//! What others published under one name: a network, or a whole pipeline as diffusers reads it.

use std::fs;
use std::path::Path;

use gentron_model::checkpoint::read_json;
use gentron_model::pipeline::Diffusers;
use gentron_model::published::{Network, Pipeline, Published, pipelines, published};

use super::hub::parts;

/// Something that can be fetched by name.
#[derive(Clone, Debug, PartialEq)]
pub enum Release {
    /// One network in one folder.
    Network(Published),
    /// Networks, tokenizers and a scheduler, each in a folder of its own.
    Pipeline(Pipeline),
}

impl Release {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let networks = published().into_iter().map(Self::Network);
        networks.chain(pipelines().into_iter().map(Self::Pipeline)).collect()
    }

    /// The one of a key, or of a repository's name.
    pub fn find(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|release| release.key() == name || release.repository() == name)
    }

    /// The one that a recipe means by `name`: its key alone, since a folder may be called like a repository.
    pub fn named(name: &str) -> Option<Self> {
        Self::find(name).filter(|release| release.key() == name)
    }

    /// What the user types.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Network(network) => network.key,
            Self::Pipeline(pipeline) => pipeline.key,
        }
    }

    /// Its repository on the Hugging Face hub.
    pub fn repository(&self) -> &'static str {
        match self {
            Self::Network(network) => network.repository,
            Self::Pipeline(pipeline) => pipeline.repository,
        }
    }

    /// Files that a folder lacks, as far as can be said now: an index names its parts only when it is here, and so does a pipeline. `listing`
    /// is what the repository has; without it, files that may be in one of several forms go by the usual one.
    pub fn missing(&self, folder: &Path, listing: Option<&[String]>) -> Vec<String> {
        match self {
            Self::Network(network) => {
                let mut wanted = vec!["config.json".to_owned()];
                if network.has_tokenizer() && !reads_words(folder, &network.network) {
                    wanted.push("tokenizer.json".to_owned());
                }
                wanted.extend(weights(folder, "", network.file(), listing));
                absent(folder, wanted)
            }
            Self::Pipeline(_) => missing_of_pipeline(folder, listing),
        }
    }
}

/// Whether a folder has what a network's tokenizer is read from, in one of its forms.
fn reads_words(folder: &Path, network: &Network) -> bool {
    const CLIP: &[&[&str]] = &[&["tokenizer.json"], &["vocab.json", "merges.txt"]];
    const T5: &[&[&str]] = &[&["tokenizer.json"], &["spiece.model"]];
    let forms = match network {
        Network::Clip(_) => CLIP,
        Network::T5(_) => T5,
        Network::Autoencoder(_) => return true,
    };
    forms.iter().any(|form| form.iter().all(|file| folder.join(file).is_file()))
}

/// Those of `wanted` that a folder does not have, sorted.
fn absent(folder: &Path, mut wanted: Vec<String>) -> Vec<String> {
    wanted.retain(|file| !folder.join(file).is_file());
    wanted.sort();
    wanted.dedup();
    wanted
}

/// Files that a folder of diffusers lacks, published by whomever.
pub(super) fn missing_of_pipeline(folder: &Path, listing: Option<&[String]>) -> Vec<String> {
    let mut wanted = [Diffusers::INDEX, Diffusers::SCHEDULER].map(str::to_owned).to_vec();
    for (part, file) in Diffusers::networks(folder).unwrap_or_default() {
        wanted.push(format!("{part}/config.json"));
        wanted.extend(weights(folder, &format!("{part}/"), file, listing));
    }
    for part in Diffusers::tokenizers(folder).unwrap_or_default() {
        wanted.extend(tokenizer(folder, &format!("{part}/"), listing));
    }
    absent(folder, wanted)
}

/// Files that the folder of one network lacks that nobody published: its configuration says whether it reads text.
pub(super) fn missing_of_network(folder: &Path) -> Vec<String> {
    let mut wanted = vec!["config.json".to_owned()];
    let config: Option<serde_json::Value> = read_json(&folder.join("config.json")).ok();
    // CLIP's two towers have the former, T5 and a text tower alone the latter; backbones and autoencoders have neither.
    let reads = |config: &serde_json::Value| ["text_config", "vocab_size"].iter().any(|key| config.get(key).is_some());
    if config.as_ref().is_some_and(reads) {
        wanted.extend(tokenizer(folder, "", None));
    }
    wanted.extend(weights(folder, "", WHOLE[0], None));
    absent(folder, wanted)
}

/// What weights in one file are called, in the order in which they are looked for; all of a folder may have either name.
const WHOLE: [&str; 2] = ["model.safetensors", "diffusion_pytorch_model.safetensors"];

/// Weights are one file, or an index and its parts.
fn weights(folder: &Path, within: &str, file: &str, listing: Option<&[String]>) -> Vec<String> {
    let names = |name: &str| (format!("{within}{name}"), format!("{within}{name}.index.json"));
    for name in WHOLE {
        let (whole, index) = names(name);
        if folder.join(&whole).is_file() {
            return Vec::new();
        }
        if let Ok(bytes) = fs::read(folder.join(&index)) {
            let named = parts(&bytes).map(|parts| parts.iter().map(|part| format!("{within}{part}")).collect());
            return named.unwrap_or_else(|| vec![index]);
        }
    }
    let (whole, index) = names(file);
    let in_parts = listing.is_some_and(|files| !files.contains(&whole) && files.contains(&index));
    vec![if in_parts { index } else { whole }]
}

/// What a network in a folder is read from: the index, where the weights are in parts, and the files with tensors. One whole file comes
/// before an index, and what neither names is not looked at.
pub(super) fn read_from(folder: &Path) -> (Option<String>, Vec<String>) {
    for name in WHOLE {
        if folder.join(name).is_file() {
            return (None, vec![name.to_owned()]);
        }
        let index = format!("{name}.index.json");
        if let Ok(bytes) = fs::read(folder.join(&index)) {
            return (Some(index), parts(&bytes).unwrap_or_default());
        }
    }
    (None, Vec::new())
}

/// A tokenizer is whatever files of its kind there are; one of three sets must be whole.
fn tokenizer(folder: &Path, within: &str, listing: Option<&[String]>) -> Vec<String> {
    let name = |file: &&str| format!("{within}{file}");
    if let Some(files) = listing {
        let published: Vec<String> =
            Diffusers::TOKENIZER.iter().map(&name).filter(|file| files.contains(file)).collect();
        if !published.is_empty() {
            return published;
        }
    }
    let whole = |set: &[&str]| set.iter().all(|file| folder.join(name(file)).is_file());
    if [&["tokenizer.json"][..], &["vocab.json", "merges.txt"], &["spiece.model"]].into_iter().any(whole) {
        return Vec::new();
    }
    vec![name(&"tokenizer.json")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (file, text) in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn what_is_missing_is_named_whether_weights_come_in_one_file_or_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let release = Release::find("flan-t5-xxl").unwrap();
        assert_eq!(release.missing(path, None), ["config.json", "model.safetensors", "tokenizer.json"]);
        let listing = ["config.json", "model.safetensors.index.json", "tokenizer.json"].map(str::to_owned);
        assert!(release.missing(path, Some(&listing)).contains(&"model.safetensors.index.json".to_owned()));
        write(path, &[("config.json", "{}"), ("tokenizer.json", "{}")]);
        let index =
            r#"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}}"#;
        write(path, &[("model.safetensors.index.json", index), ("model-1.safetensors", "")]);
        assert_eq!(release.missing(path, None), ["model-2.safetensors"]);
        write(path, &[("model.safetensors", "")]);
        assert!(release.missing(path, None).is_empty());
    }

    #[test]
    fn a_t5_with_the_older_form_of_its_tokenizer_is_whole_and_a_clip_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write(path, &[("config.json", "{}"), ("model.safetensors", ""), ("spiece.model", "")]);
        assert!(Release::find("flan-t5-small").unwrap().missing(path, None).is_empty());
        assert_eq!(Release::find("clip-l").unwrap().missing(path, None), ["tokenizer.json"]);
        write(path, &[("vocab.json", "{}"), ("merges.txt", "")]);
        assert!(Release::find("clip-l").unwrap().missing(path, None).is_empty());
    }

    #[test]
    fn one_whole_file_is_read_and_not_the_parts_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(read_from(path), (None, vec![]));
        let index = r#"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}"#;
        write(path, &[("model.safetensors.index.json", index), ("model-1.safetensors", ""), ("x.safetensors", "")]);
        let parts = ["model-1.safetensors", "model-2.safetensors"].map(str::to_owned).to_vec();
        assert_eq!(read_from(path), (Some("model.safetensors.index.json".to_owned()), parts));
        write(path, &[("model.safetensors", "")]);
        assert_eq!(read_from(path), (None, vec!["model.safetensors".to_owned()]));
    }

    #[test]
    fn a_pipeline_lacks_what_its_index_asks_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let release = Release::named("pixart-alpha-512").unwrap();
        assert_eq!(release.missing(path, None), ["model_index.json", "scheduler/scheduler_config.json"]);
        write(path, &[("model_index.json", r#"{"_class_name": "PixArtAlphaPipeline"}"#)]);
        write(path, &[("scheduler/scheduler_config.json", "{}"), ("vae/config.json", "{}")]);
        let listing = [
            "text_encoder/model.safetensors.index.json",
            "tokenizer/spiece.model",
            "tokenizer/special_tokens_map.json",
            "transformer/diffusion_pytorch_model.safetensors",
            "vae/diffusion_pytorch_model.safetensors",
        ];
        let listing = listing.map(str::to_owned);
        let mut wanted = listing.to_vec();
        wanted.extend(["text_encoder/config.json", "transformer/config.json"].map(str::to_owned));
        wanted.sort();
        assert_eq!(release.missing(path, Some(&listing)), wanted);
        let index = r#"{"weight_map": {"a": "model-00001-of-00002.safetensors"}}"#;
        write(path, &[("text_encoder/model.safetensors.index.json", index), ("tokenizer/spiece.model", "")]);
        let now = release.missing(path, None);
        assert!(now.contains(&"text_encoder/model-00001-of-00002.safetensors".to_owned()), "{now:?}");
        assert!(now.iter().all(|file| !file.starts_with("tokenizer")), "{now:?}");
    }

    #[test]
    fn what_a_network_of_ones_own_lacks_goes_by_its_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(missing_of_network(path), ["config.json", "model.safetensors"]);
        write(path, &[("config.json", r#"{"vocab_size": 5}"#), ("diffusion_pytorch_model.safetensors", "")]);
        assert_eq!(missing_of_network(path), ["tokenizer.json"]);
        write(path, &[("config.json", r#"{"depth": 5}"#)]);
        assert!(missing_of_network(path).is_empty());
    }
}
