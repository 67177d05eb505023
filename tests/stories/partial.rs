//! As somebody who waits I look at a run while it is going, and at one that stopped on its way: the report says how far it is.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{assert_same, finished_files, folder, gentron, refuses, run, run_well, text};

/// Ground truth and chance, images enough to be watched.
const RECIPE: [&str; 9] = ["ablate", "limits-shapes", "--weights", ".", "--prompts", "3", "--images", "16", "--out"];

fn begin(folder: &Path, out: &str) -> Child {
    let mut command = gentron(folder);
    command.args(RECIPE).args([out, "--threads", "1"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Waits for something, a minute at most.
fn until(what: &str, mut there: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !there() {
        assert!(Instant::now() < end, "{what} within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_run_that_stopped_on_its_way_makes_a_report_that_says_so() {
    let folder = folder();
    let path = folder.path();
    let mut child = begin(path, "run");
    until("the first images", || path.join("run/journals").exists());
    std::thread::sleep(Duration::from_millis(300));
    child.kill().unwrap();
    child.wait().unwrap();

    let said = run_well(path, &["report", "run"]);
    assert!(said.contains("NOT FINISHED"), "{said}");
    let html = fs::read_to_string(path.join("run/report.html")).unwrap();
    assert!(html.contains("This run is not finished.") && !html.contains("http-equiv=\"refresh\""));
    refuses(&run(path, &["report", "run", "--export", "tables"]), "not exported");

    // Looking has changed nothing of what the run becomes.
    let run_on = [&RECIPE[..], &["run"]].concat();
    run_well(path, &run_on);
    run_well(path, &[&RECIPE[..], &["plain"]].concat());
    assert_same(&finished_files(&path.join("plain")), &finished_files(&path.join("run")));
}

#[test]
fn a_watched_run_is_reported_on_while_it_goes_and_once_it_is_done() {
    let folder = folder();
    let path = folder.path();
    refuses(&run(path, &["report", "run", "--watch"]), "is not a run");
    let mut child = begin(path, "run");
    until("a plan", || path.join("run/manifest.json").exists());
    let watching = gentron(path)
        .args(["report", "run", "--watch", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let page = path.join("run/report.html");
    let mut seen = String::new();
    until("a provisional report", || {
        seen = fs::read_to_string(&page).unwrap_or_default();
        !seen.is_empty()
    });
    assert!(seen.contains("This run is not finished.") && seen.contains("<meta http-equiv=\"refresh\" content=\"1\">"));
    assert_eq!(child.wait().unwrap().code(), Some(0), "the run is not disturbed");
    let output = watching.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("NOT FINISHED"));
    let last = fs::read_to_string(&page).unwrap();
    assert!(!last.contains("not finished") && !last.contains("http-equiv=\"refresh\""));
}

#[test]
fn workers_leave_a_run_alone_that_one_machine_has_begun() {
    let folder = folder();
    let path = folder.path();
    let mut child = begin(path, "run");
    until("the first images", || path.join("run/journals").exists());
    std::thread::sleep(Duration::from_millis(100));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!path.join("run/images.jsonl").exists(), "it was killed on its way");
    let commands: [&[&str]; 3] = [&["work", "run", "--weights", "."], &["retry-plan", "run"], &["merge", "run"]];
    for command in commands {
        let output = run(path, command);
        refuses(&output, "run was begun by `generate` or `ablate`");
        let hint = "hint: `gentron ablate limits-shapes --prompts 3 --images 16 --out run` goes on with it";
        assert!(text(&output.stderr).contains(hint), "{}", text(&output.stderr));
    }
    assert!(!path.join("run/shards").exists());
    // The other way round it holds as well.
    run_well(path, &[&["plan"], &RECIPE[1..], &["planned"]].concat());
    run_well(path, &["work", "planned", "--weights", ".", "--shard", "0/64"]);
    refuses(&run(path, &[&RECIPE[..], &["planned"]].concat()), "planned is being worked on in shards");
}
