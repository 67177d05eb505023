//! As a user I pull the plug whenever I like: the same command goes on, and the finished run is the same to the byte.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{assert_same, files, finished_files, folder, gentron, run_well, text, weights};

/// Ground truth and chance over every category: all of the run store, nothing of the networks.
const LIMITS: [&str; 6] = ["ablate", "limits-shapes", "--weights", ".", "--prompts", "20"];

/// Trained networks, small enough to be killed often.
const TRAINED: [&str; 12] = [
    "ablate",
    "--arm",
    "adaln-clip",
    "--arm",
    "cross-clip-t5",
    "--prompts",
    "3",
    "--images",
    "1",
    "--steps",
    "3",
    "--weights",
];

/// Delays that cover a duration without a pattern (golden ratio).
fn moments(count: u32, span: Duration) -> impl Iterator<Item = Duration> {
    (1..=count).map(move |i| span.mul_f64((f64::from(i) * 0.618_033_988_749_895).fract()))
}

/// Runs in `out` and ends it after each of the delays, by turns with SIGKILL, which nobody can prepare for, and SIGINT; then lets it
/// end by itself. Returns how often it did not live to its end.
fn run_killed(folder: &Path, arguments: &[&str], out: &str, delays: impl Iterator<Item = Duration>) -> usize {
    let mut killed = 0;
    for (index, delay) in delays.enumerate() {
        let mut child = gentron(folder)
            .args(arguments)
            .args(["--out", out])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(delay);
        if index % 3 == 2 {
            assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        } else {
            child.kill().unwrap();
        }
        killed += usize::from(child.wait().unwrap().code() != Some(0));
    }
    let mut arguments = arguments.to_vec();
    arguments.extend(["--out", out]);
    run_well(folder, &arguments);
    killed
}

fn survives_kill_9(arguments: &[&str], kills: u32) {
    let folder = folder();
    let path = folder.path();
    let mut plain = arguments.to_vec();
    plain.extend(["--out", "plain"]);
    let began = Instant::now();
    run_well(path, &plain);
    let span = began.elapsed();
    let expected = finished_files(&path.join("plain"));
    assert!(expected.keys().any(|name| name.ends_with(".png")));

    // Every kill in one run, which therefore is never far before it is killed again; and one kill a run.
    let killed = run_killed(path, arguments, "killed", moments(kills, span));
    assert!(killed > 0, "no process was killed before its end");
    assert_same(&expected, &finished_files(&path.join("killed")));
    for (index, delay) in moments(kills / 3, span).enumerate() {
        let out = format!("killed-{index}");
        run_killed(path, arguments, &out, std::iter::once(delay));
        assert_same(&expected, &finished_files(&path.join(out)));
    }
}

#[test]
fn a_run_that_was_killed_at_random_moments_ends_in_the_same_bytes() {
    survives_kill_9(&LIMITS, 24);
}

#[test]
fn so_does_a_run_of_trained_networks() {
    let weights = weights();
    let mut arguments = TRAINED.to_vec();
    arguments.push(weights.to_str().unwrap());
    survives_kill_9(&arguments, 6);
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let weights = weights();
    let folder = folder();
    let mut arguments = TRAINED.to_vec();
    arguments.push(weights.to_str().unwrap());
    let mut expected = None;
    for threads in ["1", "2", "3"] {
        let mut arguments = arguments.clone();
        arguments.extend(["--threads", threads, "--out", threads]);
        run_well(folder.path(), &arguments);
        let files = finished_files(&folder.path().join(threads));
        assert_same(expected.get_or_insert(files.clone()), &files);
    }
}

#[test]
fn ctrl_c_ends_gracefully_and_says_how_to_go_on() {
    let folder = folder();
    let path = folder.path();
    let big = ["ablate", "limits-shapes", "--weights", ".", "--images", "40", "--threads", "1", "--out", "run"];
    for signal in ["-INT", "-TERM"] {
        let child = gentron(path).args(big).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        while !path.join("run/journals").exists() {
            assert!(Instant::now() < until, "it draws within a minute");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(200));
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{said}");
        let how = "to continue: gentron ablate limits-shapes --weights . --images 40 --threads 1 --out run";
        assert!(said.contains(how), "{said}");
        let left = files(&path.join("run"));
        assert!(left.keys().all(|name| !name.ends_with(".tmp")), "nothing half-written is left");
    }
}

