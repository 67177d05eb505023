//! A forecast in words: what it is of, and what was found.

use super::cost::Cost;
use super::memory::Largest;
use crate::progress::human;
use crate::recipe::words::Words as _;
use crate::recipe::{GeneratorKind, Resolved, ResolvedArm};
use crate::table::grouped;

/// Bytes as people say them.
pub fn size(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes >= 1e9 => format!("{:.1} GB", bytes / 1e9),
        bytes => format!("{:.1} MB", bytes / 1e6),
    }
}

/// A row for the time of each arm that is drawn by a network, one for all, and one for memory. `grounds` is what the number of images rests
/// on.
pub fn times(
    recipe: &Resolved,
    costs: &[Cost],
    largest: Option<&Largest>,
    (images, grounds): (usize, &str),
) -> Vec<(String, String)> {
    let by_network = |arm: &&ResolvedArm| matches!(arm.generator, GeneratorKind::Gentron | GeneratorKind::Diffusers);
    let drawn = recipe.arms.iter().filter(by_network);
    let row = |arm: &ResolvedArm| {
        let found = match costs.iter().find(|cost| cost.arm == arm.name) {
            Some(cost) => format!("{}{grounds}", of_cost(cost, images)),
            None => unknown(arm),
        };
        (format!("time {}", arm.name), found)
    };
    let mut rows: Vec<(String, String)> = drawn.map(row).collect();
    if rows.is_empty() {
        return rows;
    }
    let besides = "encoding text and scoring come on top";
    let seconds: f64 = costs.iter().map(|cost| cost.draw + cost.decode).sum();
    rows.push(match costs {
        [_, _, ..] => ("time".into(), format!("about {} for these arms{grounds}; {besides}", human(seconds))),
        _ => ("time".into(), besides.into()),
    });
    rows.extend(largest.map(|largest| {
        let (bytes, word) = (size(largest.bytes), recipe.weights.dtype.word());
        ("memory".to_owned(), format!("at least {bytes} (the largest network, {}, in {word})", largest.network))
    }));
    rows
}

/// The time of an arm.
fn of_cost(cost: &Cost, images: usize) -> String {
    let (total, decode, images) = (human(cost.draw + cost.decode), human(cost.decode), grouped(images as u64));
    let rate = cost.rate.map_or_else(String::new, |rate| format!("; {:.0} GFLOP/s", rate / 1e9));
    format!("about {total} for {images} images, {decode} of it decoding{rate} on {}", cost.measured)
}

/// Why there is no time of an arm.
fn unknown(arm: &ResolvedArm) -> String {
    match arm.generator {
        GeneratorKind::Diffusers => format!(
            "not known: it is measured with the files of {}, which are not here",
            arm.weights.as_deref().unwrap_or(&arm.name)
        ),
        _ => "not known: neither weights nor a `scale` say how large its network is".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::absent_pipeline;
    use super::*;
    use crate::recipe::Narrowing;

    #[test]
    fn what_comes_on_top_is_said_of_one_arm_and_a_time_that_is_not_known_is_said_so() {
        let recipe = absent_pipeline(Narrowing::default());
        let largest = Largest { network: "sdxl/unet".into(), bytes: 10_270_000_000 };
        let rows = times(&recipe, &[], Some(&largest), (5, ""));
        let row = |what: &str, found: &str| (what.to_owned(), found.to_owned());
        let expected = [
            row("time sdxl", "not known: it is measured with the files of sdxl, which are not here"),
            row("time", "encoding text and scoring come on top"),
            row("memory", "at least 10.3 GB (the largest network, sdxl/unet, in f32)"),
        ];
        assert_eq!(rows, expected);
        let measured = "2 threads of the CPU in f32".to_owned();
        let cost = Cost { arm: "sdxl".into(), rate: None, draw: 60.0, decode: 30.0, size: [8, 8], measured };
        let rows = times(&recipe, &[cost], None, (5, ", if so"));
        assert!(rows[0].1.ends_with("decoding on 2 threads of the CPU in f32, if so"), "{}", rows[0].1);
        assert_eq!(rows.len(), 2);
    }
}
