//! The one thread that writes. Whatever many raters do at once is one commit; nobody hears "saved" before it is on the disk.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::anyhow;
use tokio::sync::oneshot;

use super::event::{Event, Record};
use super::folder::Folder;
use super::mirror::{self, Mirror};
use super::state::State;
use super::store::Store;
use super::{assign, chain, design};
use crate::failure::refuse;

/// Jobs of one commit at most.
const BATCH: usize = 512;
/// Jobs that may wait; more are told to try again.
const QUEUE: usize = 4096;

/// The votes cannot be written right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the votes cannot be written right now")]
pub struct Unavailable;

type Finish = Box<dyn FnOnce(Result<(), Unavailable>) + Send>;
type Job = Box<dyn FnOnce(&mut Draft<'_>) -> Finish + Send>;

/// Where a picture's single-use name leads: the rater it belongs to, and the picture.
pub type Names = std::collections::HashMap<String, (usize, usize)>;

/// Whose a personal link is: the rater, by the hash of the token.
pub type Owners = std::collections::HashMap<String, usize>;

/// Hands jobs to the one thread.
#[derive(Clone)]
pub struct Writer {
    jobs: SyncSender<Job>,
    /// Names of the pictures that are out.
    pub names: Arc<RwLock<Names>>,
    /// Everybody's personal link.
    pub owners: Arc<RwLock<Owners>>,
    /// The design.
    pub study: Arc<design::Study>,
    /// Other processes write, too, so that what requests read without waiting may be behind.
    shared: bool,
}

/// The state, while a job changes it.
pub struct Draft<'a> {
    /// As it is, with what this commit has changed so far.
    pub state: &'a mut State,
    records: &'a mut Vec<Record>,
    head: &'a mut Head,
}

#[derive(Clone)]
struct Head {
    seq: u64,
    hash: String,
}

impl Draft<'_> {
    /// Lets something happen.
    pub fn push(&mut self, event: Event) {
        let record = Record::new(self.head.seq, now(), &self.head.hash, event);
        self.head.seq += 1;
        self.head.hash.clone_from(&record.hash);
        self.state.apply(&record);
        self.records.push(record);
    }
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

impl Writer {
    /// Opens the votes of a study, checks their chain, and begins to write.
    ///
    /// # Errors
    /// Another process writes them, the chain is broken, or the disk fails.
    pub fn open(folder: &Folder, database: Option<&str>) -> anyhow::Result<Self> {
        let lock = lock(&folder.path)?;
        let mut files = Files::open(folder, database)?;
        let published = Published::default();
        for record in &files.records {
            published.add(&files.state, &record.event);
        }
        files.records = Vec::new();
        let (jobs, queue) = sync_channel(QUEUE);
        let study = Arc::clone(&folder.study);
        let shared = files.store.is_shared();
        let (names, owners) = (Arc::clone(&published.names), Arc::clone(&published.owners));
        std::thread::Builder::new().name("votes".into()).spawn(move || {
            files.work(&queue, &published);
            drop(lock);
        })?;
        Ok(Self { jobs, names, owners, study, shared })
    }

    /// Runs a job on the state; the answer comes when all that the job let happen is on the disk.
    ///
    /// # Errors
    /// Nothing of it happened: too many wait, or the disk refuses.
    pub async fn change<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Draft<'_>) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.send(job)?.await.map_err(|_| Unavailable)?
    }

    /// The same for callers that are not asynchronous.
    ///
    /// # Errors
    /// As [`Writer::change`].
    pub fn change_now<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Draft<'_>) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        self.send(job)?.blocking_recv().map_err(|_| Unavailable)?
    }

    /// Brings what requests read without waiting up to what other processes have written; nothing where there are none.
    pub async fn catch_up(&self) {
        if self.shared {
            // Whatever fails here fails again where it matters.
            let _ = self.change(|_| ()).await;
        }
    }

    fn send<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Draft<'_>) -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, Unavailable>>, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |draft| {
            let value = job(draft);
            // Whoever asked may have gone away; what happened stays.
            Box::new(move |committed| drop(answer.send(committed.map(|()| value))))
        });
        match self.jobs.try_send(job) {
            Ok(()) => Ok(answered),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Unavailable),
        }
    }
}

/// What the thread owns.
struct Files {
    folder: Folder,
    store: Store,
    mirror: Mirror,
    /// Records that are committed but not mirrored yet; at the beginning, all.
    records: Vec<Record>,
    state: State,
    head: Head,
    /// The state holds what was not committed, and must be read anew.
    lost: bool,
}

impl Files {
    fn open(folder: &Folder, database: Option<&str>) -> anyhow::Result<Self> {
        let mut store = Store::open(folder, database)?;
        let records = store.records()?;
        if let Some(fault) = chain::fault(&records, &folder.digest) {
            let hint = "`gentron votes verify` tells more; restore them from your copy";
            return Err(refuse(format!("the votes cannot be trusted: {fault}"), hint));
        }
        let mut mirror = Mirror::open(&folder.path)?;
        let (mirrored, _) = mirror::read(&folder.path.join(mirror::FILE))?;
        if mirrored.len() > records.len() || mirrored[..] != records[..mirrored.len()] {
            let hint = "the database was put back to an older state; `gentron votes verify` tells more";
            return Err(refuse("the votes' mirror has what the database has not", hint));
        }
        mirror.append(&records[mirrored.len()..])?;
        let mut state = State::new(Arc::clone(&folder.study));
        records.iter().for_each(|record| state.apply(record));
        let head = head(&records);
        Ok(Self { folder: folder.clone(), store, mirror, records, state, head, lost: false })
    }

