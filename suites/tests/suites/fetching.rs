//! Official files are fetched at pinned commits, checked and written whole.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use gentron_suites::SuitesError;
use gentron_suites::fetch::{Fetch, Fetched, fetch, remote, remotes};
use gentron_suites::files::{OFFICIAL, Origin, Revision};

use crate::shared;

/// Brings files of a folder by the last part of their URL.
struct Local {
    folder: PathBuf,
    asked: RefCell<Vec<String>>,
}

impl Local {
    fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), asked: RefCell::new(Vec::new()) }
    }
}

impl Fetch for Local {
    fn fetch(&self, url: &str) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        self.asked.borrow_mut().push(url.to_owned());
        Ok(fs::read(self.folder.join(url.rsplit('/').next().unwrap_or_default()))?)
    }
}

#[test]
fn every_address_is_at_a_pinned_commit() {
    let all: Vec<_> = OFFICIAL.iter().map(|file| remote(*file)).collect();
    for remote in &all {
        let commit = remote.url.split('/').nth(5).unwrap();
        assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", remote.url);
        assert!(remote.url.ends_with(remote.file.name) && remote.file.sha256.len() == 64);
    }
    assert_eq!(remotes(Origin::Compbench).len(), 37);
    assert_eq!(
        remotes(Origin::Parti)[0].url,
        "https://raw.githubusercontent.com/google-research/parti/5a657978134374ce28973948331b319adef164bd/PartiPrompts.tsv"
    );
    let old = OFFICIAL.iter().find(|file| file.name == "color_val.txt" && file.revision != Revision::Current).unwrap();
    assert!(remote(*old).url.contains("/7710d059c3391fe97fbf9e2ad3813ed0e7d87979/examples/dataset/color_val.txt"));
}

#[test]
fn a_whole_suite_is_fetched_once() {
    let Some(official) = shared::compbench() else { return };
    let by = Local::new(official);
    let target = tempfile::tempdir().unwrap();
    let folder = target.path().join("t2i-compbench");
    let fetched = |by: &Local| -> Vec<Fetched> {
        remotes(Origin::Compbench).iter().map(|remote| fetch(remote, &folder, by).unwrap()).collect()
    };
    assert!(fetched(&by).iter().all(|fetched| *fetched == Fetched::Written));
    assert!(fetched(&by).iter().all(|fetched| *fetched == Fetched::There));
    assert_eq!(by.asked.borrow().len(), 37);
    let left: Vec<_> = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 37, "{left:?}");
}

#[test]
fn other_content_is_never_written_and_never_overwritten() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let by = Local::new(source.path());
    let parti = &remotes(Origin::Parti)[0];
    assert!(matches!(fetch(parti, target.path(), &by), Err(SuitesError::Fetch { .. })));
    fs::write(source.path().join("PartiPrompts.tsv"), "Prompt\tCategory\tChallenge\tNote\n").unwrap();
    let error = fetch(parti, target.path(), &by).unwrap_err();
    assert!(matches!(&error, SuitesError::Digest { expected, .. } if *expected == parti.file.sha256), "{error}");
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);

    fs::write(target.path().join("PartiPrompts.tsv"), "mine").unwrap();
    assert!(matches!(fetch(parti, target.path(), &by), Err(SuitesError::InTheWay { .. })));
    assert_eq!(fs::read(target.path().join("PartiPrompts.tsv")).unwrap(), b"mine");
}
