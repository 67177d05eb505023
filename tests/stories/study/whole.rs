//! From freezing to the result.

use std::collections::BTreeSet;
use std::path::Path;

use super::nasty::of_folders;
use super::served::{Served, frozen, verify};
use super::wire::{Answer, ask, field, get, join, post, vote};
use crate::support::{folder, official, refuses, run, run_well, weights};

#[test]
pub fn a_study_goes_from_freezing_to_its_result_and_names_no_arm_on_the_way() {
    let root = folder();
    let study = frozen(root.path(), &[]);
    let path = study.to_str().unwrap();
    let design: serde_json::Value = serde_json::from_slice(&std::fs::read(study.join("study.json")).unwrap()).unwrap();
    let arms: Vec<&str> = design["arms"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|arm| [arm["id"].as_str().unwrap(), arm["label"].as_str().unwrap()])
        .collect();
    let audited =
        run_well(root.path(), &["study", "audit", path, "--clip", weights().join("clip-shapes").to_str().unwrap()]);
    assert!(audited.contains("blind") && !audited.contains("LEAK"), "{audited}");
    assert!(audited.contains("colour, sharpness") && audited.contains("embedding"), "{audited}");

    let served = Served::of(&study);
    for _ in 0..3 {
        let link = join(&served.form).unwrap();
        let (mut seen, mut again) = (BTreeSet::new(), 0);
        loop {
            let page = get(&served.form, &link);
            let html = page.text();
            for arm in &arms {
                assert!(!html.contains(&format!(">{arm}<")) && !page.head.contains(arm), "{arm} shows in {html}");
            }
            assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
            let Some(ticket) = field(&html, "ticket") else { break };
            again += usize::from(!seen.insert(field(&html, "prompt").unwrap()));
            let pictures =
                ["one", "two"].map(|side| get(&served.form, &format!("{link}/p/{}", field(&html, side).unwrap())));
            let strip = |answer: &Answer| {
                answer.head.lines().filter(|line| !line.starts_with("date")).collect::<Vec<_>>().join("\n")
            };
            assert_eq!(strip(&pictures[0]), strip(&pictures[1]), "headers tell pictures apart");
            assert_eq!(pictures[0].body.len(), pictures[1].body.len());
            for tell in ["etag", "last-modified", "content-disposition"] {
                assert!(!pictures[0].head.to_lowercase().contains(tell));
            }
            let saved =
                post(&served.form, &format!("{link}/vote"), &format!("ticket={ticket}&quality=left&alignment=right"))
                    .unwrap();
            assert_eq!(saved.status, 303);
        }
        // Every tenth pair is gold, and may be an earlier one mirrored; all others are of prompts not seen before.
        assert!(seen.len() >= 20 && again <= (seen.len() + again) / 10, "{again} of {} again", seen.len());
        assert!(get(&served.form, &link).text().contains("Thank you"));
    }
    // The last answer is taken back, given otherwise, and the chain holds both.
    let link = join(&served.form).unwrap();
    let first = vote(&served.form, &link).unwrap();
    assert_eq!(post(&served.form, &format!("{link}/undo"), "").unwrap().status, 303);
    assert_eq!(field(&get(&served.form, &link).text(), "ticket").unwrap(), first);
    let again =
        post(&served.form, &format!("{link}/vote"), &format!("ticket={first}&quality=right&alignment=right")).unwrap();
    assert_eq!(again.status, 303);

    // The operator closes; no vote comes any more, and the result has names.
    let (operator, key) = served.operator.split_once("/enter?key=").unwrap();
    assert_eq!(get(operator, "/").status, 404, "no key, no page");
    assert_eq!(get(operator, "/enter?key=00000000000000000000000000000000").status, 404);
    let cookie = format!("cookie: operator={key}\r\n");
    let page = ask(operator, "GET", "/", &cookie, "").unwrap().text();
    assert!(page.contains("Under way") && arms.iter().all(|arm| !page.contains(&format!("{arm} against"))), "{page}");
    assert_eq!(get(&served.form, "/enter").status, 404, "the form's address has no operator");
    assert_eq!(ask(operator, "POST", "/close", &cookie, "").unwrap().status, 303);
    assert!(get(&served.form, &link).text().contains("has ended"));
    drop(served);

    assert!(verify(&study).contains("whole"));
    let said = run_well(root.path(), &["votes", "analyse", path]);
    assert!(said.starts_with("SIMULATED"), "{said}");
    let csv = run_well(root.path(), &["votes", "export", path]);
    assert!(csv.lines().count() > 3 && csv.contains("pair"), "{csv}");
    let battles = run_well(root.path(), &["votes", "export", path, "--format", "battles"]);
    assert!(battles.contains("\"winner\":\"model_a\""), "{battles}");
    let table = root.path().join("votes.parquet");
    run_well(root.path(), &["votes", "export", path, "--format", "parquet", "--out", table.to_str().unwrap()]);
    let bytes = std::fs::read(table).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    refuses(&run(root.path(), &["votes", "export", path, "--format", "parquet"]), "terminal");
}

