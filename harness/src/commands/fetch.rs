//! `gentron suites fetch`: brings the official files of prompts.

use std::path::{Path, PathBuf};

use gentron_suites::SuitesError;
use gentron_suites::fetch::{Fetched, Remote, fetch, remotes};
use serde::Serialize;

use crate::cli::FetchArgs;
use crate::download::Downloader;
use crate::failure::{Explain as _, Interrupted, Outcome, refuse};
use crate::progress::Progress;
use crate::registry::places::data_folder;
use crate::registry::{KNOWN, Known, SuiteKey};
use crate::{interrupt, names, table};

/// What became of a suite's files.
#[derive(Serialize)]
struct Brought {
    suite: &'static str,
    folder: String,
    fetched: usize,
    already_there: usize,
}

/// Fetches whatever is not there yet, one file after the other.
///
/// # Errors
/// A suite is unknown or cannot be fetched; a file does not come, or is not the published one. What came before stays.
pub fn run(args: &FetchArgs) -> anyhow::Result<Outcome> {
    let suites = chosen(&args.suites)?;
    let folder = folder(args.to.as_deref())?;
    let mut wanted: Vec<(&'static str, PathBuf, Vec<Remote>)> = Vec::new();
    for known in suites {
        if let Some(origin) = known.origin() {
            wanted.push((known.folder(), folder.join(known.folder()), remotes(origin)));
        }
    }
    let downloader = Downloader::new()
        .explain(|| ("cannot make an HTTP client", "install the system's certificates (on Debian: ca-certificates)"))?;
    let progress = Progress::new("fetch", wanted.iter().map(|(_, _, files)| files.len()).sum());
    let mut brought: Vec<Brought> = Vec::new();
    for (suite, folder, files) in &wanted {
        progress.remark(suite);
        let (mut fetched, mut already_there) = (0, 0);
        for file in files {
            let before = fetched + brought.iter().map(|brought| brought.fetched).sum::<usize>();
            match fetch(file, folder, &downloader).map_err(|error| failed(error, suite, folder, before))? {
                Fetched::Written => fetched += 1,
                Fetched::There => already_there += 1,
            }
            progress.advance(1);
        }
        brought.push(Brought { suite, folder: folder.display().to_string(), fetched, already_there });
    }
    progress.finish();
    print(&brought, args.json)?;
    Ok(Outcome::Done)
}

/// One entry for each set of files.
fn chosen(words: &[String]) -> anyhow::Result<Vec<&'static Known>> {
    let fetchable = || KNOWN.iter().filter(|known| known.origin().is_some());
    let mut chosen: Vec<&'static Known> = Vec::new();
    for word in words {
        let key = SuiteKey::parse(word)?.suite;
        let Some(known) = Known::find(&key) else {
            let hint = names::suggestion(&key, fetchable().map(|known| known.key));
            return Err(refuse(format!("unknown suite `{key}`"), hint));
        };
        if known.is_built_in() {
            return Err(refuse(
                format!("{key} is part of the program: there is nothing to fetch"),
                "it can be used as it is",
            ));
        }
        if known.origin().is_none() {
            let what = format!("{key} cannot be fetched: its authors publish an online table without versions");
            return Err(refuse(what, known.how_to_get()));
        }
        chosen.push(known);
    }
    if words.is_empty() {
        chosen.extend(fetchable());
    }
    let mut folders = Vec::new();
    chosen.retain(|known| {
        !folders.contains(&known.folder()) && {
            folders.push(known.folder());
            true
        }
    });
    Ok(chosen)
}

fn folder(to: Option<&Path>) -> anyhow::Result<PathBuf> {
    to.map(Path::to_owned).or_else(data_folder).ok_or_else(|| {
        refuse("this system names no folder for data", "name one with --to, and later with --suites or $GENTRON_SUITES")
    })
}

/// `before` files were written before this one, and stay.
fn failed(error: SuitesError, suite: &str, folder: &Path, before: usize) -> anyhow::Error {
    if interrupt::requested() {
        return Interrupted.into();
    }
    let what = format!("cannot fetch {suite}");
    let hint = match &error {
        SuitesError::Fetch { .. } => format!(
            "check the network; HTTPS_PROXY names a proxy, GENTRON_FETCH_BASE a mirror. Or copy the files by hand to {}",
            folder.display()
        ),
        SuitesError::Digest { .. } => {
            let written = match before {
                0 => "nothing was written".to_owned(),
                1 => "it was not written, the one file before it was".to_owned(),
                _ => format!("it was not written, the {before} files before it were"),
            };
            format!(
                "{written}: these are not the published bytes. A proxy that answers with a page of its own does this"
            )
        }
        SuitesError::InTheWay { .. } => "move that file away, or fetch to another folder with --to".into(),
        _ => "name a folder that can be written with --to".into(),
    };
    let result: Result<(), _> = Err(error);
    match result.explain(|| (what, hint)) {
        Err(error) => error,
        Ok(()) => Interrupted.into(),
    }
}

fn print(brought: &[Brought], json: bool) -> anyhow::Result<()> {
    if json {
        return table::print_json(&brought);
    }
    let line = |b: &Brought| {
        let Brought { suite, folder, fetched, already_there } = b;
        format!("{suite}: {fetched} files fetched, {already_there} already there, in {folder}\n")
    };
    table::print(&brought.iter().map(line).collect::<String>())
}
