//! Parity with independent Python (numpy, scipy): `goldens/preference.json`, seed 0; see its `seed` field.

use gentron_reports::preference::{Games, Level, fit, krippendorff, sign_test, wilson};
use serde_json::Value;

fn goldens() -> Value {
    serde_json::from_str(include_str!("goldens/preference.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn wilson_and_the_exact_test_are_as_scipy_has_them() {
    let goldens = goldens();
    for case in goldens["wilson_95"].as_array().unwrap() {
        let interval = wilson(case["k"].as_u64().unwrap(), case["n"].as_u64().unwrap(), 0.95).unwrap();
        assert!((interval.low - case["low"].as_f64().unwrap()).abs() < 1e-8, "{case}");
        assert!((interval.high - case["high"].as_f64().unwrap()).abs() < 1e-8, "{case}");
    }
    let table = &goldens["mcnemar_exact"]["table"];
    let p = sign_test(table[0][1].as_u64().unwrap(), table[1][0].as_u64().unwrap());
    assert!((p - goldens["mcnemar_exact"]["p"].as_f64().unwrap()).abs() < 1e-8);
}

#[test]
fn alpha_is_as_the_reference_has_it() {
    let goldens = goldens();
    let raters = goldens["krippendorff"]["ratings"].as_array().unwrap();
    let units: Vec<Vec<usize>> = (0..raters[0].as_array().unwrap().len())
        .map(|unit| raters.iter().filter_map(|rater| rater[unit].as_u64()).map(|value| value as usize).collect())
        .collect();
    for (level, name) in [(Level::Nominal, "nominal"), (Level::Ordinal, "ordinal")] {
        let alpha = krippendorff(&units, level).unwrap();
        assert!((alpha - goldens["krippendorff"][name].as_f64().unwrap()).abs() < 1e-8, "{name}: {alpha}");
    }
}

#[test]
fn strengths_are_as_scipy_fits_them() {
    let goldens = goldens();
    let wanted = numbers(&goldens["bradley_terry"]["strengths"]);
    let mut games = Games::new(wanted.len());
    for game in goldens["bradley_terry"]["games"].as_array().unwrap() {
        let (winner, loser) = (game[0].as_u64().unwrap() as usize, game[1].as_u64().unwrap() as usize);
        games.counts[winner * wanted.len() + loser][0] += 1.0;
    }
    let found = fit(&games, false, false).unwrap();
    for (found, wanted) in found.strengths.iter().zip(&wanted) {
        assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
    }

    let wanted = numbers(&goldens["davidson"]["strengths"]);
    let mut games = Games::new(wanted.len());
    for row in goldens["davidson"]["counts"].as_array().unwrap() {
        let row = numbers(row);
        games.counts[row[0] as usize * wanted.len() + row[1] as usize] = [row[2], row[3], row[4]];
    }
    let found = fit(&games, true, false).unwrap();
    for (found, wanted) in found.strengths.iter().zip(&wanted) {
        assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
    }
    assert!((found.tie - goldens["davidson"]["tie"].as_f64().unwrap()).abs() < 1e-6, "{}", found.tie);
    let likelihood = goldens["davidson"]["negative_log_likelihood"].as_f64().unwrap();
    assert!(
        (found.negative_log_likelihood - likelihood).abs() < 1e-6 * likelihood,
        "{}",
        found.negative_log_likelihood
    );
}
