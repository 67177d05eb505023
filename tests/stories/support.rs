//! Running the program, and looking at what it left.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The program of this build: tests are in `target/<profile>/deps`, programs one folder up. `GENTRON_BINARY` names another.
pub fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("GENTRON_BINARY") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("gentron");
    assert!(
        path.is_file(),
        "{} is not built: `cargo test --release --workspace` builds it, as does `cargo build --release`",
        path.display()
    );
    path
}

thread_local! {
    /// Where the votes of this thread's stories are, if not in their study's folder.
    static DATABASE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Tells a story with the votes in this database.
pub fn with_votes_in(database: &str, story: impl FnOnce()) {
    DATABASE.set(Some(database.to_owned()));
    story();
    DATABASE.set(None);
}

/// The program, to be run in `folder` without anything from the environment that it listens to.
pub fn gentron(folder: &Path) -> Command {
    let mut command = Command::new(program());
    command.current_dir(folder).env("COLUMNS", "100");
    for variable in [
        "GENTRON_WEIGHTS",
        "GENTRON_SUITES",
        "GENTRON_SCORERS",
        "GENTRON_FETCH_BASE",
        "GENTRON_DATABASE",
        "GENTRON_DEVICE",
        "GENTRON_EMBEDDINGS",
        "HF_TOKEN_PATH",
    ] {
        command.env_remove(variable);
    }
    command.envs(DATABASE.with_borrow(Clone::clone).map(|address| ("GENTRON_DATABASE", address)));
    for variable in
        ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "HF_ENDPOINT", "HF_TOKEN", "TRANSFORMERS_OFFLINE"]
    {
        command.env_remove(variable);
    }
    // Not the data folder of whoever runs the tests, and no proxy between them and their own server.
    command.env("XDG_DATA_HOME", folder.join("data")).env("NO_PROXY", "127.0.0.1");
    command.env("XDG_CACHE_HOME", folder.join("cache")).env("HF_HUB_OFFLINE", "0");
    command
}

/// Runs to the end.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    gentron(folder).args(arguments).output().unwrap()
}

/// Runs to the end, which must be a good one; returns stdout.
pub fn run_well(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "gentron {}: {}", arguments.join(" "), text(&output.stderr));
    text(&output.stdout)
}

/// Output as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An empty folder that goes with the test.
pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// All files below a folder, by relative path.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    collect(folder, folder, &mut found);
    found
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// The files of a finished run that must be the same in every execution: all but the timings.
pub fn finished_files(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = files(run);
    assert!(files.contains_key("report.html"), "{} is not finished", run.display());
    files.remove("timings.json");
    let unfinished: Vec<&String> =
        files.keys().filter(|name| name.contains("journal") || name.contains(".tmp")).collect();
    assert!(unfinished.is_empty(), "a finished run has no {unfinished:?}");
    files
}

/// Fails with the names of the files that differ.
pub fn assert_same(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) {
    let names: Vec<&String> =
        one.keys().chain(other.keys()).filter(|name| one.get(*name) != other.get(*name)).collect();
    assert!(names.is_empty(), "these files differ: {names:?}");
}

/// A copy of the shipped weights, for tests that damage some.
pub fn copy_folder(from: &Path, to: &Path) {
    for (name, bytes) in files(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The shipped weights, or those that `GENTRON_WEIGHTS` names, which may be hardly trained.
pub fn weights() -> PathBuf {
    let named = std::env::var_os("GENTRON_WEIGHTS").map(PathBuf::from);
    let weights = named.unwrap_or_else(|| repository().join("weights"));
    let wanted = weights.join("gentron-shapes-cross-clip-t5/model.safetensors");
    assert!(wanted.is_file(), "this test needs the weights of the repository: {} is missing", wanted.display());
    weights
}

/// Exit code 2, one `error:` line that says `what`, one `hint:` line.
pub fn refuses(output: &Output, what: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for word in ["error: ", "hint: "] {
        let count = said.lines().filter(|line| line.starts_with(word)).count();
        assert_eq!(count, 1, "{count} lines begin with {word:?} in:\n{said}");
    }
    assert!(said.contains(what), "{what:?} is not in:\n{said}");
    assert!(!said.contains("panicked"), "{said}");
}

/// The official prompt files, which are no part of the repository: beside the checkout, or nowhere.
pub fn official() -> Option<PathBuf> {
    let shared = repository().parent()?.join("shared/data");
    let there = shared.join("parti/PartiPrompts.tsv").is_file() && shared.join("t2i-compbench/color_val.txt").is_file();
    if !there {
        eprintln!("skipped: no official prompt files in {}", shared.display());
    }
    there.then_some(shared)
}

/// The first of these programs that is on the path.
pub fn on_path(names: &[&str]) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&paths).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

/// Draws one picture again and again; the first time that anybody asks, only after SECONDS. Slurm tells it to stop as well as the worker:
/// it does not listen.
const SLOW_PAINTER: &str = r#"trap '' TERM
while read -r request; do
    if [ ! -e begun ]; then
        echo $$ >begun
        sleep SECONDS
    fi
    image=${request##*'"image":"'}
    image=${image%'"'*}
    cp picture.png "$image"
    printf '{"image":"%s"}\n' "$image"
done
"#;

/// A recipe `slow.toml` of twelve pictures in three batches, drawn by a program that writes the id of its process, which leads a
/// group, to `begun` when it is first asked, and then takes so many seconds for that one picture.
pub fn slow_recipe(folder: &Path, seconds: u32) {
    let recipe = "name = \"slow\"\nseed = 3\nimages_per_prompt = 2\nbatch = 4\n[[suites]]\nid = \"shapes\"\n\
                  categories = [\"color\"]\nprompts_per_category = 6\n[[arms]]\nname = \"mine\"\ngenerator = \"command\"\n\
                  command = { run = [\"sh\", \"painter.sh\"] }\n";
    fs::write(folder.join("slow.toml"), recipe).unwrap();
    fs::write(folder.join("painter.sh"), SLOW_PAINTER.replace("SECONDS", &seconds.to_string())).unwrap();
    image::RgbImage::from_pixel(16, 16, image::Rgb([200, 10, 10])).save(folder.join("picture.png")).unwrap();
}

/// A small disk in memory, unmounted when dropped.
pub struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    /// None where this user may not mount.
    pub fn new(at: &'a Path, size: &str) -> Option<Self> {
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at).output();
        mount.is_ok_and(|output| output.status.success()).then_some(Self(at))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0).status());
    }
}
