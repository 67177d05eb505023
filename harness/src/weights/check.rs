//! Whether weight files are whole, without loading them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use gentron_model::pipeline::Diffusers;

use super::Release;
use super::hub::{self, place};
use crate::failure::{Explain as _, refuse};
use crate::store::digest;

/// No sane header is larger; a larger length means that the file is something else.
const LONGEST_HEADER: u64 = 100 << 20;

/// Checks one network's folder inside the weights folder: it exists, has a safetensors file, and each such file is as long as its
/// header says. Shapes are checked when the network is built on it.
///
/// # Errors
/// The first thing that is missing or damaged, by its path.
pub fn check_folder(weights: &Path, name: &str) -> anyhow::Result<()> {
    let folder = place(weights, name);
    if let Some(release) = &Release::named(name) {
        let missing = release.missing(&folder, None);
        if let Some(file) = missing.first() {
            return Err(refuse(nowhere(&folder, release, file), how_to_fetch(release)));
        }
    }
    if !folder.is_dir() {
        let others: Vec<String> = list(weights)?.into_iter().filter(|entry| weights.join(entry).is_dir()).collect();
        let near = crate::names::nearest(name, others.iter().map(String::as_str)).join(", ");
        let near = if near.is_empty() { String::new() } else { format!(" (there is {near})") };
        return Err(refuse(format!("missing weights: no folder {}{near}", folder.display()), super::HOW_TO_GET));
    }
    let networks = networks(&folder)?;
    if networks.is_empty() {
        let path = folder.join("model.safetensors");
        return Err(refuse(format!("missing weights: no file {}", path.display()), super::HOW_TO_GET));
    }
    for file in networks {
        let path = folder.join(file);
        if let Err(why) = check_file(&path) {
            return Err(refuse(format!("damaged weights: {}: {why:#}", path.display()), super::HOW_TO_GET));
        }
    }
    Ok(())
}

/// What is said of a release of which a file is missing.
fn nowhere(folder: &Path, release: &Release, file: &str) -> String {
    let cache = hub::cache().map_or_else(|| "no cache".to_owned(), |cache| cache.display().to_string());
    let from = release.repository();
    format!(
        "missing weights: no file {}; looked there and for {from} in the Hugging Face cache {cache}",
        folder.join(file).display()
    )
}

fn how_to_fetch(release: &Release) -> String {
    let key = release.key();
    let offline = hub::offline().map_or_else(String::new, |variable| format!(" ({variable} is set: unset it first)"));
    format!(
        "`gentron models fetch {key}` gets it{offline}; or copy the files into a folder {key} of your weights folder"
    )
}

/// Digests of the files that a network computes with, by path inside the weights folder. Cards and curves are left out: they may be
/// edited without changing a single image.
///
/// # Errors
/// A file cannot be read.
pub fn digests(weights: &Path, name: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let folder = place(weights, name);
    let of = |file: String| Ok((format!("{name}/{file}"), digest::of_file(&folder.join(&file))?));
    computing(&folder)?.into_iter().map(of).collect()
}

/// Files that a network, or the whole pipeline of a folder of diffusers, computes with, relative to its folder.
fn computing(folder: &Path) -> anyhow::Result<Vec<String>> {
    if Diffusers::is(folder) {
        let files = Diffusers::files(folder)
            .explain(|| (format!("missing weights in {}", folder.display()), super::PIPELINE_HINT))?;
        let relative = files.iter().filter_map(|path| path.strip_prefix(folder).ok()?.to_str());
        return Ok(relative.map(str::to_owned).collect());
    }
    let computes = |file: &String| {
        file.ends_with(".safetensors")
            || file == "config.json"
            || file.starts_with("tokenizer")
            || matches!(file.as_str(), "vocab.json" | "merges.txt" | "spiece.model")
    };
    Ok(list(folder)?.into_iter().filter(computes).collect())
}

/// Those of them that hold tensors.
fn networks(folder: &Path) -> anyhow::Result<Vec<String>> {
    Ok(computing(folder)?.into_iter().filter(|file| file.ends_with(".safetensors")).collect())
}

