//! From a command line to a run's folder, ready to be worked in. Everything that can be wrong is found here, before the first image.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gentron_model::pipeline::EmbeddingCache;
use gentron_suites::Prompt;

use super::scorers::{eyes_of, needs_clip, say_what_is_missing, scorer};
use crate::cli::{RunArgs, WorkArgs};
use crate::failure::refuse;
use crate::generate::{self, Sources, command as outsider, embeddings, gentron, imported, sources};
use crate::plan::{ArmIdentity, Plan, select};
use crate::recipe::words::Words as _;
use crate::recipe::{self, GeneratorKind, Narrowing, Resolved, ResolvedArm, Source, WeightType};
use crate::registry::{Library, Places};
use crate::report::{info, limits};
use crate::score::{Scorer, ScorerPaths};
use crate::shards::Share;
use crate::store::manifest::{FORMAT, Manifest, PlanSummary};
use crate::store::{Run, digest};
use crate::weights::{self, Kind, check_tensors};

/// A run, and what its stages work with.
pub struct Setup {
    /// The folder, held against other processes.
    pub run: Run,
    /// All prompts of the run.
    pub prompts: Vec<Prompt>,
    /// What observes its images.
    pub scorer: Scorer,
    /// Where what is drawn comes from.
    pub sources: Sources,
    /// Threads to work with.
    pub threads: usize,
}

/// Reads the recipe, checks all that it needs, and begins or continues its run.
///
/// # Errors
/// The first thing that is missing or cannot be meant. Nothing that was there is changed then.
pub fn begin(args: &RunArgs) -> anyhow::Result<Setup> {
    begin_if(args, |_| Ok(()))
}

/// The same, where whoever asks has something to say against some plans.
///
/// # Errors
/// As [`begin`], and what `fits` says of the plan.
pub fn begin_if(args: &RunArgs, fits: impl FnOnce(&Plan) -> anyhow::Result<()>) -> anyhow::Result<Setup> {
    let (written, source) = recipe::load(args.recipe.as_deref())?;
    let folder_name = written.weights.folder.clone();
    let scorers = written.scorers.clone();
    let outside = sources::outside(&written, source.folder());
    let narrowing = Narrowing {
        arms: args.arms.clone(),
        categories: args.categories.clone(),
        prompts: args.prompts,
        images: args.images,
        steps: args.steps,
        dtype: args.dtype.map(Into::into),
    };
    let located = recipe::located(&written, source.folder());
    let library = Library::new(Places::new(args.work.suites.as_deref())?, located);
    let recipe = recipe::resolve(written, &narrowing, &library, &source.word())?;
    let prompts = select(&recipe.suites, &library)?;
    let threads = args.work.threads();

    let weights = find_weights(&recipe, args.work.weights.as_deref(), &source, &folder_name)?;
    let digests = match &weights {
        Some(folder) => weight_digests(&recipe, folder, &needed(&recipe, folder)?)?,
        None => BTreeMap::new(),
    };
    let mut sources = Sources { weights, outside, embeddings: None };
    let weights = sources.weights.as_deref();
    if let Some(folder) = weights {
        rehearse(&recipe, &sources, folder, &digests)?;
    }
    let start = source.folder().unwrap_or(Path::new("."));
    let scorers = eyes_of(&recipe, &scorers.map(|path| absolute(&start.join(path))));
    let scorer = scorer(&recipe, weights, &digests, &scorers)?;
    say_what_is_missing(&recipe, &scorer);

    let mut identities = BTreeMap::new();
    for arm in &recipe.arms {
        identities.insert(arm.name.clone(), identity(&recipe, arm, &sources, &digests)?);
    }
    let plan = Plan::new(&recipe, &prompts, &identities);
    fits(&plan)?;
    for arm in recipe.arms.iter().filter(|arm| arm.generator == GeneratorKind::Import) {
        imported::check(arm, &sources, &plan)?;
    }
    let suites =
        recipe.suites.iter().map(|suite| library.open(&suite.reference())).collect::<anyhow::Result<Vec<_>>>()?;
    let command = command(&source, &narrowing);
    let arms: Vec<String> = recipe.arms.iter().map(|arm| arm.name.clone()).collect();
    let has_arm = |name: &String| arms.contains(name);
    let subject = info::Subject { recipe: &recipe, prompts: &prompts, suites: &suites, scorer: &scorer };
    let manifest = Manifest {
        format: FORMAT,
        plan: PlanSummary {
            digest: digest::of_bytes(&plan.to_bytes()?),
            tasks: plan.tasks.len(),
            batches: plan.batches().count(),
            shards: crate::plan::batches::SHARDS,
        },
        run_info: info::describe(&subject, &sources, &digests, command)?,
        scorers: scorers.clone(),
        suite_places: suites
            .iter()
            .filter_map(|suite| Some((suite.id().to_owned(), absolute(suite.at.as_ref()?))))
            .collect(),
        outside: sources
            .outside
            .iter()
            .filter(|(arm, _)| has_arm(arm))
            .map(|(arm, place)| (arm.clone(), place.clone()))
            .collect(),
        weights: digests,
        weights_place: own_place(args.work.weights.as_deref(), source.folder(), &folder_name),
        recipe,
    };
    let out = args.out.clone().unwrap_or_else(|| Path::new("runs").join(&manifest.recipe.name));
    let mut run = Run::begin(&out, manifest, plan, |manifest| {
        let limits = limits::measure(&prompts, &scorer, manifest.recipe.seed, threads)?;
        for category in &mut manifest.run_info.categories {
            let key = (category.suite.clone(), category.id.clone());
            let limits = limits.get(&key).copied().unwrap_or_default();
            (category.ceiling, category.chance) = (limits.ceiling, limits.chance);
        }
        Ok(())
    })?;
    if scorers != ScorerPaths::default() {
        run.rescored_by(scorers, &scorer)?;
    }
    sources.embeddings = embeddings_of(&run, sources.weights.as_deref(), (Share::WHOLE, threads));
    Ok(Setup { run, prompts, scorer, sources, threads })
}

