//! As a researcher of video I compare clips with and without motion-free guidance, look at them, and read what the guidance did.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{files, folder, run, run_well, text, weights};
use crate::train::prepared;

fn json(output: &str) -> Value {
    serde_json::from_str(output).unwrap()
}

fn mean(analysis: &Value, arm: &str, category: &str, metric: &str) -> Option<f64> {
    let of = |e: &&Value| e["arm"] == arm && e["category"] == category && e["split"] == "all" && e["metric"] == metric;
    analysis["estimates"].as_array().unwrap().iter().find(of).and_then(|e| e["mean"].as_f64())
}

#[test]
fn rendered_clips_reach_the_ceiling_and_play_in_the_report() {
    let folder = folder();
    let narrow = ["--weights", ".", "--images", "1", "--prompts", "4", "--json"];
    let said = json(&run_well(folder.path(), &[&["ablate", "limits-motion"][..], &narrow].concat()));
    assert!(said["gates"].as_array().unwrap().iter().all(|gate| gate["passed"] == true), "{}", said["gates"]);
    for category in ["translate", "scale", "turn", "still", "two_motions"] {
        assert_eq!(mean(&said["analysis"], "truth", category, "motion"), Some(1.0), "{category}");
        assert_eq!(mean(&said["analysis"], "truth", category, "consistency"), None, "without CLIP");
    }
    assert!(mean(&said["analysis"], "chance", "translate", "motion").unwrap() < 0.5);
    let run = folder.path().join("runs/limits-motion");
    let files = files(&run);
    let (_, strip) =
        files.iter().find(|(name, _)| name.starts_with("images/truth/") && name.ends_with("/0.png")).unwrap();
    assert_eq!(image::load_from_memory(strip).unwrap().to_rgb8().dimensions(), (8 * 64, 64), "frames side by side");
    let html = text(&files["report.html"]);
    assert!(html.contains("class=\"frame plays\"") && html.contains("clip-8"), "clips do not play");
    assert!(!html.contains("src=\"http"), "the report is self-contained");
}

/// Two arms of one backbone; the training recipe's last network is of clips.
const GUIDED: &str = r#"
name = "guided"
seed = 4
images_per_prompt = 1
batch = 3
[[suites]]
id = "shapes-motion"
categories = ["translate", "turn"]
[weights]
folder = "weights"
[sampler]
steps = 2
frames = 8
[[arms]]
name = "off"
weights = "clips"
[[arms]]
name = "on"
weights = "clips"
sampler = { steps = 2, frames = 8, motion_guidance = 1.2 }
"#;

fn damaged(here: &Path, from: &str, to: &str) -> String {
    fs::write(here.join("broken.toml"), GUIDED.replace(from, to)).unwrap();
    let output = run(here, &["ablate", "broken.toml"]);
    assert_eq!(output.status.code(), Some(2));
    text(&output.stderr)
}

#[test]
fn clips_are_drawn_resumed_verified_exported_and_compared() {
    let folder = folder();
    let here = folder.path();
    prepared(here);
    run_well(here, &["train", "train.toml", "--states", "states", "--weights", "weights"]);
    crate::support::copy_folder(&weights().join("clip-shapes"), &here.join("weights/clip-shapes"));
    fs::write(here.join("guided.toml"), GUIDED).unwrap();

    let narrow = ["guided.toml", "--prompts", "2"];
    run_well(here, &[&["ablate"][..], &narrow, &["--out", "whole"]].concat());
    let said = run_well(here, &[&["generate"][..], &narrow, &["--out", "parts", "--video"]].concat());
    assert!(said.contains("8 clips to look at in parts/clips"), "{said}");
    let (whole, parts) = (files(&here.join("whole")), files(&here.join("parts")));
    let images: Vec<&String> = whole.keys().filter(|name| name.starts_with("images/")).collect();
    assert_eq!(images.len(), 8);
    assert!(images.iter().all(|name| whole[*name] == parts[*name]), "the same bytes");
    let other = |name: &str| name.replacen("/on/", "/off/", 1);
    assert!(images.iter().filter(|name| name.contains("/on/")).all(|name| whole[*name] != whole[&other(name)]));
    let (gif, bytes) = parts.iter().find(|(name, _)| name.starts_with("clips/on/") && name.ends_with("0.gif")).unwrap();
    assert!(bytes.starts_with(b"GIF89a"));
    let frame = image::load_from_memory(&parts[&gif.replace("0.gif", "0/7.png")]).unwrap().to_rgb8();
    assert_eq!(frame.dimensions(), (256, 256));
    if crate::support::on_path(&["ffmpeg"]).is_some() {
        assert_eq!(parts[&gif.replace(".gif", ".mp4")][4..8], *b"ftyp");
        assert!(parts[&gif.replace(".gif", ".webm")].starts_with(&[0x1a, 0x45, 0xdf, 0xa3]));
        assert!(parts.keys().all(|name| !name.contains(".part.")), "nothing unfinished is left");
    } else {
        eprintln!("skipped: no MP4 and WebM, because ffmpeg is not installed");
    }

    run_well(here, &["verify", "whole", "--sample", "3"]);
    let analysis = json(&text(&whole["analysis.json"]));
    let points = analysis["motion"].as_array().unwrap();
    let changed = points.iter().filter(|point| point["arm"] == "on" && !point["against_off"].is_null()).count();
    assert!(changed >= 4, "flicker, consistency, CLIPSIM and motion at least: {points:?}");
    assert!(points.iter().all(|point| point["arm"] == "on" || point["against_off"].is_null()));
    assert!(text(&whole["report.html"]).contains("Clips and motion-free guidance"));

    // What cannot be meant is said before the first image.
    assert!(damaged(here, "frames = 8\n[[arms]]", "[[arms]]").contains("hint: write frames = 8"));
    assert!(
        damaged(here, "weights = \"clips\"\n[[arms]]", "weights = \"pictures\"\n[[arms]]").contains("no TempSelfAttn")
    );
    let pictures = run(here, &["generate", "limits-shapes", "--prompts", "1", "--out", "pictures", "--video"]);
    assert!(text(&pictures.stderr).contains("leave out --video"), "{}", text(&pictures.stderr));
    assert!(!here.join("pictures").exists(), "nothing was begun before that was said");
}