/// Answers every pair that a rater gets: the true picture, of the second arm, follows the text better, but for every fifth vote.
fn knows_the_truth(address: &str, study: &Path, design: &serde_json::Value) {
    let link = join(address).unwrap();
    let mut turn = 0;
    while let Some(ticket) = field(&get(address, &link).text(), "ticket") {
        let lines = std::fs::read_to_string(study.join("votes.jsonl")).unwrap();
        let event = lines.lines().rev().find(|line| line.contains(&ticket)).unwrap();
        let event = &serde_json::from_str::<serde_json::Value>(event).unwrap()["event"];
        let item = &design["items"][event["shown"]["item"].as_u64().unwrap() as usize];
        assert_eq!(item["arms"], serde_json::json!([0, 1]));
        let left = event["swapped"].as_bool().unwrap() != (turn % 5 == 4);
        let body = format!("ticket={ticket}&quality=tie&alignment={}", if left { "left" } else { "right" });
        assert_eq!(post(address, &format!("{link}/vote"), &body).unwrap().status, 303);
        turn += 1;
    }
}

#[test]
pub fn votes_of_a_closed_study_flow_into_the_report_of_the_run() {
    let root = folder();
    let study = frozen(root.path(), &["--gold-every", "0"]);
    let (path, run_path) = (study.to_str().unwrap(), root.path().join("run"));
    let run_path = run_path.to_str().unwrap();
    run_well(root.path(), &["score", run_path, "--quiet"]);
    let design: serde_json::Value = serde_json::from_slice(&std::fs::read(study.join("study.json")).unwrap()).unwrap();
    assert_eq!(design["arms"][1]["id"], "truth");
    let served = Served::of(&study);
    (0..4).for_each(|_| knows_the_truth(&served.form, &study, &design));
    drop(served);
    refuses(&run(root.path(), &["report", run_path, "--votes", path]), "not closed");
    run_well(root.path(), &["study", "close", path]);
    run_well(root.path(), &["report", run_path, "--votes", path, "--quiet"]);

    let html = std::fs::read_to_string(Path::new(run_path).join("report.html")).unwrap();
    for words in
        ["What people prefer", "Simulated study", "GenTron 51.1 %, tie 19.8 %, SDXL 29.1 %", "Another person agrees"]
    {
        assert!(html.contains(words), "no {words:?} in the report");
    }
    let json = std::fs::read(Path::new(run_path).join("analysis.json")).unwrap();
    let people = &serde_json::from_slice::<serde_json::Value>(&json).unwrap()["people"][0];
    let pairs = people["preference"]["pairs"].as_array().unwrap();
    let alignment = pairs.iter().find(|pair| pair["question"] == "alignment").unwrap();
    let share = alignment["all"]["losses"].as_u64().unwrap() as f64 / 96.0;
    assert!((share - 0.8).abs() < 0.05, "{share}");
    assert_eq!(alignment["prompts"][0]["images"].as_array().unwrap().iter().filter(|path| path.is_string()).count(), 2);
    // Where the metric of a category knows the truth, it agrees with four votes of five; and nobody said anything of quality.
    let of = |category: &str| {
        let found = people["trust"].as_array().unwrap().iter().find(|trust| {
            trust["category"] == category && trust["question"] == "alignment" && trust["metric"] == "b-vqa"
        });
        found.map(|trust| (trust["agreement"]["share"].as_f64().unwrap(), trust["ceiling"]["share"].as_f64().unwrap()))
    };
    let (agrees, ceiling) = of("color").unwrap_or_else(|| panic!("{}", people["trust"]));
    assert!(agrees > 0.6 && ceiling > 0.5, "{agrees} {ceiling}");
    assert!(people["trust"].as_array().unwrap().iter().all(|trust| trust["question"] != "quality"));
    // What the report says follows from the run's folder alone, and says the same again.
    let checks = run_well(root.path(), &["report", run_path, "--verify"]);
    assert!(!checks.contains("DIFFERS"), "{checks}");
}

