//! What a run's folder is to workers: theirs, somebody else's, or whole.

use std::path::Path;

use super::ShardFolder;
use crate::failure::{quoted, refuse};
use crate::remote;
use crate::store::{Run, look};

/// How far a run is, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nobody has begun it, or workers have.
    Shards,
    /// `generate` or `ablate` has drawn some of it.
    Alone,
    /// Every image has its file, and none was scored.
    Drawn,
    /// Scored, too. A merge that was killed may have left some shards, which the next one removes.
    Scored,
}

/// That of a run, as the names of its files tell; no digest is computed.
///
/// # Errors
/// A folder is there and cannot be listed.
pub fn of(run: &Run) -> anyhow::Result<Phase> {
    // Another machine may have merged it a moment ago.
    look::anew(&run.folder);
    let is_begun = ShardFolder::of(&run.folder).is_begun()?;
    Ok(match (run.path("images.jsonl").exists(), run.path("scored.json").exists()) {
        (true, true) => Phase::Scored,
        _ if is_begun => Phase::Shards,
        (true, false) => Phase::Drawn,
        (false, _) if run.path("journals").exists() => Phase::Alone,
        (false, _) => Phase::Shards,
    })
}

/// Whether workers may have something left of a run, which the user calls `name`; with `scoring`, not only to draw.
///
/// # Errors
/// Something is left, and nothing that workers can do: it says who can.
pub fn is_open(run: &Run, name: &Path, scoring: bool) -> anyhow::Result<bool> {
    match of(run)? {
        Phase::Shards => Ok(true),
        Phase::Alone => Err(alone(run, name)),
        Phase::Drawn if scoring => Err(unscored(name)),
        Phase::Drawn | Phase::Scored => Ok(false),
    }
}

/// What one machine has drawn is in no shard: workers would draw it again.
pub fn alone(run: &Run, name: &Path) -> anyhow::Error {
    let what = format!("{} was begun by `generate` or `ablate`, which draw into no shards", name.display());
    refuse(what, format!("{} goes on with it; for workers plan another folder", again(run, name)))
}

/// Every image has its file, which workers do not look at.
pub fn unscored(name: &Path) -> anyhow::Error {
    let what = format!("{} is merged, and not scored by the scorers that are here", name.display());
    refuse(what, format!("`gentron score {}` scores it", quoted(&name.to_string_lossy())))
}

/// The command that draws what is missing or damaged in a run that is in no shards.
pub fn again(run: &Run, name: &Path) -> String {
    let command = &run.manifest.run_info.command;
    if remote::is_address(name) {
        return format!("copied to a folder, `{command} --out FOLDER`");
    }
    format!("`{command} --out {}`", quoted(&name.to_string_lossy()))
}
