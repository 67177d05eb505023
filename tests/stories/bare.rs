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
    // Without any score it was hardly meant so: an error, though all is written.
    let output = run(path, &[&["score"], &suite[..]].concat());
    refuses(&output, "no image could be scored: no detections: name a file");
    let written = fs::read_to_string(path.join("out/scores/scores.json")).unwrap();
    let without: Value = serde_json::from_str(&written).unwrap();
    let why = &line(&without, "t2i-compbench/spatial", "unidet-2d")["why"];
    assert!(why.to_string().contains("no detections: name a file"), "{why}");
    assert_eq!(without["canaries"], serde_json::json!({}));
}

/// The prompts of an official category.
fn prompts(path: &Path, category: &str, suites: &str) -> Vec<Value> {
    let suite = format!("t2i-compbench/{category}");
    let listed: Value =
        serde_json::from_str(&run_well(path, &["suites", &suite, "--json", "--suites", suites])).unwrap();
    listed.as_array().unwrap().clone()
}

#[test]
fn boxes_of_one_picture_do_not_score_others_that_are_called_alike() {
    let Some(suites) = official() else { return };
    let suites = suites.to_str().unwrap();
    let folder = folder();
    let path = folder.path();
    let prompts = prompts(path, "spatial", suites);
    let prompt = prompts.iter().find(|p| p["annotation"]["relation"]["kind"] == "left_of").unwrap();
    let id = |prompt: &Value| prompt["id"].as_str().unwrap().to_owned();
    let others = prompts.iter().filter(|other| id(other) != id(prompt)).take(2);
    for prompt in others.chain([prompt]) {
        fs::create_dir_all(path.join("byid").join(id(prompt))).unwrap();
        image::RgbImage::new(100, 100).save(path.join("byid").join(id(prompt)).join("0.png")).unwrap();
    }
    let (subject, object) = (&prompt["annotation"]["relation"]["subject"], &prompt["annotation"]["relation"]["object"]);
    let boxes = |image: &str| {
        let boxes = serde_json::json!({"detector": "my-detector", "frame": [100, 100], "images": [{"image": image, "detections": [
            {"label": subject, "score": 0.9, "box": [5.0, 40.0, 25.0, 60.0]},
            {"label": object, "score": 0.8, "box": [70.0, 40.0, 90.0, 60.0]},
        ]}]});
        fs::write(path.join("boxes.json"), boxes.to_string()).unwrap();
    };
    let arguments = ["byid", "--suite", "t2i-compbench/spatial", "--suites", suites, "--detections", "boxes.json"];
    boxes("0.png");
    let why = "boxes.json: \"0.png\" may be any of several images: `image` must be the path within the folder";
    refuses(&run(path, &[&["score"], &arguments[..]].concat()), why);
    boxes(&format!("{}/0.png", id(prompt)));
    let scores = score(path, &arguments);
    let found = line(&scores, "t2i-compbench/spatial", "unidet-2d@my-detector");
    let undetected =
        found["why"].as_object().unwrap().keys().filter(|why| why.contains("boxes.json has no image")).count();
    assert_eq!((&found["scored"], undetected), (&1.into(), 2), "{found}");
}

