//! Krippendorff's alpha ("Computing Krippendorff's alpha-reliability", 2011), for any number of raters a unit and missing answers.

/// How far two answers are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The same or not.
    Nominal,
    /// By rank.
    Ordinal,
}

/// α over units, each the answers that it got, numbered from 0; units with one answer say nothing. `None` where nothing can be compared or
/// all answers are the same.
pub fn krippendorff(units: &[Vec<usize>], level: Level) -> Option<f64> {
    let values = units.iter().flatten().max()? + 1;
    let mut coincidences = vec![0.0; values * values];
    for unit in units.iter().filter(|unit| unit.len() > 1) {
        let mut counts = vec![0.0; values];
        unit.iter().for_each(|&value| counts[value] += 1.0);
        for a in 0..values {
            for b in 0..values {
                let pairs = counts[a] * (counts[b] - if a == b { 1.0 } else { 0.0 });
                coincidences[a * values + b] += pairs / (unit.len() as f64 - 1.0);
            }
        }
    }
    let margin: Vec<f64> = (0..values).map(|a| (0..values).map(|b| coincidences[a * values + b]).sum()).collect();
    let total: f64 = margin.iter().sum();
    let distance = |a: usize, b: usize| match level {
        Level::Nominal => f64::from(u8::from(a != b)),
        Level::Ordinal => {
            let (low, high) = (a.min(b), a.max(b));
            (margin[low..=high].iter().sum::<f64>() - (margin[low] + margin[high]) / 2.0).powi(2)
        }
    };
    let (mut observed, mut expected) = (0.0, 0.0);
    for a in 0..values {
        for b in 0..values {
            observed += coincidences[a * values + b] * distance(a, b);
            expected += margin[a] * margin[b] * distance(a, b);
        }
    }
    (expected > 0.0).then(|| 1.0 - (total - 1.0) * observed / expected)
}
