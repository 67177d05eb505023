//! As a user who got something wrong I read one error and one hint, and what I had before is as it was.

use std::fs;
use std::process::Command;

use crate::support::{
    Mounted, assert_same, copy_folder, files, folder, gentron, refuses, run, run_well, text, weights,
};

/// A recipe that needs no weights and draws in a moment.
const QUICK: &str = r#"
name = "quick"
seed = 1
images_per_prompt = 1

[[suites]]
id = "shapes"
categories = ["color"]
prompts_per_category = 2

[[arms]]
name = "truth"
generator = "ground-truth"
"#;

#[test]
fn a_recipe_that_cannot_be_meant() {
    let broken: [(&str, &str, &str); 14] = [
        ("seed = 1", "seed = ", "r.toml:3:"),
        ("seed = 1", "seed = -1", "r.toml:3:"),
        ("seed = 1", "seeed = 1", "unknown field `seeed`"),
        ("images_per_prompt = 1", "images_per_prompt = 0", "images_per_prompt is 0"),
        ("\"shapes\"", "\"shape\"", "unknown suite `shape`"),
        ("[\"color\"]", "[\"colour\"]", "unknown category `colour`"),
        ("prompts_per_category = 2", "prompts_per_category = 0", "no prompt"),
        ("\"ground-truth\"", "\"groundtruth\"", "unknown variant `groundtruth`"),
        ("generator = \"ground-truth\"", "", "arm `truth` has no weights"),
        ("name = \"truth\"", "name = \"../truth\"", "cannot be part of a path"),
        ("name = \"quick\"", "name = \"Quick\"", "cannot be part of a path"),
        ("seed = 1", "seed = 1\nbaseline = \"truht\"", "the baseline `truht` is not an arm"),
        ("seed = 1", "seed = 1\nmetrics = [\"b-vqua\"]", "unknown variant `b-vqua`"),
        ("[[arms]]", "[[gates]]\narm = \"truth\"\ncategory = \"shape\"\nat_least = 1\n[[arms]]", "category `shape`"),
    ];
    let folder = folder();
    for (from, to, what) in broken {
        assert!(QUICK.contains(from));
        fs::write(folder.path().join("r.toml"), QUICK.replacen(from, to, 1)).unwrap();
        refuses(&run(folder.path(), &["ablate", "r.toml"]), what);
        assert!(!folder.path().join("runs").exists(), "nothing was begun for {to:?}");
    }
}

#[test]
fn words_that_are_not_there() {
    let folder = folder();
    for (arguments, what) in [
        (&["ablate", "nowhere.toml"][..], "cannot read the recipe nowhere.toml"),
        (&["ablate", "limits-shapes", "--arm", "trut"], "unknown arm `trut`"),
        (&["ablate", "limits-shapes", "--category", "color2"], "unknown category `color2`"),
        (&["ablate", "limits-shapes", "--weights", "nowhere"], "no weights folder nowhere"),
        (&["ablate", "--threads", "0"], "invalid value '0' for '--threads <N>'"),
        (&["abblate"], "unrecognized subcommand 'abblate'"),
        (&["ablate", "--promts", "3"], "unexpected argument '--promts'"),
        (&["score", "nowhere"], "nowhere is not a run"),
        (&["report", "nowhere"], "nowhere is not a run"),
        (&["suites", "shpes"], "unknown suite `shpes`"),
        (&["metrics", "bvqa"], "unknown metric `bvqa`"),
    ] {
        refuses(&run(folder.path(), arguments), what);
    }
    let said = text(&run(folder.path(), &["ablate", "limits-shapes", "--arm", "trut"]).stderr);
    assert!(said.contains("hint: did you mean `truth`"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was begun");
}

#[test]
fn a_folder_that_holds_something_else() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("r.toml"), QUICK).unwrap();
    fs::create_dir(path.join("taken")).unwrap();
    fs::write(path.join("taken/thesis.tex"), "years of work").unwrap();
    fs::write(path.join("file"), "a file").unwrap();
    let before = files(path);
    refuses(&run(path, &["ablate", "r.toml", "--out", "taken"]), "taken is in the way");
    refuses(&run(path, &["ablate", "r.toml", "--out", "file"]), "file is in the way");
    refuses(&run(path, &["ablate", "r.toml", "--out", "file/below"]), "file/below");
    refuses(&run(path, &["ablate", "r.toml", "--out", "/proc/gentron"]), "/proc/gentron");
    assert_same(&before, &files(path));
}

#[test]
fn a_run_of_another_recipe_is_left_alone() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("r.toml"), QUICK).unwrap();
    run_well(path, &["ablate", "r.toml", "--out", "run"]);
    let before = files(&path.join("run"));
    fs::write(path.join("r.toml"), QUICK.replace("seed = 1", "seed = 2")).unwrap();
    let output = run(path, &["ablate", "r.toml", "--out", "run"]);
    refuses(&output, "run holds another run (recipe.seed: 1 → 2");
    assert!(text(&output.stderr).contains("--out runs/quick-"));
    assert_same(&before, &files(&path.join("run")));
}

