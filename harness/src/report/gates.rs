//! Conditions of a recipe on its own result.

use gentron_reports::Analysis;

use crate::recipe::Gate;

/// A gate and what it found.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Judged {
    /// The condition.
    #[serde(flatten)]
    pub gate: Gate,
    /// The mean that was found; null if nothing was scored.
    pub found: Option<f64>,
    /// Whether it is enough. Absence is not.
    pub passed: bool,
}

/// Judges every gate. A category that several suites share must pass in each.
pub fn judge(gates: &[Gate], analysis: &Analysis) -> Vec<Judged> {
    gates
        .iter()
        .map(|gate| {
            let categories = analysis.categories.iter().filter(|category| category.id == gate.category);
            let means: Vec<Option<f64>> =
                categories.map(|category| analysis.headline(&gate.arm, category).and_then(|e| e.mean)).collect();
            let all_there = !means.is_empty() && means.iter().all(Option::is_some);
            let found = all_there.then(|| means.into_iter().flatten().fold(f64::INFINITY, f64::min));
            Judged { gate: gate.clone(), found, passed: found.is_some_and(|mean| mean >= gate.at_least) }
        })
        .collect()
}

/// One line a gate.
pub fn lines(judged: &[Judged]) -> Vec<String> {
    let line = |judged: &Judged| {
        let verdict = if judged.passed { "passed" } else { "FAILED" };
        let found = judged.found.map_or("nothing scored".to_owned(), |mean| format!("{:.1}", mean * 100.0));
        let Gate { arm, category, at_least } = &judged.gate;
        format!("gate {verdict}: {arm}, {category}: {found} (at least {:.1})", at_least * 100.0)
    };
    judged.iter().map(line).collect()
}
