//! The records in PostgreSQL. Several servers, each with a copy of the study's folder, write them in turns: whoever has the table's lock
//! first reads what the others wrote, so that the chain stays one.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use postgres::config::SslMode;
use postgres::{Client, Config, NoTls, Row};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::event::{Event, Record};
use crate::failure::{Explain as _, refuse};

/// How long a commit waits for other servers, before the rater is told to try again.
const PATIENCE: &str = "1500ms";

/// The records, within reach.
pub struct Postgres {
    config: Config,
    /// Each study has a schema of its own, named by its design.
    schema: String,
    /// None after a failure: the next call connects again.
    client: Option<Client>,
}

/// TLS that checks certificates by those of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
fn tls() -> anyhow::Result<MakeRustlsConnect> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (known, _) = roots.add_parsable_certificates(native.certs);
    if known == 0 {
        let what = "no certificate to check the database's by was found";
        return Err(refuse(what, "install the system's (on Debian: ca-certificates), or name a file by SSL_CERT_FILE"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

impl Postgres {
    /// Connects, and makes the study's tables if there are none.
    ///
    /// # Errors
    /// The address is none, the database cannot be reached, or may lose what it has committed.
    pub fn connect(address: &str, design: &str) -> anyhow::Result<Self> {
        let wrong = || {
            let hint = "as postgres://user:password@host/database";
            ("the database's address is none".to_owned(), hint.to_owned())
        };
        let mut config: Config = address.parse().explain(wrong)?;
        config.connect_timeout(Duration::from_secs(5));
        config.tcp_user_timeout(Duration::from_secs(15));
        config.application_name("gentron");
        let schema = format!("gentron_{}", &design[..24]);
        let mut store = Self { config, schema, client: None };
        let place = store.place();
        let unreachable = || {
            let hint = "check that it runs and lets you in; with ?sslmode=require at the address's end gentron speaks TLS to it and checks \
                        its certificate by the system's, or by those in the file that SSL_CERT_FILE names; else it speaks without";
            (format!("cannot reach the database {place}"), hint.to_owned())
        };
        store.client().explain(unreachable)?;
        store.make().context("cannot make the study's tables")?;
        Ok(store)
    }

    /// Host and name, without password.
    pub fn place(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            postgres::config::Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            postgres::config::Host::Unix(path) => path.display().to_string(),
        });
        format!("{}/{}", hosts.collect::<Vec<_>>().join(","), self.config.get_dbname().unwrap_or("postgres"))
    }

    fn client(&mut self) -> anyhow::Result<&mut Client> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            let mut client = match self.config.get_ssl_mode() {
                SslMode::Require => self.config.connect(tls()?)?,
                // What is preferred cannot be relied on: whoever sits in between would say that there is no TLS.
                _ => self.config.connect(NoTls)?,
            };
            let fsync: String = client.query_one("SHOW fsync", &[])?.get(0);
            if fsync != "on" {
                let what = "the database does not wait for the disk (fsync is off), and may lose votes";
                return Err(refuse(what, "set fsync = on in postgresql.conf"));
            }
            client.batch_execute(&format!(
                "SET synchronous_commit = on; SET lock_timeout = '{PATIENCE}'; SET statement_timeout = '30s'; \
                 SET idle_in_transaction_session_timeout = '30s'; SET search_path = {}",
                self.schema
            ))?;
            self.client = Some(client);
        }
        self.client.as_mut().ok_or_else(|| anyhow!("no connection"))
    }

    /// Does something on the connection; after a failure the connection, and with it what was begun, is gone.
    fn with<T>(&mut self, job: impl FnOnce(&mut Client) -> Result<T, postgres::Error>) -> anyhow::Result<T> {
        let done = job(self.client()?);
        if done.is_err() {
            self.client = None;
        }
        Ok(done?)
    }

    fn make(&mut self) -> anyhow::Result<()> {
        let schema = self.schema.clone();
        self.with(|client| {
            // Two servers that come for the first time at once wait for each other here.
            client.batch_execute(&format!(
                "BEGIN; SELECT pg_advisory_xact_lock(hashtext('{schema}'));
                 CREATE SCHEMA IF NOT EXISTS {schema};
                 CREATE TABLE IF NOT EXISTS {schema}.events (seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, previous TEXT NOT NULL, \
                   event TEXT NOT NULL, hash TEXT NOT NULL UNIQUE);
                 CREATE TABLE IF NOT EXISTS {schema}.votes (ballot BIGINT NOT NULL, revision BIGINT NOT NULL, \
                   seq BIGINT NOT NULL REFERENCES {schema}.events, PRIMARY KEY (ballot, revision));
                 CREATE TABLE IF NOT EXISTS {schema}.ballots (ballot BIGINT PRIMARY KEY, ticket TEXT NOT NULL UNIQUE, \
                   seq BIGINT NOT NULL REFERENCES {schema}.events);
                 COMMIT"
            ))
        })
    }

    /// Takes over the folder's records where the database has none; else the folder's must be the first of them, unless they were moved before.
    ///
    /// # Errors
    /// Both have records, and they are not of one chain.
    pub fn found(&mut self, own: impl FnOnce() -> anyhow::Result<Vec<Record>>, moved: bool) -> anyhow::Result<()> {
        let there = self.begin(0)?;
        if moved {
            self.release();
            let hint = "name the database that the study was moved to, or restore it: `gentron votes verify --restore`";
            return if there.is_empty() {
                Err(refuse("the database has no votes of this study", hint))
            } else {
                Ok(())
            };
        }
        let own = own()?;
        if there.is_empty() {
            return self.append(&own);
        }
        self.release();
        let one_chain = there.get(..own.len()).is_some_and(|first| first == own);
        if one_chain {
            Ok(())
        } else {
            let what = "study.db has votes that the database has not";
            Err(refuse(what, "serve this folder without --database, or use a fresh copy of the study's folder"))
        }
    }

    /// Writes records where there are none.
    ///
    /// # Errors
    /// There are some, or the database fails.
    pub fn fill(&mut self, records: &[Record]) -> anyhow::Result<()> {
        if self.begin(0)?.is_empty() {
            return self.append(records);
        }
        self.release();
        Err(refuse("the database has votes of this study already", "drop its schema first, if they are to go"))
    }

    /// See [`super::Store::begin`].
    pub fn begin(&mut self, from: u64) -> anyhow::Result<Vec<Record>> {
        let rows = self.with(|client| {
            // The lock first: the next statement then sees all that those before us have committed.
            client.batch_execute("BEGIN; LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE")?;
            select(client, from)
        })?;
        rows.iter().map(record).collect()
    }

    /// See [`super::Store::append`].
    pub fn append(&mut self, records: &[Record]) -> anyhow::Result<()> {
        let number = |value: u64| value.cast_signed();
        let seqs: Vec<i64> = records.iter().map(|record| number(record.seq)).collect();
        let ats: Vec<i64> = records.iter().map(|record| number(record.at)).collect();
        let previous: Vec<&str> = records.iter().map(|record| record.previous.as_str()).collect();
        let events =
            records.iter().map(|record| serde_json::to_string(&record.event)).collect::<Result<Vec<_>, _>>()?;
        let hashes: Vec<&str> = records.iter().map(|record| record.hash.as_str()).collect();
        let (mut votes, mut ballots) = ((vec![], vec![], vec![]), (vec![], vec![], vec![]));
        for record in records {
            match &record.event {
                Event::Voted { ballot, revision, .. } => {
                    votes.0.push(*ballot as i64);
                    votes.1.push(i64::from(*revision));
                    votes.2.push(number(record.seq));
                }
                Event::Assigned { ballot, ticket, .. } => {
                    ballots.0.push(*ballot as i64);
                    ballots.1.push(ticket.as_str());
                    ballots.2.push(number(record.seq));
                }
                _ => {}
            }
        }
        self.with(|client| {
            let events_sql = "INSERT INTO events SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[])";
            client.execute(events_sql, &[&seqs, &ats, &previous, &events, &hashes])?;
            if !votes.0.is_empty() {
                let sql = "INSERT INTO votes SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])";
                client.execute(sql, &[&votes.0, &votes.1, &votes.2])?;
            }
            if !ballots.0.is_empty() {
                let sql = "INSERT INTO ballots SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])";
                client.execute(sql, &[&ballots.0, &ballots.1, &ballots.2])?;
            }
            client.batch_execute("COMMIT")
        })
    }

    /// See [`super::Store::release`]. A failure shows in the next call.
    pub fn release(&mut self) {
        drop(self.with(|client| client.batch_execute("ROLLBACK")));
    }

    /// See [`super::Store::records`].
    pub fn records(&mut self) -> anyhow::Result<Vec<Record>> {
        self.with(|client| select(client, 0))?.iter().map(record).collect()
    }

    /// Whether the tables say the same: every vote and ballot has its event, and every such event its row.
    pub fn integrity(&mut self) -> anyhow::Result<String> {
        let sql = "SELECT (SELECT count(*) FROM events) = (SELECT coalesce(max(seq) + 1, 0) FROM events) \
             AND (SELECT count(*) FROM votes) = (SELECT count(*) FROM events WHERE event::json ->> 'what' = 'voted') \
             AND (SELECT count(*) FROM ballots) = (SELECT count(*) FROM events WHERE event::json ->> 'what' = 'assigned')";
        let whole: bool = self.with(|client| client.query_one(sql, &[]))?.get(0);
        Ok(if whole { "ok" } else { "its tables contradict each other" }.to_owned())
    }
}

fn select(client: &mut Client, from: u64) -> Result<Vec<Row>, postgres::Error> {
    let sql = "SELECT seq, at, previous, event, hash FROM events WHERE seq >= $1 ORDER BY seq";
    client.query(sql, &[&from.cast_signed()])
}

fn record(row: &Row) -> anyhow::Result<Record> {
    Ok(Record {
        seq: row.try_get::<_, i64>(0)?.cast_unsigned(),
        at: row.try_get::<_, i64>(1)?.cast_unsigned(),
        previous: row.try_get(2)?,
        event: serde_json::from_str(row.try_get(3)?)?,
        hash: row.try_get(4)?,
    })
}
