//! Networks that others published: in the weights folder, or in the Hugging Face cache of this machine.
//!
//! The cache has the layout of its own libraries, so that what one program has brought the others find:
//!
//! ```text
//! models--openai--clip-vit-large-patch14/
//!   refs/main                        the commit that `main` was
//!   snapshots/<commit>/config.json   links into
//!   blobs/<etag>                     the files
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gentron_model::published::Published;

/// Where the hub is asked, if not at its own address.
pub const ENDPOINT: &str = "HF_ENDPOINT";
/// Variables that forbid asking it.
const OFFLINE: [&str; 2] = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];

/// A variable that is set to something.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variable that forbids the network, where one does.
pub fn offline() -> Option<&'static str> {
    let says_yes = |name: &&str| {
        variable(name).is_some_and(|value| ["1", "on", "yes", "true"].contains(&value.to_lowercase().as_str()))
    };
    OFFLINE.iter().find(|name| says_yes(name)).copied()
}

/// The cache's folder, there or not; none where the system names no home.
pub fn cache() -> Option<PathBuf> {
    let inside = |folder: PathBuf| folder.join("huggingface").join("hub");
    let named = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"].iter().find_map(|name| variable(name)).map(PathBuf::from);
    named
        .or_else(|| variable("HF_HOME").map(|home| Path::new(&home).join("hub")))
        .or_else(|| variable("XDG_CACHE_HOME").map(|folder| inside(folder.into())))
        .or_else(|| variable("HOME").map(|home| inside(Path::new(&home).join(".cache"))))
}

/// The cache's folder of one repository.
pub(super) fn repository(cache: &Path, published: &Published) -> PathBuf {
    cache.join(format!("models--{}", published.repository.replace('/', "--")))
}

/// The snapshot of a published network that was brought last, whole or not.
pub fn snapshot(published: &Published) -> Option<PathBuf> {
    let repository = repository(&cache()?, published);
    let commit = fs::read_to_string(repository.join("refs").join("main")).ok()?;
    let snapshot = repository.join("snapshots").join(commit.trim());
    snapshot.is_dir().then_some(snapshot)
}

/// Files of a published network that are not in a folder.
pub fn missing(folder: &Path, published: &Published) -> Vec<String> {
    let weights = published.file();
    let mut wanted = BTreeSet::from(["config.json".to_owned()]);
    if published.has_tokenizer() {
        wanted.insert("tokenizer.json".into());
    }
    let index = format!("{weights}.index.json");
    match fs::read(folder.join(&index)) {
        Ok(bytes) if !folder.join(weights).is_file() => wanted.extend(parts(&bytes).unwrap_or_else(|| vec![index])),
        _ => drop(wanted.insert(weights.to_owned())),
    }
    wanted.into_iter().filter(|file| !folder.join(file).is_file()).collect()
}

/// The files that an index of weights names; none where it is no such index.
pub(super) fn parts(index: &[u8]) -> Option<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: std::collections::BTreeMap<String, String>,
    }
    let parts: BTreeSet<String> = serde_json::from_slice::<Index>(index).ok()?.weight_map.into_values().collect();
    let plain = |part: &String| !part.contains(['/', '\\']) && part.ends_with(".safetensors");
    (!parts.is_empty() && parts.iter().all(plain)).then(|| parts.into_iter().collect())
}

/// The published network that a recipe means by `name`: its key alone, since a folder may be called like a repository.
pub(super) fn named(name: &str) -> Option<Published> {
    Published::find(name).filter(|published| published.key == name)
}

/// The folder of a network: inside the weights folder, or, where it is a published one that is not there, in the cache. The one inside the
/// weights folder where it is nowhere.
pub fn place(weights: &Path, name: &str) -> PathBuf {
    let own = weights.join(name);
    if own.is_dir() {
        return own;
    }
    named(name).and_then(|published| snapshot(&published)).unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_whether_weights_come_in_one_file_or_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let published = Published::find("flan-t5-xxl").unwrap();
        assert_eq!(missing(path, &published), ["config.json", "model.safetensors", "tokenizer.json"]);
        for file in ["config.json", "tokenizer.json"] {
            fs::write(path.join(file), "{}").unwrap();
        }
        let index =
            r#"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}}"#;
        fs::write(path.join("model.safetensors.index.json"), index).unwrap();
        fs::write(path.join("model-1.safetensors"), "").unwrap();
        assert_eq!(missing(path, &published), ["model-2.safetensors"]);
        fs::write(path.join("model.safetensors"), "").unwrap();
        assert!(missing(path, &published).is_empty());
        assert_eq!(parts(br#"{"weight_map": {"a": "../../x.safetensors"}}"#), None);
        assert_eq!(parts(b"<html>"), None);
    }
}
