//! As a user I see which suites there are, get their files, and run on them or on prompts of my own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::server::Server;
use crate::support::{folder, gentron, official, refuses, run, run_well, text, weights};

fn json(output: &str) -> Value {
    serde_json::from_str(output).unwrap()
}

/// Runs against a mirror.
fn fetch(folder: &Path, server: &Server, arguments: &[&str]) -> Output {
    gentron(folder).args(arguments).env("GENTRON_FETCH_BASE", &server.address).output().unwrap()
}

#[test]
fn suites_are_listed_without_their_files() {
    let folder = folder();
    let table = run_well(folder.path(), &["suites"]);
    assert!(table.contains("not here: gentron suites fetch parti"), "{table}");
    let list = json(&run_well(folder.path(), &["suites", "--json"]));
    let find = |id: &str| list.as_array().unwrap().iter().find(|suite| suite["id"] == id).unwrap().clone();
    assert_eq!((&find("shapes")["here"], &find("shapes")["prompts"]), (&true.into(), &480.into()));
    for (id, prompts) in [("t2i-compbench", 2400), ("t2i-compbench-train", 5600), ("parti", 1632), ("geneval", 553)] {
        assert_eq!((&find(id)["here"], &find(id)["prompts"]), (&false.into(), &prompts.into()), "{id}");
    }
}

#[test]
fn a_suite_that_is_not_here_says_where_it_was_looked_for_and_how_to_get_it() {
    let folder = folder();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let output = run(folder.path(), &["suites", "t2i-compbench", "--suites", "empty"]);
    refuses(&output, "looked for color_val.txt in empty (--suites), for color_val.txt in ");
    let said = text(&output.stderr);
    assert!(
        said.contains("data/gentron/suites") && said.contains("hint: `gentron suites fetch t2i-compbench`"),
        "{said}"
    );
}

#[test]
fn what_a_mirror_gets_wrong_is_not_kept() {
    let folder = folder();
    let wrong = Server::new(BTreeMap::from([("PartiPrompts.tsv".to_owned(), b"<html>log in</html>".to_vec())]));
    let output = fetch(folder.path(), &wrong, &["suites", "fetch", "parti"]);
    refuses(&output, "because: https://raw.githubusercontent.com/");
    assert!(text(&output.stderr).contains("sha256") && text(&output.stderr).contains("nothing was written"));
    assert!(!folder.path().join("data/gentron").exists());

    let empty = Server::new(BTreeMap::new());
    refuses(&fetch(folder.path(), &empty, &["suites", "fetch", "geneval"]), "404 Not Found");
    let nobody = gentron(folder.path())
        .args(["suites", "fetch", "parti"])
        .env("GENTRON_FETCH_BASE", "http://127.0.0.1:1")
        .output()
        .unwrap();
    refuses(&nobody, "cannot fetch parti");
    assert!(text(&nobody.stderr).contains("HTTPS_PROXY"), "{}", text(&nobody.stderr));

    // A file of that name with other content is the user's.
    let mine = folder.path().join("to/parti/PartiPrompts.tsv");
    fs::create_dir_all(mine.parent().unwrap()).unwrap();
    fs::write(&mine, "mine").unwrap();
    refuses(&fetch(folder.path(), &wrong, &["suites", "fetch", "parti", "--to", "to"]), "move it away first");
    assert_eq!(fs::read(&mine).unwrap(), b"mine");
}

