//! As a user I score photographs with networks that I bring. The networks here are tiny and random; their layouts are real.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{folder, refuses, repository, run, run_well};

/// PartiPrompts' columns, and what makes its file special: a prompt that begins with a quote, blanks at an end, an empty note.
const PARTI: &str = "Prompt\tCategory\tChallenge\tNote\n\
    a red cat\tAnimals\tBasic\t\n\
    two birds over a river\tAnimals\tQuantity\tmore than one\n\
    \"a red river\" over two birds\tFood & Beverage\tWriting & Symbols\t\n \
    a cat \tFood & Beverage\tBasic\t\n";

/// Pictures 0.png to 3.png, all different.
fn pictures(path: &Path) {
    fs::create_dir(path.join("pictures")).unwrap();
    for k in 0..4u32 {
        let pixel = |x, y| image::Rgb([7 * x + 3 * y, x * y * (k + 1), 50 * k].map(|value| (value % 256) as u8));
        image::RgbImage::from_fn(40 + k, 64, pixel).save(path.join(format!("pictures/{k}.png"))).unwrap();
    }
}

/// The cosine of that CLIP, which is not the official one.
const CLIPSCORE: &str = "clipscore@clip-10x2-patch7-28";

/// transformers' layout of a CLIP with ten words; with its scale it is a PickScore, too.
fn clip() -> PathBuf {
    repository().join("tests/goldens/metrics/pickscore")
}

fn lines(path: &Path, arguments: &[&str]) -> Vec<Value> {
    let said: Value = serde_json::from_str(&run_well(path, &[arguments, &["--json"]].concat())).unwrap();
    said["scores"].as_array().unwrap().clone()
}

fn mean(lines: &[Value], group: &str, metric: &str) -> f64 {
    let line = lines.iter().find(|line| line["group"] == group && line["metric"] == metric);
    let line = line.unwrap_or_else(|| panic!("{group} {metric}: {lines:?}"));
    line["mean"].as_f64().unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn parti_is_scored_by_category_and_by_challenge() {
    let folder = folder();
    let path = folder.path();
    pictures(path);
    fs::create_dir(path.join("suites")).unwrap();
    fs::write(path.join("suites/PartiPrompts.tsv"), PARTI).unwrap();
    let clip = clip();
    let score = ["score", "pictures", "--suite", "parti", "--suites", "suites", "--out", "scores", "--clip"];
    let lines = lines(path, &[&score[..], &[clip.to_str().unwrap()]].concat());

    let seen = fs::read_to_string(path.join("scores/observations.jsonl")).unwrap();
    let cosine = |prompt: &str| {
        let mut seen = seen.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let seen = seen.find(|seen| seen["prompt"] == prompt).unwrap_or_else(|| panic!("{prompt:?}"));
        let observations = seen["observations"].as_array().unwrap();
        let found = observations.iter().find(|observation| observation["metric"] == CLIPSCORE).unwrap();
        found["outcome"]["value"].as_f64().unwrap_or_else(|| panic!("{found}"))
    };
    let each = ["a red cat", "two birds over a river", "\"a red river\" over two birds", " a cat "].map(cosine);
    assert!((0..4).all(|i| (0..i).all(|j| each[i] != each[j])), "{each:?}");
    for (group, members) in [
        ("parti/animals", &[0, 1][..]),
        ("parti/food_beverage", &[2, 3]),
        ("parti, all", &[0, 1, 2, 3]),
        ("parti, challenge Basic", &[0, 3]),
        ("parti, challenge Quantity", &[1]),
        ("parti, challenge Writing & Symbols", &[2]),
    ] {
        let expected = members.iter().map(|&i| each[i]).sum::<f64>() / members.len() as f64;
        assert!((mean(&lines, group, CLIPSCORE) - expected).abs() < 1e-12, "{group}");
        // B-VQA is its other score: no BLIP is here, and that is said.
        let blip = lines.iter().find(|line| line["group"] == group && line["metric"] == "b-vqa").unwrap();
        assert!(blip["mean"].is_null() && blip["why"].to_string().contains("no BLIP-VQA weights"), "{blip}");
    }

    // A row that cannot be meant is named by file and line.
    fs::write(path.join("suites/PartiPrompts.tsv"), PARTI.replace("\tQuantity\t", "\t\t")).unwrap();
    refuses(&run(path, &["score", "pictures", "--suite", "parti", "--suites", "suites"]), "PartiPrompts.tsv:3:");
}

#[test]
fn numbered_pictures_follow_the_file_where_it_mixes_its_categories() {
    let folder = folder();
    let path = folder.path();
    pictures(path);
    let texts = ["a red cat", "two birds", "a river", "a cat"];
    let mixed = "prompt,category\na red cat,one\ntwo birds,two\na river,one\na cat,two\n";
    fs::write(path.join("mine.csv"), mixed).unwrap();
    let clip = clip();
    lines(path, &["score", "pictures", "--suite", "mine.csv", "--out", "scores", "--clip", clip.to_str().unwrap()]);
    let seen = fs::read_to_string(path.join("scores/observations.jsonl")).unwrap();
    let mut compared = 0;
    for seen in seen.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let at: usize = seen["image"].as_str().unwrap().trim_end_matches(".png").parse().unwrap();
        assert_eq!(seen["prompt"], texts[at], "{seen}");
        compared += 1;
    }
    assert_eq!(compared, texts.len());
}

