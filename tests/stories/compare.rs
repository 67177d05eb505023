//! As somebody who changed something I compare the run after with the run before, and let CI fail if it got worse; as a reader I check
//! that a run is what it says, and take its numbers into a paper.

use std::fs;

use serde_json::Value;

use crate::support::{files, folder, refuses, run, run_well, text};

/// Two arms without weights, `truth` and `chance`; `name` is drawn by `generator`.
fn recipe(generator: &str, seed: u32) -> String {
    format!(
        r#"
        name = "compared"
        seed = {seed}
        images_per_prompt = 2
        baseline = "chance"
        [[suites]]
        id = "shapes"
        categories = ["color", "shape"]
        prompts_per_category = 12
        [[arms]]
        name = "chance"
        generator = "shuffled-truth"
        [[arms]]
        name = "drawn"
        generator = "{generator}"
        "#
    )
}

#[test]
fn a_run_that_got_worse_fails_the_gate_and_the_same_run_does_not() {
    let folder = folder();
    for (name, generator, seed) in
        [("good", "ground-truth", 3), ("bad", "shuffled-truth", 3), ("other", "ground-truth", 4)]
    {
        fs::write(folder.path().join(format!("{name}.toml")), recipe(generator, seed)).unwrap();
        run_well(folder.path(), &["ablate", &format!("{name}.toml"), "--weights", ".", "--out", name]);
    }
    let gate = ["--fail-if", "drawn:color < -0.02", "--fail-if", "mean < -0.5"];
    let worse = run(folder.path(), &[&["compare", "good", "bad", "--json"][..], &gate].concat());
    assert_eq!(worse.status.code(), Some(1), "{}", text(&worse.stderr));
    let said: Value = serde_json::from_slice(&worse.stdout).unwrap();
    assert_eq!(
        (said["gates"][0]["failed"].as_bool(), said["comparison"]["paired_by"].as_str()),
        (Some(true), Some("noise"))
    );
    let changes = said["comparison"]["changes"].as_array().unwrap();
    let of = |arm: &str| changes.iter().find(|c| c["arm"] == arm && c["category"] == "color").unwrap();
    assert_eq!(of("drawn")["word"], "worse");
    assert_eq!(of("chance")["difference"], 0.0, "the same noise gives the same images");

    let same = run(folder.path(), &[&["compare", "good", "good"][..], &gate].concat());
    assert_eq!(same.status.code(), Some(0), "{}", text(&same.stdout));
    let reseeded = run_well(folder.path(), &["compare", "good", "other"]);
    assert!(
        reseeded.contains("prompts are paired, not images") && reseeded.contains("seed differs: 3 there, 4 in other")
    );

    refuses(
        &run(folder.path(), &["compare", "good", "bad", "--fail-if", "colour < 0"]),
        "names nothing that is compared",
    );
    refuses(&run(folder.path(), &["compare", "good", "bad", "--fail-if", "color"]), "is no condition");
    refuses(&run(folder.path(), &["compare", "good", "nowhere"]), "nowhere is no run");
}

#[test]
fn exports_are_written_and_a_damaged_run_is_noticed() {
    let folder = folder();
    fs::write(folder.path().join("r.toml"), recipe("ground-truth", 3)).unwrap();
    run_well(folder.path(), &["ablate", "r.toml", "--weights", ".", "--out", "run"]);
    run_well(folder.path(), &["report", "run", "--export", "tables"]);
    let written = files(&folder.path().join("tables"));
    let names: Vec<&str> = written.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "analysis.json",
            "analysis.schema.json",
            "scores.csv",
            "scores.md",
            "scores.parquet",
            "scores.tex",
            "verdicts.csv",
            "verdicts.parquet"
        ]
    );
    assert!(text(&written["scores.tex"]).contains("\\toprule") && text(&written["scores.md"]).starts_with("| arm |"));

    let before = files(&folder.path().join("run"));
    assert!(run_well(folder.path(), &["report", "run", "--verify"]).contains("the same bytes, computed again"));
    let verified = run_well(folder.path(), &["verify", "run", "--sample", "5"]);
    assert_eq!(verified.matches("the same bytes, drawn again").count(), 5, "{verified}");
    let after = files(&folder.path().join("run"));
    assert!(before == after, "checking changes nothing");
    run_well(folder.path(), &["report", "run", "--times"]);
    let mut timed = files(&folder.path().join("run"));
    let page = timed.remove("report-times.html").unwrap();
    assert!(text(&page).contains("Drawing them took") && !text(&before["report.html"]).contains("Drawing them took"));
    assert!(before == timed, "times stand in a file of their own");

    let image = before.keys().find(|name| name.ends_with("/0.png") && name.contains("drawn")).unwrap();
    let other = before.keys().rfind(|name| name.ends_with("/1.png") && name.contains("chance")).unwrap();
    fs::copy(folder.path().join("run").join(other), folder.path().join("run").join(image)).unwrap();
    let output = run(folder.path(), &["verify", "run", "--sample", "96"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(
        said.contains(&format!("1 not as drawn, as {image}")) && said.contains("comes out with other bytes here"),
        "{said}"
    );
}