#[test]
fn what_was_fetched_is_found_and_not_fetched_again() {
    let Some(official) = official() else { return };
    let folder = folder();
    let files: BTreeMap<String, Vec<u8>> =
        ["parti", "t2i-compbench"].into_iter().flat_map(|suite| crate::support::files(&official.join(suite))).collect();
    let server = Server::new(files);
    let fetch_all = ["suites", "fetch", "t2i-compbench/color", "parti", "--json"];
    let brought = |output: Output| {
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        json(&text(&output.stdout))
            .as_array()
            .unwrap()
            .iter()
            .map(|b| (b["fetched"].clone(), b["already_there"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(brought(fetch(folder.path(), &server, &fetch_all)), [(37.into(), 0.into()), (1.into(), 0.into())]);
    let asked = server.requests();
    assert_eq!(brought(fetch(folder.path(), &server, &fetch_all)), [(0.into(), 37.into()), (0.into(), 1.into())]);
    assert_eq!(server.requests(), asked, "what is there is not asked for");

    let prompts = json(&run_well(folder.path(), &["suites", "t2i-compbench/color:30", "--json"]));
    assert_eq!(prompts.as_array().unwrap().len(), 30);
    let seen = prompts.as_array().unwrap().iter().filter(|prompt| prompt["split"] == "seen").count();
    assert_eq!(seen, 20, "a subset keeps the shares of the splits");
    for (part, split, prompts) in [("color_val_seen", "seen", 200), ("texture_val_unseen", "unseen", 100)] {
        let part = json(&run_well(folder.path(), &["suites", &format!("t2i-compbench-{part}"), "--json"]));
        let part = part.as_array().unwrap();
        assert_eq!(part.len(), prompts);
        assert!(part.iter().all(|prompt| prompt["split"] == split), "{part:?}");
    }
    let shown = run_well(folder.path(), &["suites", "parti:100"]);
    assert!(shown.contains("PartiPrompts.tsv  current  sha256 fab29e41"), "{shown}");
    assert_eq!(shown, run_well(folder.path(), &["suites", "parti:100@0"]));
    assert_ne!(shown, run_well(folder.path(), &["suites", "parti:100@1"]));
}

/// Prompts in the small world's words.
const MINE: &str =
    "text,kind\na red circle and a blue square,pairs\n\"a green star, a red heart\",pairs\na striped cross,single\n";

fn recipe(suite: &str, arm: &str) -> String {
    format!(
        "name = \"mine\"\nseed = 5\nimages_per_prompt = 1\n[[suites]]\nid = \"mine\"\nfile = \"mine.csv\"\n{suite}\n\
         [sampler]\nsteps = 2\n[[arms]]\nname = \"arm\"\n{arm}\n"
    )
}

const TRAINED: &str = "weights = \"gentron-shapes-cross-clip-t5\"";

#[test]
fn my_own_prompts_are_drawn_and_scored() {
    let (folder, weights) = (folder(), weights());
    let path = folder.path();
    fs::write(path.join("mine.csv"), MINE).unwrap();
    fs::write(path.join("r.toml"), recipe("category_column = \"kind\"\nworld = \"shapes\"", TRAINED)).unwrap();
    let ablate = ["ablate", "r.toml", "--weights", weights.to_str().unwrap(), "--json"];
    let said = json(&run_well(path, &ablate));
    let estimates = said["analysis"]["estimates"].as_array().unwrap();
    let scored = |category: &str, metric: &str| {
        let found =
            estimates.iter().find(|e| e["category"] == category && e["metric"] == metric && e["split"] == "all");
        found.map(|e| e["mean"].is_number())
    };
    for (category, metric) in [("pairs", "clipscore"), ("pairs", "b-vqa"), ("single", "b-vqa")] {
        assert_eq!(scored(category, metric), Some(true), "{category} {metric} in {estimates:?}");
    }
    let run_folder = path.join("runs/mine");
    let manifest = json(&fs::read_to_string(run_folder.join("manifest.json")).unwrap());
    let suite = &manifest["run_info"]["protocol"]["suites"][0];
    assert_eq!(
        (&suite["id"], &suite["prompts"], &suite["files"][0]["revision"]),
        (&"mine".into(), &3.into(), &"own file".into())
    );
    assert!(fs::read_to_string(run_folder.join("report.html")).unwrap().contains("mine.csv, own file"));

    // The run finds its prompts again from anywhere, and knows when they are others.
    fs::create_dir(path.join("elsewhere")).unwrap();
    run_well(&path.join("elsewhere"), &["score", "../runs/mine", "--weights", weights.to_str().unwrap()]);
    fs::rename(path.join("mine.csv"), path.join("elsewhere/mine.csv")).unwrap();
    let score = ["score", "runs/mine", "--weights", weights.to_str().unwrap()];
    refuses(&run(path, &score), "no file of prompts; looked for ");
    run_well(path, &[&score[..], &["--suites", "elsewhere"]].concat());
    fs::write(path.join("mine.csv"), MINE.replace("red", "cyan")).unwrap();
    refuses(&run(path, &score), "the suite mine is not the one that this run was made with");
}

#[test]
fn photographs_without_weights_are_unscored_and_say_what_is_missing() {
    let (folder, weights) = (folder(), weights());
    let path = folder.path();
    fs::write(path.join("mine.csv"), MINE).unwrap();
    fs::write(path.join("r.toml"), recipe("subset = 2", TRAINED)).unwrap();
    let said = json(&run_well(path, &["ablate", "r.toml", "--weights", weights.to_str().unwrap(), "--json"]));
    let missing = said["analysis"]["missing"].as_array().unwrap();
    for (metric, why) in
        [("b-vqa", "no BLIP-VQA weights: name a folder"), ("clipscore", "no CLIP weights: name a folder")]
    {
        let found = missing.iter().find(|m| m["metric"] == metric).unwrap();
        assert!(found["why"].as_str().unwrap().starts_with(why) && found["count"] == 2, "{found}");
    }
    let score = |more: &[&str]| run(path, &[&["score", "runs/mine"], more].concat());
    refuses(&score(&["--blip", "."]), "missing weights: no model_base_vqa_capfilt_large.pth");
    fs::write(path.join("boxes.json"), "{\"detector\": \"d\", \"frame\": [64, 64], \"images\": []}").unwrap();
    refuses(&score(&["--detections", "boxes.json"]), "boxes.json: no images");
    let nowhere = score(&["--clip", "nowhere"]);
    refuses(&nowhere, "nowhere/config.json");
    assert!(text(&nowhere.stderr).contains("hint: --clip names a folder with"), "{}", text(&nowhere.stderr));
    fs::create_dir(path.join("wordless")).unwrap();
    fs::write(path.join("wordless/model_base_vqa_capfilt_large.pth"), "no weights").unwrap();
    refuses(&score(&["--blip", "wordless"]), "missing weights: no vocab.txt in ");
    fs::write(path.join("wordless/ImageReward.safetensors"), "no weights").unwrap();
    refuses(&score(&["--image-reward", "wordless"]), "missing weights: no vocab.txt in ");
    fs::write(path.join("wordless/vocab.txt"), "[PAD]\n").unwrap();
    let damaged = score(&["--image-reward", "wordless"]);
    refuses(&damaged, "wordless/ImageReward.safetensors");
    assert!(text(&damaged.stderr).contains("hint: --image-reward names a folder"), "{}", text(&damaged.stderr));

    // Whoever brings a CLIP later has its scores without drawing again, and the protocol card says whose they are.
    let clip = weights.join("clip-shapes");
    assert_eq!(score(&["--clip", clip.to_str().unwrap()]).status.code(), Some(0));
    let manifest = json(&fs::read_to_string(path.join("runs/mine/manifest.json")).unwrap());
    let card = manifest["run_info"]["protocol"]["scorers"].as_array().unwrap();
    let named = |metric: &str| card.iter().find(|scorer| scorer["metric"] == metric).unwrap()["name"].clone();
    let (clip, blip) = (named("clipscore@clip-shapes"), named("b-vqa"));
    assert_eq!((clip, blip), ("clip-shapes".into(), "none (no BLIP-VQA weights)".into()));
    let report = json(&run_well(path, &["report", "runs/mine", "--json"]));
    let missing = report["analysis"]["missing"].as_array().unwrap();
    assert!(missing.iter().all(|m| !m["metric"].as_str().unwrap().starts_with("clipscore")), "{missing:?}");
}

#[test]
fn suites_that_cannot_be_meant() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("mine.csv"), MINE).unwrap();
    let truth = "generator = \"ground-truth\"";
    for (recipe, what) in [
        (recipe("", truth), "arm `arm` renders prompts of the suite shapes or shapes-motion, not of mine"),
        (recipe("prompt_column = \"prompts\"", TRAINED), "mine.csv:1: no column `prompts` (found: text, kind)"),
        (recipe("folder = \"x\"", TRAINED), "has both `file` and `folder`"),
        (recipe("subset = 4", TRAINED), "4 prompts are asked for of mine, there are 3"),
        (
            recipe("categories = [\"pears\"]\ncategory_column = \"kind\"", TRAINED),
            "unknown category `pears` of the suite mine",
        ),
        (recipe("", TRAINED).replace("mine.csv", "yours.csv"), "no file of prompts; looked for ./yours.csv"),
        (recipe("", TRAINED).replace("id = \"mine\"", "id = \"shapes\""), "the suite shapes has no files"),
        (recipe("", TRAINED).replace("file = \"mine.csv\"", ""), "unknown suite `mine`"),
        (recipe("", TRAINED).replace("id = \"mine\"", "id = \"mine:x\""), "does not name a subset"),
    ] {
        fs::write(path.join("r.toml"), recipe).unwrap();
        refuses(&run(path, &["ablate", "r.toml"]), what);
    }
    fs::write(path.join("bad.csv"), "prompt\n\"never closed\n").unwrap();
    for (arguments, what) in [
        (&["suites", "shapes/colour"][..], "unknown category `colour` of the suite shapes"),
        (&["suites", "shapes:x"], "`shapes:x` does not name a subset"),
        (&["suites", "shapes:481"], "cannot draw from the suite shapes"),
        (&["suites", "nowhere.csv"], "no file of prompts; looked for nowhere.csv"),
        (&["suites", "bad.csv"], "bad.csv:2: column"),
        (&["suites", "--suites", "nowhere"], "no folder of suites nowhere (given by --suites)"),
        (&["suites", "fetch", "partyprompts"], "unknown suite `partyprompts`"),
        (&["suites", "fetch", "shapes"], "part of the program"),
        (&["suites", "fetch", "drawbench"], "drawbench cannot be fetched"),
    ] {
        refuses(&run(path, arguments), what);
    }
    assert!(!path.join("runs").exists(), "nothing was begun");
}

#[test]
fn a_file_of_mine_is_never_taken_for_a_published_suite() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("images")).unwrap();
    for (file, name) in [
        ("shapes.txt", "shapes"),
        ("t2i-compbench.csv", "t2i-compbench"),
        ("T2I-CompBench-color_val_seen.txt", "t2i-compbench-color_val_seen"),
        ("t2i-compbench-2.csv", "t2i-compbench-2"),
        ("parti.txt", "parti"),
        ("geneval.txt", "geneval"),
    ] {
        fs::write(path.join(file), "prompt\na violet zebra\n").unwrap();
        let said = format!("{file} would be called {name}, like a published suite");
        refuses(&run(path, &["suites", file]), &said);
        refuses(&run(path, &["score", "images", "--suite", file]), &said);
        refuses(&run(path, &["import", "images", "--suite", file, "--name", "x"]), &said);
    }

    // The file at the path is read, whatever else there is of its name.
    fs::create_dir(path.join("places")).unwrap();
    for (file, header) in [("mine.csv", "prompt"), ("drawbench.csv", "Prompts")] {
        fs::write(path.join(file), format!("{header},Category\na violet zebra,Mine\n")).unwrap();
        fs::write(path.join("places").join(file), format!("{header},Category\na teal lamp,Others\n")).unwrap();
        let shown = run_well(path, &["suites", file, "--suites", "places"]);
        assert!(shown.contains("a violet zebra") && !shown.contains("a teal lamp"), "{shown}");
        assert!(shown.contains("phrases by gentron's own chunker (1)"), "{shown}");
    }
    fs::write(path.join("r.toml"), recipe("", TRAINED).replace("id = \"mine\"", "id = \"shapes.txt\"")).unwrap();
    refuses(&run(path, &["ablate", "r.toml"]), "the id shapes.txt is the name of a file");
}

