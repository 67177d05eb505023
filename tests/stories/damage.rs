//! As whoever keeps runs for years I find files with a flipped bit or a missing end, full and read-only disks: the same command puts it
//! right, to the byte, or says in one error which file it is.

use std::fs;
use std::process::{Command, Output};

use crate::support::{
    Mounted, assert_same, copy_folder, files, finished_files, folder, gentron, program, refuses, run, run_well, text,
    weights,
};

const RUN: [&str; 10] =
    ["limits-shapes", "--weights", ".", "--category", "color", "--prompts", "4", "--images", "2", "--quiet"];

fn with(command: &'static str, out: &'static str) -> Vec<&'static str> {
    [&[command], &RUN[..], &["--out", out]].concat()
}

/// Each file with one bit flipped, at several places.
fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    [1, 3, 5, 7].into_iter().filter(|_| !bytes.is_empty()).map(|eighth| {
        let mut damaged = bytes.to_vec();
        damaged[bytes.len() * eighth / 8] ^= 1 << (eighth % 8);
        damaged
    })
}

/// Each file without its second half, and without anything.
fn cuts(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    [bytes.len() / 2, 0].into_iter().map(move |length| bytes[..length].to_vec())
}

/// A seal with one bit flipped in the digest of its first image.
fn flip_in_digest(seal: &[u8]) -> Vec<u8> {
    let said = text(seal);
    let images = said.find("\"images\"").unwrap();
    let at = images + said[images..].find("\"sha256\": \"").unwrap() + 20;
    let mut damaged = seal.to_vec();
    // Whatever the digit was, it is still JSON.
    damaged[at] ^= 1;
    damaged
}

/// The command ended well, and the folder is as it should be; or it refused, and named the file.
fn puts_right_or_names(output: &Output, name: &str, as_expected: impl FnOnce()) {
    match output.status.code() {
        Some(0) => as_expected(),
        _ => refuses(output, name),
    }
}

#[test]
fn a_flipped_bit_or_a_missing_end_in_any_file_of_a_run_is_put_right_or_named() {
    let folder = folder();
    let path = folder.path();
    run_well(path, &with("ablate", "run"));
    let before = finished_files(&path.join("run"));
    let mut named = 0;
    // Pictures are many and alike.
    let mut pictures = 0;
    for (name, bytes) in before.iter().filter(|(name, _)| *name != "run.lock") {
        pictures += usize::from(name.ends_with(".png"));
        if name.ends_with(".png") && pictures > 3 {
            continue;
        }
        for damaged in flips(bytes).take(2).chain(cuts(bytes)) {
            fs::write(path.join("run").join(name), &damaged).unwrap();
            let output = run(path, &with("ablate", "run"));
            named += usize::from(output.status.code() != Some(0));
            puts_right_or_names(&output, name, || assert_same(&before, &finished_files(&path.join("run"))));
            fs::write(path.join("run").join(name), bytes).unwrap();
        }
    }
    assert!((3..=4).contains(&named), "only the manifest cannot be made again: {named} refusals");
}

#[test]
fn observations_that_lost_their_end_are_named_by_the_report_and_made_anew_by_score() {
    let folder = folder();
    let path = folder.path();
    run_well(path, &with("ablate", "run"));
    let before = finished_files(&path.join("run"));
    let name = "run/observations.parquet";
    let whole = fs::read(path.join(name)).unwrap();
    // Its footer, which says where everything is, is at the end.
    let without_footer = whole[..whole.len() - 8].to_vec();
    for damaged in cuts(&whole).chain([without_footer]) {
        fs::write(path.join(name), damaged).unwrap();
        let output = run(path, &["report", "run"]);
        refuses(&output, name);
        assert!(text(&output.stderr).contains("`gentron score run` makes the observations anew"));
        run_well(path, &["score", "run", "--weights", "."]);
        run_well(path, &["report", "run"]);
        assert_same(&before, &finished_files(&path.join("run")));
    }
}

