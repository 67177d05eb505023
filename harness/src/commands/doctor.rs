//! `gentron doctor`: what is here, what is missing, and how to get it.

mod eyes;

use std::collections::BTreeSet;
use std::path::Path;

use gentron_suites::Prompt;
use serde::Serialize;

use super::setup;
use crate::cli::DoctorArgs;
use crate::failure::{Explained, Outcome};
use crate::forecast::{self, Cost, Disk, Fetched, Pipeline, Supposed, size};
use crate::generate::{Sources, command as outsider, engine, gentron, imported, sources};
use crate::movie::ffmpeg;
use crate::plan::select;
use crate::recipe::{
    self, EncoderKind, GeneratorKind, Narrowing, Recipe, Resolved, ResolvedArm, SuiteChoice, WeightType, World,
};
use crate::registry::{Library, Places, SuiteKey};
use crate::store::atomic;
use crate::table::{self, Lean};
use crate::{device, version, weights};

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    what: String,
    well: bool,
    /// The recipe does not need it: it may be absent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
    found: String,
    /// What to do about it, if it is not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// Checks everything that a recipe needs; exit code 1 says that something is missing.
///
/// # Errors
/// Whoever reads stdout has gone away.
pub fn run(args: &DoctorArgs) -> anyhow::Result<Outcome> {
    let mut findings = vec![program(), processor(args.dtype.map_or(WeightType::F32, Into::into))];
    findings.extend(of_recipe(args));
    findings.push(writable(Path::new("runs")));
    findings.extend(eyes::findings(recipe::load(args.recipe.as_deref()).ok().as_ref()));
    findings.push(films());
    let well = findings.iter().all(|finding| finding.well || finding.optional);
    if args.json {
        table::print_json(&findings)?;
    } else {
        let row = |f: &Finding| vec![f.word().to_owned(), f.what.clone(), f.found.clone()];
        let rows: Vec<_> = findings.iter().map(row).collect();
        let mut text = table::render(&[("", Lean::Left), ("what", Lean::Left), ("found", Lean::Left)], &rows);
        let mut said = BTreeSet::new();
        let hints = findings.iter().filter_map(|finding| finding.hint.as_ref()).filter(|hint| said.insert(*hint));
        text.extend(hints.map(|hint| format!("\nhint: {hint}\n")));
        table::print(&text)?;
    }
    Ok(if well { Outcome::Done } else { Outcome::GateFailed })
}

impl Finding {
    fn word(&self) -> &'static str {
        match (self.well, self.optional) {
            (true, _) => "ok",
            (false, true) => "absent",
            (false, false) => "MISSING",
        }
    }
}

/// What reads and writes films.
fn films() -> Finding {
    let what = "ffmpeg".to_owned();
    match ffmpeg::find() {
        Some(path) => Finding { optional: true, ..well(what, format!("{}, for MP4 and WebM", path.display())) },
        None => Finding {
            what,
            well: false,
            optional: true,
            found: "not on the path".into(),
            hint: Some(format!("for MP4 and WebM: {}", ffmpeg::HOW_TO_GET)),
        },
    }
}

fn well(what: impl Into<String>, found: impl Into<String>) -> Finding {
    Finding { what: what.into(), well: true, optional: false, found: found.into(), hint: None }
}

fn missing(what: impl Into<String>, error: &anyhow::Error) -> Finding {
    let hint = error.downcast_ref::<Explained>().map(|explained| explained.hint.clone());
    Finding { what: what.into(), well: false, optional: false, found: error.to_string(), hint }
}

fn program() -> Finding {
    let changed = if version::code().dirty == Some(true) { ", with changes that no commit holds" } else { "" };
    well("gentron", format!("{}{changed}", version::VERSION))
}

fn processor(weights: WeightType) -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if let Err(error) = device::device() {
        return missing("processor", &error);
    }
    well("processor", format!("{cores} cores, {}, networks on {}", std::env::consts::ARCH, device::name(weights)))
}

