//! Where the records are kept: `study.db`, SQLite within the study's folder, or PostgreSQL, for a study that outgrows one machine.

mod mount;
mod postgres;
mod sqlite;

use std::path::Path;

pub use self::postgres::Postgres;
pub use self::sqlite::{FILE, Sqlite};
use super::event::Record;
use super::folder::Folder;
use crate::failure::{Explain as _, refuse};
use crate::store::atomic;

/// Says, in a study's folder, that its votes are in PostgreSQL.
const MOVED: &str = "database.txt";

/// The records, open.
pub enum Store {
    /// One file, one process.
    Sqlite(Sqlite),
    /// A database that several processes write.
    Postgres(Box<Postgres>),
}

impl Store {
    /// Opens the records of a study: those of the folder, or of the database that is named here or in `GENTRON_DATABASE`. A database that
    /// knows nothing of the study takes over what the folder has.
    ///
    /// # Errors
    /// They are missing or damaged, the database cannot be reached, the folder's were moved to a database that nobody names, or are in a
    /// folder that machines share over a network.
    pub fn open(folder: &Folder, database: Option<&str>) -> anyhow::Result<Self> {
        let moved = folder.path.join(MOVED);
        let variable = std::env::var("GENTRON_DATABASE").ok().filter(|_| moved.exists());
        let Some(database) = database.map(str::to_owned).or(variable) else {
            if moved.exists() {
                let place = std::fs::read_to_string(&moved).unwrap_or_default();
                let what = format!("the votes of {} are in PostgreSQL ({})", folder.path.display(), place.trim());
                return Err(refuse(what, "name it with --database postgres://… or in GENTRON_DATABASE"));
            }
            mount::refuse_shared(&folder.path)?;
            return Ok(Self::Sqlite(Sqlite::open(&folder.path)?));
        };
        let mut store = Postgres::connect(&database, &folder.digest)?;
        let own = || Sqlite::open(&folder.path)?.records();
        store.found(own, moved.exists())?;
        let cannot = || (format!("cannot write {}", moved.display()), "check space and permissions");
        atomic::write(&moved, format!("{}\n", store.place()).as_bytes()).explain(cannot)?;
        Ok(Self::Postgres(Box::new(store)))
    }

    /// Makes the records of a study anew, from its mirror.
    ///
    /// # Errors
    /// There are some already, the folder is one that machines share over a network, or the disk or the database fails.
    pub fn restore(folder: &Path, digest: &str, database: Option<&str>, records: &[Record]) -> anyhow::Result<()> {
        if let Some(database) = database {
            return Postgres::connect(database, digest)?.fill(records);
        }
        mount::refuse_shared(folder)?;
        if folder.join(FILE).exists() {
            let hint = "move study.db, study.db-wal and study.db-shm away first";
            return Err(refuse("there is a database already", hint));
        }
        Ok(Sqlite::create(folder)?.append(records)?)
    }

    /// Whether other processes may write, too.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// What errors call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => FILE,
            Self::Postgres(_) => "the database",
        }
    }

    /// Takes the pen: until [`Store::append`] or [`Store::release`] nobody else writes. Returns what others wrote from record `from` on.
    ///
    /// # Errors
    /// Somebody else keeps the pen, or the database cannot be reached.
    pub fn begin(&mut self, from: u64) -> anyhow::Result<Vec<Record>> {
        match self {
            // One process holds the folder's lock, and one thread of it writes.
            Self::Sqlite(_) => Ok(Vec::new()),
            Self::Postgres(store) => store.begin(from),
        }
    }

    /// Commits records, all or none; when it returns, they are on the disk.
    ///
    /// # Errors
    /// The database is locked by somebody else, the disk is full, or fails.
    pub fn append(&mut self, records: &[Record]) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(store) => Ok(store.append(records)?),
            Self::Postgres(store) => store.append(records),
        }
    }

    /// Gives the pen back; nothing was written.
    pub fn release(&mut self) {
        if let Self::Postgres(store) = self {
            store.release();
        }
    }

    /// All records, in order.
    ///
    /// # Errors
    /// The database is damaged, or cannot be reached.
    pub fn records(&mut self) -> anyhow::Result<Vec<Record>> {
        match self {
            Self::Sqlite(store) => store.records(),
            Self::Postgres(store) => store.records(),
        }
    }

    /// The database's own account of itself: `ok`.
    ///
    /// # Errors
    /// It cannot be read at all.
    pub fn integrity(&mut self) -> anyhow::Result<String> {
        match self {
            Self::Sqlite(store) => store.integrity(),
            Self::Postgres(store) => store.integrity(),
        }
    }
}
