//! As a user I can ask what there is: models, suites, metrics, and what this machine lacks.

use serde_json::Value;

use crate::support::{folder, run, run_well, text};

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&run_well(folder().path(), arguments)).unwrap()
}

#[test]
fn models_have_exact_sizes_beside_the_papers() {
    let models = json(&["models", "--json"]);
    let find = |id: &str| models.as_array().unwrap().iter().find(|model| model["id"] == id).unwrap().clone();
    let (xl, g) = (find("gentron-xl/2"), find("gentron-g/2"));
    let millions = |model: &Value| (model["parameters"].as_u64().unwrap() as f64 / 1e4).round() / 100.0;
    assert_eq!((millions(&xl), millions(&g)), (929.31, 3085.19));
    assert_eq!((&xl["paper_millions"], &g["paper_millions"]), (&930.0.into(), &3083.8.into()));
    assert!(find("gentron-shapes/2")["paper_millions"].is_null());
}

#[test]
fn the_suite_has_the_eight_categories_of_t2i_compbench() {
    let suites = json(&["suites", "--json"]);
    let categories: Vec<&str> =
        suites[0]["categories"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    let expected = ["color", "shape", "texture", "2d_spatial", "3d_spatial", "numeracy", "non_spatial", "complex"];
    assert_eq!(categories, expected);
    for category in suites[0]["categories"].as_array().unwrap() {
        assert_eq!((category["seen"].as_u64(), category["unseen"].as_u64()), (Some(40), Some(20)));
    }
    let prompts = json(&["suites", "shapes", "--category", "color", "--json"]);
    assert_eq!(prompts.as_array().unwrap().len(), 60);
}

#[test]
fn a_metric_explains_itself_with_its_known_problems() {
    let text = run_well(folder().path(), &["metrics", "b-vqa"]);
    for word in ["formula", "reference", "known problems", "stands for"] {
        assert!(text.contains(word), "{word} is missing in {text}");
    }
    assert!(json(&["metrics", "--json"]).as_array().unwrap().len() >= 7);
}

#[test]
fn the_doctor_names_what_is_missing_and_how_to_get_it() {
    let empty = folder();
    let output = run(empty.path(), &["doctor", "--weights", "."]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(
        said.contains("MISSING") && said.contains("gentron-shapes-adaln-clip") && said.contains("hint: "),
        "{said}"
    );
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0, "it leaves nothing behind");
}

#[test]
fn the_doctor_is_content_where_nothing_is_missing() {
    let weights = crate::support::weights();
    let output = run(folder().path(), &["doctor", "--json", "--weights", weights.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}