#[test]
fn a_flipped_bit_or_a_missing_end_in_what_workers_left_is_put_right() {
    let folder = folder();
    let path = folder.path();
    run_well(path, &with("ablate", "alone"));
    let expected = finished_files(&path.join("alone"));
    run_well(path, &with("plan", "run"));
    // Some shards are whole, and one worker was stopped in the middle of another.
    run_well(path, &["work", "run", "--weights", ".", "--shard", "0/2"]);
    let state = files(path);
    let there: Vec<&String> =
        state.keys().filter(|name| name.starts_with("run/shards/") && !name.ends_with("lock")).collect();
    assert!(there.len() >= 4, "{there:?}");
    let mut kinds = std::collections::BTreeSet::new();
    for name in there {
        // One file of each kind: what follows the shard's number.
        let kind = name.rsplit('/').next().unwrap().split_once('.').unwrap().1.to_owned();
        if !kinds.insert(kind.clone()) {
            continue;
        }
        let mut all: Vec<Vec<u8>> = flips(&state[name]).take(1).chain(cuts(&state[name])).collect();
        if is_seal(&kind) {
            all.extend(flips(&state[name]).skip(1));
            all.push(flip_in_digest(&state[name]));
        }
        for damaged in all {
            fs::remove_dir_all(path.join("run")).unwrap();
            for (name, bytes) in state.iter().filter(|(name, _)| name.starts_with("run/")) {
                let file = path.join(name);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, bytes).unwrap();
            }
            fs::write(path.join(name), damaged).unwrap();
            run_well(path, &["work", "run", "--weights", ".", "--quiet"]);
            run_well(path, &["merge", "run", "--weights", "."]);
            run_well(path, &["report", "run"]);
            assert_same(&expected, &finished_files(&path.join("run")));
        }
    }
    assert_eq!(kinds.len(), 4, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| is_seal(kind)).count(), 2, "{kinds:?}");
}

fn is_seal(kind: &str) -> bool {
    kind.ends_with(".json")
}