#[test]
fn files_of_a_run_that_were_damaged_are_named_or_made_anew() {
    let folder = folder();
    let path = folder.path();
    let again = ["ablate", "r.toml", "--out", "run"];
    fs::write(path.join("r.toml"), QUICK).unwrap();
    run_well(path, &again);
    let before = crate::support::finished_files(&path.join("run"));
    for name in before.keys().filter(|name| *name != "manifest.json" && *name != "run.lock") {
        let file = path.join("run").join(name);
        for damaged in [&before[name][..before[name].len() / 2], b"", b"\xff\xfe nonsense"] {
            fs::write(&file, damaged).unwrap();
            run_well(path, &again);
            assert_eq!(fs::read(&file).unwrap(), before[name], "{name} is as it was");
        }
        fs::remove_file(&file).unwrap();
        run_well(path, &again);
        assert_same(&before, &crate::support::finished_files(&path.join("run")));
    }
    let manifest = path.join("run/manifest.json");
    fs::write(&manifest, "{").unwrap();
    for arguments in [&again[..], &["score", "run"], &["report", "run"]] {
        refuses(&run(path, arguments), "manifest.json is damaged");
    }
    fs::write(&manifest, before["manifest.json"].clone()).unwrap();
    fs::write(path.join("run/plan.jsonl"), "").unwrap();
    refuses(&run(path, &["report", "run"]), "plan.jsonl is missing or damaged");
    run_well(path, &again);
    fs::write(path.join("run/observations.parquet"), "PAR1").unwrap();
    refuses(&run(path, &["report", "run"]), "observations.parquet");
}

#[test]
fn stages_in_the_wrong_order_say_what_comes_first() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("r.toml"), QUICK).unwrap();
    run_well(path, &["generate", "r.toml", "--out", "run"]);
    let output = run(path, &["report", "run"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    // What nobody has scored yet is scored for this report, and stays unscored.
    assert!(text(&output.stdout).contains("2 of 2 images"), "{}", text(&output.stdout));
    assert!(!path.join("run/observations.parquet").exists());
    let image = files(&path.join("run")).into_keys().find(|name| name.ends_with(".png")).unwrap();
    fs::remove_file(path.join("run").join(image)).unwrap();
    refuses(&run(path, &["score", "run"]), "1 of 2 images are missing or damaged");
}

#[test]
fn weights_that_are_missing_cut_or_of_another_shape() {
    let folder = folder();
    let path = folder.path();
    let copy = path.join("weights");
    copy_folder(&weights(), &copy);
    let ablate =
        ["ablate", "--weights", "weights", "--prompts", "1", "--images", "1", "--steps", "1", "--arm", "cross-t5"];
    let backbone = copy.join("gentron-shapes-cross-t5/model.safetensors");
    let whole = fs::read(&backbone).unwrap();

    for length in [0, 5, 1000, whole.len() / 2, whole.len() - 1] {
        fs::write(&backbone, &whole[..length]).unwrap();
        refuses(&run(path, &ablate), "gentron-shapes-cross-t5/model.safetensors");
    }
    fs::write(&backbone, b"not weights at all, but long enough to be read").unwrap();
    refuses(&run(path, &ablate), "gentron-shapes-cross-t5/model.safetensors");

    // Weights of another size than their configuration says.
    fs::write(&backbone, &whole).unwrap();
    let config = copy.join("gentron-shapes-cross-t5/config.json");
    let said = fs::read_to_string(&config).unwrap();
    let narrower = said.replace("\"mlp_ratio\": 4.0", "\"mlp_ratio\": 2.0");
    assert_ne!(said, narrower);
    fs::write(&config, narrower).unwrap();
    let output = run(path, &ablate);
    fs::write(&config, said).unwrap();
    refuses(&output, "expected shape");
    assert!(text(&output.stderr).contains("blocks.0."), "the tensors are named: {}", text(&output.stderr));

    fs::remove_file(&backbone).unwrap();
    refuses(&run(path, &ablate), "no file weights/gentron-shapes-cross-t5/model.safetensors");
    fs::remove_dir_all(copy.join("gentron-shapes-cross-t5")).unwrap();
    refuses(&run(path, &ablate), "no folder weights/gentron-shapes-cross-t5");
    fs::remove_dir_all(copy.join("t5-shapes")).unwrap();
    refuses(&run(path, &ablate), "weights/");
    assert!(!path.join("runs").exists(), "nothing was begun");
}

/// Weights in which one tensor goes by another name of the same length.
fn renamed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (from, to) = (format!("\"{from}\""), format!("\"{to}\""));
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

#[test]
fn tensors_of_every_network_are_named_by_the_doctor_and_before_anything_is_drawn() {
    let folder = folder();
    let path = folder.path();
    let copy = path.join("weights");
    copy_folder(&weights(), &copy);
    let ablate =
        ["ablate", "--weights", "weights", "--prompts", "1", "--images", "1", "--steps", "1", "--arm", "cross-t5"];
    for (network, tensor, other) in [
        (
            "t5-shapes",
            "encoder.block.0.layer.0.SelfAttention.q.weight",
            "encoder.block.0.layer.0.SelfAttention.x.weight",
        ),
        ("clip-shapes", "text_model.final_layer_norm.weight", "text_model.final_layer_norx.weight"),
        ("autoencoder-shapes", "encoder.conv_in.weight", "encoder.conv_ix.weight"),
        ("gentron-shapes-cross-t5", "final_layer.linear.weight", "final_layer.lineax.weight"),
    ] {
        let file = copy.join(network).join("model.safetensors");
        let whole = fs::read(&file).unwrap();
        fs::write(&file, renamed(&whole, tensor, other)).unwrap();
        let doctor = run(path, &["doctor", "--json", "--weights", "weights"]);
        let refused = run(path, &ablate);
        fs::write(&file, whole).unwrap();
        let said = text(&doctor.stdout);
        assert_eq!(doctor.status.code(), Some(1), "{network}: {said}");
        assert!(said.contains(&format!("{tensor}: missing")) && said.contains(other), "{network}: {said}");
        refuses(&refused, &format!("the weights in weights/{network} do not fit their configuration"));
        assert!(text(&refused.stderr).contains(&format!("{tensor}: missing")), "{}", text(&refused.stderr));
    }
    assert!(!path.join("runs").exists(), "nothing was begun");
    // What merely lies beside the weights is not read.
    fs::write(copy.join("t5-shapes/model.fp16.safetensors"), "cut short").unwrap();
    let mut generate = ablate;
    generate[0] = "generate";
    run_well(path, &generate);
}

#[test]
fn hints_know_whose_weights_are_missing() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("weights")).unwrap();
    let arm = |lines: &str| {
        let recipe = QUICK.replace("name = \"truth\"\ngenerator = \"ground-truth\"\n", lines);
        assert_ne!(recipe, QUICK);
        fs::write(path.join("r.toml"), recipe).unwrap();
        run(path, &["generate", "r.toml"])
    };
    let published = arm("name = \"sd\"\ngenerator = \"diffusers\"\nweights = \"qqq\"\n");
    refuses(&published, "weights/qqq");
    let own = arm("name = \"own\"\nweights = \"qqq\"\n");
    refuses(&own, "weights/qqq");
    let shipped = arm("name = \"own\"\nweights = \"gentron-shapes-cross-t5\"\n");
    let hints = [&published, &own, &shipped].map(|output| text(&output.stderr));
    assert!(hints[0].contains("model_index.json") && !hints[0].contains("git checkout"), "{}", hints[0]);
    assert!(hints[1].contains("gentron train") && !hints[1].contains("git checkout"), "{}", hints[1]);
    assert!(hints[2].contains("git checkout -- weights"), "{}", hints[2]);
    let repository = arm("name = \"own\"\nweights = \"own\"\n[weights]\nt5 = \"google/flan-t5-small\"\n");
    refuses(&repository, "`google/flan-t5-small` cannot be part of a path");
    assert!(text(&repository.stderr).contains("write `flan-t5-small`"), "{}", text(&repository.stderr));
}

