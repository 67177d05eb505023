//! From a recipe as written to one in which every choice is explicit and every name exists.

use gentron_metrics::MetricId;
use gentron_metrics::formulas::{NP_NUM, NP_NUM_PAPER};
use serde::{Deserialize, Serialize};

use super::axes;
use super::outside::Program;
use super::schema::{Arm, Conditioning, EncoderKind, Gate, GeneratorKind, Recipe, Sampler, WeightFolders, WeightType};
use super::suites::{self, ResolvedSuite};
use crate::failure::refuse;
use crate::names;
use crate::registry::Library;
use crate::weights::Release;

/// What the command line takes away from a recipe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// Keep only these arms; all if empty.
    pub arms: Vec<String>,
    /// Keep only these categories; all if empty.
    pub categories: Vec<String>,
    /// At most so many prompts a category.
    pub prompts: Option<u32>,
    /// Images per prompt.
    pub images: Option<u32>,
    /// Sampler steps of every arm.
    pub steps: Option<u32>,
    /// Type of all weights.
    pub dtype: Option<WeightType>,
}

/// A recipe with nothing left to choose. Its digest is the identity of a run folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// Name of the run.
    pub name: String,
    /// One sentence.
    pub about: String,
    /// Root of every random draw.
    pub seed: u64,
    /// Images drawn for each prompt by each arm.
    pub images_per_prompt: u32,
    /// Draws computed together.
    pub batch: u32,
    /// The arm that verdicts are against.
    pub baseline: String,
    /// What is drawn.
    pub suites: Vec<ResolvedSuite>,
    /// Metric ids for every prompt; each category's official ones where it is null.
    pub metrics: Option<Vec<MetricId>>,
    /// Noun phrases that a headline score asks for, where it is not the usual number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub np_num: Option<usize>,
    /// Folder names inside the weights folder.
    pub weights: WeightFolders,
    /// The arms, in the order of the recipe.
    pub arms: Vec<ResolvedArm>,
    /// Conditions on the result.
    pub gates: Vec<Gate>,
}

/// One configuration under comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResolvedArm {
    /// Short, path-safe name.
    pub name: String,
    /// What draws.
    pub generator: GeneratorKind,
    /// Backbone folder inside the weights folder.
    pub weights: Option<String>,
    /// What `gentron import` wrote, as the recipe names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<String>,
    /// Another program that draws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
    /// How text enters the backbone.
    pub conditioning: Option<Conditioning>,
    /// Encoders in the order in which blocks take turns.
    pub text: Vec<EncoderKind>,
    /// Preset of the backbone.
    pub scale: Option<String>,
    /// How latents are drawn.
    pub sampler: Sampler,
    /// The row of the paper's Table 2 or 3 that it stands for.
    pub paper_row: Option<String>,
}

