//! Whether weight files are whole, without loading them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use gentron_model::checkpoint::read_json;
use gentron_model::pipeline::Diffusers;

use super::Release;
use super::hub::{self, place};
use super::release::{missing_of_network, missing_of_pipeline, read_from};
use crate::failure::{Explain as _, refuse};
use crate::names;
use crate::store::digest;

/// No sane header is larger; a larger length means that the file is something else.
const LONGEST_HEADER: u64 = 100 << 20;

/// Checks one folder inside the weights folder, of a network or of a whole pipeline: it has its configuration, its tokenizer where it reads
/// text, and its weights with every part that their index names; what is JSON reads as such, and each safetensors file is as long as its
/// header says. Whether the tensors are those of the configuration [`check_tensors`](super::check_tensors) says.
///
/// # Errors
/// What is missing or damaged, by its path.
pub fn check_folder(weights: &Path, name: &str) -> anyhow::Result<()> {
    check_folder_for(weights, name, super::how_to_get(name))
}

/// The same, where whoever asks knows how one gets what nobody published under that name.
///
/// # Errors
/// What is missing or damaged, by its path.
pub fn check_folder_for(weights: &Path, name: &str, how_to_get: &str) -> anyhow::Result<()> {
    let folder = place(weights, name);
    let release = Release::named(name);
    let how_to_get = if Diffusers::is(&folder) { super::PIPELINE_HINT } else { how_to_get };
    if let Some(release) = &release {
        let missing = release.missing(&folder, None);
        if !missing.is_empty() && folder == weights.join(name) && hub::holds_weights(&folder) {
            return Err(not_whole(&folder, release, &missing));
        }
        if !missing.is_empty() {
            return Err(refuse(nowhere(weights, &folder, release, &missing), how_to_fetch(release)));
        }
    } else {
        if !folder.is_dir() {
            return Err(no_folder(weights, name, how_to_get)?);
        }
        let pipeline = Diffusers::is(&folder);
        let missing = if pipeline { missing_of_pipeline(&folder, None) } else { missing_of_network(&folder) };
        if !missing.is_empty() {
            return Err(refuse(format!("missing weights: no file {}", named(&folder, &missing)), how_to_get));
        }
    }
    if let Some((path, why)) = damaged(&folder)? {
        let hint = match &release {
            _ if is_pointer(&path) => {
                "`git lfs pull` in the repository that it comes from brings the file itself".to_owned()
            }
            Some(release) => anew(&folder, weights, release),
            None => how_to_get.to_owned(),
        };
        return Err(refuse(format!("damaged weights: {}: {why:#}", path.display()), hint));
    }
    Ok(())
}

/// What is said where there is no folder of that name, and nobody published it.
fn no_folder(weights: &Path, name: &str, how_to_get: &str) -> anyhow::Result<anyhow::Error> {
    let others: Vec<String> = list(weights)?.into_iter().filter(|entry| weights.join(entry).is_dir()).collect();
    let near = names::nearest(name, others.iter().map(String::as_str)).join(", ");
    let near = if near.is_empty() { String::new() } else { format!(" (there is {near})") };
    let what = format!("missing weights: no folder {}{near}", weights.join(name).display());
    let published: Vec<&str> = Release::all().iter().map(Release::key).collect();
    let hint = match names::nearest(name, published.iter().copied()).first() {
        None => how_to_get.to_owned(),
        Some(_) => {
            let meant = names::suggestion(name, published.iter().copied());
            format!("of those that `gentron models fetch` gets, {meant} Else: {how_to_get}")
        }
    };
    Ok(refuse(what, hint))
}

/// The first of the files that a folder lacks, by its path, and what else it lacks.
fn named(folder: &Path, missing: &[String]) -> String {
    let first = missing.first().map_or_else(|| folder.to_owned(), |file| folder.join(file));
    format!("{}{}", first.display(), also(missing))
}

/// The second and third of some missing files, and the number of the others.
pub(super) fn also(missing: &[String]) -> String {
    const SHOWN: usize = 3;
    let others: Vec<&str> = missing.iter().take(SHOWN).skip(1).map(String::as_str).collect();
    if others.is_empty() {
        return String::new();
    }
    let more = missing.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("; also missing: {}{more}", others.join(", "))
}

