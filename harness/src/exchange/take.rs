//! From a folder of somebody's images to an import: all of it, or nothing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use gentron_suites::Prompt;

use super::record::{self, Entry, FILE, Record};
use crate::bare::{Found, Picture, Problem};
use crate::decode;
use crate::failure::{Explain as _, Interrupted, refuse};
use crate::generate::png;
use crate::progress::Progress;
use crate::store::{atomic, digest, run::pretty};
use crate::workers::{self, Ended};

/// What became of a folder.
#[derive(Debug)]
pub enum Taken {
    /// An import, and what was there before.
    Import(Record, Before),
    /// Nothing: all that is wrong, in the order of the suite.
    Refused(Vec<Problem>),
}

/// What was in the place of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing.
    Nothing,
    /// The same import; so many of its images were missing or had changed, and are put back.
    Same(usize),
}

/// Checks every image that was found and writes the import `to`; `record` says what it is, without its images.
///
/// # Errors
/// The folder `to` holds something else, or the disk fails. Nothing is half imported then.
pub fn take(found: &Found, prompts: &[Prompt], record: Record, to: &Path, threads: usize) -> anyhow::Result<Taken> {
    let mut problems = found.problems.clone();
    problems.extend(counts(&found.pictures.known, prompts, record.images_per_prompt));
    let staging = staging(to)?;
    let _removed = Removed(&staging);
    let copied = copy(&found.pictures.known, prompts, &staging, threads)?;
    problems.extend(copied.problems);
    if !problems.is_empty() {
        return Ok(Taken::Refused(problems));
    }
    let size = copied.sizes.first().filter(|first| copied.sizes.iter().all(|size| size == *first)).copied();
    let record = Record { size, images: copied.entries, ..record };
    let bytes = pretty(&record)?;
    if to.join(FILE).is_file() {
        if fs::read(to.join(FILE)).is_ok_and(|there| there == bytes) {
            let mended = mend(&record.images, &staging, to)?;
            return Ok(Taken::Import(record, Before::Same(mended)));
        }
        let hint = "choose another --name or --to, or remove that folder first; nothing was changed";
        return Err(refuse(format!("{} holds another import", to.display()), hint));
    }
    atomic::write(&staging.join(FILE), &bytes)?;
    let cannot = || (format!("cannot write {}", to.display()), "choose another folder with --to");
    fs::rename(&staging, to).explain(cannot)?;
    if let Some(parent) = to.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        File::open(parent).and_then(|folder| folder.sync_all()).explain(cannot)?;
    }
    Ok(Taken::Import(record, Before::Nothing))
}

/// Puts back from `staging` what the same import `to` lacks or has changed, and says how many images that were.
fn mend(images: &[Entry], staging: &Path, to: &Path) -> anyhow::Result<usize> {
    let cannot = || (format!("cannot write {}", to.display()), "choose another folder with --to");
    let mut mended = 0;
    for entry in images {
        let name = record::image(&entry.prompt_id, entry.k);
        let path = to.join(&name);
        if digest::of_file(&path).is_ok_and(|sha256| sha256 == entry.sha256) {
            continue;
        }
        let bytes = fs::read(staging.join(&name)).explain(cannot)?;
        atomic::write(&path, &bytes).explain(cannot)?;
        mended += 1;
    }
    Ok(mended)
}

/// Prompts with another number of images than `wanted`, and images with a number beyond it.
fn counts(known: &[Picture], prompts: &[Prompt], wanted: u32) -> Vec<Problem> {
    let mut there: BTreeMap<usize, usize> = BTreeMap::new();
    for picture in known {
        *there.entry(picture.prompt).or_default() += 1;
    }
    let count = |(at, prompt): (usize, &Prompt)| {
        let found = there.get(&at).copied().unwrap_or(0);
        (found != wanted as usize).then(|| Problem::Count {
            prompt_id: prompt.id.clone(),
            prompt: prompt.text.clone(),
            found,
            wanted: wanted as usize,
        })
    };
    let beyond = known.iter().filter(|picture| picture.k >= wanted);
    let number = |picture: &Picture| Problem::Number { image: picture.name.clone(), k: picture.k, wanted };
    prompts.iter().enumerate().filter_map(count).chain(beyond.map(number)).collect()
}