/// The recipe, and all that it needs; of a recipe that was named, also what it will take.
fn of_recipe(args: &DoctorArgs) -> Vec<Finding> {
    let loaded = recipe::load(args.recipe.as_deref());
    let (written, source) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => return vec![missing("recipe", &error)],
    };
    let folder_name = written.weights.folder.clone();
    let outside = sources::outside(&written, source.folder());
    let library = match Places::new(args.suites.as_deref()) {
        Ok(places) => Library::new(places, recipe::located(&written, source.folder())),
        Err(error) => return vec![missing("suites", &error)],
    };
    let mut findings = Vec::new();
    let choices = written.suites.clone();
    let narrowing = Narrowing { dtype: args.dtype.map(Into::into), ..Narrowing::default() };
    // A suite that is not here must not hide what else is missing: the arms are looked at all the same.
    let (resolved, prompts) = match recipe::resolve(written.clone(), &narrowing, &library, &source.word()) {
        Ok(resolved) => {
            let prompts = select(&resolved.suites, &library).ok();
            (resolved, prompts)
        }
        Err(error) => {
            // In its place stands one whose images show the same, and so need the same scorers.
            let world = if written.suites.iter().any(drawn) { World::Shapes } else { World::Photographs };
            let instead = SuiteChoice { world: Some(world), ..SuiteChoice::of(gentron_suites::shapes::ID) };
            let without = Recipe { suites: vec![instead], gates: Vec::new(), ..written };
            match recipe::resolve(without, &narrowing, &Library::default(), &source.word()) {
                Ok(resolved) => {
                    findings.push(missing("suites", &error));
                    (resolved, None)
                }
                Err(_) => return vec![missing("recipe", &error)],
            }
        }
    };
    let count = |prompts: &[Prompt]| format!(", {} prompts", table::grouped(prompts.len() as u64));
    let count = prompts.as_deref().map(count).unwrap_or_default();
    findings.push(well("recipe", format!("{}: {} arms{count}", source.word(), resolved.arms.len())));
    let mut found = Sources { weights: None, outside, embeddings: None };
    match weights::find(args.weights.as_deref(), source.folder(), &folder_name) {
        Ok(folder) => {
            findings.push(well("weights folder", format!("{} ({})", folder.folder.display(), folder.by)));
            found.weights = Some(folder.folder);
        }
        Err(_) if !resolved.arms.iter().any(|arm| arm.generator.computes()) => {}
        Err(error) => findings.push(missing("weights folder", &error)),
    }
    findings.extend(of_arms(&resolved, &found, prompts.as_deref()));
    let prompts = prompts.map(|prompts| Supposed { prompts: prompts.len(), grounds: Vec::new() });
    let prompts = prompts.or_else(|| forecast::supposed(&choices, &library));
    if let (Some(_), Some(prompts)) = (&args.recipe, prompts) {
        findings.extend(forecast(&resolved, &found, &prompts));
    }
    findings
}

/// Whether the images of a suite show the small world, here or not.
fn drawn(choice: &SuiteChoice) -> bool {
    let world = || SuiteKey::parse(&choice.name()).ok().map(|key| World::of(&key.suite));
    choice.world.or_else(world) == Some(World::Shapes)
}

/// Everything that the arms are drawn from, each once; of imports also whether they have what is asked for, where the prompts are here.
fn of_arms(resolved: &Resolved, found: &Sources, prompts: Option<&[Prompt]>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for arm in &resolved.arms {
        match arm.generator {
            GeneratorKind::Import => findings.push(of_import(resolved, arm, found, prompts)),
            GeneratorKind::Command => findings.push(match outsider::identity(arm, found) {
                Ok(_) => well(format!("program {}", arm.name), "it is there; it was not started"),
                Err(error) => missing(format!("program {}", arm.name), &error),
            }),
            _ => {}
        }
    }
    if let Some(folder) = &found.weights {
        findings.extend(folders(resolved, folder).iter().map(|name| of_folder(resolved, folder, name)));
        findings.extend(resolved.arms.iter().filter_map(|arm| mislabelled(resolved, arm, folder)));
    }
    findings
}

/// An arm's import, which has every image that the run will ask of it.
fn of_import(resolved: &Resolved, arm: &ResolvedArm, found: &Sources, prompts: Option<&[Prompt]>) -> Finding {
    let what = format!("import {}", arm.name);
    let import = match imported::open(arm, found) {
        Ok(import) => import,
        Err(error) => {
            let mut finding = missing(what, &error);
            if let Ok(outside) = found.outside(&arm.name) {
                finding.found += &format!(" in {}", outside.folder.display());
            }
            return finding;
        }
    };
    match imported::check_prompts(arm, &import, prompts.unwrap_or_default(), resolved.images_per_prompt) {
        Ok(()) => {
            let images = table::grouped(import.record.images.len() as u64);
            well(what, format!("{images} images in {}", import.folder.display()))
        }
        Err(error) => missing(what, &error),
    }
}