#[test]
fn the_first_use_of_weights_is_said_and_a_folders_name_is_no_identity() {
    let folder = folder();
    let path = folder.path();
    pictures(path);
    fs::write(path.join("mine.csv"), "prompt\na red cat\ntwo birds\na river\na cat\n").unwrap();
    for name in ["one", "other"] {
        crate::support::copy_folder(&clip(), &path.join(name));
    }
    let score = |clip: &str| {
        let out = format!("scores-{clip}");
        run(path, &["score", "pictures", "--suite", "mine.csv", "--out", &out, "--clip", clip])
    };
    let said = |output: &std::process::Output| crate::support::text(&output.stderr);
    let first = score("one");
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    assert!(said(&first).contains("(clip-10x2-patch7-28)") && said(&first).contains("nothing was compared"));
    // The same files in another folder are the same CLIP, which says what it said.
    let second = score("other");
    assert_eq!(second.status.code(), Some(0), "{}", said(&second));
    assert!(!said(&second).contains("nothing was compared"), "{}", said(&second));
}

/// The pictures of `metrics/tests/reference/preferences.py`.
fn golden_picture(width: u32, height: u32) -> image::RgbImage {
    let pixel = |x, y| image::Rgb([7 * x + 3 * y, x * y, (x * x + 5 * y) / 3].map(|value| (value % 256) as u8));
    image::RgbImage::from_fn(width, height, pixel)
}

#[test]
fn pickscore_says_of_a_folder_what_transformers_says_and_is_held_to_it() {
    let folder = folder();
    let path = folder.path();
    let golden = fs::read_to_string(clip().join("golden.json")).unwrap();
    let golden: Value = serde_json::from_str(&golden).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    fs::create_dir(path.join("pictures")).unwrap();
    let (mut map, mut texts) = ("image,prompt\n".to_owned(), vec!["prompt"]);
    for (i, case) in cases.iter().enumerate() {
        let side = |at: usize| case["size"][at].as_u64().unwrap() as u32;
        golden_picture(side(0), side(1)).save(path.join(format!("pictures/{i}.png"))).unwrap();
        let text = case["text"].as_str().unwrap();
        map += &format!("{i}.png,{text}\n");
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    fs::write(path.join("map.csv"), map).unwrap();
    fs::write(path.join("mine.csv"), texts.join("\n") + "\n").unwrap();
    let score = ["score", "pictures", "--suite", "mine.csv", "--map", "map.csv", "--out", "scores"];
    refuses(&run(path, &score), "no image could be scored: no ");
    let none: Value = serde_json::from_slice(&fs::read(path.join("scores/scores.json")).unwrap()).unwrap();
    let none = none["scores"].as_array().unwrap();
    assert!(none.iter().all(|line| line["metric"] != "pickscore"), "nobody asked for it: {none:?}");

    let clip = clip();
    let with = [&score[..], &["--pickscore", clip.to_str().unwrap()]].concat();
    mean(&lines(path, &with), "mine/all", "pickscore");
    // Nobody has committed what these weights say: that nothing was compared stands beside the scores, not on the terminal alone.
    let canaries = || {
        let scores: Value = serde_json::from_slice(&fs::read(path.join("scores/scores.json")).unwrap()).unwrap();
        scores["canaries"].clone()
    };
    assert_eq!(canaries(), serde_json::json!({"pickscore": "first use here"}));
    lines(path, &with);
    assert_eq!(canaries(), serde_json::json!({"pickscore": "as at first use here"}));
    let seen = fs::read_to_string(path.join("scores/observations.jsonl")).unwrap();
    let mut compared = 0;
    for seen in seen.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let at: usize = seen["image"].as_str().unwrap().trim_end_matches(".png").parse().unwrap();
        let mut observations = seen["observations"].as_array().unwrap().iter();
        let found = observations.find(|observation| observation["metric"] == "pickscore").unwrap();
        let (got, want) = (found["outcome"]["value"].as_f64().unwrap(), cases[at]["score"].as_f64().unwrap());
        // The scale of this network is 25: 2e-5 of a cosine.
        assert!((got - want).abs() < 5e-4, "{}: {got}, not {want}", cases[at]);
        compared += 1;
    }
    assert_eq!(compared, cases.len());

    // What was said of the canaries at first is stored. Whoever says something else of them later is stopped.
    let records = crate::support::files(&path.join("data/gentron/canaries"));
    let [record] = records.keys().collect::<Vec<_>>()[..] else { panic!("{:?}", records.keys()) };
    let record = path.join("data/gentron/canaries").join(record);
    let mut said: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    for value in said[0]["values"].as_object_mut().unwrap().values_mut() {
        *value = (value.as_f64().unwrap() + 0.5).into();
    }
    fs::write(&record, said.to_string()).unwrap();
    fs::remove_dir_all(path.join("scores")).unwrap();
    refuses(&run(path, &with), "a scorer does not say what it said");
    assert!(!path.join("scores").exists(), "nothing was scored");

    // Where no record can be kept, the scores say that nobody vouches for them. A file in the way stops root, too.
    fs::remove_dir_all(path.join("data/gentron/canaries")).unwrap();
    fs::write(path.join("data/gentron/canaries"), b"").unwrap();
    let scores: Value = serde_json::from_str(&run_well(path, &[&with[..], &["--json"]].concat())).unwrap();
    let why = scores["canaries"]["pickscore"].as_str().unwrap();
    assert!(why.starts_with("its canaries are not kept: "), "{scores}");
}
