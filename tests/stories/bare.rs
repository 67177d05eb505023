//! As a user I score images that another program drew.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{assert_same, files, folder, official, refuses, run, run_well, text};

/// Rendered images of two prompts of each of some categories, in a run's layout.
fn rendered(path: &Path) -> PathBuf {
    let arguments = ["generate", "limits-shapes", "--arm", "truth", "--weights", ".", "--prompts", "2", "--out", "run"];
    run_well(path, &arguments);
    path.join("run/images/truth")
}

fn score(path: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run_well(path, &[&["score"], arguments, &["--json"]].concat())).unwrap()
}

fn line<'a>(scores: &'a Value, group: &str, metric: &str) -> &'a Value {
    let mut lines = scores["scores"].as_array().unwrap().iter();
    lines
        .find(|line| line["group"] == group && line["metric"] == metric)
        .unwrap_or_else(|| panic!("{group} {metric}: {scores}"))
}

/// Files below the folder of scores.
fn written(folder: &Path) -> Vec<String> {
    files(folder).into_keys().collect()
}

#[test]
fn images_under_prompt_ids_are_scored_and_the_missing_withhold_the_mean() {
    let folder = folder();
    let path = folder.path();
    let images = rendered(path);
    // Two of sixty prompts have both their images: the mean is withheld, and bounds say what it can be.
    let scores = score(path, &["run/images/truth", "--suite", "shapes/color", "--bounds", "--out", "scores"]);
    let color = line(&scores, "shapes/color", "b-vqa");
    assert_eq!((&color["mean"], &color["scored"], &color["missing"]), (&Value::Null, &4.into(), &116.into()));
    let bounds: Vec<f64> = color["bounds"].as_array().unwrap().iter().map(|b| b.as_f64().unwrap()).collect();
    assert!((bounds[0] - 4.0 / 120.0).abs() < 1e-12 && (bounds[1] - 1.0).abs() < 1e-12, "{bounds:?}");
    assert_eq!(color["why"]["the image is missing"], 116);
    assert_eq!(written(&path.join("scores")), ["observations.jsonl", "observations.parquet", "scores.json"]);
    let lines = fs::read_to_string(path.join("scores/observations.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 120);

    // Again: nothing is looked at twice, and the files are the same.
    let before = files(&path.join("scores"));
    score(path, &["run/images/truth", "--suite", "shapes/color", "--bounds", "--out", "scores"]);
    assert_same(&before, &files(&path.join("scores")));
    let table = run_well(path, &["score", "run/images/truth", "--suite", "shapes/color"]);
    assert!(table.contains("unscored, 116 of b-vqa: the image is missing"), "{table}");
    assert!(images.join("scores/scores.json").is_file());
}

#[test]
fn a_folder_in_the_official_layout_gets_the_official_files() {
    let folder = folder();
    let path = folder.path();
    let images = rendered(path);
    let prompts: Value = serde_json::from_str(&run_well(path, &["suites", "shapes/color", "--json"])).unwrap();
    fs::create_dir_all(path.join("out/samples")).unwrap();
    let mut chosen = "prompt\n".to_owned();
    let mut number = 0;
    for prompt in prompts.as_array().unwrap() {
        let (id, prompt) = (prompt["id"].as_str().unwrap(), prompt["text"].as_str().unwrap());
        if images.join(id).is_dir() {
            chosen += &format!("{prompt}\n");
            for k in 0..2 {
                let from = images.join(id).join(format!("{k}.png"));
                fs::copy(from, path.join(format!("out/samples/{prompt}_{number:06}.png"))).unwrap();
                number += 1;
            }
        }
    }
    fs::write(path.join("two.csv"), chosen).unwrap();
    let arguments = ["out", "--suite", "two.csv", "--world", "shapes", "--official-files"];
    let scores = score(path, &arguments);
    let line = line(&scores, "two/all", "b-vqa");
    assert_eq!((&line["mean"], &line["scored"], &line["missing"]), (&1.0.into(), &4.into(), &0.into()));
    let official = path.join("out/scores/official/all/annotation_blip");
    assert_eq!(fs::read_to_string(official.join("blip_vqa_score.txt")).unwrap(), "BLIP-VQA score:1.0");
    assert!(
        fs::read_to_string(official.join("vqa_result.json"))
            .unwrap()
            .starts_with("[{\"question_id\": 0, \"answer\": \"1.0000\"}")
    );

    // Without one image there is no average of the scripts.
    let gone = path.join("out/samples").join(first_name(path));
    let kept = fs::read(&gone).unwrap();
    fs::remove_file(&gone).unwrap();
    let partly = run(path, &[&["score"], &arguments[..], &["--out", "partly"]].concat());
    assert_eq!(partly.status.code(), Some(0), "{}", text(&partly.stderr));
    let note = "no official file of all: 1 of its 4 images are missing";
    assert!(text(&partly.stderr).contains(note), "{}", text(&partly.stderr));
    assert!(path.join("partly/scores.json").exists() && !path.join("partly/official").exists());
    fs::write(&gone, kept).unwrap();

    // The same by number and by map.
    fs::create_dir(path.join("numbered")).unwrap();
    let first = fs::read(path.join("out/samples").join(first_name(path))).unwrap();
    fs::write(path.join("numbered/0.png"), &first).unwrap();
    fs::write(path.join("numbered/1.png"), b"no image").unwrap();
    let scores = score(path, &["numbered", "--suite", "two.csv", "--world", "shapes"]);
    let numbered = self::line(&scores, "two/all", "b-vqa");
    assert_eq!((&numbered["scored"], &numbered["missing"]), (&1.into(), &1.into()));
    assert!(numbered["why"].to_string().contains("the image cannot be read"), "{numbered}");
    let two = fs::read_to_string(path.join("two.csv")).unwrap();
    let map = format!("image,prompt\n0.png,{}\n", two.lines().nth(1).unwrap());
    fs::write(path.join("map.csv"), map).unwrap();
    let scores = score(path, &["numbered", "--suite", "two.csv", "--world", "shapes", "--map", "map.csv"]);
    assert_eq!(self::line(&scores, "two/all", "b-vqa")["scored"], 1);
}

fn first_name(path: &Path) -> String {
    let names = files(&path.join("out/samples")).into_keys();
    names.into_iter().find(|name| name.ends_with("_000000.png")).unwrap()
}

#[test]
fn official_prompts_are_scored_by_what_the_user_has() {
    let Some(suites) = official() else { return };
    let folder = folder();
    let path = folder.path();
    let prompts = run_well(path, &["suites", "t2i-compbench/spatial", "--json", "--suites", suites.to_str().unwrap()]);
    let prompts: Value = serde_json::from_str(&prompts).unwrap();
    let prompt =
        &prompts.as_array().unwrap().iter().find(|p| p["annotation"]["relation"]["kind"] == "left_of").unwrap();
    let (subject, object) = (&prompt["annotation"]["relation"]["subject"], &prompt["annotation"]["relation"]["object"]);
    let name = format!("{}_000000.png", prompt["text"].as_str().unwrap());
    fs::create_dir_all(path.join("out/samples")).unwrap();
    image::RgbImage::new(100, 100).save(path.join("out/samples").join(&name)).unwrap();
    let boxes = serde_json::json!({"detector": "my-detector", "frame": [100, 100], "images": [{"image": name, "detections": [
        {"label": subject, "score": 0.9, "box": [5.0, 40.0, 25.0, 60.0]},
        {"label": object, "score": 0.8, "box": [70.0, 40.0, 90.0, 60.0]},
    ]}]});
    fs::write(path.join("boxes.json"), boxes.to_string()).unwrap();
    let suite = ["out", "--suite", "t2i-compbench/spatial", "--suites", suites.to_str().unwrap()];
    let scores = score(path, &[&suite[..], &["--detections", "boxes.json", "--bounds"]].concat());
    let found = line(&scores, "t2i-compbench/spatial", "unidet-2d@my-detector");
    assert_eq!((&found["scored"], &found["missing"]), (&1.into(), &299.into()), "{found}");
    assert!(found["bounds"][0].as_f64().unwrap() > 0.0, "{found}");
    assert_eq!(scores["scorers"][0]["name"], "my-detector, from a file");
    let without = score(path, &suite);
    let why = &line(&without, "t2i-compbench/spatial", "unidet-2d")["why"];
    assert!(why.to_string().contains("no detections: name a file"), "{why}");
}

#[test]
fn folders_that_cannot_be_meant() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("empty")).unwrap();
    fs::create_dir(path.join("odd")).unwrap();
    image::RgbImage::new(8, 8).save(path.join("odd/99999.png")).unwrap();
    fs::write(path.join("map.csv"), "image,prompt\nnot-there.png,a red circle\n").unwrap();
    for (arguments, what) in [
        (&["score", "nowhere", "--suite", "shapes"][..], "no folder nowhere"),
        (&["score", "empty", "--suite", "shapes"], "no image in empty is of a prompt of the suite"),
        (&["score", "odd", "--suite", "shapes"], "(there is 99999.png)"),
        (&["score", "odd", "--suite", "shapes", "--map", "map.csv"], "map.csv names not-there.png"),
        (&["score", "odd", "--suite", "shapes", "--map", "nowhere.csv"], "cannot read the map nowhere.csv"),
        (&["score", "odd", "--suite", "parti"], "the suite parti is not here"),
        (&["score", "odd", "--bounds"], "--suite <SUITE>"),
    ] {
        refuses(&run(path, arguments), what);
    }
    image::RgbImage::new(8, 8).save(path.join("odd/0.png")).unwrap();
    let output = run(path, &["score", "odd", "--suite", "shapes", "--official-files"]);
    refuses(&output, "official files are of folders in the official layout alone");
    assert!(!text(&output.stdout).contains("official file:"));
}
