//! As a user I compare a folder as a whole with a set of reference images, and learn which scorers I lack.

use std::path::Path;

use serde_json::Value;

use crate::support::{assert_same, files, folder, refuses, run, run_well, text, weights};

/// Two arms of pictures of the same prompts: what was asked for, and what is left of it after the autoencoder.
fn pictures(path: &Path) {
    let prompts = ["--prompts", "2", "--images", "1", "--category", "color", "--category", "numeracy"];
    let truth = ["generate", "limits-shapes", "--weights", ".", "--out", "run"];
    run_well(path, &[&truth[..], &prompts[..]].concat());
}

fn compared(path: &Path, arm: &str, reference: &str) -> Value {
    let clip = weights().join("clip-shapes");
    let folder = format!("run/images/{arm}");
    let arguments = ["score", &folder, "--suite", "shapes", "--out", "scores", "--json"];
    let others = ["--clip", clip.to_str().unwrap(), "--reference", reference];
    let scores: Value = serde_json::from_str(&run_well(path, &[&arguments[..], &others[..]].concat())).unwrap();
    scores["distances"].clone()
}

#[test]
fn a_folder_is_no_distance_from_itself_and_some_from_another() {
    let folder = folder();
    let path = folder.path();
    pictures(path);
    let arms: Vec<String> = std::fs::read_dir(path.join("run/images"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let [one, other] =
        [arms.iter().find(|arm| *arm == "truth").unwrap(), arms.iter().find(|arm| *arm != "truth").unwrap()];
    let same = compared(path, one, &format!("run/images/{one}"));
    let apart = compared(path, one, &format!("run/images/{other}"));
    for (index, name) in ["FD-CLIP-4@clip-shapes", "CMMD-4@clip-shapes"].into_iter().enumerate() {
        assert_eq!((same[index]["name"].as_str(), apart[index]["name"].as_str()), (Some(name), Some(name)));
        let value = |distances: &Value| distances[index]["value"].as_f64().unwrap();
        assert!(value(&same).abs() < 1e-6, "{same}");
        assert!(value(&apart) > 1e-3, "{apart}");
        assert_eq!(apart[index]["reference_images"], 4);
        assert_eq!(apart[index]["sha256"].as_str().unwrap().len(), same[index]["sha256"].as_str().unwrap().len());
    }
    assert!(files(&path.join("scores")).contains_key("scores.json"));

    // What was embedded is kept: the same again embeds no picture and says the same.
    let kept = files(&path.join("scores/features"));
    assert_eq!(kept.len(), 1, "{:?}", kept.keys());
    assert_eq!(compared(path, one, &format!("run/images/{other}")), apart);
    assert_same(&kept, &files(&path.join("scores/features")));
}

#[test]
fn a_reference_that_cannot_be_meant_is_refused() {
    let folder = folder();
    let path = folder.path();
    pictures(path);
    std::fs::create_dir(path.join("empty")).unwrap();
    std::fs::write(path.join("not.npz"), b"no zip").unwrap();
    for (reference, what) in [
        ("empty", "no PNG image in empty"),
        ("nowhere", "cannot read the reference nowhere"),
        ("not.npz", "cannot read the reference not.npz"),
        ("run/images/truth", "no network to compare images with"),
    ] {
        let arguments =
            ["score", "run/images/truth", "--suite", "shapes/color", "--out", "s", "--reference", reference];
        refuses(&run(path, &arguments), what);
    }
    std::fs::write(path.join("inception.pth"), b"no weights").unwrap();
    let arguments =
        ["score", "run/images/truth", "--suite", "shapes/color", "--out", "s", "--reference", "run/images/truth"];
    refuses(&run(path, &[&arguments[..], &["--inception", "inception.pth"]].concat()), "cannot load Inception");
}

#[test]
fn the_doctor_says_of_every_scorer_where_it_looked_and_what_brings_it() {
    let empty = folder();
    let weights = weights();
    let output = run(empty.path(), &["doctor", "--json", "--weights", weights.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "scorers of photographs may be absent: {}", text(&output.stdout));
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let scorers: Vec<&Value> =
        findings.as_array().unwrap().iter().filter(|f| f["what"].as_str().unwrap().starts_with("scorer ")).collect();
    assert_eq!(scorers.len(), 9, "{findings}");
    for scorer in scorers {
        assert_eq!((&scorer["well"], &scorer["optional"]), (&false.into(), &true.into()), "{scorer}");
        let looked = empty.path().join("data/gentron/scorers");
        assert!(scorer["found"].as_str().unwrap().contains(looked.to_str().unwrap()), "{scorer}");
        assert!(scorer["hint"].as_str().unwrap().contains("https://"), "{scorer}");
    }
    // What lies there is found, by its names alone.
    let place = empty.path().join("data/gentron/scorers/inception");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("pt_inception-2015-12-05-6726825d.pth"), b"").unwrap();
    let said = run_well(empty.path(), &["doctor", "--weights", weights.to_str().unwrap()]);
    let line = said.lines().find(|line| line.contains("scorer inception")).unwrap();
    assert!(line.starts_with("ok") && line.contains("the data folder"), "{said}");
}

#[test]
fn weights_of_detectors_and_depth_that_are_not_those_are_refused() {
    let folder = folder();
    let path = folder.path();
    image::RgbImage::new(16, 16).save(path.join("0.png")).unwrap();
    std::fs::write(path.join("mine.csv"), "prompt\na cat in front of a dog\n").unwrap();
    std::fs::write(path.join("odd.pth"), b"no weights").unwrap();
    for (option, name) in [
        ("--unidet-r50", "Unified_learned_OCIM_R50_6x+2x.pth"),
        ("--unidet-rs200", "Unified_learned_OCIM_RS200_6x+2x.pth"),
        ("--depth", "dpt_hybrid-midas-501f0c75.pt"),
    ] {
        let score = |weights: &str| run(path, &["score", ".", "--suite", "mine.csv", "--out", "s", option, weights]);
        refuses(&score("nowhere"), &format!("missing weights: no {name}"));
        refuses(&score("odd.pth"), "cannot load odd.pth");
    }
}

#[test]
fn every_metric_and_distance_says_what_chance_scores() {
    let folder = folder();
    let metrics: Value = serde_json::from_str(&run_well(folder.path(), &["metrics", "--json"])).unwrap();
    let metrics = metrics.as_array().unwrap();
    assert!(metrics.iter().all(|card| !card["chance"].as_str().unwrap().is_empty()));
    for id in ["FID", "FD-CLIP", "CMMD", "b-vqa"] {
        assert!(metrics.iter().any(|card| card["id"] == id), "{id}");
        let said = run_well(folder.path(), &["metrics", id]);
        for word in ["formula", "chance", "known problems", "reference"] {
            assert!(said.contains(word), "{word} is missing in {said}");
        }
    }
}
