//! Another program as an arm, with what our own generators promise: images are written whole or not at all, a run that was killed goes on,
//! and what fails says why.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use image::RgbImage;
use tempfile::TempDir;

use super::process::{self, Process, Request};
use super::{Engine, Outside, Sources};
use crate::failure::{Explain as _, Interrupted, refuse};
use crate::plan::{Batch, Task};
use crate::recipe::{Lives, Patience, Program, ResolvedArm};
use crate::store::digest;
use crate::{decode, interrupt, progress};

/// How often whoever waits for a process looks whether a stop was asked for.
const GLANCE: Duration = Duration::from_millis(200);

/// A program and its processes.
struct Outsider {
    arm: String,
    program: Program,
    place: Outside,
    patience: Patience,
    /// Where it writes; goes with this value.
    scratch: TempDir,
    pool: Mutex<Pool>,
    returned: Condvar,
}

/// Processes that are at leisure, and how many are at work.
#[derive(Default)]
struct Pool {
    idle: Vec<Process>,
    busy: u32,
}

/// A new folder among the temporary ones, which goes with its value.
fn scratch() -> anyhow::Result<TempDir> {
    // The program runs in another folder, where a relative path would lead elsewhere.
    let temporary = std::env::temp_dir();
    let temporary = std::path::absolute(&temporary).unwrap_or(temporary);
    let explain = || (format!("cannot make a folder in {}", temporary.display()), "name another folder with TMPDIR");
    tempfile::Builder::new().prefix("gentron-").tempdir_in(&temporary).explain(explain)
}

/// Makes a program ready to be asked. It is started when the first batch comes.
///
/// # Errors
/// There is no folder to write to.
pub fn prepare(arm: &ResolvedArm, sources: &Sources) -> anyhow::Result<Box<dyn Engine>> {
    let place = sources.outside(&arm.name)?.clone();
    let patience = place.patience.with_context(|| format!("the arm {} has no time limit", arm.name))?;
    let program = program(arm)?.clone();
    let (arm, scratch) = (arm.name.clone(), scratch()?);
    let (pool, returned) = Default::default();
    Ok(Box::new(Outsider { arm, program, place, patience, scratch, pool, returned }))
}

/// What an arm's images depend on: the program's words, and the files among them.
///
/// # Errors
/// The program is not there, or a file of its words cannot be read.
pub fn identity(arm: &ResolvedArm, sources: &Sources) -> anyhow::Result<String> {
    let program = program(arm)?;
    let folder = &sources.outside(&arm.name)?.folder;
    let (first, rest) = program.run.split_first().context("its command is empty")?;
    let path = process::place(first, folder);
    if !is_there(&path) {
        let what = format!("the arm {}: no program {first} in {}", arm.name, folder.display());
        return Err(refuse(what, "a path starts from the recipe's folder; any other word is looked for in $PATH"));
    }
    let mut files = BTreeMap::new();
    let named = (path.components().count() > 1).then_some((first, path));
    let others = rest.iter().map(|word| (word, folder.join(word)));
    for (word, path) in named.into_iter().chain(others).filter(|(_, path)| path.is_file()) {
        files.insert(word, digest::of_file(&path)?);
    }
    Ok(digest::of_value(&(program, files)))
}