#[test]
fn a_category_needs_no_files_but_its_own() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("only")).unwrap();
    fs::write(path.join("only/color_val.txt"), "a violet zebra and a teal lamp\na red hat and a blue cup\n").unwrap();
    let color = ["suites", "t2i-compbench/color:2", "--suites", "only", "--json"];
    assert_eq!(json(&run_well(path, &color)).as_array().unwrap().len(), 2);
    let named = ["suites", "t2i-compbench", "--category", "color", "--suites", "only"];
    let shown = run_well(path, &named);
    assert!(shown.contains("color_val.txt  unknown revision"), "{shown}");
    for whole in ["t2i-compbench", "t2i-compbench/shape"] {
        refuses(&run(path, &["suites", whole, "--suites", "only"]), "looked for shape_val.txt in only (--suites)");
    }
    refuses(
        &run(path, &["suites", "t2i-compbench/numeracy", "--suites", "only"]),
        "looked for new_objects.txt in only",
    );
}

#[test]
fn prompt_files_of_mine_are_refused_with_their_line() {
    let folder = folder();
    for (file, text, what) in [
        ("a.txt", "a red hat\n   \na blue cup\n", "a.txt:2: column `1` is blank, not a prompt"),
        ("a.csv", "prompt,prompt\na,b\n", "a.csv:1: column `prompt` is there twice"),
        ("b.csv", "prompt\n", "b.csv:2: no prompts from here on"),
        ("b.txt", "", "b.txt:1: no prompts from here on"),
    ] {
        fs::write(folder.path().join(file), text).unwrap();
        refuses(&run(folder.path(), &["suites", file]), what);
    }
    fs::write(folder.path().join("c.jsonl"), "{\"Prompt\": \"a red hat\", \"category\": null}\n").unwrap();
    let prompts = json(&run_well(folder.path(), &["suites", "c.jsonl", "--json"]));
    assert_eq!((&prompts[0]["text"], &prompts[0]["category"]), (&"a red hat".into(), &"all".into()));
}