#[test]
fn depth_maps_are_in_the_scores_name_and_a_change_of_them_is_seen() {
    let Some(suites) = official() else { return };
    let suites = suites.to_str().unwrap();
    let folder = folder();
    let path = folder.path();
    let prompts = prompts(path, "3d_spatial", suites);
    let prompt = prompts.iter().find(|prompt| prompt["text"] == "a dog in front of a desk").unwrap();
    let name = format!("{}/0.png", prompt["id"].as_str().unwrap());
    fs::create_dir_all(path.join("byid").join(&name).parent().unwrap()).unwrap();
    image::RgbImage::new(100, 100).save(path.join("byid").join(&name)).unwrap();
    fs::create_dir(path.join("depth")).unwrap();
    // Officially rows of the map are cut by x.
    let depth = |nearness: fn(u8) -> u8| {
        let map = image::GrayImage::from_fn(100, 100, |_, y| image::Luma([nearness(y as u8)]));
        map.save(path.join("depth/0.png")).unwrap();
    };
    let boxes = |detector: &str, model: Option<&str>| {
        let mut boxes = serde_json::json!({"detector": detector, "frame": [100, 100], "images": [
            {"image": name, "depth": "depth/0.png", "detections": [
                {"label": "dog", "score": 0.9, "box": [0.0, 0.0, 60.0, 100.0]},
                {"label": "desk", "score": 0.8, "box": [40.0, 0.0, 100.0, 100.0]}]}]});
        if let Some(model) = model {
            boxes["depth_model"] = model.into();
        }
        fs::write(path.join("boxes.json"), boxes.to_string()).unwrap();
    };
    let arguments = ["byid", "--suite", "t2i-compbench/3d_spatial", "--suites", suites, "--detections", "boxes.json"];
    let value = |metric: &str| {
        score(path, &arguments);
        let seen = fs::read_to_string(path.join("byid/scores/observations.jsonl")).unwrap();
        let mut seen = seen.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let seen = seen.find(|seen| !seen["image"].is_null()).unwrap();
        let mut observations = seen["observations"].as_array().unwrap().iter();
        let found = observations.find(|observation| observation["metric"] == metric);
        found.unwrap_or_else(|| panic!("{metric}: {seen}"))["outcome"]["value"].as_f64().unwrap()
    };
    boxes("my-detector", None);
    depth(|y| 255 - 2 * y);
    assert!((value("unidet-3d@my-detector+depth-unstated") - (0.25 * 1.7 + 0.5 * 0.4)).abs() < 1e-5);
    depth(|y| 2 * y);
    assert!((value("unidet-3d@my-detector+depth-unstated") - 0.25 * 1.7).abs() < 1e-5, "the map has changed");
    for (detector, model, named) in [
        ("my-detector", Some("dpt-hybrid"), "unidet-3d@my-detector"),
        ("unidet-r50", Some("zoe"), "unidet-3d@zoe"),
        ("unidet-r50", None, "unidet-3d@depth-unstated"),
        ("unidet-r50", Some("dpt-hybrid"), "unidet-3d"),
    ] {
        boxes(detector, model);
        value(named);
    }
}

#[test]
fn an_official_folder_that_lacks_an_image_says_which_by_the_numbers() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("two.csv"), "prompt\na red circle\na blue square\n").unwrap();
    fs::create_dir_all(path.join("out/samples")).unwrap();
    let picture = |name: &str| {
        image::RgbImage::from_pixel(64, 64, image::Rgb([200, 10, 10]))
            .save(path.join("out/samples").join(name))
            .unwrap();
    };
    let missing = || {
        score(path, &["out", "--suite", "two.csv", "--world", "shapes"]);
        let seen = fs::read_to_string(path.join("out/scores/observations.jsonl")).unwrap();
        let seen = seen.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let missing = seen.filter(|seen| seen["image"].is_null());
        missing
            .map(|seen| (seen["prompt"].clone(), seen["k"].clone(), seen["observations"].to_string()))
            .collect::<Vec<_>>()
    };
    for name in ["a red circle_000001", "a blue square_000002", "a blue square_000003"] {
        picture(&format!("{name}.png"));
    }
    let gone = missing();
    let [(prompt, k, why)] = &gone[..] else { panic!("{gone:?}") };
    assert_eq!((prompt, k), (&"a red circle".into(), &0.into()));
    assert!(why.contains("the image is missing"), "{why}");
    // Numbered otherwise, nobody can know which: it is said how many.
    fs::rename(path.join("out/samples/a blue square_000003.png"), path.join("out/samples/a blue square_000017.png"))
        .unwrap();
    let gone = missing();
    let [(prompt, _, why)] = &gone[..] else { panic!("{gone:?}") };
    assert_eq!(prompt, "a red circle");
    assert!(why.contains("the prompt has 1 of 2 images"), "{why}");
}

