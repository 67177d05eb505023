//! As a newcomer I run one command, and read which arm is better, by how much, and how sure that is.

use serde_json::Value;

use crate::support::{files, folder, run, run_well, text, weights};

fn json(output: &str) -> Value {
    serde_json::from_str(output).unwrap()
}

#[test]
fn ground_truth_reaches_the_ceiling_and_chance_does_not() {
    let folder = folder();
    let said =
        json(&run_well(folder.path(), &["ablate", "limits-shapes", "--weights", ".", "--images", "1", "--json"]));
    assert!(said["gates"].as_array().unwrap().iter().all(|gate| gate["passed"] == true), "{}", said["gates"]);
    let estimates = said["analysis"]["estimates"].as_array().unwrap();
    let headline = |arm: &str, category: &str| {
        let of =
            |e: &&Value| e["arm"] == arm && e["category"] == category && e["split"] == "all" && e["headline"] == true;
        estimates.iter().find(of).and_then(|e| e["mean"].as_f64())
    };
    for category in ["color", "shape", "texture", "2d_spatial", "3d_spatial", "numeracy"] {
        let (truth, chance) = (headline("truth", category).unwrap(), headline("chance", category).unwrap());
        assert!(truth >= 0.995, "{category}: ground truth scores {truth}");
        assert!(chance <= 0.5, "{category}: another prompt's image scores {chance}");
    }
    // Without CLIP there is no CLIPScore: absent, with the reason, and not 0.
    assert_eq!(headline("truth", "non_spatial"), None);
    let missing = said["analysis"]["missing"].as_array().unwrap();
    assert!(missing.iter().any(|m| m["category"] == "non_spatial" && !m["why"].as_str().unwrap().is_empty()));
}

#[test]
fn a_gate_that_fails_makes_exit_code_1_and_the_report_all_the_same() {
    let folder = folder();
    let recipe = r#"
        name = "gated"
        seed = 3
        images_per_prompt = 1
        [[suites]]
        id = "shapes"
        categories = ["color"]
        [[arms]]
        name = "chance"
        generator = "shuffled-truth"
        [[gates]]
        arm = "chance"
        category = "color"
        at_least = 0.9
    "#;
    std::fs::write(folder.path().join("gated.toml"), recipe).unwrap();
    let output = run(folder.path(), &["ablate", "gated.toml"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("gate FAILED: chance, color"), "{}", text(&output.stdout));
    assert!(folder.path().join("runs/gated/report.html").is_file());
}

#[test]
fn the_default_recipe_runs_on_the_shipped_weights() {
    let weights = weights();
    let folder = folder();
    let narrow = ["ablate", "--prompts", "2", "--images", "1", "--steps", "4", "--weights", weights.to_str().unwrap()];
    let table = run_well(folder.path(), &narrow);
    for word in ["Color", "Complex", "Mean", "±", "report: runs/table2-shapes/report.html"] {
        assert!(table.contains(word), "{word} is missing in:\n{table}");
    }
    let run = folder.path().join("runs/table2-shapes");
    let files = files(&run);
    for name in ["manifest.json", "plan.jsonl", "images.jsonl", "observations.parquet", "analysis.json", "report.html"]
    {
        assert!(files.contains_key(name), "{name} is missing");
    }
    let images: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(".png")).collect();
    assert_eq!(images.len(), 5 * 8 * 2);
    for (name, bytes) in images {
        let image = image::load_from_memory(bytes).unwrap().to_rgb8();
        assert_eq!(image.dimensions(), (64, 64), "{name}");
    }

    let manifest = json(&text(&files["manifest.json"]));
    let arms = manifest["run_info"]["arms"].as_array().unwrap();
    let names: Vec<&str> = arms.iter().map(|arm| arm["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["adaln-clip", "cross-clip", "cross-t5", "cross-clip-t5", "cross-clip-t5-l"]);
    for arm in arms {
        assert!(arm["parameters"].as_u64().unwrap() > 100_000 && arm["paper_row"].is_string(), "{arm}");
        assert!(!arm["training"].is_null(), "each arm has its training card: {arm}");
    }
    // Every arm of one size was trained with the same budget.
    let budget = |index: usize| (arms[index]["training"]["samples"].as_u64(), arms[index]["training"]["seed"].as_u64());
    assert!((1..4).all(|index| budget(index) == budget(0)));
    let html = text(&files["report.html"]);
    assert!(!html.contains("http-equiv=\"refresh\"") && !html.contains("src=\"http"), "the report is self-contained");

    // After the pictures the clips: motion-free guidance, and whether training had motion-free samples.
    let clips = folder.path().join("runs/mfg-shapes");
    let analysis = json(&std::fs::read_to_string(clips.join("analysis.json")).unwrap());
    let points = analysis["motion"].as_array().unwrap();
    let compared = |with: &str| -> Vec<&str> {
        let flicker = points.iter().filter(|point| point["metric"] == "flicker" && !point[with].is_null());
        flicker.map(|point| point["arm"].as_str().unwrap()).collect()
    };
    assert_eq!(compared("against_baseline"), ["clips-off"]);
    let guided = ["joint-mfg-1.1", "joint-mfg-1.2", "joint-mfg-1.3", "clips-mfg-1.2"];
    assert_eq!(compared("against_off"), guided);
    let html = std::fs::read_to_string(clips.join("report.html")).unwrap();
    assert!(html.contains("against the baseline (A with motion-free training · no MFG) it"));
}

#[test]
fn the_same_noise_is_drawn_in_every_arm_and_prompts_are_never_in_a_path() {
    let folder = folder();
    run_well(folder.path(), &["generate", "limits-shapes", "--weights", ".", "--prompts", "2", "--out", "run"]);
    let files = files(&folder.path().join("run"));
    let plan = text(&files["plan.jsonl"]);
    let tasks: Vec<Value> = plan.lines().map(json).collect();
    assert_eq!(tasks.len(), 2 * 8 * 2 * 2);
    for task in &tasks {
        let path = format!(
            "images/{}/{}/{}.png",
            task["arm"].as_str().unwrap(),
            task["prompt_id"].as_str().unwrap(),
            task["k"]
        );
        assert!(files.contains_key(&path), "{path}");
        let twins = tasks.iter().filter(|other| other["prompt_id"] == task["prompt_id"] && other["k"] == task["k"]);
        assert!(twins.clone().count() == 2 && twins.clone().all(|twin| twin["seed"] == task["seed"]));
    }
    assert!(files.keys().all(|name| !name.contains(' ')));
}