fn is_there(program: &Path) -> bool {
    if program.components().count() > 1 {
        return program.is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn program(arm: &ResolvedArm) -> anyhow::Result<&Program> {
    arm.program.as_ref().with_context(|| format!("the arm {} names no program", arm.name))
}

impl Engine for Outsider {
    fn draw(&self, batch: Batch<'_>) -> anyhow::Result<Vec<RgbImage>> {
        let requests: Vec<Request> = batch.iter().enumerate().map(|(at, task)| self.request(at, task)).collect();
        let mut tries = 0;
        loop {
            let error = match self.try_draw(&requests) {
                Ok(images) => return Ok(images),
                Err(error) => error,
            };
            if tries == self.patience.retries || error.is::<Interrupted>() {
                return Err(error);
            }
            tries += 1;
            progress::say(&format!(
                "note: {}; asked again of a new process ({tries} of {})",
                flat(&error),
                self.patience.retries
            ));
        }
    }
}

/// All causes in one line.
fn flat(error: &anyhow::Error) -> String {
    format!("{error:#}").replace('\n', " | ")
}

impl Outsider {
    fn request(&self, at: usize, task: &Task) -> Request {
        static REQUESTS: AtomicU64 = AtomicU64::new(0);
        let size = self.program.size;
        // No two draws may meet in one file; 32 bits are what every library takes for a seed.
        let name = format!("{}-{at}-{}.png", &task.task[..16], REQUESTS.fetch_add(1, Ordering::Relaxed));
        let seed = digest::of_value(&("command", task.seed, &task.prompt_id, task.k));
        Request {
            prompt: task.prompt.clone(),
            prompt_id: task.prompt_id.clone(),
            k: task.k,
            seed: u32::from_str_radix(&seed[..8], 16).unwrap_or_default(),
            width: size.map(|size| size[0]),
            height: size.map(|size| size[1]),
            image: self.scratch.path().join(name),
        }
    }

    fn try_draw(&self, requests: &[Request]) -> anyhow::Result<Vec<RgbImage>> {
        for request in requests {
            drop(fs::remove_file(&request.image));
        }
        let mut held = self.hold()?;
        let Some(process) = &mut held.process else { anyhow::bail!("no process") };
        let patience = Duration::from_secs(self.patience.timeout_seconds.into());
        let asked = process.ask(requests, self.program.lives, patience).map_err(anyhow::Error::new);
        let taken = asked.and_then(|()| requests.iter().map(|request| self.take(request)).collect());
        let error = match taken {
            Ok(images) => {
                if self.program.lives == Lives::Batch {
                    held.process = None;
                }
                return Ok(images);
            }
            Err(error) => error,
        };
        if let Some(mut process) = held.process.take() {
            process.kill();
            let said = process.said();
            let last = if said.is_empty() { String::new() } else { format!("; it said: {}", said.join("\n")) };
            let what = format!("the program of the arm {} failed{last}", self.arm);
            let hint = "run it by hand with such a line as its standard input; `gentron generate --help` says what it is asked and must answer";
            return Err(error).explain(|| (what, hint));
        }
        Err(error)
    }

    /// An image, which must be there and of the size that was promised; whatever its ending says, its content decides what kind it is.
    fn take(&self, request: &Request) -> anyhow::Result<RgbImage> {
        let Request { prompt_id, k, image, .. } = request;
        anyhow::ensure!(image.is_file(), "image {k} of {prompt_id} was not written");
        let read = || decode::rgb(&fs::read(image)?);
        let read = read().with_context(|| format!("image {k} of {prompt_id} cannot be read"))?;
        drop(fs::remove_file(image));
        if let Some([width, height]) = self.program.size {
            let got = (read.width(), read.height());
            anyhow::ensure!(
                got == (width, height),
                "image {k} of {prompt_id} is of {} x {} pixels instead of {width} x {height}",
                got.0,
                got.1
            );
        }
        Ok(read)
    }

    /// A process that nobody else has, started where none is at leisure; waits while as many as may be are at work. Who waits has begun
    /// nothing: where a stop is asked for meanwhile, it goes with [`Interrupted`].
    fn hold(&self) -> anyhow::Result<Held<'_>> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        while pool.busy == self.patience.processes {
            pool = self.returned.wait_timeout(pool, GLANCE).unwrap_or_else(PoisonError::into_inner).0;
            if interrupt::requested() {
                return Err(Interrupted.into());
            }
        }
        pool.busy += 1;
        let process = pool.idle.pop();
        drop(pool);
        let mut held = Held { of: self, process };
        if held.process.is_none() {
            let words = self.program.run.join(" ");
            let hint = "a path starts from the recipe's folder; any other word is looked for in $PATH";
            let started = Process::start(&self.program.run, &self.place.folder);
            held.process = Some(started.explain(|| (format!("cannot start `{words}`"), hint))?);
        }
        Ok(held)
    }
}

/// A process at work, which goes back to the pool.
struct Held<'a> {
    of: &'a Outsider,
    process: Option<Process>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut pool = self.of.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.busy -= 1;
        pool.idle.extend(self.process.take());
        self.of.returned.notify_one();
    }
}