/// What is said of a folder of the user's own that has some of a release's files: which of them are used is never guessed.
fn not_whole(own: &Path, release: &Release, missing: &[String]) -> anyhow::Error {
    let what = format!("{} is not whole: no file {}", own.display(), named(own, missing));
    let cached = hub::snapshot(release).is_some_and(|cached| release.missing(&cached, None).is_empty());
    let other = if cached {
        format!("the {} of the Hugging Face cache is used", release.repository())
    } else {
        format!("`gentron models fetch {}` gets the published one", release.key())
    };
    refuse(what, format!("add what it lacks; or move the folder away, and {other}"))
}

/// What is said of a release of which files are missing.
fn nowhere(weights: &Path, folder: &Path, release: &Release, missing: &[String]) -> String {
    let cache = hub::cache().map_or_else(|| "no cache".to_owned(), |cache| cache.display().to_string());
    let (from, own) = (release.repository(), weights.join(release.key()));
    let way =
        if own.is_dir() { format!("; the folder {} is there, without weights", own.display()) } else { String::new() };
    // The file that was looked for stands first, whatever else is missing.
    format!(
        "missing weights: no file {}; looked there and for {from} in the Hugging Face cache {cache}{}{way}",
        named(folder, &missing[..missing.len().min(1)]),
        also(missing)
    )
}

fn how_to_fetch(release: &Release) -> String {
    let key = release.key();
    let offline = hub::offline().map_or_else(String::new, |variable| format!(" ({variable} is set: unset it first)"));
    format!(
        "`gentron models fetch {key}` gets it{offline}; or copy the files into a folder {key} of your weights folder"
    )
}

/// What to do about a damaged file of a release: one in the cache comes anew, one in the weights folder is the user's.
fn anew(folder: &Path, weights: &Path, release: &Release) -> String {
    let own = weights.join(release.key());
    if folder == own {
        return format!("copy the file anew; or move {} away, and {}", own.display(), how_to_fetch(release));
    }
    how_to_fetch(release)
}

