//! Text embeddings of a run: a text is encoded once, whatever arms and workers draw from it, and the encoder is gone before the
//! backbone comes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use gentron_model::pipeline::EmbeddingCache;

use crate::progress;
use crate::recipe::schema::WeightFolders;
use crate::shards::Share;
use crate::store::digest;
use crate::weights;

/// The folder inside the run's.
pub const FOLDER: &str = "embeddings";

/// Encoders up to this size encode faster than a disk reads what they said.
pub const SMALL: u64 = 1 << 28;

/// Where a run in `run` keeps its embeddings; none where the recipe says so, or says nothing and the encoders are small. `digests` are
/// those of all files that the run computes with. `share` and `threads` are those of the process.
pub fn cache(
    run: &Path,
    folders: &WeightFolders,
    digests: &BTreeMap<String, String>,
    weights: &Path,
    (share, threads): (Share, usize),
) -> Option<EmbeddingCache> {
    let mut size = 0;
    let mut of_encoders = BTreeMap::new();
    for name in [&folders.clip, &folders.t5] {
        let inside = format!("{name}/");
        let files: BTreeMap<&str, &str> =
            digests.iter().filter_map(|(path, digest)| Some((path.strip_prefix(&inside)?, digest.as_str()))).collect();
        if !files.is_empty() {
            size += weights::check::bytes(&weights::place(weights, name)).unwrap_or(0);
            of_encoders.insert(name.clone(), digest::of_value(&files));
        }
    }
    let keeps = folders.keep_embeddings.unwrap_or(size > SMALL) && !of_encoders.is_empty();
    keeps.then(|| EmbeddingCache {
        folder: run.join(FOLDER),
        digests: of_encoders,
        worker: (share.index, share.count),
        threads,
    })
}

/// Says how far the encoders are: when one begins, and every half minute.
pub struct Encoding {
    last: Option<Instant>,
    kept: bool,
}

impl Encoding {
    /// Of texts that are `kept` for others or not.
    pub fn new(kept: bool) -> Self {
        Self { last: None, kept }
    }

    /// `done` of `all` texts have gone through `encoder`.
    pub fn tell(&mut self, encoder: &str, done: usize, all: usize) {
        if done == 0 {
            let kept = if self.kept { "; they are kept for every arm and worker" } else { "" };
            progress::say(&format!("encoding {all} texts with {encoder}{kept}"));
        } else if self.last.is_some_and(|last| last.elapsed() >= PERIOD) {
            progress::say(&format!("{encoder}: {done} of {all} texts"));
        } else {
            return;
        }
        self.last = Some(Instant::now());
    }
}

/// Says that embeddings were damaged, where some were.
pub fn say_renewed(files: &[&Path]) {
    if let Some(first) = files.first() {
        progress::say(&format!(
            "note: {} of the kept embeddings were damaged and are encoded anew, the first of them {}",
            files.len(),
            first.display()
        ));
    }
}

const PERIOD: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_encoders_keep_nothing_unless_asked_to_and_each_is_told_by_its_own_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("clip-shapes")).unwrap();
        let digests: BTreeMap<String, String> = ["clip-shapes/a", "clip-shapes/b", "clip-shapes-2/a", "backbone/a"]
            .map(|path| (path.to_owned(), format!("digest of {path}")))
            .into();
        let of = |keep_embeddings, digests: &BTreeMap<String, String>| {
            let folders = WeightFolders { keep_embeddings, ..WeightFolders::default() };
            cache(Path::new("run"), &folders, digests, folder.path(), (Share { index: 1, count: 3 }, 2))
        };
        assert_eq!(of(None, &digests), None);
        assert_eq!(of(Some(false), &digests), None);
        let kept = of(Some(true), &digests).unwrap();
        assert_eq!((kept.folder.as_path(), kept.worker, kept.threads), (Path::new("run/embeddings"), (1, 3), 2));
        assert_eq!(kept.digests.keys().collect::<Vec<_>>(), ["clip-shapes"]);
        let mut other = digests.clone();
        other.insert("backbone/a".into(), "another".into());
        assert_eq!(of(Some(true), &other).unwrap().digests, kept.digests);
        other.insert("clip-shapes/b".into(), "another".into());
        assert_ne!(of(Some(true), &other).unwrap().digests, kept.digests);
    }
}