/// Digests of all the files that the folders `needed` of a recipe compute with.
///
/// # Errors
/// A folder is missing or a file damaged.
pub fn weight_digests(recipe: &Resolved, folder: &Path, needed: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut digests = BTreeMap::new();
    for name in needed {
        weights::bring::ensure(folder, name)?;
        check_whole(recipe, folder, name)?;
        digests.extend(weights::digests(folder, name)?);
    }
    Ok(digests)
}

/// Checks that a folder inside the weights folder is whole, as what the recipe reads it as.
///
/// # Errors
/// What is missing or damaged, by its path.
pub fn check_whole(recipe: &Resolved, folder: &Path, name: &str) -> anyhow::Result<()> {
    if kind(recipe, name) == Kind::Pipeline {
        return weights::check_folder_for(folder, name, weights::PIPELINE_HINT);
    }
    weights::check_folder(folder, name)
}

/// What a recipe reads the folder of that name as.
pub fn kind(recipe: &Resolved, name: &str) -> Kind {
    let draws = |arm: &ResolvedArm| arm.generator == GeneratorKind::Diffusers && arm.weights.as_deref() == Some(name);
    let folders = &recipe.weights;
    if recipe.arms.iter().any(draws) {
        Kind::Pipeline
    } else if name == folders.clip {
        Kind::Clip
    } else if name == folders.t5 {
        Kind::T5 { length: folders.t5_length }
    } else if name == folders.autoencoder {
        Kind::Autoencoder
    } else {
        Kind::Backbone
    }
}

