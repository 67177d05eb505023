//! The observations of several runs as those of one, whose arms carry the run's number.

use std::collections::BTreeMap;

use super::names::Collector;
use super::{Absence, Name, Names, Observations, Row};

/// The arm of a run among several: `0/cross-clip`.
pub fn arm_of_run(run: usize, arm: &str) -> String {
    format!("{run}/{arm}")
}

/// Puts the runs' rows together. With `by_prompt`, the images of a prompt are replaced by their mean: for runs whose noise
/// differs, so that an image of one has no partner in the other, but the prompt has.
pub fn merge(runs: Vec<Observations>, by_prompt: bool) -> Observations {
    let mut collector = Collector::default();
    let mut rows = Vec::new();
    for (run, observations) in runs.into_iter().enumerate() {
        let Observations { names, rows: of_run } = if by_prompt { means(observations) } else { observations };
        for row in of_run {
            let mut text = |name: Name| collector.add(names.text(name));
            let fields = [row.suite, row.category, row.prompt, row.metric, row.split].map(&mut text);
            let value = row.value.map_err(|absence: Absence<Name>| absence.map(&mut text));
            let arm = collector.add(&arm_of_run(run, names.text(row.arm)));
            rows.push((arm, fields, value, row));
        }
    }
    let (names, map) = collector.finish();
    let name = |provisional: u32| map[provisional as usize];
    let mut rows: Vec<Row> = rows
        .into_iter()
        .map(|(arm, [suite, category, prompt, metric, split], value, row)| Row {
            arm: name(arm),
            suite: name(suite),
            category: name(category),
            prompt: name(prompt),
            metric: name(metric),
            split: name(split),
            value: value.map_err(|absence| absence.map(name)),
            ..row
        })
        .collect();
    rows.sort_by_key(|r| (r.arm, r.suite, r.category, r.prompt, r.k, r.metric));
    Observations { names, rows }
}

/// One row a prompt and metric; absent only where no image has a score.
fn means(observations: Observations) -> Observations {
    let mut groups = BTreeMap::<(Name, Name, Name, Name, Name), (Row, f64, u32)>::new();
    for row in observations.rows {
        let key = (row.arm, row.suite, row.category, row.prompt, row.metric);
        let group = groups.entry(key).or_insert((row, 0.0, 0));
        if let Ok(value) = row.value {
            (group.1, group.2) = (group.1 + value, group.2 + 1);
        }
    }
    let mean = |(row, sum, count): (Row, f64, u32)| Row {
        k: 0,
        seed: 0,
        value: if count > 0 { Ok(sum / f64::from(count)) } else { row.value },
        ..row
    };
    let names: Names = observations.names;
    Observations { names, rows: groups.into_values().map(mean).collect() }
}