#[test]
fn the_phrases_of_the_other_spacy_are_a_suite() {
    let folder = folder();
    let list = json(&run_well(folder.path(), &["suites", "--json"]));
    let other = "t2i-compbench-spacy-3.8.0";
    assert!(list.as_array().unwrap().iter().any(|suite| suite["id"] == other && suite["prompts"] == 2400), "{list}");

    let Some(official) = official() else { return };
    let of = |suite: &str, more: &[&str]| {
        let word = format!("{suite}/color");
        let shown = ["suites", word.as_str(), "--suites", official.to_str().unwrap()];
        run_well(folder.path(), &[&shown[..], more].concat())
    };
    assert!(of("t2i-compbench", &[]).contains("phrases by en_core_web_sm 3.6.0 (300)"));
    assert!(of(other, &[]).contains("phrases by en_core_web_sm 3.8.0 (300)"));
    let [old, new] = ["t2i-compbench", other].map(|suite| json(&of(suite, &["--json"])));
    let (old, new) = (old.as_array().unwrap(), new.as_array().unwrap());
    assert!(old.iter().zip(new).all(|(old, new)| old["text"] == new["text"] && old["id"] != new["id"]));
    let differ = old.iter().zip(new).filter(|(old, new)| old["annotation"]["phrases"] != new["annotation"]["phrases"]);
    // Of the 13 prompts whose chunks differ, some may differ in chunks that are never asked about.
    assert!((1..=13).contains(&differ.count()));
}

#[test]
fn a_published_file_says_under_which_name_it_is_scored_as_published() {
    let Some(official) = official() else { return };
    let folder = folder();
    let file = official.join("t2i-compbench/numeracy_val.txt");
    let output = run(folder.path(), &["suites", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("`t2i-compbench/numeracy` is scored as published"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_fetch_that_breaks_off_says_what_is_written() {
    let Some(official) = official() else { return };
    let folder = folder();
    let mut files = crate::support::files(&official.join("t2i-compbench"));
    files.insert("spatial_val.txt".to_owned(), b"<html>log in</html>".to_vec());
    let output = fetch(folder.path(), &Server::new(files), &["suites", "fetch", "t2i-compbench", "--to", "to"]);
    refuses(&output, "it was not written, the 31 files before it were");
    let written = crate::support::files(&folder.path().join("to/t2i-compbench"));
    assert!(written.len() == 31 && !written.contains_key("spatial_val.txt"), "{:?}", written.keys());
}