/// Clips, whether side by side or animated, are shown as animated PNG of one length, and nothing but their pixels differs.
#[test]
fn clips_are_frozen_frame_by_frame() {
    let root = folder();
    let prompts: Vec<String> = ["a disc rises", "a disc falls"].map(str::to_owned).into();
    let study = of_folders(root.path(), &prompts, &["--frames", "4", "--fps", "6"]);
    let design: serde_json::Value = serde_json::from_slice(&std::fs::read(study.join("study.json")).unwrap()).unwrap();
    assert_eq!(design["clip"], serde_json::json!({ "frames": 4, "fps": 6 }));
    assert_eq!(design["size"], serde_json::json!([24, 64]), "a fourth of the width");
    let said = run_well(root.path(), &["study", "audit", study.to_str().unwrap()]);
    assert!(!said.contains("LEAK") && said.contains("IHDR acTL fcTL IDAT fcTL fdAT"), "{said}");
    // A frozen clip is itself a source: an animated PNG.
    for name in ["ours", "theirs"] {
        let picture = design["pictures"].as_array().unwrap().iter().find(|picture| picture["arm"] == 0).unwrap();
        let file = study.join("pictures").join(picture["file"].as_str().unwrap());
        for at in 0..2 {
            std::fs::copy(&file, root.path().join(name).join(format!("{at}.png"))).unwrap();
        }
    }
    let arms = format!("a={},b={}", root.path().join("ours").display(), root.path().join("theirs").display());
    let again = root.path().join("again");
    let suite = root.path().join("nasty.csv");
    run_well(
        root.path(),
        &["study", "new", again.to_str().unwrap(), "--arms", &arms, "--prompts", suite.to_str().unwrap()],
    );
    let design: serde_json::Value = serde_json::from_slice(&std::fs::read(again.join("study.json")).unwrap()).unwrap();
    assert_eq!(design["clip"]["frames"], 4);
}

/// A hundred official prompts, drawn by others into two folders.
#[test]
pub fn a_hundred_of_partiprompts_are_asked_from_bare_folders() {
    let Some(official) = official() else { return };
    let root = folder();
    let official = official.to_str().unwrap();
    let listed = run_well(root.path(), &["suites", "parti:100", "--suites", official, "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let ids: Vec<&str> = listed.as_array().unwrap().iter().map(|prompt| prompt["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 100);
    for (name, blue) in [("ours", 40), ("theirs", 200)] {
        for (at, id) in ids.iter().enumerate() {
            let folder = root.path().join(name).join(id);
            std::fs::create_dir_all(&folder).unwrap();
            let image =
                image::RgbImage::from_fn(24, 24, |x, y| image::Rgb([(x * 9) as u8, (y as usize + at) as u8, blue]));
            image.save(folder.join("0.png")).unwrap();
        }
    }
    let study = root.path().join("study");
    let path = study.to_str().unwrap();
    let new =
        ["study", "new", path, "--arms", "ours=ours,theirs=theirs", "--prompts", "parti:100", "--suites", official];
    let said = run_well(root.path(), &[&new[..], &["--votes-per-pair", "30", "--open", "--simulated"]].concat());
    assert!(said.contains("2 arms, 100 prompts, 100 pairs, 3000 votes"), "{said}");
    // Blue gives them away, and the attack says so.
    let audit: serde_json::Value =
        serde_json::from_str(&run_well(root.path(), &["study", "audit", path, "--json"])).unwrap();
    assert_eq!((&audit["lengths"], &audit["leaks"][0]["accuracy"]), (&1.into(), &1.0.into()));
    let served = Served::of(&study);
    let link = join(&served.form).unwrap();
    let mut votes = 0;
    while vote(&served.form, &link).is_some() {
        votes += 1;
    }
    assert_eq!(votes, 50, "a rater's share");
    drop(served);
    run_well(root.path(), &["study", "close", path]);
    assert!(verify(&study).contains("whole"));
    assert!(run_well(root.path(), &["votes", "analyse", path]).starts_with("SIMULATED"));
}