#[test]
fn prompts_that_a_score_cannot_be_asked_of_are_counted_and_do_not_withhold_the_mean() {
    let Some(suites) = official() else { return };
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("out")).unwrap();
    for index in 0..300 {
        image::RgbImage::new(8, 8).save(path.join(format!("out/{index}.png"))).unwrap();
    }
    let image = |index| serde_json::json!({"image": format!("{index}.png"), "detections": []});
    let images: Vec<Value> = (0..300).map(image).collect();
    let boxes = serde_json::json!({"detector": "unidet-rs200", "frame": [8, 8], "images": images});
    fs::write(path.join("boxes.json"), boxes.to_string()).unwrap();
    let arguments = |category: &str, out: &str| {
        let suite = format!("t2i-compbench/{category}");
        let words = [
            "out",
            "--suite",
            &suite,
            "--suites",
            suites.to_str().unwrap(),
            "--detections",
            "boxes.json",
            "--out",
            out,
        ];
        words.map(str::to_owned)
    };
    let scored = |category: &str| {
        let arguments = arguments(category, "scores");
        score(path, &arguments.each_ref().map(String::as_str))
    };
    let sum = |line: &Value| -> u64 {
        let reasons = line["outside"].as_object();
        reasons.map_or(0, |reasons| reasons.values().map(|count| count.as_u64().unwrap()).sum())
    };
    // UniDet has no class for a wallet, which officially is a 0.
    let (spatial, complex) = (scored("spatial"), scored("complex"));
    for (scores, category, metric, asked) in [
        (&spatial, "spatial", "unidet-2d", 300),
        (&spatial, "spatial", "unidet-2d-fixed", 282),
        (&complex, "complex", "unidet-2d", 300),
        (&complex, "complex", "unidet-2d-fixed", 51),
    ] {
        let line = line(scores, &format!("t2i-compbench/{category}"), metric);
        assert_eq!(
            (&line["mean"], &line["scored"], &line["missing"]),
            (&0.0.into(), &asked.into(), &0.into()),
            "{line}"
        );
        assert_eq!(sum(line), 300 - asked, "{line}");
    }
    let fixed = line(&spatial, "t2i-compbench/spatial", "unidet-2d-fixed");
    assert_eq!(fixed["outside"]["unidet-rs200 has no class for \"wallet\""], 18);
    // A network that is not here is another matter: nobody knows that mean.
    let three = line(&complex, "t2i-compbench/complex", "3-in-1-fixed");
    assert_eq!((&three["mean"], &three["missing"], sum(three)), (&Value::Null, &300.into(), 0), "{three}");
    let words = arguments("spatial", "scores");
    let table = run_well(path, &[&["score"][..], &words.each_ref().map(String::as_str)].concat());
    let said = "outside the score and its mean, 18 of unidet-2d-fixed: unidet-rs200 has no class for \"wallet\"";
    assert!(table.contains(said), "{table}");
    // A missing image withholds the mean as ever, but for a score that could not have been asked of it: the last prompt has a wallet.
    let mean = |scores: &Value, metric: &str| line(scores, "t2i-compbench/spatial", metric)["mean"].clone();
    fs::remove_file(path.join("out/299.png")).unwrap();
    let gap = scored("spatial");
    assert_eq!((mean(&gap, "unidet-2d"), mean(&gap, "unidet-2d-fixed")), (Value::Null, 0.0.into()));
    fs::remove_file(path.join("out/0.png")).unwrap();
    assert_eq!(mean(&scored("spatial"), "unidet-2d-fixed"), Value::Null);
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
        (&["score", "odd", "--suite", "shapes"], "99999.png is of prompt 99999; there are "),
        (&["score", "odd", "--suite", "shapes", "--map", "map.csv"], "map.csv names not-there.png"),
        (&["score", "odd", "--suite", "shapes", "--map", "nowhere.csv"], "cannot read the map nowhere.csv"),
        (&["score", "odd", "--suite", "parti"], "the suite parti is not here"),
        (&["score", "odd", "--bounds"], "--suite <SUITE>"),
    ] {
        refuses(&run(path, arguments), what);
    }
    // One that could be of a prompt is none of it beside one that cannot: they were drawn for more prompts than are named.
    image::RgbImage::new(8, 8).save(path.join("odd/0.png")).unwrap();
    let output = run(path, &["score", "odd", "--suite", "shapes"]);
    refuses(&output, "99999.png is of prompt 99999; there are ");
    let hint = "hint: <index>.png counts the prompts that are asked for";
    assert!(text(&output.stderr).contains(hint), "{}", text(&output.stderr));
    assert!(!path.join("odd/scores").exists(), "nothing was scored");
    fs::remove_file(path.join("odd/99999.png")).unwrap();
    let output = run(path, &["score", "odd", "--suite", "shapes", "--official-files"]);
    refuses(&output, "official files are of folders in the official layout alone");
    assert!(!text(&output.stdout).contains("official file:"));
}