    fn work(&mut self, queue: &Receiver<Job>, published: &Published) {
        let mut unmirrored: Vec<Record> = Vec::new();
        while let Ok(first) = queue.recv() {
            let ready = self.begin(published, &mut unmirrored);
            // Whoever came while others had the pen is in this commit, too.
            let jobs = std::iter::once(first).chain(queue.try_iter().take(BATCH - 1));
            if let Err(error) = ready {
                eprintln!("votes: {error:#}");
                // Whoever waits for the answer of a job that is dropped hears that nothing happened.
                jobs.for_each(drop);
                continue;
            }
            let mut records = Vec::new();
            let mut draft = Draft { state: &mut self.state, records: &mut records, head: &mut self.head };
            for ballot in assign::expired(draft.state, now()) {
                draft.push(Event::Returned { ballot });
            }
            let finishes: Vec<Finish> = jobs.map(|job| job(&mut draft)).collect();
            let committed = self.commit(&records, &mut unmirrored);
            match committed {
                Ok(()) => records.iter().for_each(|record| published.add(&self.state, &record.event)),
                Err(()) => self.lost = true,
            }
            for finish in finishes {
                finish(committed.map_err(|()| Unavailable));
            }
        }
    }

    /// The state is that of the database, and nobody else changes it until the commit.
    fn begin(&mut self, published: &Published, unmirrored: &mut Vec<Record>) -> anyhow::Result<()> {
        if self.lost {
            self.go_back(published, unmirrored)?;
        }
        let others = self.store.begin(self.head.seq)?;
        if let Some(fault) = chain::broken(&others, self.head.seq, &self.head.hash) {
            self.store.release();
            return Err(anyhow!("what others wrote cannot be trusted: {fault}"));
        }
        for record in &others {
            self.state.apply(record);
            published.add(&self.state, &record.event);
        }
        if !others.is_empty() {
            self.head = head(&others);
        }
        unmirrored.extend(others);
        Ok(())
    }

    /// Database, then mirror. Where only the mirror fails, the votes are safe, and it catches up with the next commit; but nobody is told
    /// "saved" until then.
    fn commit(&mut self, records: &[Record], unmirrored: &mut Vec<Record>) -> Result<(), ()> {
        if records.is_empty() {
            self.store.release();
        } else if let Err(error) = self.store.append(records) {
            eprintln!("votes: not committed: {error:#}");
            return Err(());
        }
        unmirrored.extend_from_slice(records);
        if unmirrored.is_empty() {
            return Ok(());
        }
        match self.mirror.append(unmirrored) {
            Ok(()) => {
                unmirrored.clear();
                Ok(())
            }
            Err(error) => {
                eprintln!("votes: committed, but not mirrored: {error}");
                Err(())
            }
        }
    }

    /// What was not committed has not happened: the state is that of the database, and what of it the mirror lacks is to follow.
    fn go_back(&mut self, published: &Published, unmirrored: &mut Vec<Record>) -> anyhow::Result<()> {
        let records = self.store.records()?;
        let mut state = State::new(Arc::clone(&self.folder.study));
        for record in &records {
            state.apply(record);
            published.add(&state, &record.event);
        }
        self.state = state;
        self.head = head(&records);
        *unmirrored = records.get(self.mirror.lines as usize..).unwrap_or_default().to_vec();
        self.lost = false;
        Ok(())
    }
}

fn head(records: &[Record]) -> Head {
    let last = records.last();
    Head {
        seq: last.map_or(0, |record| record.seq + 1),
        hash: last.map(|record| record.hash.clone()).unwrap_or_default(),
    }
}

/// What requests may read without waiting for the thread: only what is on the disk.
#[derive(Default)]
struct Published {
    names: Arc<RwLock<Names>>,
    owners: Arc<RwLock<Owners>>,
}

impl Published {
    fn add(&self, state: &State, event: &Event) {
        match event {
            Event::Assigned { ballot, rater, pictures, .. } => {
                let Some(ballot) = state.ballots.get(*ballot) else { return };
                if let Ok(mut names) = self.names.write() {
                    for (name, picture) in pictures.iter().zip(state.sides(ballot)) {
                        names.insert(name.clone(), (*rater, picture));
                    }
                }
            }
            Event::Joined { rater, token, .. } => {
                if let Ok(mut owners) = self.owners.write() {
                    owners.insert(token.clone(), *rater);
                }
            }
            _ => {}
        }
    }
}

/// One process writes; the lock goes with it, however it ends.
fn lock(folder: &Path) -> anyhow::Result<std::fs::File> {
    let file = std::fs::File::options().create(true).truncate(false).write(true).open(folder.join("study.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            let what = format!("another gentron writes the votes of {}", folder.display());
            Err(refuse(what, "stop it first, or use its operator's page"))
        }
        Err(std::fs::TryLockError::Error(error)) => {
            let error = anyhow!(error).context("the study's folder allows no lock");
            Err(error)
        }
    }
}