/// Applies the narrowing, checks every name, fills every default. Suites are those of the library; `shown` names the recipe in errors.
///
/// # Errors
/// The first thing in the recipe that cannot be meant, with the nearest thing that can.
pub fn resolve(recipe: Recipe, narrowing: &Narrowing, library: &Library, shown: &str) -> anyhow::Result<Resolved> {
    let wrong = |what: String, hint: String| refuse(format!("{shown}: {what}"), hint);
    check_name(&recipe.name, "name").map_err(|(what, hint)| wrong(what, hint))?;
    let images_per_prompt = narrowing.images.unwrap_or(recipe.images_per_prompt);
    for (key, value, most) in [("images_per_prompt", images_per_prompt, 10_000), ("batch", recipe.batch, 1024)] {
        if !(1..=most).contains(&value) {
            return Err(wrong(format!("{key} is {value}"), format!("choose 1 to {most}")));
        }
    }
    let np_num = recipe.np_num.filter(|&np_num| np_num != NP_NUM);
    if let Some(other) = np_num.filter(|&np_num| np_num != NP_NUM_PAPER) {
        let hint = format!("write {NP_NUM_PAPER}, as before December 2023, or {NP_NUM}, as the official scripts since");
        return Err(wrong(format!("np_num is {other}"), hint));
    }

    for folder in [&recipe.weights.clip, &recipe.weights.t5, &recipe.weights.autoencoder] {
        check_name(folder, "the weights folder").map_err(|(what, hint)| wrong(what, hint))?;
    }
    let arms = arms(&recipe, narrowing).map_err(|(what, hint)| wrong(what, hint))?;
    let arm_names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
    let baseline = match recipe.baseline.as_deref() {
        Some(name) if arm_names.contains(&name) => name.to_owned(),
        // Narrowed away: the first arm that is left takes its place.
        Some(_) if !narrowing.arms.is_empty() => arm_names[0].to_owned(),
        Some(name) => {
            let hint = names::suggestion(name, arm_names.iter().copied());
            return Err(wrong(format!("the baseline `{name}` is not an arm"), hint));
        }
        None => arm_names[0].to_owned(),
    };

    if recipe.suites.is_empty() {
        return Err(wrong("no suite to draw".into(), "add [[suites]] with id = \"shapes\"".into()));
    }
    let suites = suites::resolve(&recipe.suites, narrowing, library, &wrong)?;
    check_worlds(&arms, &suites).map_err(|(what, hint)| wrong(what, hint))?;
    let categories: Vec<&str> = suites.iter().flat_map(|s| s.categories.iter().map(String::as_str)).collect();
    let mut gates = Vec::new();
    for gate in recipe.gates {
        let missing = [(&gate.arm, &arm_names, "arm"), (&gate.category, &categories, "category")]
            .into_iter()
            .find(|(name, known, _)| !known.contains(&name.as_str()));
        match missing {
            None => gates.push(gate),
            Some(_) if *narrowing != Narrowing::default() => {}
            Some((name, known, kind)) => {
                let hint = names::suggestion(name, known.iter().copied());
                return Err(wrong(format!("a gate names the unknown {kind} `{name}`"), hint));
            }
        }
    }
    Ok(Resolved {
        name: recipe.name,
        about: recipe.about,
        seed: recipe.seed,
        images_per_prompt,
        batch: recipe.batch,
        baseline,
        suites,
        metrics: recipe.metrics,
        np_num,
        weights: WeightFolders { dtype: narrowing.dtype.unwrap_or(recipe.weights.dtype), ..recipe.weights },
        arms,
        gates,
    })
}

/// What is wrong, and the way out.
pub(super) type Wrong = (String, String);

pub(super) fn check_name(name: &str, key: &str) -> Result<(), Wrong> {
    if names::is_path_safe(name) {
        return Ok(());
    }
    let plain = || "use lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or a digit".to_owned();
    // What is published goes by a key of its own.
    let hint =
        Release::find(name).map_or_else(plain, |release| format!("write `{}`, which stands for it", release.key()));
    Err((format!("{key} `{name}` cannot be part of a path"), hint))
}

/// The renderer draws its own suites alone, and what moves needs more than one frame.
fn check_worlds(arms: &[ResolvedArm], suites: &[ResolvedSuite]) -> Result<(), Wrong> {
    use gentron_suites::shapes::{ID, motion};
    for (arm, suite) in arms.iter().flat_map(|arm| suites.iter().map(move |suite| (arm, suite))) {
        let gentron = arm.generator == GeneratorKind::Gentron;
        if arm.generator.renders() && ![ID, motion::ID].contains(&suite.id.as_str()) {
            let what =
                format!("arm `{}` renders prompts of the suite {ID} or {}, not of {}", arm.name, motion::ID, suite.id);
            return Err((what, "leave out the arm or the suite".into()));
        }
        if suite.id == motion::ID && gentron && arm.sampler.frames.is_none() {
            let what = format!("arm `{}` draws pictures, and the prompts of {} ask for clips", arm.name, suite.id);
            return Err((what, format!("write frames = {} into its sampler", motion::FRAMES)));
        }
        let still = match arm.generator {
            GeneratorKind::ReconstructedTruth => "goes through the autoencoder picture by picture",
            GeneratorKind::Diffusers => "draws pictures, not clips",
            _ => continue,
        };
        if suite.id == motion::ID {
            return Err((format!("arm `{}` {still}", arm.name), "leave out the arm or the suite".into()));
        }
    }
    Ok(())
}

