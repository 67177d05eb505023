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

use super::Release;

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

/// The folder of the hub's own libraries, there or not; none where the system names no home.
fn home() -> Option<PathBuf> {
    let inside = |folder: PathBuf| folder.join("huggingface");
    variable("HF_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("XDG_CACHE_HOME").map(|folder| inside(folder.into())))
        .or_else(|| variable("HOME").map(|home| inside(Path::new(&home).join(".cache"))))
}

/// The cache's folder, there or not; none where the system names no home.
pub fn cache() -> Option<PathBuf> {
    let named = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"].iter().find_map(|name| variable(name)).map(PathBuf::from);
    named.or_else(|| Some(home()?.join("hub")))
}

/// Who asks the hub: `HF_TOKEN`, else what `hf auth login` left on this machine.
pub(super) fn token() -> Option<String> {
    let left = || {
        let file = variable("HF_TOKEN_PATH").map(PathBuf::from).or_else(|| Some(home()?.join("token")))?;
        let token = fs::read_to_string(file).ok()?.trim().to_owned();
        (!token.is_empty()).then_some(token)
    };
    variable("HF_TOKEN").or_else(left)
}

/// The cache's folder of one repository.
pub(super) fn repository(cache: &Path, release: &Release) -> PathBuf {
    cache.join(format!("models--{}", release.repository().replace('/', "--")))
}

/// The snapshot of a release that was brought last, whole or not.
pub fn snapshot(release: &Release) -> Option<PathBuf> {
    let repository = repository(&cache()?, release);
    let commit = fs::read_to_string(repository.join("refs").join("main")).ok()?;
    let snapshot = repository.join("snapshots").join(commit.trim());
    snapshot.is_dir().then_some(snapshot)
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

/// Whether somebody put weights into a folder, or into one of those in it, as a pipeline has them: all of them or not.
pub(super) fn holds_weights(folder: &Path) -> bool {
    let inside = entries(folder);
    inside.iter().any(|path| is_weights(path))
        || inside.iter().flat_map(|path| entries(path)).any(|path| is_weights(&path))
}

/// What is in a folder; nothing where it is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn is_weights(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    [".safetensors", ".safetensors.index.json", ".bin", ".ckpt", ".pt"].iter().any(|end| name.ends_with(end))
}

/// The folder of a network: inside the weights folder, or, where it is a published one of which no weights are there, in the cache. Weights
/// of the user's own are never passed over for those of the cache, whole or not. Where it is nowhere, the one inside the weights folder if
/// there is such a folder.
pub fn place(weights: &Path, name: &str) -> PathBuf {
    let own = weights.join(name);
    let Some(release) = Release::named(name) else { return own };
    let whole = |folder: &Path| release.missing(folder, None).is_empty();
    if holds_weights(&own) {
        return own;
    }
    snapshot(&release).filter(|cached| whole(cached) || !own.is_dir()).unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_folder_of_ones_own_is_its_place_and_so_is_any_that_nobody_published() {
        let weights = tempfile::tempdir().unwrap();
        let own = weights.path().join("sd-vae-ft-ema");
        fs::create_dir(&own).unwrap();
        for file in ["config.json", "diffusion_pytorch_model.safetensors"] {
            fs::write(own.join(file), "").unwrap();
        }
        assert_eq!(place(weights.path(), "sd-vae-ft-ema"), own);
        assert_eq!(place(weights.path(), "mine"), weights.path().join("mine"));
    }

    #[test]
    fn a_folder_holds_weights_where_one_of_its_parts_does_and_not_for_its_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let unet = folder.path().join("unet");
        fs::create_dir(&unet).unwrap();
        fs::write(folder.path().join("config.json"), "{}").unwrap();
        assert!(!holds_weights(folder.path()) && !holds_weights(&folder.path().join("nowhere")));
        fs::write(unet.join("diffusion_pytorch_model.safetensors"), "").unwrap();
        assert!(holds_weights(folder.path()));
    }

    #[test]
    fn an_index_names_files_beside_it_alone() {
        assert_eq!(parts(br#"{"weight_map": {"a": "x.safetensors"}}"#), Some(vec!["x.safetensors".to_owned()]));
        assert_eq!(parts(br#"{"weight_map": {"a": "../../x.safetensors"}}"#), None);
        assert_eq!(parts(b"<html>"), None);
    }
}
