//! Our statistics against scipy and statsmodels: `goldens/statistics.json`, made by `goldens/statistics_goldens.py` with seed 0 (the
//! parts of it that this crate computes). `GENTRON_GOLDENS` names another folder, whose `stats/statistics.json` is read instead.

use std::path::PathBuf;

use gentron_reports::statistics::{
    LEVEL, benjamini_hochberg, clustered_mean, clusters_by, holm, mcnemar_exact, t_test, wilcoxon, wilson,
};
use serde_json::Value;

fn golden() -> Value {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/statistics.json");
    let path = std::env::var_os("GENTRON_GOLDENS").map_or(own, |g| PathBuf::from(g).join("stats/statistics.json"));
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[track_caller]
fn close(found: f64, want: &Value, tolerance: f64) {
    let want = want.as_f64().unwrap();
    assert!((found - want).abs() <= tolerance * want.abs().max(1e-3), "{found} against {want}");
}

#[test]
fn parity_paired_t_test_and_interval() {
    let golden = &golden()["paired"];
    let (a, b) = (numbers(&golden["a"]), numbers(&golden["b"]));
    let clusters = clusters_by(a.iter().zip(&b).map(|(a, b)| a - b).enumerate());
    let mean = clustered_mean(clusters.values()).unwrap();
    let t = mean.mean / mean.standard_error.unwrap();
    close(t, &golden["t"], 1e-12);
    close(t_test(t, 39.0).unwrap(), &golden["p"], 1e-9);
    let interval = mean.interval(LEVEL).unwrap();
    close(interval.low, &golden["ci"][0], 1e-9);
    close(interval.high, &golden["ci"][1], 1e-9);
}

#[test]
fn parity_wilcoxon() {
    let golden = &golden()["paired"];
    let (a, b) = (numbers(&golden["a"]), numbers(&golden["b"]));
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
    close(wilcoxon(&differences).unwrap(), &golden["wilcoxon_p_normal"], 1e-9);
}

#[test]
fn parity_mcnemar() {
    let golden = &golden()["mcnemar_exact"];
    let (first, second) = (golden["table"][0][1].as_u64().unwrap(), golden["table"][1][0].as_u64().unwrap());
    close(mcnemar_exact(first, second), &golden["p"], 1e-12);
}

#[test]
fn parity_multiplicity() {
    let golden = &golden()["multiplicity"];
    let p = numbers(&golden["p"]);
    for (found, want) in [(holm(&p), &golden["holm"]), (benjamini_hochberg(&p), &golden["benjamini_hochberg"])] {
        assert_eq!(found.len(), 12);
        for (found, want) in found.into_iter().zip(want.as_array().unwrap()) {
            close(found, want, 1e-14);
        }
    }
}

#[test]
fn parity_wilson() {
    let golden = golden();
    let cases = golden["wilson_95"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let found = wilson(case["k"].as_u64().unwrap(), case["n"].as_u64().unwrap(), LEVEL).unwrap();
        close(found.low, &case["low"], 1e-10);
        close(found.high, &case["high"], 1e-10);
    }
}