#[test]
fn a_finished_run_is_left_as_it_is() {
    let folder = folder();
    let path = folder.path();
    let arguments = ["ablate", "limits-shapes", "--weights", ".", "--prompts", "2", "--out", "run"];
    let first = run_well(path, &arguments);
    let before = finished_files(&path.join("run"));
    let image = path.join("run").join(before.keys().find(|name| name.ends_with(".png")).unwrap());
    let written = fs::metadata(&image).unwrap().modified().unwrap();
    assert_eq!(run_well(path, &arguments), first);
    assert_same(&before, &finished_files(&path.join("run")));
    assert_eq!(fs::metadata(&image).unwrap().modified().unwrap(), written, "no image was drawn again");
    // Of a report that was killed while it wrote its timings.
    fs::write(path.join("run/.timings.json.77-0.tmp"), "half").unwrap();
    run_well(path, &["report", "run"]);
    assert_same(&before, &finished_files(&path.join("run")));
}

#[test]
fn the_stages_one_by_one_end_where_ablate_does() {
    let folder = folder();
    let path = folder.path();
    let narrow = ["limits-shapes", "--weights", ".", "--prompts", "2"];
    let with = |before: &[&'static str], after: &[&'static str]| [before, &narrow[..], after].concat();
    run_well(path, &with(&["ablate"], &["--out", "at-once"]));
    run_well(path, &with(&["generate"], &["--out", "staged"]));
    run_well(path, &["score", "staged"]);
    run_well(path, &["report", "staged"]);
    assert_same(&finished_files(&path.join("at-once")), &finished_files(&path.join("staged")));
}

#[test]
fn a_run_finds_the_weights_again_that_its_recipe_named() {
    let folder = folder();
    let path = folder.path();
    // Of a name that no other weights folder has, such as the one beside the program.
    fs::create_dir(path.join("mine")).unwrap();
    let own = [("own", "gentron-shapes-cross-t5"), ("t5-shapes", "t5-shapes")];
    let shared = ["clip-shapes", "autoencoder-shapes"].map(|name| (name, name));
    for (name, of) in own.into_iter().chain(shared) {
        std::os::unix::fs::symlink(weights().join(of), path.join("mine").join(name)).unwrap();
    }
    let recipe = "name = \"r\"\nseed = 1\nimages_per_prompt = 1\n[[suites]]\nid = \"shapes\"\ncategories = [\"non_spatial\"]\n\
                  prompts_per_category = 2\n[sampler]\nkind = \"dpm-solver++\"\nsteps = 2\n[weights]\nfolder = \"mine\"\n\
                  [[arms]]\nname = \"t5\"\nweights = \"own\"\n";
    fs::write(path.join("r.toml"), recipe).unwrap();
    let elsewhere = path.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    run_well(&elsewhere, &["generate", "../r.toml", "--out", "run"]);
    for stage in [&["score", "run"][..], &["report", "run"], &["verify", "run", "--sample", "2"]] {
        run_well(&elsewhere, stage);
    }
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(elsewhere.join("run/manifest.json")).unwrap()).unwrap();
    assert!(manifest["weights_place"].as_str().unwrap().ends_with("mine"), "{}", manifest["weights_place"]);
    // And so does everybody who works on a plan of it.
    run_well(&elsewhere, &["plan", "../r.toml", "--out", "planned"]);
    for stage in [&["submit", "local", "planned", "--workers", "1", "--dry-run"][..], &["work", "planned"]] {
        run_well(&elsewhere, stage);
    }
    run_well(&elsewhere, &["merge", "planned"]);
    assert_same(&files(&elsewhere.join("run/images")), &files(&elsewhere.join("planned/images")));
}

#[test]
fn a_text_is_encoded_once_for_all_runs_that_share_a_folder() {
    let (folder, weights) = (folder(), weights());
    let path = folder.path();
    let generate = |seed: u32, shared: bool| {
        let recipe = format!(
            "name = \"r\"\nseed = {seed}\nimages_per_prompt = 1\n[[suites]]\nid = \"shapes\"\ncategories = [\"color\"]\n\
             prompts_per_category = 3\n[sampler]\nsteps = 2\n[weights]\nkeep_embeddings = true\n\
             [[arms]]\nname = \"t5\"\nweights = \"gentron-shapes-cross-t5\"\n"
        );
        fs::write(path.join("r.toml"), recipe).unwrap();
        let out = format!("{seed}-{shared}");
        let mut command = gentron(path);
        command.args(["generate", "r.toml", "--out", &out, "--weights", weights.to_str().unwrap()]);
        if shared {
            command.env("GENTRON_EMBEDDINGS", path.join("all"));
        }
        let output = command.output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert_eq!(path.join(&out).join("embeddings").exists(), !shared);
        (files(&path.join(&out).join("images")), said)
    };
    let (own, _) = generate(1, false);
    let (first, said) = generate(1, true);
    // Three prompts and the null text.
    assert!(said.contains("encoding 4 texts with t5-shapes"), "{said}");
    let kept = files(&path.join("all"));
    assert!(own == first && kept.len() == 4, "{:?}", kept.keys());
    let (other, said) = generate(2, true);
    assert!(!said.contains("encoding"), "{said}");
    assert!(other.len() == 3 && other != first && files(&path.join("all")) == kept);
}
