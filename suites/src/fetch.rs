//! Bringing official files to a folder: what to ask for, and keeping only what has the digest that is known.
//!
//! This crate has no HTTP client: the caller brings one as a [`Fetch`].

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::SuitesError;
use crate::digest::sha256;
use crate::files::{KnownFile, OFFICIAL, Origin, Revision};

/// The commit at which T2I-CompBench's current files are fetched.
const COMPBENCH: &str = "1b7094991a57f3c22abdd4f6e8ba6c1a15517073";
/// Its first commit, which has the earlier revisions.
const COMPBENCH_FIRST: &str = "7710d059c3391fe97fbf9e2ad3813ed0e7d87979";
const PARTI: &str = "5a657978134374ce28973948331b319adef164bd";
const GENEVAL: &str = "af4902f24d3ca90ebbb446dd9891a59e0f82725f";

/// Something that brings the bytes behind a URL.
pub trait Fetch {
    /// All bytes of `url`.
    ///
    /// # Errors
    /// Anything that keeps them from being complete; the text is shown to the user.
    fn fetch(&self, url: &str) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>>;
}

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Where it is, at a commit that never changes.
    pub url: String,
    /// What must come.
    pub file: KnownFile,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It was fetched and written.
    Written,
    /// It was there already, with the right digest.
    There,
}

/// Where to fetch this revision of a file from.
pub fn remote(file: KnownFile) -> Remote {
    let (repository, folder, commit) = match (file.origin, file.revision) {
        (Origin::Compbench, Revision::Earlier(_)) => {
            ("Karine-Huang/T2I-CompBench", "examples/dataset/", COMPBENCH_FIRST)
        }
        (Origin::Compbench, _) => ("Karine-Huang/T2I-CompBench", "examples/dataset/", COMPBENCH),
        (Origin::Parti, _) => ("google-research/parti", "", PARTI),
        (Origin::Geneval, _) => ("djghosh13/geneval", "prompts/", GENEVAL),
    };
    Remote { url: format!("https://raw.githubusercontent.com/{repository}/{commit}/{folder}{}", file.name), file }
}

/// The current revision of every file of an origin. Not DrawBench, which has no fixed address.
pub fn remotes(origin: Origin) -> Vec<Remote> {
    let current = OFFICIAL.iter().filter(|file| file.origin == origin && file.revision == Revision::Current);
    current.copied().map(remote).collect()
}

/// Fetches a file into `folder` unless it is there. It appears under its name complete, or not at all.
///
/// # Errors
/// It cannot be fetched, what came has another digest, another file of its name is in the way, or it cannot be written.
pub fn fetch(remote: &Remote, folder: &Path, by: &dyn Fetch) -> Result<Fetched, SuitesError> {
    let path = folder.join(remote.file.name);
    match fs::read(&path) {
        Ok(bytes) if sha256(&bytes) == remote.file.sha256 => return Ok(Fetched::There),
        Ok(bytes) => return Err(SuitesError::InTheWay { path, got: sha256(&bytes) }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(SuitesError::Io { path, doing: "read", why: error.to_string() }),
    }
    let bytes = by
        .fetch(&remote.url)
        .map_err(|error| SuitesError::Fetch { url: remote.url.clone(), why: error.to_string() })?;
    let got = sha256(&bytes);
    if got != remote.file.sha256 {
        return Err(SuitesError::Digest { url: remote.url.clone(), expected: remote.file.sha256, got });
    }
    write(&path, &bytes).map_err(|error| SuitesError::Io { path, doing: "write", why: error.to_string() })?;
    Ok(Fetched::Written)
}

/// By way of `.<name>.<random>.tmp`, which is synced and renamed.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let prefix = format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    // As any other file; by itself it would be its owner's alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
