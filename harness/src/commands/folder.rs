//! `gentron score FOLDER --suite SUITE`: images that somebody else drew.

use std::collections::BTreeMap;
use std::path::Path;

use gentron_reports::observations::{FILE, ObservationRow, write_observations};
use gentron_suites::Prompt;

use super::suites;
use crate::bare::{Pictures, Seen, Source, layout, observe, official, refuse_unscored, summarise, summary};
use crate::cli::ScoreArgs;
use crate::failure::{Explain as _, Outcome};
use crate::plan::Task;
use crate::progress;
use crate::recipe::World;
use crate::score::distance::{self, Distance, Embedding, distances};
use crate::score::networks::Network;
use crate::score::{Eyes, Scorer, rows};
use crate::store::run::pretty;
use crate::store::{atomic, digest};
use crate::table;

/// Scores every image of the folder whose prompt is known, and says what is missing.
///
/// # Errors
/// The suite is not here, the folder has none of its images, a scorer cannot be loaded, or the disk fails.
pub fn run(args: &ScoreArgs, word: &str) -> anyhow::Result<Outcome> {
    let (prompts, suite) = suites::part(word, &[], args.work.suites.as_deref())?;
    let source = Source { folder: &args.run, map: args.map.as_deref(), images: args.images };
    let pictures = layout::find(source, &prompts)?;
    if let Some(reference) = &args.reference {
        distance::check(reference)?;
    }
    if args.official_files {
        official::check(&pictures)?;
    }
    let world = args.world.unwrap_or_else(|| World::of(suite.id()));
    let paths = args.scorers.paths();
    let eyes = Eyes::open(&if world == World::Photographs { paths.or_found() } else { paths })?;
    let eyes = eyes.among(pictures.known.iter().map(|picture| picture.name.as_str()));
    let scorer = Scorer::of_world(suite.id(), world, eyes);
    let canaries = scorer.check_canaries()?;
    if let Some(stranger) = pictures.strangers.first() {
        let count = pictures.strangers.len();
        progress::say(&format!("note: {count} images are of no prompt of {word} and are left out ({stranger})"));
    }
    if let (false, Some(besides)) = (pictures.missing.is_empty(), pictures.besides()) {
        progress::say(&format!("note: {} images are missing; {besides}", pictures.missing.len()));
    }

    let out = args.out.clone().unwrap_or_else(|| args.run.join("scores"));
    let seen = observe(&pictures, &prompts, &scorer, &out, args.work.threads())?;
    let lines = summarise(&seen, &prompts, args.bounds);
    let table = rows(&args.run, &seen, &prompts, &scorer)?;
    let explain = || (format!("cannot write {}", out.display()), "name another folder with --out");
    write_observations(&out, table).explain(explain)?;
    let distances = compared(args, &pictures, &scorer, &out)?;
    let answer = serde_json::json!({
        "folder": args.run.display().to_string(),
        "suite": {"id": suite.id(), "asked": word, "digest": suite.digest(), "prompts": prompts.len(), "phrases": gentron_suites::phrases_by(&prompts), "files": suite.files},
        "scorers": scorer.card(categories(&prompts)),
        "preparations": scorer.preparations(categories(&prompts)),
        "canaries": canaries,
        "images": {"known": pictures.known.len(), "missing": pictures.missing.len(), "strangers": pictures.strangers},
        "scores": lines,
        "distances": distances,
    });
    atomic::write(&out.join("scores.json"), &pretty(&answer)?)?;
    let written =
        if args.official_files { official::write(&pictures, &seen, &out.join("official"))? } else { Vec::new() };
    if args.json {
        table::print_json(&answer)?;
    } else {
        let mut text = summary::render(&lines);
        text.extend(distances.iter().map(|distance| {
            let of =
                distance.reference_images.map_or_else(|| "statistics".to_owned(), |count| format!("{count} images"));
            format!("\n{}: {:.4} from {of} of the reference, by {}\n", distance.name, distance.value, distance.network)
        }));
        text += &format!("\nobservations: {}\n", out.join(FILE).display());
        text.extend(written.iter().map(|path| format!("official file: {}\n", path.display())));
        table::print(&text)?;
    }
    // The table is printed and the files are written: they say why of each score. A distance needs none of them.
    if distances.is_empty() {
        refuse_unscored(&seen)?;
    }
    Ok(Outcome::Done)
}

/// Distances to the reference set, where one is named.
fn compared(args: &ScoreArgs, pictures: &Pictures, scorer: &Scorer, out: &Path) -> anyhow::Result<Vec<Distance>> {
    let Some(reference) = &args.reference else { return Ok(Vec::new()) };
    let images: Vec<_> = pictures.known.iter().map(|picture| picture.path.clone()).collect();
    let found = Network::find("inception").and_then(Network::found).map(|(folder, _)| folder);
    let inception = args.inception.clone().or(found);
    let clip = scorer.similarity();
    let clip = clip.as_ref().map(|(clip, sha256)| (*clip, sha256.as_str()));
    let kept = out.join("features");
    let embedding = Embedding { kept: &kept, threads: args.work.threads() };
    distances(&images, reference, inception.as_deref(), clip, embedding)
}

/// Suite and category, each once.
fn categories(prompts: &[Prompt]) -> Vec<(&str, &str)> {
    let mut categories: Vec<(&str, &str)> = Vec::new();
    for prompt in prompts {
        let category = (prompt.suite.as_str(), prompt.category.as_str());
        if !categories.contains(&category) {
            categories.push(category);
        }
    }
    categories
}

/// What was seen as rows of `observations.parquet`; the arm is the folder's name.
fn rows(folder: &Path, seen: &[Seen], prompts: &[Prompt], scorer: &Scorer) -> anyhow::Result<Vec<ObservationRow>> {
    let by_id: BTreeMap<&str, &Prompt> = prompts.iter().map(|prompt| (prompt.id.as_str(), prompt)).collect();
    let arm = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut table = Vec::new();
    for seen in seen {
        let Some(prompt) = by_id.get(seen.prompt_id.as_str()) else { continue };
        let task = Task {
            task: digest::of_value(&(&seen.prompt_id, seen.k, &seen.sha256)),
            arm: arm.clone(),
            suite: seen.suite.clone(),
            category: seen.category.clone(),
            split: prompt.split,
            prompt_id: seen.prompt_id.clone(),
            prompt: seen.prompt.clone(),
            things: prompt.annotation.things,
            k: seen.k,
            seed: 0,
            batch: 0,
            shard: 0,
            frames: None,
        };
        let headline = scorer.headline(&seen.suite, &seen.category);
        for mut row in rows::of_task(&task, headline, seen.observations.clone())? {
            row.image = seen.image.clone().unwrap_or_default();
            table.push(row);
        }
    }
    Ok(table)
}
