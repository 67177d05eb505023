//! What arms differ in: the settings that an ablation turns.

use crate::run_info::{ArmInfo, RunInfo};

const MOTION_GUIDANCE: &str = "motion-free guidance";

/// The factors of an arm, in the order of tables.
pub(super) const FACTORS: [&str; 8] =
    ["conditioning", "text encoder", "scale", "guidance", "steps", "sampler", MOTION_GUIDANCE, "motion-free training"];

/// An arm's setting of every factor, in words.
type Settings = [String; FACTORS.len()];

/// The settings of all arms. An arm that is no network of ours (ground truth) has none.
pub(super) fn settings(info: &RunInfo) -> Vec<Option<Settings>> {
    info.arms.iter().map(|arm| (!arm.conditioning.is_empty()).then(|| of_arm(info, arm))).collect()
}

fn of_arm(info: &RunInfo, arm: &ArmInfo) -> Settings {
    let sampler = arm.sampler.as_ref().unwrap_or(&info.protocol.sampler);
    [
        arm.conditioning.clone(),
        arm.text_encoders.join(" + "),
        arm.scale.clone(),
        format!("guidance {}", sampler.guidance),
        format!("{} steps", sampler.steps),
        sampler.kind.clone(),
        match sampler.motion_guidance.unwrap_or(1.0) {
            1.0 => "no motion-free guidance".to_owned(),
            weight => format!("λ_M {weight}"),
        },
        arm.motion_free.map_or(String::new(), |share| format!("{:.0} % motion-free training", 100.0 * share)),
    ]
}

/// The levels of a factor in the order in which arms have them.
pub(super) fn levels(settings: &[Option<Settings>], factor: usize) -> Vec<String> {
    let mut levels: Vec<String> = Vec::new();
    for setting in settings.iter().flatten().map(|s| &s[factor]) {
        if !levels.contains(setting) {
            levels.push(setting.clone());
        }
    }
    levels
}

/// Whether two arms differ in nothing, or in the weight of motion-free guidance alone.
pub(super) fn same_but_for_motion_guidance(settings: &[Option<Settings>], one: usize, other: usize) -> bool {
    let (Some(one), Some(other)) = (&settings[one], &settings[other]) else { return false };
    (0..FACTORS.len()).all(|factor| FACTORS[factor] == MOTION_GUIDANCE || one[factor] == other[factor])
}

/// The arm that has the settings of `of` but for some factors.
pub(super) fn sibling(settings: &[Option<Settings>], of: usize, changed: &[(usize, &str)]) -> Option<usize> {
    let mut wanted = settings[of].clone()?;
    for (factor, level) in changed {
        wanted[*factor] = (*level).to_owned();
    }
    settings.iter().position(|found| found.as_ref() == Some(&wanted))
}

/// Steps between levels that are worth a look: all pairs of up to four, else each against the first.
pub(super) fn steps(levels: &[String]) -> Vec<(&str, &str)> {
    let pairs = (0..levels.len()).flat_map(|to| (0..to).map(move |from| (from, to)));
    pairs
        .filter(|(from, _)| levels.len() <= 4 || *from == 0)
        .map(|(from, to)| (levels[from].as_str(), levels[to].as_str()))
        .collect()
}