#[test]
fn a_damaged_seal_is_named_by_whoever_looks_and_its_shard_is_done_again() {
    let folder = folder();
    let path = folder.path();
    run_well(path, &with("ablate", "alone"));
    run_well(path, &with("plan", "run"));
    run_well(path, &["work", "run", "--weights", ".", "--stage", "generate"]);
    let name = "run/shards/000.images.json";
    let seal = fs::read(path.join(name)).unwrap();
    let is_damaged = || {
        let output = run(path, &["merge", "run", "--stage", "generate"]);
        refuses(&output, "1 different");
        assert!(text(&output.stderr).contains(&format!("shard 0: {name} ")), "{}", text(&output.stderr));
        assert!(!path.join("run/images").exists(), "nothing is changed");
    };
    for damaged in flips(&seal).chain([flip_in_digest(&seal)]) {
        fs::write(path.join(name), damaged).unwrap();
        is_damaged();
        let status = run(path, &["status", "run"]);
        assert_eq!(status.status.code(), Some(1), "{}", text(&status.stderr));
        assert!(text(&status.stdout).contains(&format!("shard 0 is broken: {name} is damaged")));
        let left = run_well(path, &["retry-plan", "run", "--stage", "generate"]);
        assert!(left.contains("--array=0\n"), "{left}");
        let output = run(path, &["work", "run", "--weights", ".", "--stage", "score"]);
        refuses(&output, &format!("{name} is damaged"));
        assert!(text(&output.stderr).contains("hint: `gentron work run --stage generate` draws it"));
    }

    // A seal of an earlier version has no digest of itself; the images tell.
    let without_digest = |bytes: &[u8]| {
        let mut value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        assert!(value.as_object_mut().unwrap().remove("digest").is_some());
        serde_json::to_vec_pretty(&value).unwrap()
    };
    fs::write(path.join(name), flip_in_digest(&without_digest(&seal))).unwrap();
    is_damaged();
    let output = run(path, &["work", "run", "--weights", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains(&format!("note: shard 0 is drawn anew: {name} ")),
        "{}",
        text(&output.stderr)
    );
    let whole = fs::read(path.join(name)).unwrap();
    fs::write(path.join(name), without_digest(&whole)).unwrap();

    let scores = "run/shards/001.observations.json";
    let damaged = flip_in_digest(&fs::read(path.join(scores)).unwrap());
    fs::write(path.join(scores), damaged).unwrap();
    refuses(&run(path, &["merge", "run", "--weights", "."]), &format!("the scores of shard 1: {scores} is damaged"));
    let output = run(path, &["work", "run", "--weights", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("note: shard 1 is scored anew: "), "{}", text(&output.stderr));
    run_well(path, &["merge", "run", "--weights", "."]);
    run_well(path, &["report", "run"]);
    assert_same(&finished_files(&path.join("alone")), &finished_files(&path.join("run")));
}

#[test]
fn a_flipped_bit_in_the_weights_is_named_before_anything_is_drawn() {
    let folder = folder();
    let path = folder.path();
    copy_folder(&weights(), &path.join("weights"));
    let plan =
        ["plan", "--weights", "weights", "--arm", "adaln-clip", "--prompts", "1", "--images", "1", "--steps", "1"];
    run_well(path, &[&plan[..], &["--out", "run"]].concat());
    let name = "gentron-shapes-adaln-clip/model.safetensors";
    let whole = fs::read(path.join("weights").join(name)).unwrap();
    for damaged in flips(&whole) {
        fs::write(path.join("weights").join(name), damaged).unwrap();
        refuses(&run(path, &["work", "run", "--weights", "weights"]), name);
    }
}

#[test]
fn a_disk_that_is_full_stops_a_worker_and_a_merge_and_room_continues_them() {
    let folder = folder();
    let path = folder.path();
    let disk = path.join("disk");
    fs::create_dir(&disk).unwrap();
    let Some(_mounted) = Mounted::new(&disk, "140k") else {
        eprintln!("skipped: mounting a small disk needs root");
        return;
    };
    let resize = |size: &str| {
        let status = Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(&disk).status().unwrap();
        assert!(status.success());
    };
    let big = ["limits-shapes", "--weights", ".", "--category", "color", "--images", "4"];
    let with = |command: &'static str, out: &'static str| [&[command], &big[..], &["--out", out]].concat();
    run_well(path, &with("ablate", "alone"));
    let expected = finished_files(&path.join("alone"));
    let kilobytes = |files: &std::collections::BTreeMap<String, Vec<u8>>| -> usize {
        files.values().map(|bytes| bytes.len().div_ceil(4096) * 4).sum()
    };
    let pictures = kilobytes(&files(&path.join("alone/images")));
    resize("64m");
    run_well(path, &with("plan", "disk/run"));
    resize(&format!("{}k", kilobytes(&files(&disk.join("run"))) + pictures / 20));
    let work = ["work", "disk/run", "--weights", "."];
    refuses(&run(path, &work), "No space left on device");
    resize("64m");
    run_well(path, &work);
    resize(&format!("{}k", kilobytes(&files(&disk.join("run"))) + pictures / 3));
    refuses(&run(path, &["merge", "disk/run", "--weights", "."]), "No space left on device");
    resize("64m");
    run_well(path, &["merge", "disk/run", "--weights", "."]);
    run_well(path, &["report", "disk/run"]);
    assert_same(&expected, &finished_files(&disk.join("run")));
}

#[test]
fn a_read_only_disk_is_said_and_can_be_looked_at() {
    let folder = folder();
    let path = folder.path();
    let disk = path.join("disk");
    fs::create_dir(&disk).unwrap();
    let Some(_mounted) = Mounted::new(&disk, "8m") else {
        eprintln!("skipped: mounting a small disk needs root");
        return;
    };
    run_well(path, &with("plan", "disk/run"));
    run_well(path, &["work", "disk/run", "--weights", ".", "--shard", "0/2"]);
    let status = run_well(path, &["status", "disk/run", "--json"]);
    let read_only = Command::new("mount").args(["-o", "remount,ro"]).arg(&disk).status().unwrap();
    assert!(read_only.success());
    for command in [&["work", "disk/run", "--weights", "."][..], &["merge", "disk/run"], &["report", "disk/run"]] {
        refuses(&run(path, command), "disk/run");
    }
    assert_eq!(run_well(path, &["status", "disk/run", "--json"]), status);
    assert!(run_well(path, &["retry-plan", "disk/run", "--workers", "2"]).ends_with(" sbatch --array=1\n"));
}

#[test]
fn a_worker_that_runs_out_of_memory_is_gone_on_with() {
    let folder = folder();
    let path = folder.path();
    run_well(path, &with("ablate", "alone"));
    run_well(path, &with("plan", "run"));
    // As much address space as the program and its libraries need to start, and hardly more.
    let mut died = 0;
    for kilobytes in [60_000, 90_000, 130_000, 200_000] {
        let mut command = Command::new("bash");
        command.args(["-c", &format!("ulimit -c 0; ulimit -v {kilobytes}; exec \"$@\""), "bash"]).arg(program());
        let output = command.args(["work", "run", "--weights", "."]).current_dir(path).output().unwrap();
        died += usize::from(output.status.code() != Some(0));
    }
    assert!(died > 0, "it needs less than 60 MB");
    run_well(path, &["work", "run", "--weights", "."]);
    run_well(path, &["merge", "run", "--weights", "."]);
    run_well(path, &["report", "run"]);
    assert_same(&finished_files(&path.join("alone")), &finished_files(&path.join("run")));
}

#[test]
fn a_clock_that_jumps_changes_nothing() {
    let folder = folder();
    let path = folder.path();
    if Command::new("faketime").arg("--version").output().is_err() {
        eprintln!("skipped: there is no faketime; `apt-get install faketime` brings it");
        return;
    }
    let at = |date: &str, arguments: &[&str]| {
        let mut command = Command::new("faketime");
        let output = command.args(["-f", date]).arg(program()).args(arguments).current_dir(path).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{date}: {}", text(&output.stderr));
    };
    run_well(path, &with("ablate", "alone"));
    at("@2039-01-01 00:00:00", &with("plan", "run"));
    at("@1991-12-31 23:59:59", &["work", "run", "--weights", ".", "--shard", "1/3"]);
    // An hour to the second.
    at("+0 x3600", &["work", "run", "--weights", "."]);
    at("-20y", &["merge", "run", "--weights", "."]);
    at("@2026-02-28 12:00:00", &["report", "run"]);
    assert_same(&finished_files(&path.join("alone")), &finished_files(&path.join("run")));
}

#[test]
fn a_database_of_votes_that_lost_its_end_is_found_and_made_anew_from_the_mirror() {
    let root = folder();
    let study = crate::study::frozen(root.path(), &[]);
    {
        let served = crate::study::Served::of(&study);
        crate::study::join(&served.form).unwrap();
    }
    let verify = |more: &[&str]| {
        gentron(root.path()).args(["votes", "verify", study.to_str().unwrap()]).args(more).output().unwrap()
    };
    // What the kill cut off the mirror, the next start appends; and opening the database brings what its log has into the file itself.
    drop(crate::study::Served::of(&study));
    assert_eq!(verify(&[]).status.code(), Some(0));
    let whole = fs::read(study.join("study.db")).unwrap();
    for damaged in cuts(&whole) {
        fs::write(study.join("study.db"), damaged).unwrap();
        let output = verify(&[]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        assert!(said.contains("FAULT   the votes cannot be read") && said.contains("--restore"), "{said}");
        for file in files(&study).into_keys().filter(|name| name.starts_with("study.db")) {
            fs::remove_file(study.join(file)).unwrap();
        }
        let restored = verify(&["--restore"]);
        assert_eq!(restored.status.code(), Some(0), "{}", text(&restored.stderr));
        assert_eq!(verify(&[]).status.code(), Some(0));
    }
    let design = fs::read(study.join("study.json")).unwrap();
    for damaged in cuts(&design) {
        fs::write(study.join("study.json"), damaged).unwrap();
        refuses(&verify(&[]), "study.json is damaged");
    }
}

#[test]
fn a_flipped_bit_in_a_study_is_found() {
    let root = folder();
    let study = crate::study::frozen(root.path(), &[]);
    {
        let served = crate::study::Served::of(&study);
        crate::study::join(&served.form).unwrap();
    }
    let verify = || gentron(root.path()).args(["votes", "verify", study.to_str().unwrap()]).output().unwrap();
    assert_eq!(verify().status.code(), Some(0));
    for name in ["study.json", "votes.jsonl", "study.db"] {
        let file = study.join(name);
        let whole = fs::read(&file).unwrap();
        let mut found = 0;
        for damaged in flips(&whole) {
            fs::write(&file, damaged).unwrap();
            let output = verify();
            // A page of the database may be free, and its bits nobody's.
            found += usize::from(output.status.code() != Some(0));
            assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
            assert!(name == "study.db" || output.status.code() != Some(0), "{name}: {}", text(&output.stdout));
        }
        assert!(found > 0, "{name}");
        fs::write(&file, whole).unwrap();
    }
}
