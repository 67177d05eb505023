//! Text embeddings of a run: a text is encoded once, whatever arms and workers draw from it, and the encoder is gone before the
//! backbone comes. They lie in the run's folder, or in one that all runs share: an embedding is told by its encoder's files and its text, so
//! that it is the same in every run, and each is sealed and renamed into its place, so that nobody meets half of one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gentron_model::pipeline::{EmbeddingCache, EmbeddingError, PipelineError};

use crate::progress;
use crate::recipe::schema::WeightFolders;
use crate::shards::Share;
use crate::store::digest;
use crate::weights;

/// The folder inside the run's.
pub const FOLDER: &str = "embeddings";

/// The variable that names one folder for the embeddings of all runs, instead of one in each.
pub const VARIABLE: &str = "GENTRON_EMBEDDINGS";

/// Encoders up to this size encode faster than a disk reads what they said.
pub const SMALL: u64 = 1 << 28;

/// Where the embeddings of a run in `run` lie, if it keeps any.
pub fn folder(run: &Path) -> PathBuf {
    chosen(std::env::var_os(VARIABLE).map(PathBuf::from), run)
}

fn chosen(shared: Option<PathBuf>, run: &Path) -> PathBuf {
    shared.filter(|shared| !shared.as_os_str().is_empty()).unwrap_or_else(|| run.join(FOLDER))
}

/// What a run keeps in `folder` of its embeddings; none where the recipe says so, or says nothing and the encoders are small: those of
/// GenTron together, and those of each pipeline of diffusers. `digests` are those of all files that the run computes with. `share` and
/// `threads` are those of the process.
pub fn cache(
    folder: &Path,
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
    let keeps = |size: u64| folders.keep_embeddings.unwrap_or(size > SMALL);
    if !keeps(size) {
        of_encoders.clear();
    }
    for (pipeline, encoders) in of_pipelines(digests) {
        let place = weights::place(weights, pipeline);
        let size: u64 = encoders.keys().map(|encoder| weights::check::bytes(&place.join(encoder)).unwrap_or(0)).sum();
        if keeps(size) {
            let named = encoders.into_iter().map(|(encoder, digest)| (format!("{pipeline}/{encoder}"), digest));
            of_encoders.extend(named);
        }
    }
    let keeps = !of_encoders.is_empty();
    keeps.then(|| EmbeddingCache {
        folder: folder.to_owned(),
        digests: of_encoders,
        worker: (share.index, share.count),
        threads,
    })
}

/// By pipeline of diffusers, by the folder of an encoder in it: a digest of the files of the encoder and of its tokenizer.
fn of_pipelines(digests: &BTreeMap<String, String>) -> BTreeMap<&str, BTreeMap<String, String>> {
    let mut files: BTreeMap<(&str, String), BTreeMap<&str, &str>> = BTreeMap::new();
    for (path, digest) in digests {
        let Some((pipeline, part)) = path.rsplit_once('/').and_then(|(folder, _)| folder.rsplit_once('/')) else {
            continue;
        };
        let encoder = part.replace("tokenizer", "text_encoder");
        if encoder.starts_with("text_encoder") {
            files.entry((pipeline, encoder)).or_default().insert(&path[pipeline.len()..], digest.as_str());
        }
    }
    let mut found: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for ((pipeline, encoder), files) in files {
        found.entry(pipeline).or_default().insert(encoder, digest::of_value(&files));
    }
    found
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

/// What to do where the pipeline of an arm does not load: `of_weights`, but where an embedding cannot be written.
pub fn way_out(error: &PipelineError, of_weights: &'static str) -> &'static str {
    match error {
        PipelineError::Embedding(EmbeddingError::File { .. }) => NO_ROOM,
        _ => of_weights,
    }
}

const NO_ROOM: &str = "make room there, or choose another disk with --out or GENTRON_EMBEDDINGS; what is encoded stays";

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
    fn a_folder_for_all_runs_comes_before_the_runs_own() {
        let run = Path::new("run");
        assert_eq!(chosen(None, run), run.join("embeddings"));
        assert_eq!(chosen(Some(PathBuf::new()), run), run.join("embeddings"));
        assert_eq!(chosen(Some("all".into()), run), Path::new("all"));
    }

    #[test]
    fn an_embedding_that_cannot_be_written_is_no_fault_of_the_weights() {
        let source = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let unwritten = PipelineError::Embedding(EmbeddingError::File { path: "embeddings/a".into(), source });
        assert_eq!(way_out(&unwritten, weights::HOW_TO_GET), NO_ROOM);
        assert_eq!(way_out(&PipelineError::NoClips, weights::HOW_TO_GET), weights::HOW_TO_GET);
    }

    #[test]
    fn small_encoders_keep_nothing_unless_asked_to_and_each_is_told_by_its_own_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("clip-shapes")).unwrap();
        let digests: BTreeMap<String, String> = ["clip-shapes/a", "clip-shapes/b", "clip-shapes-2/a", "backbone/a"]
            .map(|path| (path.to_owned(), format!("digest of {path}")))
            .into();
        let of = |keep_embeddings, digests: &BTreeMap<String, String>| {
            let folders = WeightFolders { keep_embeddings, ..WeightFolders::default() };
            let place = chosen(None, Path::new("run"));
            cache(&place, &folders, digests, folder.path(), (Share { index: 1, count: 3 }, 2))
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

    #[test]
    fn encoders_of_pipelines_are_told_by_their_own_files_and_tokenizers() {
        let folder = tempfile::tempdir().unwrap();
        let paths =
            ["clip-shapes/a", "xl/text_encoder/m", "xl/text_encoder_2/m", "xl/tokenizer_2/v", "xl/unet/m", "xl/i"];
        let digests: BTreeMap<String, String> = paths.map(|path| (path.to_owned(), format!("digest of {path}"))).into();
        let of = |keep_embeddings, digests: &BTreeMap<String, String>| {
            let folders = WeightFolders { keep_embeddings, ..WeightFolders::default() };
            let place = Path::new("run/embeddings");
            let cache = cache(place, &folders, digests, folder.path(), (Share { index: 0, count: 1 }, 2));
            cache.map(|cache| cache.digests)
        };
        let kept = of(Some(true), &digests).unwrap();
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["clip-shapes", "xl/text_encoder", "xl/text_encoder_2"]);
        for (path, changed) in [("xl/tokenizer_2/v", "xl/text_encoder_2"), ("xl/text_encoder/m", "xl/text_encoder")] {
            let mut other = digests.clone();
            other.insert(path.into(), "another".into());
            let other = of(Some(true), &other).unwrap();
            let differ: Vec<&String> = kept.keys().filter(|name| kept[*name] != other[*name]).collect();
            assert_eq!(differ, [changed], "{path}");
        }
        // Only the pipeline's are large.
        let large = folder.path().join("xl/text_encoder_2");
        std::fs::create_dir_all(&large).unwrap();
        std::fs::File::create(large.join("model.safetensors")).unwrap().set_len(SMALL + 1).unwrap();
        let kept = of(None, &digests).unwrap();
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["xl/text_encoder", "xl/text_encoder_2"]);
        assert_eq!(of(Some(false), &digests), None);
    }
}