#[test]
fn a_disk_that_is_full_stops_the_run_and_room_continues_it() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("r.toml"), QUICK.replace("prompts_per_category = 2", "prompts_per_category = 60")).unwrap();
    let disk = path.join("disk");
    fs::create_dir(&disk).unwrap();
    let Some(_mounted) = Mounted::new(&disk, "160k") else {
        eprintln!("skipped: mounting a small disk needs root");
        return;
    };
    fs::write(disk.join("precious"), "mine").unwrap();
    refuses(&run(path, &["ablate", "r.toml", "--out", "disk/run"]), "because: No space left on device");
    assert_eq!(fs::read(disk.join("precious")).unwrap(), b"mine");
    let left = files(&disk.join("run"));
    assert!(left.keys().all(|name| !name.ends_with(".tmp")), "{:?}", left.keys());

    let grown = Command::new("mount").args(["-o", "remount,size=8m"]).arg(&disk).status().unwrap();
    assert!(grown.success());
    run_well(path, &["ablate", "r.toml", "--out", "disk/run"]);
    run_well(path, &["ablate", "r.toml", "--out", "elsewhere"]);
    let roomy = crate::support::finished_files(&path.join("elsewhere"));
    assert_same(&roomy, &crate::support::finished_files(&disk.join("run")));
}

#[test]
fn two_processes_do_not_work_in_one_run() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("r.toml"), QUICK.replace("prompts_per_category = 2", "prompts_per_category = 60")).unwrap();
    run_well(path, &["generate", "r.toml", "--out", "run"]);
    let lock = fs::File::options().write(true).open(path.join("run/run.lock")).unwrap();
    lock.try_lock().unwrap();
    for arguments in [&["ablate", "r.toml", "--out", "run"][..], &["score", "run"], &["report", "run"]] {
        refuses(&run(path, arguments), "another gentron is at work in run");
    }
}

#[test]
fn a_reader_who_goes_away_is_no_error() {
    let folder = folder();
    let mut child = gentron(folder.path())
        .args(["suites", "shapes", "--json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}