/// An empty folder beside `to`, where the import comes into being. What an import that was killed left there goes.
fn staging(to: &Path) -> anyhow::Result<PathBuf> {
    let explain = || (format!("cannot write {}", to.display()), "choose another folder with --to");
    let name = to.file_name().with_context(|| format!("{} has no name", to.display())).explain(explain)?;
    if to.exists() && !to.join(FILE).is_file() {
        let what = format!("{} is in the way and is no import", to.display());
        return Err(refuse(what, "choose another --name or --to; nothing was changed"));
    }
    let staging = to.with_file_name(format!(".{}.importing", name.to_string_lossy()));
    if staging.exists() {
        fs::remove_dir_all(&staging).explain(explain)?;
    }
    fs::create_dir_all(&staging).explain(explain)?;
    Ok(staging)
}

/// Removes what was not renamed in the meantime.
struct Removed<'a>(&'a Path);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        // What cannot be removed is removed by the next import of that name.
        drop(fs::remove_dir_all(self.0));
    }
}

#[derive(Default)]
struct Copied {
    entries: Vec<Entry>,
    sizes: Vec<[u32; 2]>,
    problems: Vec<Problem>,
}

/// What reading one picture gave.
enum Read {
    Image(Entry, [u32; 2]),
    Problem(Problem),
}

fn copy(known: &[Picture], prompts: &[Prompt], staging: &Path, threads: usize) -> anyhow::Result<Copied> {
    let slots: Vec<Mutex<Option<Read>>> = known.iter().map(|_| Mutex::default()).collect();
    let places: Vec<usize> = (0..known.len()).collect();
    let progress = Progress::new("import", known.len());
    let ended = workers::for_each(threads, &places, |&at| {
        let read = copy_one(&known[at], &prompts[known[at].prompt], staging)?;
        *slots[at].lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
        progress.advance(1);
        Ok(())
    })?;
    progress.finish();
    if ended == Ended::Stopped {
        return Err(Interrupted.into());
    }
    let mut copied = Copied::default();
    let mut read: Vec<(usize, Read)> = Vec::new();
    for (picture, slot) in known.iter().zip(slots) {
        let slot = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
        read.extend(slot.map(|slot| (picture.prompt, slot)));
    }
    // The suite's order, whatever that of the folder.
    read.sort_by_key(|(prompt, read)| (*prompt, if let Read::Image(entry, _) = read { entry.k } else { 0 }));
    for (_, read) in read {
        match read {
            Read::Image(entry, size) => {
                copied.entries.push(entry);
                copied.sizes.push(size);
            }
            Read::Problem(problem) => copied.problems.push(problem),
        }
    }
    Ok(copied)
}

fn copy_one(picture: &Picture, prompt: &Prompt, staging: &Path) -> anyhow::Result<Read> {
    let unreadable = |why: String| Read::Problem(Problem::Unreadable { image: picture.name.clone(), why });
    let bytes = match fs::read(&picture.path) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(unreadable(error.to_string())),
    };
    let image = match decode::rgb(&bytes) {
        Ok(image) => image,
        Err(error) => return Ok(unreadable(error.to_string())),
    };
    let encoded = png::encode(&image)?;
    let path = staging.join(record::image(&prompt.id, picture.k));
    let cannot = || (format!("cannot write {}", path.display()), "choose another folder with --to");
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(staging))?;
        let mut file = File::create(&path)?;
        file.write_all(&encoded)?;
        file.sync_data()
    };
    write().explain(cannot)?;
    let entry = Entry {
        prompt_id: prompt.id.clone(),
        k: picture.k,
        sha256: digest::of_bytes(&encoded),
        from: picture.name.clone(),
        from_sha256: digest::of_bytes(&bytes),
    };
    Ok(Read::Image(entry, [image.width(), image.height()]))
}