/// Names in a folder, sorted.
fn list(folder: &Path) -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// Numbers in all tensors of a network's folder, exactly.
///
/// # Errors
/// A file is missing or damaged.
pub fn parameters(folder: &Path) -> anyhow::Result<u64> {
    let mut total = 0;
    for file in networks(folder)? {
        let path = folder.join(file);
        let entries = header(&path).with_context(|| format!("cannot read {}", path.display()))?.1;
        total += entries.values().map(|entry| entry.shape.iter().product::<u64>()).sum::<u64>();
    }
    Ok(total)
}

/// Bytes of a network's safetensors files.
///
/// # Errors
/// A file cannot be looked at.
pub fn bytes(folder: &Path) -> anyhow::Result<u64> {
    networks(folder)?.iter().map(|file| Ok(fs::metadata(folder.join(file))?.len())).sum()
}

/// What the header says of one tensor.
#[derive(serde::Deserialize)]
struct Entry {
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// safetensors: eight bytes of header length, the header (JSON with shape and offsets of every tensor), the tensors. Returns where the tensors
/// begin, and the header.
fn header(path: &Path) -> anyhow::Result<(u64, BTreeMap<String, Entry>)> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut eight = [0; 8];
    file.read_exact(&mut eight).context("shorter than its header")?;
    let header_length = u64::from_le_bytes(eight);
    anyhow::ensure!(header_length <= LONGEST_HEADER, "not a safetensors file");
    anyhow::ensure!(8 + header_length <= length, "shorter than its header");
    let mut header = vec![0; usize::try_from(header_length)?];
    file.read_exact(&mut header)?;
    let no_json = "not a safetensors file: the header is not its JSON";
    let mut header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&header).context(no_json)?;
    header.remove("__metadata__");
    let entries = serde_json::from_value(header.into()).context(no_json)?;
    Ok((8 + header_length, entries))
}

fn check_file(path: &Path) -> anyhow::Result<()> {
    let length = fs::metadata(path)?.len();
    let (begin, entries) = header(path)?;
    let end = entries.values().map(|entry| entry.data_offsets.1).max().unwrap_or(0);
    let expected = begin.saturating_add(end);
    anyhow::ensure!(expected == length, "{length} bytes where the header promises {expected}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One f32 tensor of two elements.
    fn safetensors() -> Vec<u8> {
        let header = br#"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        [&(header.len() as u64).to_le_bytes()[..], header, &[0; 8]].concat()
    }

    #[test]
    fn a_whole_file_passes_and_every_truncation_is_named() {
        let weights = tempfile::tempdir().unwrap();
        let folder = weights.path().join("net");
        fs::create_dir(&folder).unwrap();
        let path = folder.join("model.safetensors");
        let bytes = safetensors();
        fs::write(&path, &bytes).unwrap();
        check_folder(weights.path(), "net").unwrap();
        assert_eq!(parameters(&folder).unwrap(), 2);
        for length in [0, 4, 20, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).unwrap();
            let message = check_folder(weights.path(), "net").unwrap_err().to_string();
            assert!(message.contains("net/model.safetensors"), "{length}: {message}");
        }
        fs::remove_file(&path).unwrap();
        assert!(check_folder(weights.path(), "net").unwrap_err().to_string().contains("no file"));
        assert!(check_folder(weights.path(), "nett").unwrap_err().to_string().contains("there is net"));
    }

    #[test]
    fn editing_a_card_changes_no_digest() {
        let weights = tempfile::tempdir().unwrap();
        let folder = weights.path().join("net");
        fs::create_dir(&folder).unwrap();
        for file in ["model.safetensors", "config.json", "card.json", "tokenizer.json"] {
            fs::write(folder.join(file), file).unwrap();
        }
        let before = digests(weights.path(), "net").unwrap();
        assert_eq!(before.len(), 3);
        fs::write(folder.join("card.json"), "edited").unwrap();
        assert_eq!(digests(weights.path(), "net").unwrap(), before);
    }
}