/// Folders inside the weights folder that a recipe computes with, sorted. Where nothing is drawn with weights, CLIP is left out if it is
/// not there: scores that need it are then absent, and say so.
///
/// # Errors
/// A backbone's configuration, which names its encoders, cannot be read.
pub fn needed(recipe: &Resolved, weights: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for arm in &recipe.arms {
        names.extend(gentron::folders(recipe, arm, weights)?);
    }
    let clip = &recipe.weights.clip;
    if needs_clip(recipe) && (draws_with_weights(recipe) || weights.join(clip).is_dir()) {
        names.push(clip.clone());
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// Up to this size all networks are built once before the first image: what is wrong in the last arm must not cost the time of the
/// first four. Of larger ones only the headers are looked at, of every network of every arm.
const REHEARSED: u64 = 1 << 30;

fn rehearse(
    recipe: &Resolved,
    sources: &Sources,
    weights: &Path,
    digests: &BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let size = |path: &String| {
        let (name, file) = path.split_once('/').unwrap_or(("", path));
        std::fs::metadata(weights::place(weights, name).join(file)).map_or(0, |metadata| metadata.len())
    };
    for name in needed(recipe, weights)? {
        check_tensors(weights, &name, kind(recipe, &name))?;
    }
    let small = digests.keys().map(size).sum::<u64>() <= REHEARSED;
    for arm in &recipe.arms {
        generate::engine::check(recipe, arm, weights)?;
        if small {
            generate::engine::prepare(recipe, arm, sources, &[])?;
        }
    }
    Ok(())
}

/// The path as another folder's process can use it.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn draws_with_weights(recipe: &Resolved) -> bool {
    recipe.arms.iter().any(|arm| arm.generator.computes())
}

/// The weights folder of a run that was begun before: where it is named, else where its recipe had its own, else as ever.
///
/// # Errors
/// It is nowhere.
pub fn weights_of(run: &Run, named: Option<&Path>) -> anyhow::Result<PathBuf> {
    Ok(weights::find(named, run.manifest.weights_place.as_deref(), "")?.folder)
}

/// The weights folder, absolute, where a recipe in a file led to it and calls it something of its own.
fn own_place(named: Option<&Path>, recipe: Option<&Path>, folder: &str) -> Option<PathBuf> {
    let unnamed = named.is_none() && std::env::var_os(weights::find::VARIABLE).is_none() && folder != "weights";
    recipe.filter(|_| unnamed).map(|recipe| absolute(&recipe.join(folder))).filter(|place| place.is_dir())
}

/// The weights folder; none where nothing is drawn with weights and none was named.
///
/// # Errors
/// It is needed and not there.
pub fn find_weights(
    recipe: &Resolved,
    named: Option<&Path>,
    source: &Source,
    folder: &str,
) -> anyhow::Result<Option<PathBuf>> {
    let found = weights::find(named, source.folder(), folder);
    match found {
        Ok(found) => Ok(Some(found.folder)),
        // Nothing is drawn with weights; only CLIPScore will be missing.
        Err(_) if !draws_with_weights(recipe) && named.is_none() => Ok(None),
        Err(error) => Err(error),
    }
}

fn identity(
    recipe: &Resolved,
    arm: &ResolvedArm,
    sources: &Sources,
    digests: &BTreeMap<String, String>,
) -> anyhow::Result<ArmIdentity> {
    let folders = match &sources.weights {
        Some(weights) => gentron::folders(recipe, arm, weights)?,
        None => Vec::new(),
    };
    let of_arm = digests.iter().filter(|(path, _)| folders.iter().any(|name| path.starts_with(&format!("{name}/"))));
    let samples = arm.generator.samples();
    Ok(ArmIdentity {
        generator: arm.generator,
        weights: of_arm.map(|(path, digest)| (path.clone(), digest.clone())).collect(),
        sampler: samples.then_some(arm.sampler),
        t5_length: folders.contains(&recipe.weights.t5).then_some(recipe.weights.t5_length),
        dtype: (samples && recipe.weights.dtype != WeightType::F32).then_some(recipe.weights.dtype),
        keep_embeddings: recipe.weights.keep_embeddings.filter(|_| samples),
        outside: match arm.generator {
            GeneratorKind::Import => Some(imported::open(arm, sources)?.digest),
            GeneratorKind::Command => Some(outsider::identity(arm, sources)?),
            _ => None,
        },
    })
}

/// How one would ask for the same run again; where it is and how many threads do it are no part of what it is.
fn command(source: &Source, narrowing: &Narrowing) -> String {
    let mut words = vec!["gentron".to_owned(), "ablate".to_owned()];
    if *source != Source::BuiltIn(recipe::BUILT_IN[0].0) {
        words.push(source.word());
    }
    words.extend(narrowing.arms.iter().map(|name| format!("--arm {name}")));
    words.extend(narrowing.categories.iter().map(|name| format!("--category {name}")));
    let numbers = [("prompts", narrowing.prompts), ("images", narrowing.images), ("steps", narrowing.steps)];
    words.extend(numbers.into_iter().filter_map(|(key, value)| Some(format!("--{key} {}", value?))));
    words.extend(narrowing.dtype.map(|dtype| format!("--dtype {}", dtype.word())));
    words.join(" ")
}

/// Opens a run that was begun before, with what scoring needs.
///
/// # Errors
/// There is none, or it cannot be scored by this version with these weights.
pub fn reopen(folder: &Path, work: &WorkArgs, named: &ScorerPaths) -> anyhow::Result<(Run, Vec<Prompt>, Scorer)> {
    let mut run = Run::open(folder)?;
    let prompts = prompts_of(&run, work)?;
    let (scorer, scorers) = scorer_of(&run, work, named)?;
    if scorers != ScorerPaths::default() {
        run.rescored_by(scorers, &scorer)?;
    }
    Ok((run, prompts, scorer))
}

/// All prompts of a run that was begun before.
///
/// # Errors
/// Its suites are not here, or have changed.
pub fn prompts_of(run: &Run, work: &WorkArgs) -> anyhow::Result<Vec<Prompt>> {
    let library = Library::new(Places::new(work.suites.as_deref())?, run.manifest.suite_places.clone());
    select(&run.manifest.recipe.suites, &library)
}

/// Who scores a run that was begun before: those that are named, else those that the run was begun with; and where these are.
///
/// # Errors
/// The weights are not those of the run, or damaged.
pub fn scorer_of(run: &Run, work: &WorkArgs, named: &ScorerPaths) -> anyhow::Result<(Scorer, ScorerPaths)> {
    let recipe = &run.manifest.recipe;
    let clip = &recipe.weights.clip;
    let recorded: BTreeMap<String, String> = run
        .manifest
        .weights
        .iter()
        .filter(|(path, _)| needs_clip(recipe) && path.starts_with(&format!("{clip}/")))
        .map(|(path, digest)| (path.clone(), digest.clone()))
        .collect();
    let weights = if recorded.is_empty() { None } else { Some(weights_of(run, work.weights.as_deref())?) };
    if let Some(folder) = &weights {
        check_weights(folder, &weight_digests(recipe, folder, std::slice::from_ref(clip))?, &recorded)?;
    }
    let scorers = eyes_of(recipe, &named.map(absolute).or(&run.manifest.scorers));
    let scorer = scorer(recipe, weights.as_deref(), &recorded, &scorers)?;
    say_what_is_missing(recipe, &scorer);
    Ok((scorer, scorers))
}

/// What a run that was begun before draws with, in one worker's share of it: weights, where it draws with any, each as it was then.
///
/// # Errors
/// They are not here, or others.
pub fn sources_of(run: &Run, work: &WorkArgs, share: Share) -> anyhow::Result<Sources> {
    let (recorded, outside) = (&run.manifest.weights, run.manifest.outside.clone());
    if recorded.is_empty() {
        return Ok(Sources { weights: None, outside, embeddings: None });
    }
    let folder = weights_of(run, work.weights.as_deref())?;
    let recipe = &run.manifest.recipe;
    check_weights(&folder, &weight_digests(recipe, &folder, &needed(recipe, &folder)?)?, recorded)?;
    let embeddings = embeddings_of(run, Some(&folder), (share, work.threads()));
    Ok(Sources { weights: Some(folder), outside, embeddings })
}

/// Where the run keeps its text embeddings, if it does; for a process with that share and so many threads.
pub fn embeddings_of(run: &Run, weights: Option<&Path>, process: (Share, usize)) -> Option<EmbeddingCache> {
    let folder = embeddings::folder(&run.folder);
    embeddings::cache(&folder, &run.manifest.recipe.weights, &run.manifest.weights, weights?, process)
}

fn check_weights(
    folder: &Path,
    found: &BTreeMap<String, String>,
    recorded: &BTreeMap<String, String>,
) -> anyhow::Result<()> {
    if let Some((path, _)) = recorded.iter().find(|(path, digest)| found.get(*path) != Some(digest)) {
        let what = format!("{} is not the file that this run was begun with", folder.join(path).display());
        return Err(refuse(what, "name the weights folder of that run with --weights"));
    }
    Ok(())
}