/// The first file of a folder that is not what it should be, and why.
///
/// # Errors
/// The folder cannot be listed, or is of an unknown pipeline.
pub(super) fn damaged(folder: &Path) -> anyhow::Result<Option<(PathBuf, anyhow::Error)>> {
    // What a pipeline is made of is known only where this one reads.
    let first = folder.join(Diffusers::INDEX);
    if let Some(why) = Some(&first).filter(|first| first.is_file()).and_then(|first| check_file(first).err()) {
        return Ok(Some((first, why)));
    }
    let index = read_from(folder).0;
    let mut files = computing(folder)?.into_iter().chain(index).map(|file| folder.join(file));
    Ok(files.find_map(|path| check_file(&path).err().map(|why| (path, why))))
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

/// Files that a network, or the whole pipeline of a folder of diffusers, computes with, relative to its folder; none that merely lie there.
fn computing(folder: &Path) -> anyhow::Result<Vec<String>> {
    if Diffusers::is(folder) {
        let files = Diffusers::files(folder)
            .explain(|| (format!("missing weights in {}", folder.display()), super::PIPELINE_HINT))?;
        let relative = files.iter().filter_map(|path| path.strip_prefix(folder).ok()?.to_str());
        return Ok(relative.map(str::to_owned).collect());
    }
    let tensors = read_from(folder).1;
    let computes = |file: &String| {
        tensors.contains(file)
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

/// Whether a file is what Git LFS leaves in place of one that it has not brought.
fn is_pointer(path: &Path) -> bool {
    const BEGINNING: &[u8] = b"version https://git-lfs";
    let mut read = [0; BEGINNING.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut read)).is_ok() && read == *BEGINNING
}

/// Whether a file is what its name says, as far as that can be told without reading tensors.
fn check_file(path: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!is_pointer(path), "it is a pointer of Git LFS, not the file that it stands for");
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name.ends_with(".index.json") {
        anyhow::ensure!(hub::parts(&fs::read(path)?).is_some(), "it is no index of weights");
    } else if name.ends_with(".json") {
        let json: Result<serde_json::Value, _> = read_json(path);
        json.map(drop)?;
    } else if name.ends_with(".safetensors") {
        check_length(path)?;
    }
    Ok(())
}

fn check_length(path: &Path) -> anyhow::Result<()> {
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
        let message = check_folder(weights.path(), "net").unwrap_err().to_string();
        assert!(message.ends_with("net/config.json"), "{message}");
        fs::write(folder.join("config.json"), "{}").unwrap();
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
    fn every_part_that_an_index_names_must_be_there() {
        let weights = tempfile::tempdir().unwrap();
        let folder = weights.path().join("net");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("config.json"), "{}").unwrap();
        fs::write(folder.join("model-1.safetensors"), safetensors()).unwrap();
        let index = folder.join("model.safetensors.index.json");
        fs::write(&index, r#"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}"#).unwrap();
        let said = || check_folder(weights.path(), "net").unwrap_err().to_string();
        assert!(said().ends_with("net/model-2.safetensors"), "{}", said());
        fs::write(&index, "{").unwrap();
        assert!(said().contains("no index of weights"), "{}", said());
        fs::write(&index, r#"{"weight_map": {"a": "model-1.safetensors"}}"#).unwrap();
        check_folder(weights.path(), "net").unwrap();
    }

    #[test]
    fn only_the_files_that_are_read_are_counted_digested_and_checked() {
        let weights = tempfile::tempdir().unwrap();
        let folder = weights.path().join("net");
        fs::create_dir(&folder).unwrap();
        let index = br#"{"weight_map": {"a": "model-1.safetensors"}}"#;
        let (good, broken) = (safetensors(), b"cut short".to_vec());
        for (file, bytes) in [
            ("config.json", &b"{}"[..]),
            ("model.safetensors", &good[..]),
            ("model.safetensors.index.json", &index[..]),
            ("model-1.safetensors", &good[..]),
            ("model.fp16.safetensors", &broken[..]),
        ] {
            fs::write(folder.join(file), bytes).unwrap();
        }
        check_folder(weights.path(), "net").unwrap();
        assert_eq!((parameters(&folder).unwrap(), bytes(&folder).unwrap()), (2, good.len() as u64));
        let digests = digests(weights.path(), "net").unwrap();
        assert_eq!(digests.keys().collect::<Vec<_>>(), ["net/config.json", "net/model.safetensors"]);
        // Without the whole file, the parts are what is read.
        fs::remove_file(folder.join("model.safetensors")).unwrap();
        check_folder(weights.path(), "net").unwrap();
        assert_eq!(parameters(&folder).unwrap(), 2);
    }

    #[test]
    fn a_pointer_of_git_lfs_has_words_of_its_own() {
        let weights = tempfile::tempdir().unwrap();
        let folder = weights.path().join("net");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("config.json"), "{}").unwrap();
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n";
        fs::write(folder.join("model.safetensors"), pointer).unwrap();
        let error = check_folder(weights.path(), "net").unwrap_err();
        assert!(error.to_string().contains("net/model.safetensors: it is a pointer of Git LFS"), "{error}");
        let hint = &error.downcast_ref::<crate::failure::Explained>().unwrap().hint;
        assert!(hint.contains("git lfs pull"), "{hint}");
    }

    #[test]
    fn weights_of_ones_own_that_are_not_whole_are_named_and_not_passed_over() {
        let weights = tempfile::tempdir().unwrap();
        let folder = weights.path().join("flan-t5-small");
        fs::create_dir(&folder).unwrap();
        for (file, bytes) in [("config.json", b"{}".to_vec()), ("model.safetensors", safetensors())] {
            fs::write(folder.join(file), bytes).unwrap();
        }
        let error = check_folder(weights.path(), "flan-t5-small").unwrap_err();
        let said = error.to_string();
        assert!(said.contains("is not whole: no file") && said.ends_with("flan-t5-small/tokenizer.json"), "{said}");
        let hint = &error.downcast_ref::<crate::failure::Explained>().unwrap().hint;
        assert!(hint.starts_with("add what it lacks; or move the folder away"), "{hint}");
    }

    #[test]
    fn a_misspelt_pipeline_is_answered_with_the_one_that_can_be_fetched() {
        let weights = tempfile::tempdir().unwrap();
        let error = check_folder(weights.path(), "sd-xl").unwrap_err();
        let hint = &error.downcast_ref::<crate::failure::Explained>().unwrap().hint;
        assert!(hint.contains("did you mean `sdxl`") && hint.contains("models fetch"), "{hint}");
    }

    #[test]
    fn of_many_missing_files_three_are_named() {
        let files = ["a", "b", "c", "d", "e"].map(str::to_owned);
        assert_eq!(named(Path::new("net"), &files), "net/a; also missing: b, c and 2 more");
        assert_eq!(named(Path::new("net"), &files[..1]), "net/a");
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
