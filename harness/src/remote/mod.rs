//! A run's folder in an object store: S3 and what speaks like it, Google's, Azure's, or a folder by `file://`.
//!
//! ```text
//! s3://bucket/table2/…        the run, in the layout that it has on disk
//!        │ pull                      ▲ push: products before the seals that speak of them, the manifest last
//!        ▼                           │
//! <scratch>/<digest>/whole/run/      a mirror on this machine, which commands work in as in any run; index.json beside it knows
//! <scratch>/<digest>/3-of-16/run/    what was the same on both sides when they last met
//! ```
//!
//! No stage knows of any of this: a command is given the mirror's folder instead of the address. A worker mirrors its own shards alone, and
//! sends each when it is sealed, so that a machine that is lost takes no more with it than what it had in hand. Embeddings of texts go up
//! when they are made, and those that others have made come down every few seconds while a worker encodes: workers that start together
//! share the texts, and at most what they had in hand between two looks is encoded twice. Nothing depends on locks, which object stores do
//! not have: two workers on one shard, or one text, send the same bytes.

mod address;
mod bucket;
mod courier;
mod index;
mod mirror;

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use url::Url;

pub use address::is_address;
use bucket::Bucket;
use courier::Courier;
use mirror::Mirror;

use crate::failure::{Outcome, refuse};
use crate::progress;
use crate::shards::Share;

/// Runs a command on a run as a whole, wherever that is. What the command has left behind is sent, even where it was stopped or failed.
///
/// # Errors
/// Those of the command, the store cannot be reached, or has no such run.
pub fn whole(run: &Path, command: impl FnOnce(&Path) -> anyhow::Result<Outcome>) -> anyhow::Result<Outcome> {
    on_whole(run, true, command)
}

/// The same for a command that may begin the run.
///
/// # Errors
/// Those of the command, or the store cannot be reached.
pub fn begin(run: &Path, command: impl FnOnce(&Path) -> anyhow::Result<Outcome>) -> anyhow::Result<Outcome> {
    on_whole(run, false, command)
}

fn on_whole(
    run: &Path,
    exists: bool,
    command: impl FnOnce(&Path) -> anyhow::Result<Outcome>,
) -> anyhow::Result<Outcome> {
    let Some(address) = address::of(run)? else { return command(run) };
    let mirror = Mirror::new(Bucket::open(&address)?, &address, "whole")?;
    mirror.pull(&|_| true)?;
    if exists {
        check_run(&mirror, &address)?;
    }
    let outcome = command(&mirror.folder);
    let sent = mirror.push(&|_| true);
    let outcome = outcome?;
    sent.map(|()| outcome)
}

/// Runs a worker's command: `share` says which shards are its own, once the plan is here.
///
/// # Errors
/// Those of the command, or the store cannot be reached.
pub fn share(
    run: &Path,
    share: Share,
    command: impl FnOnce(&Path) -> anyhow::Result<Outcome>,
) -> anyhow::Result<Outcome> {
    let Some(address) = address::of(run)? else { return command(run) };
    let mirror = Mirror::new(Bucket::open(&address)?, &address, &share.to_string().replace('/', "-of-"))?;
    in_mirror(mirror, &address, share, command)
}

fn in_mirror(
    mirror: Mirror,
    address: &Url,
    share: Share,
    command: impl FnOnce(&Path) -> anyhow::Result<Outcome>,
) -> anyhow::Result<Outcome> {
    let own = move |name: &str| match mirror::shard_of(name) {
        Some(shard) => share.has(shard),
        None => !name.starts_with("images/"),
    };
    mirror.pull(&own)?;
    check_run(&mirror, address)?;
    let mirror = std::sync::Arc::new(mirror);
    let courier = Courier::start(std::sync::Arc::clone(&mirror), own)?;
    let outcome = command(&mirror.folder);
    courier.stop();
    // What the courier had not come to.
    let sent = mirror.push(&own);
    let outcome = outcome?;
    sent?;
    if outcome == Outcome::Done {
        // All of it is sent: what stays of it, such as a file that NFS keeps because somebody has it open, is no failure of the work.
        if let Err(error) = mirror.remove() {
            progress::say(&format!(
                "note: the work is done and sent; its copy here can be removed, and was not: {error:#}"
            ));
        }
    }
    Ok(outcome)
}

fn check_run(mirror: &Mirror, address: &Url) -> anyhow::Result<()> {
    if mirror.folder.join("manifest.json").is_file() {
        return Ok(());
    }
    let hint = format!("`gentron plan --out {address}` begins one");
    Err(refuse(format!("{address} is not a run: it has no manifest.json"), hint))
}

/// A run to be looked at.
pub struct Looked {
    /// Its folder; of a run in a store, one with plan and seals and without what they seal.
    pub folder: PathBuf,
    _temporary: Option<TempDir>,
}

/// Brings what tells how far a run is: manifest, plan and seals, and the lengths of what is sealed.
///
/// # Errors
/// The store cannot be reached, or has no such run.
pub fn look(run: &Path) -> anyhow::Result<Looked> {
    let Some(address) = address::of(run)? else {
        return Ok(Looked { folder: run.to_owned(), _temporary: None });
    };
    let temporary = tempfile::tempdir()?;
    let mirror = Mirror::at(Bucket::open(&address)?, temporary.path().to_owned())?;
    mirror.glance(&|name| !name.starts_with("images/"))?;
    check_run(&mirror, &address)?;
    Ok(Looked { folder: mirror.folder.clone(), _temporary: Some(temporary) })
}

#[cfg(test)]
mod tests;
