//! As somebody who opens other people's files and ports I am never taken down by what is in them.
//!
//! A short run of what `tests/fuzz` does for hours: every file of the corpus, and mutations of it from a counter-based generator, so that a
//! failure comes back. `GENTRON_FUZZ_ROUNDS` names another number of mutations a target.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use gentron_suites::rng::{Purpose, Rng};
use gentron_tests::fuzzing::TARGETS;

use crate::study::{Served, frozen, join, verify};
use crate::support::{files, folder, repository};

fn rounds() -> usize {
    std::env::var("GENTRON_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(400)
}

/// Numbers from a seed.
struct Draws(Rng);

impl Draws {
    fn new(what: &str, seed: usize) -> Self {
        let index = what.bytes().fold(0, |index: u64, byte| index.wrapping_mul(31).wrapping_add(byte.into()));
        Self(Rng::new(seed as u64, index, Purpose::Falsehood))
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0.below(bound)
    }
}

/// Words that mean something to some reader.
const WORDS: [&[u8]; 16] = [
    b"\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\"",
    b"[[[[[[[[",
    b"{{{{{{{{",
    b"1e999",
    b"-0",
    b"\\u0000",
    b"../../..",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"NaN",
    b"18446744073709551616",
    b"%00",
    b"\xf0\x9f\x8e\xa8",
];

/// One to eight changes: bits, bytes, pieces left out, doubled, put elsewhere, or taken from another file.
fn mutate(bytes: &[u8], other: &[u8], draws: &mut Draws) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=draws.below(8) {
        let at = draws.below(bytes.len());
        let end = (at + 1 + draws.below(32)).min(bytes.len());
        match draws.below(7) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << draws.below(8),
            1 if !bytes.is_empty() => bytes[at] = draws.below(256) as u8,
            2 if at < end => drop(bytes.drain(at..end)),
            3 if at < end => {
                let piece = bytes[at..end].repeat(1 + draws.below(40));
                bytes.splice(at..at, piece);
            }
            4 => drop(bytes.splice(at..at, WORDS[draws.below(WORDS.len())].iter().copied())),
            5 if !other.is_empty() => {
                let from = draws.below(other.len());
                let to = (from + draws.below(200)).min(other.len());
                bytes.splice(at..end.max(at), other[from..to].iter().copied());
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let files: BTreeMap<String, Vec<u8>> = files(&repository().join("tests/fuzz/corpus").join(target));
    assert!(!files.is_empty(), "{target} has a corpus");
    files.into_values().collect()
}

#[test]
fn no_file_panics_or_hangs_whoever_reads_it() {
    std::thread::scope(|scope| {
        let run = |(name, target): (&'static str, fn(&[u8]))| {
            let corpus = corpus(name);
            let mut slowest = Duration::ZERO;
            let mut try_one = |bytes: &[u8], which: &str| {
                let began = Instant::now();
                let outcome = std::panic::catch_unwind(|| target(bytes));
                if outcome.is_err() || began.elapsed() > Duration::from_secs(10) {
                    let path = std::env::temp_dir().join(format!("gentron-fuzz-{name}"));
                    fs::write(&path, bytes).unwrap();
                    panic!("{name}, {which}: {:?}; the bytes are in {}", began.elapsed(), path.display());
                }
                slowest = slowest.max(began.elapsed());
            };
            for (index, bytes) in corpus.iter().enumerate() {
                try_one(bytes, &format!("file {index}"));
            }
            for round in 0..rounds() {
                let mut draws = Draws::new(name, round);
                let (one, other) = (draws.below(corpus.len()), draws.below(corpus.len()));
                try_one(&mutate(&corpus[one], &corpus[other], &mut draws), &format!("round {round}"));
            }
            (name, corpus.len(), slowest)
        };
        for running in TARGETS.map(|target| scope.spawn(move || run(target))) {
            let (name, files, slowest) = running.join().unwrap();
            println!("{name}: {files} files, {} mutations, the slowest {slowest:?}", rounds());
        }
    });
}

#[test]
pub fn no_request_takes_the_form_down_or_casts_a_vote() {
    let root = folder();
    let study = frozen(root.path(), &[]);
    let served = Served::of(&study);
    let link = join(&served.form).unwrap();
    let before = fs::read_to_string(study.join("votes.jsonl")).unwrap().matches("\"voted\"").count();
    let corpus: Vec<Vec<u8>> = corpus("http")
        .into_iter()
        .map(|bytes| String::from_utf8(bytes).unwrap().replace("LINK", &link).into_bytes())
        .collect();
    let mut answered = 0;
    for round in 0..rounds() / 2 {
        let mut draws = Draws::new("http", round);
        let (one, other) = (draws.below(corpus.len()), draws.below(corpus.len()));
        let request = mutate(&corpus[one], &corpus[other], &mut draws);
        let Ok(mut stream) = TcpStream::connect(&served.form) else { panic!("round {round}: nobody listens") };
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        drop(stream.write_all(&request).and_then(|()| stream.shutdown(std::net::Shutdown::Write)));
        let mut answer = Vec::new();
        drop(stream.take(1 << 20).read_to_end(&mut answer));
        let said = String::from_utf8_lossy(&answer);
        assert!(!said.starts_with("HTTP/1.1 500"), "round {round}: {said}");
        answered += usize::from(said.starts_with("HTTP/1.1 "));
    }
    assert!(answered > rounds() / 10, "{answered} of {} requests were understood as such", rounds() / 2);
    let after = fs::read_to_string(study.join("votes.jsonl")).unwrap().matches("\"voted\"").count();
    assert_eq!(before, after, "no ticket was known, and no vote can have been cast");
    assert!(join(&served.form).is_some(), "it still answers");
    drop(served);
    assert!(verify(&study).contains("whole"));
}
