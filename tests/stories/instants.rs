//! As whoever runs this on machines that fail I lose a process at any instant of any command, and nothing else.
//!
//! `GENTRON_INSTANTS=200 cargo test --release --workspace --test stories -- --nocapture killed_at_any_instant` prints how many
//! instants were tried on each command, and how many files were not what they should be in the end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::study;
use crate::support::{copy_folder, files, finished_files, folder, gentron, run_well};
use crate::train;

/// What was tried on a command, and what came of it.
#[derive(Default)]
struct Tried {
    instants: usize,
    /// The process was alive at the instant.
    killed: usize,
    /// Files that were not what they should be in the end.
    lost: Vec<String>,
}

const PLAN: [&str; 10] = ["plan", "limits-shapes", "--weights", ".", "--prompts", "2", "--images", "3", "--out", "run"];
const GENERATE: [&str; 10] =
    ["generate", "limits-shapes", "--weights", ".", "--prompts", "2", "--images", "3", "--out", "run"];

/// Two ways through a run, each step by step.
const WAYS: [&[(&str, &[&str])]; 2] = [
    &[
        ("plan", &PLAN),
        ("work", &["work", "run", "--weights", "."]),
        ("merge", &["merge", "run", "--weights", "."]),
        ("report", &["report", "run"]),
    ],
    &[("generate", &GENERATE), ("score", &["score", "run", "--weights", "."]), ("report", &["report", "run"])],
];

/// A fraction of a duration that never falls into step (golden ratio).
fn fraction(index: usize) -> f64 {
    (index as f64 * 0.618_033_988_749_895).fract()
}

/// Starts a command and kills it with SIGKILL after a while; whether it was still alive.
fn kill_after(folder: &Path, arguments: &[&str], delay: Duration) -> bool {
    let mut child = gentron(folder).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap().code().is_none()
}

/// Each instant begins from the state before a command, kills it, sometimes kills the attempt to go on, and then goes to the end.
fn of_runs(instants: usize, tried: &mut BTreeMap<&'static str, Tried>) {
    let root = folder();
    let (mut before, mut spans, mut expected) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (way, steps) in WAYS.iter().enumerate() {
        let here = root.path().join(format!("plain-{way}"));
        fs::create_dir(&here).unwrap();
        for (step, (_, arguments)) in steps.iter().enumerate() {
            let saved = root.path().join(format!("before-{way}-{step}"));
            fs::create_dir(&saved).unwrap();
            copy_folder(&here, &saved);
            let began = Instant::now();
            run_well(&here, arguments);
            before.push((way, step, saved));
            spans.push(began.elapsed());
        }
        expected = finished_files(&here.join("run"));
    }
    for index in 0..instants {
        let (way, step, saved) = &before[index % before.len()];
        let steps = &WAYS[*way][*step..];
        let (name, arguments) = steps[0];
        let here = root.path().join("here");
        fs::create_dir(&here).unwrap();
        copy_folder(saved, &here);
        let span = spans[index % before.len()];
        let tried = tried.entry(name).or_default();
        tried.instants += 1;
        tried.killed += usize::from(kill_after(&here, arguments, span.mul_f64(fraction(index + 1))));
        if index % 2 == 1 {
            kill_after(&here, arguments, span.mul_f64(fraction(3 * index + 2)));
        }
        for (_, arguments) in steps {
            run_well(&here, arguments);
        }
        tried.lost.extend(different(&expected, &finished_files(&here.join("run"))));
        fs::remove_dir_all(&here).unwrap();
    }
}

fn different(expected: &BTreeMap<String, Vec<u8>>, found: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let names = expected.keys().chain(found.keys().filter(|name| !expected.contains_key(*name)));
    names.filter(|name| expected.get(*name) != found.get(*name)).cloned().collect()
}

fn of_training(instants: usize, tried: &mut Tried) {
    let root = folder();
    let here = root.path();
    train::prepared(here);
    let arguments = ["train", "train.toml", "--only", "pictures", "--states", "states", "--weights", "weights"];
    let began = Instant::now();
    run_well(here, &arguments);
    let span = began.elapsed();
    let finished = || train::without_time(files(&here.join("weights/pictures")));
    let expected = finished();
    for index in 0..instants {
        fs::remove_dir_all(here.join("states")).unwrap();
        fs::remove_dir_all(here.join("weights/pictures")).unwrap();
        tried.instants += 1;
        tried.killed += usize::from(kill_after(here, &arguments, span.mul_f64(fraction(index + 1))));
        run_well(here, &arguments);
        tried.lost.extend(different(&expected, &finished()));
    }
}

#[test]
fn killed_at_any_instant_of_any_command_nothing_is_lost() {
    let instants = std::env::var("GENTRON_INSTANTS").ok().and_then(|count| count.parse().ok()).unwrap_or(10);
    let mut tried = BTreeMap::new();
    let (training, serving) = (instants / 10, instants / 5);
    of_runs(instants - training - serving, &mut tried);
    of_training(training, tried.entry("train").or_default());
    let (killed, lost) = study::killed_under_load(serving as u64);
    *tried.entry("serve").or_default() = Tried { instants: serving, killed, lost };

    println!("{:<10} {:>8} {:>8} {:>8}", "command", "instants", "killed", "losses");
    let mut sum = (0, 0, 0);
    for (command, Tried { instants, killed, lost }) in &tried {
        println!("{command:<10} {instants:>8} {killed:>8} {:>8}", lost.len());
        sum = (sum.0 + instants, sum.1 + killed, sum.2 + lost.len());
    }
    println!("{:<10} {:>8} {:>8} {:>8}", "together", sum.0, sum.1, sum.2);
    assert!(sum.1 * 2 > sum.0, "most processes were alive when they were killed");
    let lost: Vec<&String> = tried.values().flat_map(|tried| &tried.lost).collect();
    assert!(lost.is_empty(), "{lost:?}");
}
