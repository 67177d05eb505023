//! Bringing a published network from the Hugging Face hub into its cache: what is there is kept, what was cut short goes on, and every
//! large file is compared with its SHA-256.

use std::fs::{self, File};
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::header::{HeaderMap, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use tokio::runtime::{Builder, Runtime};

use super::Release;
use super::check::{also, damaged};
use super::hub::{self, cache, offline, repository, variable};
use crate::download;
use crate::failure::{Explain as _, Interrupted, refuse};
use crate::interrupt;
use crate::progress::{self, Progress};
use crate::store::digest;

const MIB: u64 = 1 << 20;
/// The hub itself.
const HUB: &str = "https://huggingface.co";
/// Redirects within the hub itself, such as those of a repository that was renamed.
const RENAMED: usize = 3;
/// Attempts in a row at one file of which none brings anything more.
const TRIES: u32 = 5;
/// How long is waited after the first of them; after each other twice as long as before.
const PAUSE: Duration = Duration::from_secs(1);
/// How often whoever waits looks whether a stop was asked for.
const GLANCE: Duration = Duration::from_millis(100);

/// An answer that ended early and said nothing of it.
#[derive(Debug, thiserror::Error)]
#[error("{have} bytes came of {size}")]
struct CutShort {
    have: u64,
    size: u64,
}

/// Brings what a release lacks, and anew what is damaged; returns its folder in the cache, and how many files came.
///
/// # Errors
/// The network is forbidden or does not answer, a file is not there or comes damaged, or the cache cannot be written.
pub fn bring(release: &Release) -> anyhow::Result<(PathBuf, usize)> {
    let there = hub::snapshot(release).filter(|folder| release.missing(folder, None).is_empty());
    if let Some(there) = there.filter(|folder| matches!(damaged(folder), Ok(None))) {
        return Ok((there, 0));
    }
    let name = release.repository();
    if let Some(variable) = offline() {
        return Err(forbidden(release, variable));
    }
    let cache = cache().context("this system names no folder for a cache: set HF_HOME")?;
    let hub = Hub::new(endpoint()?)
        .explain(|| ("cannot make an HTTP client", "install the system's certificates (on Debian: ca-certificates)"))?;
    let brought = hub.runtime.block_on(hub.bring(release, &repository(&cache, release)));
    let error = match brought {
        Ok(there) => return Ok(there),
        Err(_) if interrupt::requested() => return Err(Interrupted.into()),
        Err(error) => error,
    };
    let what = format!("cannot fetch {name} from {}", hub.endpoint);
    if is_of_the_disk(&error) {
        let hint = format!(
            "the cache {} has no room or cannot be written: make room, or name another folder with HF_HUB_CACHE. What \
             came before is kept",
            cache.display()
        );
        // In words alone: of an error of the system's own a hint on --out is made, and a cache is no output.
        return Err(anyhow::anyhow!("{error:#}")).explain(|| (what, hint));
    }
    let hint = format!(
        "check the network; HTTPS_PROXY names a proxy, {} a mirror, HF_TOKEN or `hf auth login` who you are. What came before is kept. Or copy the files \
         into a folder {} of your weights folder",
        hub::ENDPOINT,
        release.key()
    );
    Err(error).explain(|| (what, hint))
}

/// Whether it was the cache that failed, and not the network.
fn is_of_the_disk(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<std::io::Error>()) && !error.chain().any(|cause| cause.is::<reqwest::Error>())
}

/// Whether the network may do better the next time.
fn is_passing(error: &anyhow::Error) -> bool {
    let of_network = |error: &reqwest::Error| {
        // A connection that breaks off within a file counts as an answer that cannot be decoded.
        error.is_decode()
            || error.is_body()
            || error.is_timeout()
            || error.is_connect()
            || error.is_request()
            || error.status().is_some_and(|status| status.is_server_error())
    };
    let mut of_client = error.chain().filter_map(|cause| cause.downcast_ref::<reqwest::Error>());
    error.is::<CutShort>() || of_client.any(of_network)
}

/// Waits for so long, unless a stop is asked for.
async fn pause(length: Duration) -> Result<(), Interrupted> {
    let until = Instant::now() + length;
    while Instant::now() < until {
        if interrupt::requested() {
            return Err(Interrupted);
        }
        tokio::time::sleep(GLANCE).await;
    }
    Ok(())
}

