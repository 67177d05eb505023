//! Everything that reads bytes which somebody else made: it may refuse them, and must neither panic nor hang nor ask for much memory.
//! The story `fuzz` gives them mutations of `fuzz/corpus` at every test run, and `fuzz/` is their crate for `cargo fuzz`.

mod form;

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use candle_core::{DType, Device};
use gentron_harness::recipe::{self, Narrowing};
use gentron_harness::registry::Library;
use gentron_harness::shards::seal::Seal;
use gentron_harness::store::journal;
use gentron_harness::study;
use gentron_metrics::detections::DetectionsFile;
use gentron_model::checkpoint::{Naming, load};
use gentron_suites::own::{self, Columns};
use gentron_suites::phrases::SpacyModel;

/// What a target does with bytes.
pub type Target = fn(&[u8]);

/// All targets; each has a folder of its name in `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 10] = [
    ("recipe", recipe),
    ("prompts_csv", |bytes| prompts("csv", bytes)),
    ("prompts_txt", |bytes| prompts("txt", bytes)),
    ("prompts_jsonl", |bytes| prompts("jsonl", bytes)),
    ("safetensors", safetensors),
    ("png", png),
    ("detections", detections),
    ("votes", votes),
    ("shards", shards),
    ("http", form::http),
];

/// One target, by name.
///
/// # Panics
/// There is none of this name, or bytes were found that should not do what they do.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no target {name}"));
    target(bytes);
}

/// A recipe, as far as it can be understood.
fn recipe(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(written) = recipe::parse::<recipe::Recipe>(text, "recipe.toml") {
        drop(recipe::resolve(written, &Narrowing::default(), &Library::default(), "recipe.toml"));
    }
}

fn prompts(ending: &str, bytes: &[u8]) {
    with_file(&format!("prompts.{ending}"), bytes, |path| {
        drop(own::load(&path, "mine", &Columns::default(), SpacyModel::default()));
    });
}

/// A checkpoint of one small tensor.
fn safetensors(bytes: &[u8]) {
    with_file("model.safetensors", bytes, |path| {
        drop(load(&path, Naming::default(), (DType::F32, &Device::Cpu), |vb| vb.get((2, 3), "weight")));
    });
}

fn png(bytes: &[u8]) {
    // As scoring reads pictures: with the decoder's own limits on pixels and memory.
    if let Ok(image) = image::load_from_memory(bytes) {
        drop(image.to_rgb8());
    }
}

fn detections(bytes: &[u8]) {
    for name in ["boxes.json", "boxes.jsonl"] {
        with_file(name, bytes, |path| {
            if let Ok(file) = DetectionsFile::read(&path) {
                for image in file.images() {
                    drop(file.of(image).and_then(|found| found.with_its_map()));
                }
            }
        });
    }
}

fn votes(bytes: &[u8]) {
    with_file(study::mirror::FILE, bytes, |path| {
        if let Ok((records, length)) = study::mirror::read(&path) {
            assert!(length <= bytes.len() as u64);
            drop(study::chain::fault(&records, "design"));
        }
    });
}

fn shards(bytes: &[u8]) {
    drop(serde_json::from_slice::<Seal>(bytes));
    with_file("journal.jsonl", bytes, |path| drop(journal::read::<serde_json::Value>(&path)));
}

/// A folder of this process's own, in memory where the system has such a disk.
fn new_folder() -> PathBuf {
    static FOLDERS: AtomicU64 = AtomicU64::new(0);
    let memory = PathBuf::from("/dev/shm");
    let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = root.join(format!("gentron-fuzz-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    folder
}

/// A file, one a thread, since targets may run side by side.
fn with_file(name: &str, bytes: &[u8], read: impl FnOnce(PathBuf)) {
    thread_local! {
        static FOLDER: OnceLock<PathBuf> = const { OnceLock::new() };
    }
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(new_folder);
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        read(path);
    });
}
