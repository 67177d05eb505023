//! Votes outlive whatever happens to the server.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::served::{Served, frozen, verify, voted};
use super::wire::{field, get, join, post, vote};
use crate::support::{folder, program, run, run_well};

/// Raters vote on these servers, which are killed and started again and again; the tickets of all votes that were acknowledged.
/// `GENTRON_ROUNDS` names another number of rounds.
pub fn killed_again_and_again(rounds: u64, start: impl Fn() -> Vec<Served>) -> BTreeSet<String> {
    let rounds = std::env::var("GENTRON_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(rounds);
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..rounds {
        let mut servers = start();
        std::thread::scope(|scope| {
            for rater in 0..8 {
                let (servers, acknowledged) = (&servers, Arc::clone(&acknowledged));
                scope.spawn(move || {
                    // Each request may go to another server, as behind a balancer.
                    let address = |turn: usize| &servers[(rater + turn) % servers.len()].form;
                    while let Some(link) = join(address(0)) {
                        let mut turn = 0;
                        while let Some(ticket) = vote(address(turn), &link) {
                            acknowledged.lock().unwrap().insert(ticket);
                            turn += 1;
                        }
                    }
                });
            }
            // In the midst of it, on a machine that is as slow as it may be.
            let (before, more) = (acknowledged.lock().unwrap().len(), 1 + round as usize * 7 % 13);
            let began = Instant::now();
            while acknowledged.lock().unwrap().len() < before + more && began.elapsed() < Duration::from_secs(30) {
                std::thread::sleep(Duration::from_millis(2));
            }
            std::thread::sleep(Duration::from_millis(round * 37 % 60));
            for served in &servers {
                // SIGKILL: no chance to tidy up.
                let id = served.child.id().to_string();
                assert!(Command::new("kill").args(["-9", &id]).status().unwrap().success());
            }
        });
        servers.iter_mut().for_each(Served::kill);
    }
    println!("{rounds} rounds, {} votes acknowledged", acknowledged.lock().unwrap().len());
    std::mem::take(&mut acknowledged.lock().unwrap())
}

#[test]
fn killed_under_load_it_keeps_every_vote_that_it_acknowledged() {
    let (_, lost) = killed_under_load(20);
    assert!(lost.is_empty(), "{} acknowledged votes are lost", lost.len());
}

/// Kills a server under load so many times; how often it was alive until then, and which acknowledged votes it lost.
pub fn killed_under_load(rounds: u64) -> (usize, Vec<String>) {
    let root = folder();
    let study = frozen(root.path(), &[]);
    let acknowledged = killed_again_and_again(rounds, || vec![Served::of(&study)]);
    // Whatever the last kill cut off the mirror, the next start appends.
    drop(Served::of(&study));
    let stored = voted(&study);
    let missing: Vec<String> = acknowledged.difference(&stored).cloned().collect();
    assert!(!acknowledged.is_empty(), "somebody voted");
    assert!(verify(&study).contains("whole"));
    if study.join("database.txt").exists() {
        // How votes outlive PostgreSQL is a story of its own.
        return (rounds as usize, missing);
    }

    // The votes outlive the database.
    for name in ["study.db", "study.db-wal", "study.db-shm"] {
        drop(std::fs::remove_file(study.join(name)));
    }
    let lost = run(root.path(), &["votes", "verify", study.to_str().unwrap()]);
    assert_eq!(lost.status.code(), Some(1));
    let restored = run_well(root.path(), &["votes", "verify", study.to_str().unwrap(), "--restore"]);
    assert!(restored.contains("whole"), "{restored}");
    // A server ends by being killed alone: each round it was alive.
    (rounds as usize, missing)
}

/// A limit on the size of files is what a full disk is to a writer.
#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let root = folder();
    let study = frozen(root.path(), &[]);
    let mut command = Command::new("bash");
    let script = "trap '' XFSZ; ulimit -f 160; exec \"$@\"";
    command.args(["-c", script, "bash"]).arg(program()).args(["serve", study.to_str().unwrap()]);
    command.args(["--listen", "127.0.0.1:0", "--operator", "127.0.0.1:0"]);
    let served = Served::start(command);
    let mut acknowledged = BTreeSet::new();
    let mut refused = None;
    'full: for _ in 0..400 {
        let Some(link) = join(&served.form) else { break };
        loop {
            let html = get(&served.form, &link);
            if html.status == 503 {
                break 'full;
            }
            let Some(ticket) = field(&html.text(), "ticket") else { break };
            let body = format!("ticket={ticket}&quality=left&alignment=tie&prompt=p&one=a&two=b&done=0");
            let answer = post(&served.form, &format!("{link}/vote"), &body).unwrap();
            if answer.status == 503 {
                // The answer is still in the page.
                assert!(answer.text().contains("checked") && answer.text().contains("not saved"), "{}", answer.text());
                refused = Some((link.clone(), body));
                break 'full;
            }
            acknowledged.insert(ticket);
        }
    }
    assert!(!acknowledged.is_empty());
    drop(served);
    let served = Served::of(&study);
    if let Some((link, body)) = refused {
        assert_eq!(post(&served.form, &format!("{link}/vote"), &body).unwrap().status, 303, "the retry is saved");
    }
    assert!(join(&served.form).is_some());
    assert!(acknowledged.is_subset(&voted(&study)));
    assert!(verify(&study).contains("whole"));
}

/// Somebody else writes the database and does not end: nothing is acknowledged, nothing lost, and it goes on by itself.
#[test]
fn a_locked_database_is_said_and_loses_nothing() {
    let root = folder();
    let study = frozen(root.path(), &[]);
    let served = Served::of(&study);
    let link = join(&served.form).unwrap();
    let ticket = field(&get(&served.form, &link).text(), "ticket").unwrap();
    let body = format!("ticket={ticket}&quality=left&alignment=tie&prompt=p&one=a&two=b&done=0");
    let other = rusqlite::Connection::open(study.join("study.db")).unwrap();
    for lock in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        other.execute_batch(lock).unwrap();
        let refused = post(&served.form, &format!("{link}/vote"), &body).unwrap();
        assert_eq!(refused.status, 503, "{lock}");
        assert!(refused.text().contains("checked") && refused.text().contains("not saved"), "{}", refused.text());
        assert!(join(&served.form).is_none());
        other.execute_batch("ROLLBACK").unwrap();
    }
    assert!(voted(&study).is_empty());
    assert_eq!(post(&served.form, &format!("{link}/vote"), &body).unwrap().status, 303, "the retry is saved");
    assert_eq!(voted(&study), BTreeSet::from([ticket]));
    drop((served, other));
    assert!(verify(&study).contains("whole"));
}