/// What is wrong with an arm whose weights are here, and are not what the recipe says of them. What is not here is said of its folder.
fn mislabelled(resolved: &Resolved, arm: &ResolvedArm, weights: &Path) -> Option<Finding> {
    if arm.generator != GeneratorKind::Gentron {
        return None;
    }
    let config = gentron::config(arm, weights).ok()?;
    let error = match gentron::spec(resolved, arm, weights) {
        Err(error) => error,
        Ok(_) if config.text.iter().all(|source| weights::check_folder(weights, &source.name).is_ok()) => {
            engine::check(resolved, arm, weights).err()?
        }
        Ok(_) => return None,
    };
    Some(missing(format!("arm {}", arm.name), &error))
}

/// Folders inside the weights folder that the run computes with, each once.
fn folders(resolved: &Resolved, weights: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for arm in resolved.arms.iter().filter(|arm| arm.generator.computes()) {
        // A backbone that is not here does not say what else it needs: the recipe does.
        names.extend(gentron::folders(resolved, arm, weights).unwrap_or_else(|_| claimed(resolved, arm)));
    }
    names.extend(setup::needed(resolved, weights).unwrap_or_default());
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// What a recipe says that an arm computes with.
fn claimed(resolved: &Resolved, arm: &ResolvedArm) -> Vec<String> {
    let text = arm.text.iter().map(|kind| match kind {
        EncoderKind::Clip => resolved.weights.clip.clone(),
        EncoderKind::T5 => resolved.weights.t5.clone(),
    });
    arm.weights.iter().cloned().chain(text).chain([resolved.weights.autoencoder.clone()]).collect()
}

/// One folder inside the weights folder, or a published one wherever it is.
fn of_folder(resolved: &Resolved, weights: &Path, name: &str) -> Finding {
    let what = format!("weights/{name}");
    let sizes = setup::check_whole(resolved, weights, name).and_then(|()| {
        let folder = weights::place(weights, name);
        Ok((weights::check::parameters(&folder)?, weights::check::bytes(&folder)?))
    });
    match sizes {
        Ok((count, bytes)) => match weights::check_tensors(weights, name, setup::kind(resolved, name)) {
            Ok(()) => well(what, format!("{} parameters, {}", table::grouped(count), size(bytes))),
            Err(error) => Finding { found: in_one_line(&error), ..missing(what, &error) },
        },
        Err(error) => {
            let mut finding = missing(what, &error);
            finding.found += &expected(resolved, weights, name);
            finding
        }
    }
}

/// An error and its causes in one line, with the first of many tensors.
fn in_one_line(error: &anyhow::Error) -> String {
    const SHOWN: usize = 3;
    let causes: Vec<String> = error.chain().skip(1).map(|cause| cause.to_string()).collect();
    // The line that ends so is a heading of those below it.
    let lines: Vec<&str> = causes.iter().flat_map(|cause| cause.lines()).filter(|line| !line.ends_with(':')).collect();
    let shown: Vec<&str> = lines.iter().take(SHOWN).map(|line| line.trim()).collect();
    let more = lines.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("{error}: {}{more}", shown.join("; "))
}

/// How much a network that is not here will weigh.
fn expected(resolved: &Resolved, weights: &Path, name: &str) -> String {
    if let Some((count, bytes)) = forecast::published(name) {
        return format!("; it has {} parameters, {} as published", table::grouped(count), size(bytes));
    }
    if let Some(pipeline) = Pipeline::named(name) {
        return format!("; it has about {} as published", size(pipeline.bytes()));
    }
    let arm = resolved.arms.iter().find(|arm| arm.weights.as_deref() == Some(name));
    let config = arm.and_then(|arm| forecast::cost::claimed(resolved, arm, Some(weights)));
    let count = config.and_then(|config| config.parameter_count().ok());
    count.map_or_else(String::new, |count| {
        format!("; it has {} parameters, {} in bfloat16", table::grouped(count), size(2 * count))
    })
}

/// Time and room that the run will take.
fn forecast(resolved: &Resolved, found: &Sources, supposed: &Supposed) -> Vec<Finding> {
    let images = supposed.prompts * resolved.images_per_prompt as usize;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let costs = match forecast::cost(resolved, found.weights.as_deref(), images, threads) {
        Ok(costs) => costs,
        Err(error) => return vec![missing("time", &error)],
    };
    let grounds = match &supposed.grounds[..] {
        [] => String::new(),
        grounds => format!(", if {}", grounds.join(" and ")),
    };
    let largest = forecast::largest(resolved, found.weights.as_deref());
    let rows = forecast::times(resolved, &costs, largest.as_ref(), (images, grounds.as_str()));
    let mut findings: Vec<Finding> = rows.into_iter().map(|(what, found)| well(what, found)).collect();
    let (bytes, unknown) = of_images(resolved, found, &costs, images as u64);
    let kept = forecast::embeddings(resolved, found.weights.as_deref(), supposed.prompts);
    let mut takes = vec![format!("at most {} of images", size(bytes))];
    if unknown > 0 {
        takes.push(format!("besides {unknown} arms of unknown size"));
    }
    if kept > 0 {
        takes.push(format!("at most {} of text embeddings", size(kept)));
    }
    let takes = format!("{}{grounds}", takes.join(", "));
    findings.extend(room(takes, bytes + kept, &fetched(resolved, found)));
    findings
}

/// Bytes of the images of all arms at most, and the number of arms whose images are of unknown size.
fn of_images(resolved: &Resolved, found: &Sources, costs: &[Cost], images: u64) -> (u64, usize) {
    let of = |arm: &ResolvedArm| match arm.generator {
        GeneratorKind::Gentron | GeneratorKind::Diffusers => {
            let measured = costs.iter().find(|cost| cost.arm == arm.name).map(|cost| cost.size);
            let published = || arm.weights.as_deref().and_then(Pipeline::named).map(|pipeline| [pipeline.side; 2]);
            measured.or_else(published)
        }
        GeneratorKind::Import => imported::open(arm, found).ok().and_then(|import| import.record.size),
        GeneratorKind::Command => arm.program.as_ref().and_then(|program| program.size),
        _ => Some([64, 64]),
    };
    let known: Vec<[u32; 2]> = resolved.arms.iter().filter_map(of).collect();
    let bytes: u64 = known.iter().map(|[width, height]| u64::from(*width) * u64::from(*height) * 3 * images).sum();
    (bytes, resolved.arms.len() - known.len())
}

fn fetched(resolved: &Resolved, found: &Sources) -> Fetched {
    let of = |weights: &Path| forecast::to_fetch(&folders(resolved, weights), weights);
    found.weights.as_deref().map(of).unwrap_or_default()
}

/// What the run writes, held against what is free; and what is fetched before, which goes into the cache, perhaps on another disk.
fn room(takes: String, bytes: u64, fetched: &Fetched) -> Vec<Finding> {
    let runs = forecast::disk(Path::new("runs"));
    let cache = weights::hub::cache();
    let fetches = fetched.bytes > 0 || !fetched.unknown.is_empty();
    let Some(cache) = cache.filter(|_| fetches) else { return vec![on_disk("disk", takes, bytes, runs.as_ref())] };
    let about = if fetched.about { "about " } else { "" };
    let mut fetch = format!("{about}{} to fetch into {}", size(fetched.bytes), cache.display());
    if !fetched.unknown.is_empty() {
        fetch += &format!(", besides {}, whose size is not known", fetched.unknown.join(", "));
    }
    let there = forecast::disk(&cache);
    let mount = |disk: &Option<Disk>| disk.as_ref().map(|disk| disk.mount.clone());
    if mount(&there) == mount(&runs) {
        return vec![on_disk("disk", format!("{takes}; {fetch}"), bytes + fetched.bytes, runs.as_ref())];
    }
    let mut cached = on_disk("disk of the cache", fetch, fetched.bytes, there.as_ref());
    cached.hint = cached.hint.map(|_| "HF_HUB_CACHE names a cache on a larger disk".to_owned());
    vec![on_disk("disk", takes, bytes, runs.as_ref()), cached]
}

fn on_disk(what: &str, takes: String, bytes: u64, disk: Option<&Disk>) -> Finding {
    let Some(disk) = disk else { return well(what, takes) };
    let finding = well(what, format!("{takes}; {} are free", size(disk.free)));
    if disk.free >= bytes {
        return finding;
    }
    let hint = "go to a larger disk, or name a folder on one with --out";
    Finding { well: false, hint: Some(hint.into()), ..finding }
}

fn writable(folder: &Path) -> Finding {
    let existed = folder.exists();
    let probe = folder.join(".doctor");
    let written = atomic::write(&probe, b"gentron").and_then(|()| Ok(std::fs::remove_file(&probe)?));
    if !existed {
        // Best effort: an empty folder more or less does no harm.
        drop(std::fs::remove_dir(folder));
    }
    match written {
        Ok(()) => well("folder for runs", format!("{} can be written", folder.display())),
        Err(error) => Finding {
            what: "folder for runs".into(),
            well: false,
            optional: false,
            found: format!("{error:#}"),
            hint: Some("go to a folder that can be written, or name one with --out".into()),
        },
    }
}
