//! Room that a run takes besides its images: what is fetched for it, and the text embeddings that it keeps.

use std::collections::BTreeMap;
use std::path::Path;

use gentron_model::checkpoint::Parameter;
use gentron_model::gentron::TextSource;

use super::cost::{claimed, length};
use super::releases::Pipeline;
use crate::generate::embeddings::SMALL;
use crate::recipe::{GeneratorKind, Resolved};
use crate::weights::{Release, check, place};

/// Bytes of a number in the files of the published networks: all of them are float32.
const PUBLISHED: u64 = 4;
/// Bytes of a number of an embedding.
const EMBEDDED: u64 = 4;

/// Numbers of a published network and the bytes of its files, known without them; what is known of a pipeline is in [`Pipeline`].
pub fn published(name: &str) -> Option<(u64, u64)> {
    let Some(Release::Network(network)) = Release::named(name) else { return None };
    let count: u64 = network.parameters(false).ok()?.iter().map(Parameter::elements).sum();
    Some((count, count * PUBLISHED))
}

/// What must be fetched before a run can begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Bytes of what is of known size.
    pub bytes: u64,
    /// Whether the size of some of it is known about only.
    pub about: bool,
    /// Names of what is of unknown size.
    pub unknown: Vec<String>,
}

/// Those of `names` that are published and not whole here.
pub fn to_fetch(names: &[String], weights: &Path) -> Fetched {
    let mut fetched = Fetched::default();
    for name in names {
        let Some(release) = Release::named(name) else { continue };
        if release.missing(&place(weights, name), None).is_empty() {
            continue;
        }
        match (published(name), Pipeline::named(name)) {
            (Some((_, bytes)), _) => fetched.bytes += bytes,
            (None, Some(pipeline)) => {
                fetched.bytes += pipeline.bytes();
                fetched.about = true;
            }
            (None, None) => fetched.unknown.push(name.clone()),
        }
    }
    fetched
}

/// Bytes of the text embeddings that a run of so many prompts keeps, at most; 0 where its encoders are small.
pub fn embeddings(recipe: &Resolved, weights: Option<&Path>, prompts: usize) -> u64 {
    let mut sources: BTreeMap<String, TextSource> = BTreeMap::new();
    for arm in recipe.arms.iter().filter(|arm| arm.generator == GeneratorKind::Gentron) {
        let text = claimed(recipe, arm, weights).map(|config| config.text).unwrap_or_default();
        sources.extend(text.into_iter().map(|source| (source.name.clone(), source)));
    }
    let weight = |name: &String| {
        let here = weights.and_then(|weights| check::bytes(&place(weights, name)).ok()).filter(|bytes| *bytes > 0);
        here.or_else(|| published(name).map(|(_, bytes)| bytes)).unwrap_or(0)
    };
    let large = || sources.keys().map(weight).sum::<u64>() > SMALL;
    if !recipe.weights.keep_embeddings.unwrap_or_else(large) {
        return 0;
    }
    // The null text, too.
    let texts = prompts as u64 + 1;
    let numbers = |source: &TextSource| length(recipe, source, weights) * source.width + source.pooled_width;
    sources.values().map(|source| texts * numbers(source) as u64 * EMBEDDED).sum()
}

/// A file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Where it is mounted.
    pub mount: String,
    /// Bytes that may still be written.
    pub free: u64,
}

/// The file system that `folder` is or will be on; none where the system does not say.
pub fn disk(folder: &Path) -> Option<Disk> {
    let existing = std::path::absolute(folder).ok()?.ancestors().find(|path| path.is_dir())?.to_owned();
    let output = std::process::Command::new("df").arg("-Pk").arg(existing).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    // POSIX: file system, blocks of 1024 bytes, used, available, capacity, where it is mounted.
    let words: Vec<&str> = text.lines().nth(1)?.split_whitespace().collect();
    let kibibytes: u64 = words.get(3)?.parse().ok()?;
    Some(Disk { mount: words.get(5..)?.join(" "), free: kibibytes * 1024 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_and_not_here_is_weighed_where_its_size_is_known() {
        let weights = tempfile::tempdir().unwrap();
        assert_eq!(published("sd-vae-ft-ema"), Some((83_653_863, 334_615_452)));
        assert_eq!(published("sdxl"), None);
        assert_eq!(to_fetch(&["mine".to_owned()], weights.path()), Fetched::default());
        // In somebody's cache it may be.
        if crate::weights::hub::cache().is_none_or(|cache| !cache.is_dir()) {
            let bytes = Pipeline::named("sdxl").unwrap().bytes();
            let fetched = Fetched { bytes, about: true, unknown: Vec::new() };
            assert_eq!(to_fetch(&["sdxl".to_owned()], weights.path()), fetched);
        }
    }
}
