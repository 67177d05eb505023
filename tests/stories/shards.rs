//! As a researcher with a cluster I give a run to many workers, lose some of them, and get the run of one machine, to the byte.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{
    assert_same, copy_folder, files, finished_files, folder, gentron, refuses, run, run_well, slow_recipe, text,
    weights,
};

/// Ground truth and chance: everything but networks. 320 images in 40 batches, and so 40 shards.
const LIMITS: [&str; 7] = ["limits-shapes", "--weights", ".", "--prompts", "5", "--images", "4"];

pub fn with(before: &[&'static str], after: &[&'static str]) -> Vec<&'static str> {
    [before, &LIMITS[..], after].concat()
}

pub fn json(output: &str) -> Value {
    serde_json::from_str(output).unwrap()
}

pub fn plan(folder: &Path) -> PathBuf {
    run_well(folder, &with(&["plan"], &["--out", "run"]));
    folder.join("run")
}

/// One worker, with what a scheduler would set.
pub fn worker(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = gentron(folder);
    command.args(["work", "run", "--weights", "."]).args(arguments);
    command.envs(environment.iter().copied()).output().unwrap()
}

pub fn works(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

fn one_machine(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    run_well(folder, &with(&["ablate"], &["--out", "alone"]));
    finished_files(&folder.join("alone"))
}

fn merge_and_report(folder: &Path) {
    run_well(folder, &["merge", "run", "--weights", "."]);
    run_well(folder, &["report", "run"]);
}

#[test]
fn workers_of_any_number_and_scheduler_end_in_the_bytes_of_one_machine() {
    let folder = folder();
    let path = folder.path();
    let expected = one_machine(path);
    let there = plan(path);
    // Two of three by hand; then the whole plan is divided otherwise, by Slurm and by Kubernetes, and stage by stage.
    works(&worker(path, &[], &["--shard", "0/3"]));
    works(&worker(path, &[], &["--shard", "2/3", "--stage", "generate"]));
    let status = json(&run_well(path, &["status", "run", "--json"]));
    let shards = status["shards"].as_array().unwrap();
    assert_eq!(shards.len(), 40);
    let whole = |stage: &str| shards.iter().filter(|shard| shard[stage] == "whole").count();
    let share = |index: u64| shards.iter().filter(|shard| shard["shard"].as_u64().unwrap() % 3 == index).count();
    assert_eq!((whole("images"), whole("observations")), (share(0) + share(2), share(0)));
    let again = [
        "retry-plan",
        "run",
        "--workers",
        "3",
        "--stage",
        "generate",
        "--at-once",
        "4",
        "--script",
        "my logs/generate.sh",
    ];
    let left = run_well(path, &again);
    assert_eq!(left, "GENTRON_WORKERS=3 GENTRON_SHARD_OFFSET=0 sbatch --array=1%4 'my logs/generate.sh'\n");
    refuses(&run(path, &["merge", "run", "--weights", "."]), "missing");
    refuses(&run(path, &["report", "run"]), "in shards");

    let slurm = [
        ("SLURM_ARRAY_TASK_ID", "1"),
        ("SLURM_ARRAY_TASK_MIN", "0"),
        ("SLURM_ARRAY_TASK_MAX", "1"),
        ("SLURM_ARRAY_TASK_COUNT", "2"),
    ];
    works(&worker(path, &slurm, &[]));
    for index in ["0", "1", "2", "3"] {
        works(&worker(path, &[("JOB_COMPLETION_INDEX", index), ("GENTRON_WORKERS", "4")], &["--stage", "generate"]));
    }
    works(&worker(path, &[], &["--stage", "score"]));
    assert_eq!(run_well(path, &["retry-plan", "run"]), "");
    // Few files, whatever the number of images.
    let packed = files(&there.join("shards"));
    assert!(packed.keys().all(|name| !name.ends_with(".png")) && packed.len() <= 5 * 40, "{} files", packed.len());
    merge_and_report(path);
    assert_same(&expected, &finished_files(&there));
    assert!(text(&worker(path, &[], &[]).stdout).contains("nothing is left to do"));
}

#[test]
fn trained_networks_drawn_by_workers_are_those_of_one_machine() {
    let weights = weights();
    let folder = folder();
    let path = folder.path();
    let weights = weights.to_str().unwrap();
    let narrow = ["--arm", "adaln-clip", "--arm", "cross-clip-t5", "--prompts", "3", "--images", "1", "--steps", "3"];
    let all = |command: &'static str, out: &'static str| {
        let mut arguments = vec![command];
        arguments.extend(narrow);
        arguments.extend(["--weights", weights, "--out", out]);
        arguments
    };
    run_well(path, &all("ablate", "alone"));
    run_well(path, &all("plan", "run"));
    let said = run_well(path, &["submit", "local", "run", "--workers", "2", "--weights", weights]);
    assert!(said.contains("report: "), "{said}");
    assert_same(&finished_files(&path.join("alone")), &finished_files(&path.join("run")));
}

#[test]
fn a_worker_that_is_told_to_stop_finishes_what_it_has_in_hand_and_asks_to_be_called_again() {
    let folder = folder();
    let path = folder.path();
    let arguments = ["limits-shapes", "--weights", ".", "--images", "40", "--out", "run"];
    run_well(path, &[&["plan"], &arguments[..]].concat());
    let mut command = gentron(path);
    command.args(["work", "run", "--weights", ".", "--threads", "1"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while fs::read_dir(path.join("run/shards")).map_or(0, |found| {
        found.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "part")).count()
    }) == 0
    {
        assert!(Instant::now() < until, "it draws within a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("run the same command again"), "{}", text(&output.stdout));
    let status = json(&run_well(path, &["status", "run", "--json"]));
    let drawn: u64 = status["shards"].as_array().unwrap().iter().map(|shard| shard["drawn"].as_u64().unwrap()).sum();
    assert!(drawn > 0 && drawn.is_multiple_of(8), "whole batches are there: {drawn}");
    assert!(files(&path.join("run")).keys().all(|name| !name.ends_with(".tmp")), "nothing half-written is left");
}

#[test]
fn a_worker_whose_batch_takes_longer_than_its_grace_leaves_in_time_and_loses_that_batch_alone() {
    let folder = folder();
    let path = folder.path();
    slow_recipe(path, 120);
    run_well(path, &["plan", "slow.toml", "--out", "run"]);
    for wrong in ["soon", "0"] {
        refuses(&worker(path, &[("GENTRON_GRACE", wrong)], &[]), "which is no number of seconds");
    }
    let mut command = gentron(path);
    command.args(["work", "run", "--weights", ".", "--threads", "1"]).env("GENTRON_GRACE", "10").env("TMPDIR", path);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while !path.join("begun").exists() {
        assert!(Instant::now() < until, "the program is asked within a minute");
        std::thread::sleep(Duration::from_millis(5));
    }
    let told = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let (took, said) = (told.elapsed(), text(&output.stderr));
    // The program that nobody waits for any more would sleep on after the story.
    let group = format!("-{}", fs::read_to_string(path.join("begun")).unwrap().trim());
    let ended = Command::new("kill").args(["-KILL", "--", &group]).status().unwrap();
    assert_eq!(output.status.code(), Some(75), "{said}");
    // Far sooner than the program would have been done, though a busy machine is late.
    assert!(took > Duration::from_secs(7) && took < Duration::from_secs(40), "{took:?}");
    assert!(ended.success(), "the program was still at it");
    assert!(said.contains("the batch in hand was not done in 8.0 s and is given up"), "{said}");
    works(&worker(path, &[], &[]));
    merge_and_report(path);
    run_well(path, &["ablate", "slow.toml", "--out", "alone"]);
    assert_same(&finished_files(&path.join("alone")), &finished_files(&path.join("run")));
}

#[test]
fn merging_names_what_is_missing_double_or_different() {
    let folder = folder();
    let path = folder.path();
    let there = plan(path);
    let merge = |arguments: &[&'static str]| run(path, &[&["merge", "run", "--weights", "."], arguments].concat());
    works(&worker(path, &[], &["--shard", "0/2"]));
    let missing = merge(&[]);
    refuses(&missing, "20 missing");
    assert!(
        text(&missing.stderr).contains("missing: shard 1 (8 images, the first is images/"),
        "{}",
        text(&missing.stderr)
    );

    // Another machine worked on a copy, and did one shard that is here, too.
    copy_folder(&there, &path.join("copy"));
    works(&worker(path, &[], &[]));
    let seal = |folder: &str, shard: u32| path.join(folder).join(format!("shards/{shard:03}.images.json"));
    let double = merge(&["--from", "copy"]);
    refuses(&double, "20 double");
    assert!(text(&double.stderr).contains("and 12 more\n"), "{}", text(&double.stderr));
    let hint = "hint: of a shard that is there more than once keep one: leave out a --from, or remove copy/shards/0";
    assert!(text(&double.stderr).contains(hint), "{}", text(&double.stderr));
    let listed = merge(&["--from", "copy", "--json"]);
    refuses(&listed, "20 double");
    let listed = json(&text(&listed.stdout));
    assert_eq!(listed["faults"].as_array().unwrap().len(), 20);
    assert_eq!((&listed["faults"][0]["flaw"], &listed["faults"][0]["shard"]), (&"double".into(), &0.into()));
    let first = json(&fs::read_to_string(seal("run", 0)).unwrap());
    assert!(text(&double.stderr).contains("double: shard 0 is there more than once, in run/shards and copy/shards"));

    // A bit of a pack; a seal that has a task twice; a seal of another plan; scores by others.
    let shards: Vec<u32> = (0..256).filter(|shard| seal("run", *shard).exists()).collect();
    let damage = |shard: u32, name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let file = there.join(format!("shards/{shard:03}.{name}"));
        let mut bytes = fs::read(&file).unwrap();
        change(&mut bytes);
        fs::write(file, bytes).unwrap();
    };
    let replaced = |from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        move |bytes: &mut Vec<u8>| *bytes = text(bytes).replace(&from, &to).into_bytes()
    };
    damage(shards[1], "zip", &|bytes| bytes[200] ^= 4);
    let seal_of_2 = json(&fs::read_to_string(seal("run", shards[2])).unwrap());
    let task = |index: usize| seal_of_2["images"][index]["task"].as_str().unwrap().to_owned();
    // As an earlier version sealed, without a digest of the seal, which would tell before.
    let without_digest = |bytes: &mut Vec<u8>| {
        let mut seal = json(&text(bytes));
        seal.as_object_mut().unwrap().remove("digest").unwrap();
        *bytes = seal.to_string().into_bytes();
    };
    damage(shards[2], "images.json", &without_digest);
    damage(shards[2], "images.json", &replaced(&task(1), &task(0)));
    damage(shards[3], "images.json", &without_digest);
    damage(shards[3], "images.json", &replaced(first["plan"].as_str().unwrap(), "0000"));
    damage(shards[4], "observations.jsonl", &|bytes| bytes.truncate(50));
    let different = merge(&[]);
    refuses(&different, "4 different");
    let said = text(&different.stderr);
    let (one, two, three, four) = (shards[1], shards[2], shards[3], shards[4]);
    for line in [
        format!("different: shard {one}: run/shards/{one:03}.zip is not what was sealed"),
        format!("run/shards/{two:03}.images.json has the task {} twice", task(0)),
        format!("run/shards/{three:03}.images.json is of another run"),
        format!("the scores of shard {four}: run/shards/{four:03}.observations.jsonl is not as long"),
    ] {
        assert!(said.contains(&line), "{line:?} is not in:\n{said}");
    }
    assert!(!there.join("images").exists(), "nothing was changed");
    assert!(said.contains("hint: `gentron work run` does what is left"), "{said}");

    // The same workers put it right.
    works(&worker(path, &[], &[]));
    merge_and_report(path);
    assert_same(&one_machine(path), &finished_files(&there));
}

#[test]
fn copies_of_a_plan_on_machines_without_a_common_disk_become_one_run() {
    let folder = folder();
    let path = folder.path();
    let there = plan(path);
    for (index, copy) in ["one", "two"].into_iter().enumerate() {
        copy_folder(&there, &path.join(copy));
        let share = format!("{index}/2");
        works(&run(path, &["work", copy, "--weights", ".", "--shard", &share]));
    }
    run_well(path, &["merge", "run", "--from", "one", "--from", "two", "--weights", "."]);
    run_well(path, &["report", "run"]);
    assert_same(&one_machine(path), &finished_files(&there));
}

#[test]
fn two_workers_on_one_share_do_no_harm() {
    let folder = folder();
    let path = folder.path();
    let there = plan(path);
    let spawn = || {
        let mut command = gentron(path);
        command.args(["work", "run", "--weights", ".", "--threads", "1"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut workers = [spawn(), spawn(), spawn()];
    let codes: Vec<Option<i32>> = workers.iter_mut().map(|worker| worker.wait().unwrap().code()).collect();
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 75))), "{codes:?}");
    works(&worker(path, &[], &[]));
    merge_and_report(path);
    assert_same(&one_machine(path), &finished_files(&there));
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_sealed_shard_was_drawn_into_frees_its_space_at_once() {
    let folder = folder();
    let path = folder.path();
    let there = plan(path);
    let mut command = gentron(path);
    command.args(["work", "run", "--weights", ".", "--threads", "1", "--stage", "generate"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let open = Path::new("/proc").join(child.id().to_string()).join("fd");
    let ended = loop {
        let links =
            fs::read_dir(&open).into_iter().flatten().flatten().filter_map(|link| fs::read_link(link.path()).ok());
        // So the links to what was removed end.
        let removed: Vec<PathBuf> = links.filter(|file| file.to_string_lossy().ends_with(".part (deleted)")).collect();
        assert!(removed.is_empty(), "{removed:?} keep their space until the worker ends");
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(ended.success());
    assert!(files(&there.join("shards")).keys().all(|name| !name.ends_with(".part")));
}

#[test]
fn a_shard_that_is_held_is_named_with_its_lock_and_free_when_that_is_removed() {
    let folder = folder();
    let path = folder.path();
    run_well(path, &small("plan", "run"));
    fs::create_dir_all(path.join("run/shards")).unwrap();
    let lock = path.join("run/shards/000.lock");
    let held = fs::File::options().create(true).truncate(false).read(true).write(true).open(&lock).unwrap();
    let busy = || json(&run_well(path, &["status", "run", "--json"]))["shards"][0]["busy"].as_bool().unwrap();
    held.lock_shared().unwrap();
    assert!(!busy(), "another who looks is nobody at work");
    held.unlock().unwrap();
    // As a machine that is gone, on a file system that does not know it.
    held.lock().unwrap();
    assert!(busy());
    let turned_away = worker(path, &[], &[]);
    let said = text(&turned_away.stderr);
    assert_eq!(turned_away.status.code(), Some(75), "{said}");
    let note = "note: another process is at work on shard 0; if its machine is gone, remove run/shards/000.lock";
    assert!(said.contains(note), "{said}");
    fs::remove_file(&lock).unwrap();
    works(&worker(path, &[], &[]));
    merge_and_report(path);
}

/// Ground truth and chance of one category, in two shards.
const SMALL: [&str; 9] = ["limits-shapes", "--weights", ".", "--category", "color", "--prompts", "4", "--images", "2"];

fn small(command: &'static str, out: &'static str) -> Vec<&'static str> {
    [&[command], &SMALL[..], &["--out", out, "--quiet"]].concat()
}

/// Exit code 2, and this hint.
fn refuses_with_hint(output: &Output, what: &str, hint: &str) {
    refuses(output, what);
    let said = text(&output.stderr);
    assert!(said.contains(&format!("hint: {hint}")), "{hint:?} is not in:\n{said}");
}

#[test]
fn after_a_merge_every_hint_names_the_command_that_helps() {
    let folder = folder();
    let path = folder.path();
    run_well(path, &small("ablate", "alone"));
    let expected = finished_files(&path.join("alone"));
    run_well(path, &small("plan", "run"));
    works(&worker(path, &[], &["--stage", "generate"]));
    run_well(path, &["merge", "run", "--stage", "generate"]);

    // The images are there, and nobody scored them.
    let score = "`gentron score run` scores it";
    refuses_with_hint(&worker(path, &[], &[]), "run is merged, and not scored", score);
    refuses_with_hint(&worker(path, &[], &["--stage", "score"]), "not scored", score);
    refuses_with_hint(&run(path, &["retry-plan", "run", "--stage", "score"]), "not scored", score);
    refuses_with_hint(&run(path, &["submit", "local", "run", "--workers", "2", "--weights", "."]), "not scored", score);
    refuses_with_hint(&run(path, &["merge", "run", "--weights", "."]), "not scored", score);
    works(&worker(path, &[], &["--stage", "generate"]));
    assert_eq!(run_well(path, &["retry-plan", "run", "--stage", "generate"]), "");
    let status = run_well(path, &["status", "run"]);
    assert!(status.contains("8 of 8") && status.ends_with("next: gentron score run\n"), "{status}");
    run_well(path, &["score", "run", "--weights", "."]);
    run_well(path, &["report", "run"]);
    assert_same(&expected, &finished_files(&path.join("run")));
    let done = worker(path, &[], &["--json"]);
    works(&done);
    assert_eq!(json(&text(&done.stdout))["complete"], true);
    assert_eq!(run_well(path, &["retry-plan", "run"]), "");
    run_well(path, &["merge", "run", "--weights", "."]);

    // A merge that was killed while it removed the shards left some.
    fs::create_dir(path.join("run/shards")).unwrap();
    fs::write(path.join("run/shards/001.zip"), "x").unwrap();
    assert!(text(&worker(path, &[], &[]).stdout).contains("nothing is left to do"));
    assert_eq!(run_well(path, &["retry-plan", "run"]), "");
    assert!(run_well(path, &["status", "run"]).contains("8 of 8"));
    refuses_with_hint(
        &run(path, &["report", "run"]),
        "in shards",
        "`gentron status run` says how far; `gentron merge run`",
    );
    run_well(path, &["merge", "run", "--weights", "."]);
    assert!(!path.join("run/shards").exists());

    // A picture that is damaged later is no shard's.
    let picture = expected.keys().find(|name| name.ends_with(".png")).unwrap();
    let file = path.join("run").join(picture);
    let mut bytes = fs::read(&file).unwrap();
    bytes[40] ^= 1;
    fs::write(&file, bytes).unwrap();
    let again = "gentron ablate limits-shapes --category color --prompts 4 --images 2 --out run";
    let merge = run(path, &["merge", "run", "--weights", "."]);
    refuses_with_hint(&merge, "1 of its 16 images are missing or damaged", &format!("`{again}` draws what is missing"));
    assert!(text(&merge.stderr).contains(picture.as_str()), "{}", text(&merge.stderr));
    run_well(path, &again.split(' ').skip(1).chain(["--weights", "."]).collect::<Vec<_>>());
    assert_same(&expected, &finished_files(&path.join("run")));
}

#[test]
fn a_merge_of_the_images_alone_does_not_drop_what_workers_scored() {
    let folder = folder();
    let path = folder.path();
    run_well(path, &small("ablate", "alone"));
    run_well(path, &small("plan", "run"));
    works(&worker(path, &[], &["--shard", "0/2"]));
    works(&worker(path, &[], &["--shard", "1/2", "--stage", "generate"]));
    let before = files(&path.join("run/shards"));
    let images = run(path, &["merge", "run", "--stage", "generate"]);
    refuses_with_hint(&images, "would drop what is scored of 1 shards of run", "`gentron work run` scores the rest");
    assert_same(&before, &files(&path.join("run/shards")));
    works(&worker(path, &[], &[]));
    merge_and_report(path);
    assert_same(&finished_files(&path.join("alone")), &finished_files(&path.join("run")));
}

#[test]
fn files_of_others_among_the_shards_change_nothing() {
    let folder = folder();
    let path = folder.path();
    run_well(path, &small("ablate", "alone"));
    let put = |run: &str| {
        fs::create_dir_all(path.join(run).join("shards")).unwrap();
        for name in [".DS_Store", ".nfs00000000001", "notes.txt", "000.notes.txt"] {
            fs::write(path.join(run).join("shards").join(name), "somebody else's").unwrap();
        }
    };
    // Of a run that one machine has finished, and of one that is merged among them.
    put("alone");
    run_well(path, &["report", "alone"]);
    run_well(path, &small("plan", "run"));
    put("run");
    assert!(run_well(path, &["retry-plan", "run", "--workers", "2"]).contains("--array=0-1"));
    works(&worker(path, &[], &[]));
    merge_and_report(path);
    for finished in ["alone", "run"] {
        assert!(text(&run(path, &["work", finished]).stdout).contains("nothing is left to do"));
        let status = json(&run_well(path, &["status", finished, "--json"]));
        assert_eq!(status["shards"].as_array().unwrap().len(), 0);
        assert_eq!((&status["arms"][0]["drawn"], &status["arms"][0]["scored"]), (&8.into(), &8.into()));
    }
    assert_same(&finished_files(&path.join("alone")), &finished_files(&path.join("run")));
    assert!(path.join("run/shards/notes.txt").is_file());
}

#[test]
fn copies_that_are_none_are_refused_and_copies_that_differ_are_told_apart() {
    let folder = folder();
    let path = folder.path();
    run_well(path, &small("plan", "run"));
    copy_folder(&path.join("run"), &path.join("copy"));
    works(&worker(path, &[], &[]));
    let before = files(&path.join("run"));
    let merge = |from: &[&str]| {
        let named = from.iter().flat_map(|copy| ["--from", *copy]);
        run(path, &["merge", "run", "--weights", "."].into_iter().chain(named).collect::<Vec<_>>())
    };
    refuses(&merge(&["nosuch"]), "--from nosuch is no copy of a run");
    refuses(&merge(&["copy", "s3://bucket/run"]), "--from s3://bucket/run is in an object store");
    std::os::unix::fs::symlink("run", path.join("link")).unwrap();
    for itself in ["run", "./copy/../run", "link"] {
        refuses_with_hint(&merge(&[itself]), "is the run itself", "leave it out");
    }
    refuses(&merge(&["copy", "./copy"]), "--from ./copy is a copy that is named already");

    // Another machine's shard, whole and with other bytes.
    works(&run(path, &["work", "copy", "--weights", ".", "--shard", "1/2"]));
    let seal = path.join("copy/shards/001.images.json");
    let mut other = json(&fs::read_to_string(&seal).unwrap());
    other["images"][0]["sha256"] = "0".repeat(64).into();
    other.as_object_mut().unwrap().remove("digest").unwrap();
    other["digest"] = gentron_harness::store::digest::of_value(&other).into();
    fs::write(&seal, other.to_string()).unwrap();
    let remove = "of a shard that is there more than once keep one: leave out a --from, or remove copy/shards/001.*";
    refuses_with_hint(&merge(&["copy"]), "different: shard 1 came out otherwise in run/shards and copy/shards", remove);
    // What is broken in a copy is mended there.
    let pack = fs::read(path.join("copy/shards/001.zip")).unwrap();
    fs::write(path.join("copy/shards/001.zip"), &pack[1..]).unwrap();
    refuses_with_hint(&merge(&["copy"]), "copy/shards/001.zip is not as long", "`gentron work copy` does what is left");
    works(&run(path, &["work", "copy", "--weights", ".", "--shard", "1/2"]));
    fs::remove_file(path.join("copy/shards/001.images.json")).unwrap();
    fs::remove_file(path.join("run/shards/000.images.json")).unwrap();
    refuses_with_hint(&merge(&["copy"]), "missing: shard 0 ", "`gentron work run` does what is left");
    works(&worker(path, &[], &[]));

    assert_same(&without_shards(&before), &without_shards(&files(&path.join("run"))));
    run_well(path, &["merge", "run", "--weights", "."]);
    let again = merge(&["copy"]);
    works(&again);
    let said = text(&again.stderr);
    assert!(said.contains("note: run is merged already: the copies were not looked at"), "{said}");
}

fn without_shards(files: &std::collections::BTreeMap<String, Vec<u8>>) -> std::collections::BTreeMap<String, Vec<u8>> {
    files
        .iter()
        .filter(|(name, _)| !name.starts_with("shards/"))
        .map(|(name, bytes)| (name.clone(), bytes.clone()))
        .collect()
}

#[test]
fn what_a_killed_encoder_left_goes_with_the_merge() {
    let folder = folder();
    let path = folder.path();
    run_well(path, &small("plan", "run"));
    works(&worker(path, &[], &[]));
    let embeddings = path.join("run/embeddings");
    fs::create_dir(&embeddings).unwrap();
    let half = format!(".{}.safetensors.aB3dE6gH9jKl.tmp", "0a".repeat(32));
    let whole = format!("{}.safetensors", "0a".repeat(32));
    for name in [half.as_str(), whole.as_str(), "mine.tmp"] {
        fs::write(embeddings.join(name), "x").unwrap();
    }
    // While workers are at it, it may be one's.
    works(&worker(path, &[], &[]));
    assert!(embeddings.join(&half).is_file());
    run_well(path, &["merge", "run", "--weights", "."]);
    assert_eq!(files(&embeddings).into_keys().collect::<Vec<_>>(), [whole, "mine.tmp".to_owned()]);
}