/// Waits while another process brings the same file.
fn wait_for_others(file: &File) -> std::io::Result<()> {
    match file.lock() {
        Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
        // Some network file systems have no locks; then two processes may bring the same file, and its SHA-256 tells whether it is whole.
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What is said where the network is forbidden: which file was looked for, and where.
fn forbidden(release: &Release, variable: &str) -> anyhow::Error {
    let (key, name) = (release.key(), release.repository());
    let hint = format!(
        "unset {variable}, and `gentron models fetch {key}` gets it; or copy the files into a folder {key} of your \
         weights folder"
    );
    let Some(cache) = cache() else {
        let what = format!("{name} is not here: there is no folder for a cache; and {variable} forbids the network");
        return refuse(what, format!("set HF_HOME; {hint}"));
    };
    let folder = hub::snapshot(release).unwrap_or_else(|| repository(&cache, release));
    let missing = release.missing(&folder, None);
    let what = match (missing.first(), damaged(&folder)) {
        (Some(first), _) => {
            let file = folder.join(first);
            format!("{name} is not here: no file {} in the Hugging Face cache{}", file.display(), also(&missing))
        }
        (None, Ok(Some((path, why)))) => format!("{name} is damaged: {}: {why:#}", path.display()),
        (None, _) => format!("{name} is damaged: {}", folder.display()),
    };
    refuse(format!("{what}; and {variable} forbids the network"), hint)
}

/// Where the hub is, without a slash at its end.
fn endpoint() -> anyhow::Result<String> {
    let named = variable(hub::ENDPOINT).unwrap_or_else(|| HUB.to_owned());
    if Url::parse(&named).is_ok_and(|url| ["http", "https"].contains(&url.scheme())) {
        return Ok(named.trim_end_matches('/').to_owned());
    }
    let what = format!("{} is `{named}`, which is no address", hub::ENDPOINT);
    Err(refuse(what, format!("name a mirror as in {HUB}, or unset it to ask the hub itself")))
}

/// Takes damaged files out of a whole snapshot, and out of the cache what they lead to, so that they count as missing; returns how many.
fn discard_damaged(repository: &Path, snapshot: &Path) -> anyhow::Result<usize> {
    let blobs = fs::canonicalize(repository.join("blobs"));
    let mut count = 0;
    while let Ok(Some((file, why))) = damaged(snapshot) {
        progress::say(&format!("{} comes anew: {why:#}", file.display()));
        let blob = fs::canonicalize(&file);
        fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        if let (Ok(blobs), Ok(blob)) = (&blobs, blob)
            && blob.starts_with(blobs)
        {
            fs::remove_file(&blob).with_context(|| format!("cannot remove {}", blob.display()))?;
        }
        count += 1;
    }
    Ok(count)
}

/// The hub, and two ways to ask it: what a file is, and the file.
struct Hub {
    endpoint: String,
    token: Option<String>,
    asking: Client,
    loading: Client,
    runtime: Runtime,
}

/// What the hub says of a file before it sends it.
struct Remote {
    url: Url,
    etag: String,
    size: u64,
}

impl Hub {
    fn new(endpoint: String) -> anyhow::Result<Self> {
        Ok(Self {
            endpoint,
            token: hub::token(),
            asking: download::client().redirect(Policy::none()).build()?,
            loading: download::client().build()?,
            runtime: Builder::new_current_thread().enable_all().build()?,
        })
    }

    fn signed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn bring(&self, release: &Release, repository: &Path) -> anyhow::Result<(PathBuf, usize)> {
        let name = release.repository();
        let (commit, files) = self.listing(name).await?;
        let snapshot = repository.join("snapshots").join(&commit);
        for folder in [&snapshot, &repository.join("blobs"), &repository.join("refs")] {
            fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let (mut count, mut looked) = (0, false);
        // What has come may name more: an index its parts, a pipeline its networks.
        loop {
            let missing = release.missing(&snapshot, Some(&files));
            if missing.is_empty() {
                // Once: a file that was published damaged comes no better a second time.
                if looked || discard_damaged(repository, &snapshot)? == 0 {
                    break;
                }
                looked = true;
            }
            for file in missing {
                anyhow::ensure!(files.contains(&file), "{name} has no {file}");
                count += self.file((name, &commit), &file, repository, &snapshot).await?;
                if file.ends_with(".index.json") {
                    let bytes = fs::read(snapshot.join(&file))?;
                    anyhow::ensure!(hub::parts(&bytes).is_some(), "{file} is no index of weights");
                }
            }
        }
        let main = repository.join("refs").join("main");
        fs::write(&main, &commit).with_context(|| format!("cannot write {}", main.display()))?;
        Ok((snapshot, count))
    }

    /// The commit that `main` is, and its files.
    async fn listing(&self, repository: &str) -> anyhow::Result<(String, Vec<String>)> {
        #[derive(serde::Deserialize)]
        struct Listing {
            sha: String,
            siblings: Vec<Sibling>,
        }
        #[derive(serde::Deserialize)]
        struct Sibling {
            rfilename: String,
        }
        let address = format!("{}/api/models/{repository}/revision/main", self.endpoint);
        let answer = self.signed(self.loading.get(address)).send().await?.error_for_status()?.bytes().await?;
        let listing: Listing = serde_json::from_slice(&answer).context("the answer is no list of files")?;
        anyhow::ensure!(is_word(&listing.sha), "the answer names no commit");
        Ok((listing.sha, listing.siblings.into_iter().map(|sibling| sibling.rfilename).collect()))
    }

    /// Brings one file into the snapshot; returns how many came.
    async fn file(
        &self,
        (name, commit): (&str, &str),
        file: &str,
        repository: &Path,
        snapshot: &Path,
    ) -> anyhow::Result<usize> {
        let remote = self.ask(&format!("{}/{name}/resolve/{commit}/{file}", self.endpoint)).await?;
        let blob = repository.join("blobs").join(&remote.etag);
        if fs::metadata(&blob).is_ok_and(|there| there.len() != remote.size) {
            // Files come to this place whole: this one was cut short by something else.
            fs::remove_file(&blob).with_context(|| format!("cannot remove {}", blob.display()))?;
        }
        let came = if blob.is_file() {
            0
        } else {
            self.load(&remote, &blob, file).await.with_context(|| format!("cannot bring {file}"))?;
            1
        };
        let link = snapshot.join(file);
        if !link.is_file() {
            drop(fs::remove_file(&link)); // one that leads nowhere
            if let Some(folder) = link.parent() {
                fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            }
            let up = Path::new(file).components().count() + 1;
            let target = std::iter::repeat_n("..", up).collect::<PathBuf>().join("blobs").join(&remote.etag);
            link_to(&target, &blob, &link).with_context(|| format!("cannot write {}", link.display()))?;
        }
        Ok(came)
    }

    async fn ask(&self, address: &str) -> anyhow::Result<Remote> {
        let mut url = Url::parse(address)?;
        for _ in 0..=RENAMED {
            let answer = self.signed(self.asking.head(url.clone())).send().await?;
            let headers = answer.headers();
            let location = word(headers, "location");
            // A path alone leads to the same file under another name; a whole address to where it lies.
            if let Some(path) = location.filter(|location| location.starts_with('/') && !location.starts_with("//")) {
                url = url.join(path)?;
                continue;
            }
            if !answer.status().is_redirection() {
                answer.error_for_status_ref()?;
            }
            let etag = word(headers, "x-linked-etag").or_else(|| word(headers, "etag"));
            let etag = etag.map(|etag| etag.trim_start_matches("W/").trim_matches('"').to_owned());
            let size = word(headers, "x-linked-size").or_else(|| word(headers, "content-length"));
            let etag = etag.filter(|etag| is_word(etag)).context("the answer has no usable etag")?;
            let size =
                size.and_then(|size| size.parse().ok()).context("the answer does not say how large the file is")?;
            return Ok(Remote { url, etag, size });
        }
        anyhow::bail!("it leads from one name to the next")
    }

    /// Goes on where an earlier process was cut short.
    async fn load(&self, remote: &Remote, blob: &Path, label: &str) -> anyhow::Result<()> {
        let unfinished = blob.with_extension("incomplete");
        let mut file = File::options().create(true).truncate(false).write(true).open(&unfinished)?;
        wait_for_others(&file)?;
        if blob.is_file() {
            return Ok(());
        }
        let mut was_begun = file.metadata()?.len() > 0;
        let progress = Progress::new(&format!("fetch {label}, MiB"), (remote.size / MIB) as usize);
        loop {
            self.receive(remote, &mut file, (label, &progress)).await?;
            if remote.etag.len() != 64 || digest::of_file(&unfinished)? == remote.etag {
                break;
            }
            file.set_len(0)?;
            // Other programs leave files of this name, too: what they had begun may be at fault, and what comes now is not.
            anyhow::ensure!(was_begun, "what came is not what was promised: its SHA-256 is another");
            was_begun = false;
            progress.say(&format!("note: what was there of {label} was damaged; it comes anew"));
        }
        progress.finish();
        file.sync_all()?;
        Ok(fs::rename(&unfinished, blob)?)
    }

    /// Brings what a file lacks; where the network fails, goes on from there, until several attempts in a row have brought nothing.
    async fn receive(
        &self,
        remote: &Remote,
        file: &mut File,
        (label, progress): (&str, &Progress),
    ) -> anyhow::Result<()> {
        let (mut most, mut tries) = (file.metadata()?.len(), 0);
        loop {
            let Err(error) = self.attempt(remote, file, progress).await else { return Ok(()) };
            let have = file.metadata()?.len();
            tries = if have > most { 1 } else { tries + 1 };
            most = most.max(have);
            if tries == TRIES || !is_passing(&error) {
                return Err(error);
            }
            let (have, all, why) = (have / MIB, remote.size / MIB, error.root_cause());
            progress.say(&format!("note: {label}: {have} of {all} MiB came ({why}); going on"));
            pause(PAUSE * 2_u32.pow(tries - 1)).await?;
        }
    }

    /// Asks once for what a file lacks.
    async fn attempt(&self, remote: &Remote, file: &mut File, progress: &Progress) -> anyhow::Result<()> {
        let mut have = file.metadata()?.len();
        if have == remote.size {
            return Ok(());
        }
        if have > remote.size {
            have = 0;
        }
        let request = self.signed(self.loading.get(remote.url.clone()));
        let request = if have > 0 { request.header(RANGE, format!("bytes={have}-")) } else { request };
        let mut answer = request.send().await?.error_for_status()?;
        if answer.status() != StatusCode::PARTIAL_CONTENT {
            have = 0;
        }
        progress.begin_at((have / MIB) as usize);
        file.set_len(have)?;
        file.seek(SeekFrom::Start(have))?;
        while let Some(piece) = answer.chunk().await? {
            file.write_all(&piece)?;
            let now = have + piece.len() as u64;
            progress.advance((now / MIB - have / MIB) as usize);
            have = now;
            anyhow::ensure!(have <= remote.size, "more came than the {} bytes that were promised", remote.size);
            if interrupt::requested() {
                return Err(Interrupted.into());
            }
        }
        if have < remote.size {
            return Err(CutShort { have, size: remote.size }.into());
        }
        Ok(())
    }
}

/// Letters, digits, `-` and `_` alone: what may become a file's name.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn word<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(unix)]
fn link_to(target: &Path, _: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// Links to files take a privilege elsewhere.
#[cfg(not(unix))]
fn link_to(_: &Path, blob: &Path, link: &Path) -> std::io::Result<()> {
    fs::copy(blob, link).map(drop)
}

/// Makes sure that a network is in the weights folder or whole in the cache, where it is a published one that can be brought.
///
/// # Errors
/// It is nowhere, and does not come.
pub fn ensure(weights: &Path, name: &str) -> anyhow::Result<()> {
    let Some(release) = Release::named(name) else { return Ok(()) };
    // What somebody put into the weights folder is checked, and never replaced by what is published.
    let own = hub::holds_weights(&weights.join(name));
    if own || release.missing(&hub::place(weights, name), None).is_empty() {
        return Ok(());
    }
    if offline().is_none() {
        progress::say(&format!("{name} is not in {}: fetching {}", weights.display(), release.repository()));
        bring(&release)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_leaves_the_snapshot_and_the_cache() {
        let cache = tempfile::tempdir().unwrap();
        let (blobs, snapshot) = (cache.path().join("blobs"), cache.path().join("snapshots").join("c"));
        for folder in [&blobs, &snapshot] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(blobs.join("e"), "short").unwrap();
        link_to(Path::new("../../blobs/e"), &blobs.join("e"), &snapshot.join("model.safetensors")).unwrap();
        assert_eq!(discard_damaged(cache.path(), &snapshot).unwrap(), 1);
        assert!(fs::read_dir(&snapshot).unwrap().next().is_none());
        assert_eq!(blobs.join("e").exists(), cfg!(not(unix)));
    }
}