fn arms(recipe: &Recipe, narrowing: &Narrowing) -> Result<Vec<ResolvedArm>, Wrong> {
    let mut written = recipe.arms.clone();
    written.extend(recipe.axes.iter().flat_map(|axes| axes::multiply(axes, recipe.sampler)));
    if written.is_empty() {
        return Err(("no arm to compare".into(), "add [[arms]] or [axes]".into()));
    }
    for (index, arm) in written.iter().enumerate() {
        check_name(&arm.name, "the arm")?;
        if written[..index].iter().any(|other| other.name == arm.name) {
            return Err((format!("two arms are called `{}`", arm.name), "give each arm its own name".into()));
        }
    }
    let known = written.iter().map(|arm| arm.name.as_str());
    if let Some(unknown) = narrowing.arms.iter().find(|name| !known.clone().any(|known| known == *name)) {
        return Err((format!("unknown arm `{unknown}`"), names::suggestion(unknown, known)));
    }
    written
        .into_iter()
        .filter(|arm| narrowing.arms.is_empty() || narrowing.arms.contains(&arm.name))
        .map(|arm| resolve_arm(arm, recipe.sampler, narrowing))
        .collect()
}

fn resolve_arm(arm: Arm, sampler: Sampler, narrowing: &Narrowing) -> Result<ResolvedArm, Wrong> {
    let mut sampler = arm.sampler.unwrap_or(sampler);
    sampler.steps = narrowing.steps.unwrap_or(sampler.steps);
    if !(1..=1000).contains(&sampler.steps) {
        return Err((format!("arm `{}`: steps is {}", arm.name, sampler.steps), "choose 1 to 1000".into()));
    }
    if !(0.0..=100.0).contains(&sampler.guidance) {
        return Err((format!("arm `{}`: guidance is {}", arm.name, sampler.guidance), "choose 0 to 100".into()));
    }
    if sampler.motion_guidance.is_some_and(|weight| !(0.0..=100.0).contains(&weight)) {
        return Err((
            format!("arm `{}`: motion_guidance is not within 0 and 100", arm.name),
            "the paper's is 1.2".into(),
        ));
    }
    if sampler.motion_guidance.is_some() && sampler.frames.is_none() {
        let hint = format!("write frames = {} beside it", gentron_suites::shapes::motion::FRAMES);
        return Err((format!("arm `{}`: motion_guidance is of clips", arm.name), hint));
    }
    if sampler.frames.is_some_and(|frames| !(2..=256).contains(&frames)) {
        return Err((format!("arm `{}`: a clip has 2 to 256 frames", arm.name), "8 as in the paper".into()));
    }
    match (arm.generator, &arm.weights) {
        (GeneratorKind::Gentron, None) => {
            let hint = "add weights = \"...\", the backbone's folder inside the weights folder".into();
            return Err((format!("arm `{}` has no weights", arm.name), hint));
        }
        (GeneratorKind::Diffusers, None) => {
            let hint =
                "add weights = \"...\": a name that `gentron models fetch` knows, or a folder with a model_index.json";
            return Err((format!("arm `{}` has no weights", arm.name), hint.into()));
        }
        (GeneratorKind::Diffusers, _) if sampler.frames.is_some() => {
            return Err((format!("arm `{}` draws pictures, not clips", arm.name), "leave out its frames".into()));
        }
        (GeneratorKind::Gentron | GeneratorKind::Diffusers, Some(folder)) => check_name(folder, "the weights folder")?,
        (GeneratorKind::Import | GeneratorKind::Command, _) => check_outside(&arm)?,
        (GeneratorKind::GroundTruth | GeneratorKind::ReconstructedTruth | GeneratorKind::ShuffledTruth, _) => {}
    }
    if let Some(row) = &arm.paper_row {
        let rows = gentron_reports::paper::rows();
        let known = rows.iter().map(|row| row.id);
        if !known.clone().any(|id| id == row) {
            let hint = names::suggestion(row, known);
            return Err((format!("arm `{}`: the paper's Tables 2 and 3 have no row `{row}`", arm.name), hint));
        }
    }
    Ok(ResolvedArm {
        name: arm.name,
        generator: arm.generator,
        weights: arm.weights,
        images: arm.images,
        program: arm.command.map(|command| command.program()),
        conditioning: arm.conditioning,
        text: arm.text,
        scale: arm.scale,
        sampler,
        paper_row: arm.paper_row,
    })
}

