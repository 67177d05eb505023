//! `study.db`: the events in SQLite, written ahead, synced at every commit.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use super::super::event::{Event, Record};
use crate::failure::{Explain as _, refuse};

/// The file.
pub const FILE: &str = "study.db";
/// Versions before may lose a write-ahead log in a rare race.
const OLDEST: i32 = 3_051_003;
/// How long a commit waits for somebody else's lock, before the rater is told to try again.
const PATIENCE: Duration = Duration::from_millis(1500);

const SCHEMA: &str = "
CREATE TABLE events (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, previous TEXT NOT NULL, event TEXT NOT NULL, hash TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE votes (ballot INTEGER NOT NULL, revision INTEGER NOT NULL, seq INTEGER NOT NULL REFERENCES events, PRIMARY KEY (ballot, revision)) STRICT;
CREATE TABLE ballots (ballot INTEGER PRIMARY KEY, ticket TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL REFERENCES events) STRICT;
";

/// Records after which the write-ahead log is copied into the database.
const LOGGED: usize = 400;

/// Copies what is in the write-ahead log into the database, as far as nobody is in the way. A failure costs nothing but a longer log: what
/// is committed is in it, and the next time is soon.
fn copy_log(connection: &Connection) {
    drop(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
}

/// The thread that copies the log.
#[derive(Debug)]
struct Keeper {
    /// None when it is to end.
    wake: Option<SyncSender<()>>,
    copied: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    fn start(path: &Path) -> Self {
        let (wake, awake) = sync_channel::<()>(1);
        let (path, copied) = (path.to_owned(), Arc::<AtomicBool>::default());
        let done = Arc::clone(&copied);
        let thread = std::thread::spawn(move || {
            let Ok(connection) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE) else { return };
            while awake.recv().is_ok() {
                copy_log(&connection);
                done.store(true, Ordering::Release);
            }
        });
        Self { wake: Some(wake), copied, thread: Some(thread) }
    }

    /// Has the log copied, unless that is going on already.
    fn wake(&self) {
        if let Some(wake) = &self.wake {
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The database, open.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    path: PathBuf,
    keeper: Option<Keeper>,
    /// Records since the write-ahead log was last to be copied.
    logged: usize,
}

impl Sqlite {
    /// Makes it; there must be none.
    ///
    /// # Errors
    /// The disk fails.
    pub fn create(folder: &Path) -> anyhow::Result<Self> {
        let store = Self::connect(folder, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        store.connection.execute_batch(SCHEMA)?;
        Ok(store)
    }

    /// Opens it.
    ///
    /// # Errors
    /// It is missing or damaged, or this build's SQLite is too old.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let lost = || {
            (format!("cannot open the votes in {}", path.display()), "`gentron votes verify` says what is left of them")
        };
        Self::connect(folder, OpenFlags::SQLITE_OPEN_READ_WRITE).explain(lost)
    }

    fn connect(folder: &Path, flags: OpenFlags) -> anyhow::Result<Self> {
        if rusqlite::version_number() < OLDEST {
            let what = format!("this build has SQLite {}, which may lose votes", rusqlite::version());
            return Err(refuse(what, "build gentron with its own SQLite, 3.51.3 or later"));
        }
        let path = folder.join(FILE);
        let connection = Connection::open_with_flags(&path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(PATIENCE)?;
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            let what = "the votes' folder does not allow a write-ahead log";
            return Err(refuse(what, "keep the study on a disk of this machine, not on a network file system"));
        }
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 16777216; \
             PRAGMA wal_autocheckpoint = 0;",
        )?;
        Ok(Self { connection, path, keeper: None, logged: 0 })
    }

    /// Commits records, all or none; when it returns, they are on the disk.
    ///
    /// # Errors
    /// The database is locked by somebody else, the disk is full, or fails.
    pub fn append(&mut self, records: &[Record]) -> rusqlite::Result<()> {
        self.keep_short(records.len());
        let transaction =
            rusqlite::Transaction::new_unchecked(&self.connection, rusqlite::TransactionBehavior::Immediate)?;
        // Compiled once a commit, which has up to hundreds of records.
        let mut insert_event = transaction.prepare("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5)")?;
        let mut insert_vote = transaction.prepare("INSERT INTO votes VALUES (?1, ?2, ?3)")?;
        let mut insert_ballot = transaction.prepare("INSERT INTO ballots VALUES (?1, ?2, ?3)")?;
        for record in records {
            let event = serde_json::to_string(&record.event)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            insert_event.execute(params![
                record.seq.cast_signed(),
                record.at.cast_signed(),
                record.previous,
                event,
                record.hash
            ])?;
            match &record.event {
                Event::Voted { ballot, revision, .. } => {
                    insert_vote.execute(params![ballot.cast_signed(), revision, record.seq.cast_signed()])?;
                }
                Event::Assigned { ballot, ticket, .. } => {
                    insert_ballot.execute(params![ballot.cast_signed(), ticket, record.seq.cast_signed()])?;
                }
                _ => {}
            }
        }
        drop((insert_event, insert_vote, insert_ballot));
        transaction.commit()
    }

    /// Keeps the write-ahead log short. Copying it into the database takes longer than a vote may, so that a thread of its own does it
    /// while others vote; here only what was written meanwhile is left, after which the log begins anew.
    fn keep_short(&mut self, records: usize) {
        if self.keeper.as_ref().is_some_and(|keeper| keeper.copied.swap(false, Ordering::Acquire)) {
            copy_log(&self.connection);
        }
        self.logged += records;
        if self.logged >= LOGGED {
            self.logged = 0;
            self.keeper.get_or_insert_with(|| Keeper::start(&self.path)).wake();
        }
    }

    /// All records, in order.
    ///
    /// # Errors
    /// The database is damaged.
    pub fn records(&self) -> anyhow::Result<Vec<Record>> {
        let mut select = self.connection.prepare("SELECT seq, at, previous, event, hash FROM events ORDER BY seq")?;
        let rows = select.query_map([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get::<_, String>(3)?, row.get(4)?))
        })?;
        rows.map(|row| {
            let (seq, at, previous, event, hash) = row?;
            let event = serde_json::from_str(&event)?;
            Ok(Record { seq: seq.cast_unsigned(), at: at.cast_unsigned(), previous, event, hash })
        })
        .collect()
    }

    /// SQLite's own account of the file: `ok`.
    ///
    /// # Errors
    /// The file cannot be read at all.
    pub fn integrity(&self) -> anyhow::Result<String> {
        Ok(self.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?)
    }
}