/// What an arm that is drawn elsewhere must say.
fn check_outside(arm: &Arm) -> Result<(), Wrong> {
    let of = |what: String, hint: String| (format!("arm `{}`: {what}", arm.name), hint);
    match (arm.generator, &arm.images, &arm.command) {
        (GeneratorKind::Import, None, _) => {
            let hint = "add images = \"...\", the folder that `gentron import` wrote".into();
            Err(of("it names no images".into(), hint))
        }
        (GeneratorKind::Command, _, None) => {
            Err(of("it names no program".into(), "add command = { run = [\"program\", \"argument\"] }".into()))
        }
        (GeneratorKind::Command, _, Some(command)) => {
            command.problem().map_or(Ok(()), |(what, hint)| Err(of(what, hint)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::BUILT_IN;
    use super::*;

    #[test]
    fn every_arm_of_table_3_stands_for_its_row() {
        let recipe: Recipe = toml::from_str(include_str!("../../../recipes/table3.toml")).unwrap();
        let rows: Vec<&str> = recipe.arms.iter().filter_map(|arm| arm.paper_row.as_deref()).collect();
        assert_eq!(rows, gentron_reports::paper::TABLE_3.map(|row| row.id));
    }

    #[test]
    fn recipes_of_the_papers_tables_ask_for_two_phrases_and_no_others() {
        for text in [
            include_str!("../../../recipes/table2.toml"),
            include_str!("../../../recipes/table3.toml"),
            include_str!("../../../recipes/scale.toml"),
        ] {
            let recipe: Recipe = toml::from_str(text).unwrap();
            assert_eq!(recipe.np_num, Some(NP_NUM_PAPER), "{}", recipe.name);
        }
        for (name, text) in BUILT_IN {
            let recipe: Recipe = toml::from_str(text).unwrap();
            assert_eq!(recipe.np_num, None, "{name}");
        }
    }

    #[test]
    fn the_usual_number_of_phrases_leaves_a_recipe_the_same() {
        let resolved = |np_num| {
            let recipe = Recipe { np_num, ..table2() };
            resolve(recipe, &Narrowing::default(), &Library::default(), "r").unwrap()
        };
        let text = |np_num| serde_json::to_string(&resolved(np_num)).unwrap();
        assert_eq!(text(Some(NP_NUM)), text(None));
        assert!(!text(None).contains("np_num") && text(Some(NP_NUM_PAPER)).contains("\"np_num\":2"));
    }

    fn table2() -> Recipe {
        toml::from_str(BUILT_IN[0].1).unwrap()
    }

    fn message(result: anyhow::Result<Resolved>) -> String {
        crate::failure::render(&result.unwrap_err())
    }

    #[test]
    fn every_built_in_recipe_resolves() {
        for (name, text) in BUILT_IN {
            let recipe = toml::from_str(text).unwrap();
            assert!(!resolve(recipe, &Narrowing::default(), &Library::default(), name).unwrap().arms.is_empty());
        }
    }

    #[test]
    fn an_unknown_arm_is_answered_with_the_nearest() {
        let narrowing = Narrowing { arms: vec!["cros-clip".into()], ..Narrowing::default() };
        let message = message(resolve(table2(), &narrowing, &Library::default(), "table2-shapes"));
        assert!(message.contains("unknown arm `cros-clip`") && message.contains("hint: did you mean `cross-clip`"));
    }

    #[test]
    fn narrowing_away_the_baseline_makes_the_first_arm_the_baseline() {
        let narrowing = Narrowing { arms: vec!["cross-t5".into()], ..Narrowing::default() };
        assert_eq!(resolve(table2(), &narrowing, &Library::default(), "r").unwrap().baseline, "cross-t5");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let broken: [fn(&mut Recipe); 7] = [
            |r| r.np_num = Some(4),
            |r| r.name = "../up".into(),
            |r| r.images_per_prompt = 0,
            |r| r.arms[1].name = r.arms[0].name.clone(),
            |r| r.baseline = Some("nobody".into()),
            |r| r.suites[0].id = "shape".into(),
            |r| r.sampler.guidance = f64::NAN,
        ];
        for (index, damage) in broken.into_iter().enumerate() {
            let mut recipe = table2();
            damage(&mut recipe);
            let message = message(resolve(recipe, &Narrowing::default(), &Library::default(), "r.toml"));
            assert!(message.starts_with("error: r.toml: "), "{index}: {message}");
        }
    }
}
