//! What a submission will take, in words.

use super::Common;
use crate::commands::setup;
use crate::device;
use crate::forecast;
use crate::interrupt;
use crate::progress::{self, human};
use crate::score::ScorerPaths;
use crate::shards::Share;
use crate::store::Run;
use crate::submit::budget;
use crate::submit::estimate::{self, Estimate, Stages, Terms};
use crate::submit::probe::{ArmProbe, EncoderProbe, Probe, probe};

/// What was asked of whoever gets the plan.
pub struct Asked {
    /// Whether workers are to have GPUs.
    pub gpus: bool,
    /// Workers at once; all, where nothing is said.
    pub at_once: Option<u32>,
    /// When scoring begins.
    pub stages: Stages,
    /// Seconds from the moment when a worker is told to stop to its end; none where nobody ends it.
    pub grace: Option<u32>,
}

/// What is left of the run will take, and what of it fits into a budget.
///
/// # Errors
/// The run cannot be read, or the probe fails.
pub fn say_estimate(run: &Run, args: &Common, asked: &Asked) -> anyhow::Result<String> {
    let left = estimate::left(run)?;
    if !left.values().any(estimate::Rest::is_some) {
        return Ok(format!("nothing is left of {} images to draw or to score\n", run.plan.tasks.len()));
    }
    let prompts = setup::prompts_of(run, &args.work)?;
    let sources = setup::sources_of(run, &args.work, Share::WHOLE)?;
    let (scorer, _) = setup::scorer_of(run, &args.work, &ScorerPaths::default())?;
    progress::say("drawing and scoring one batch of every arm");
    let probed = probe(run, &prompts, &sources, &scorer)?;
    let (on_cpu, threads) = (device::device()?.is_cpu(), args.work.threads());
    let terms = Terms {
        workers: args.workers,
        workers_at_once: asked.at_once.filter(|most| *most < args.workers),
        stages: asked.stages,
        threads,
        at_once: if on_cpu { threads } else { 1 },
        watts: args.watts,
        embeddings: forecast::embeddings(&run.manifest.recipe, sources.weights.as_deref(), prompts.len()),
    };
    let found = estimate::estimate(&run.plan, &left, &probed, &terms);
    let shards = left.values().filter(|rest| rest.is_some()).count();
    let mut text = estimate_text(run, &probed, (&terms, &found), shards);
    if asked.gpus && on_cpu {
        text += "note: workers are to have GPUs, and this was measured on a CPU; measure on a machine like theirs\n";
    }
    if let Some(grace) = asked.grace {
        text += &grace_text(&probed, &terms, grace);
    }
    if let Some(hours) = args.budget {
        let unit = if on_cpu { "worker-hours" } else { "GPU-hours" };
        text += &budget_text(run, &probed, (&terms, &found), hours, unit);
    }
    Ok(text)
}

fn estimate_text(run: &Run, probed: &Probe, (terms, found): (&Terms, &Estimate), shards: usize) -> String {
    let Estimate { workers, threads, worker_hours, wall_hours, draws, scores, disk, packed, kilowatt_hours, .. } =
        found;
    let time = |hours: f64| human(hours * 3600.0);
    let images = run.plan.tasks.len();
    let what = match (draws.round() as usize, scores.round() as usize) {
        (draws, scores) if (draws, scores) == (images, images) => format!("{images} images"),
        (draws, scores) => format!("of {images} images {draws} to draw and {scores} to score"),
    };
    let mut text = format!("{what}, from a batch of each arm on this machine:\n");
    for ArmProbe { arm, images, load, draw, score, .. } in &probed.arms {
        text += &format!(
            "  {arm}: {images} images, {} each to draw and {} to score on one thread, {} to load\n",
            human(*draw),
            human(*score),
            human(*load)
        );
    }
    for EncoderProbe { encoder, load, text: each, texts } in &probed.encoders {
        text += &format!(
            "  {encoder}: {texts:.0} texts to encode once for all, {} each on one thread, {} to load\n",
            human(*each),
            human(*load)
        );
    }
    let turns = terms.workers_at_once.map_or_else(String::new, |most| format!(", {most} workers at once"));
    text += &format!(
        "{workers} workers of {threads} threads, each like this machine: {} together, {} until the last is done ({shards} shards{turns})\n\
         disk: {:.1} MB while it is merged, {:.1} MB after\n",
        time(*worker_hours),
        time(*wall_hours),
        (disk + packed) / 1e6,
        disk / 1e6
    );
    text += &kilowatt_hours.map_or_else(
        || "energy: not known; --watts says what a worker draws\n".to_owned(),
        |energy| format!("energy: {energy:.3} kWh\n"),
    );
    text
}

/// A note for every arm of which a worker that is told to stop gives up the batch in hand.
fn grace_text(probed: &Probe, terms: &Terms, grace: u32) -> String {
    let patience = interrupt::patience(grace);
    // Threads that draw in turns on one GPU keep each batch waiting.
    let together = (terms.threads / terms.at_once.max(1)).max(1) as f64;
    let mut text = String::new();
    for ArmProbe { arm, probed, draw, .. } in &probed.arms {
        let batch = draw * *probed as f64 * together;
        if batch > patience.as_secs_f64() {
            text += &format!(
                "note: a batch of {arm} takes {} to draw, and a worker that is told to stop gives up what is not done in {} (0.8 of \
                 --grace {grace}): --grace {} or a smaller `batch` in the recipe would save it\n",
                human(batch),
                human(patience.as_secs_f64()),
                (batch / 0.8).ceil()
            );
        }
    }
    text
}

/// What of the recipe to plan where `hours` do not pay for what is left. Networks are loaded as often then as the estimate has it.
fn budget_text(run: &Run, probed: &Probe, (terms, found): (&Terms, &Estimate), hours: f64, unit: &str) -> String {
    if found.worker_hours <= hours {
        return format!("budget: {hours} {unit} pay for everything\n");
    }
    let recipe = &run.manifest.recipe;
    let mut categories: std::collections::BTreeMap<(&str, &str), std::collections::BTreeSet<&str>> = Default::default();
    for task in &run.plan.tasks {
        categories.entry((&task.suite, &task.category)).or_default().insert(&task.prompt_id);
    }
    let counts: Vec<usize> = categories.values().map(std::collections::BTreeSet::len).collect();
    let each = |probe: &ArmProbe| probe.draw / terms.at_once as f64 + probe.score / terms.threads as f64;
    let each: f64 = probed.arms.iter().map(each).sum();
    // A part of the recipe is a plan of its own, which begins with nothing.
    let fixed = estimate::estimate(&run.plan, &estimate::whole(&run.plan), probed, terms).fixed_hours;
    let seconds = (hours * 3600.0, fixed * 3600.0, each);
    let Some(subset) = budget::subset(&counts, recipe.images_per_prompt, seconds) else {
        return format!(
            "budget: {hours} {unit} do not pay for one image of every category by every arm; {} go into loading networks\n",
            human(fixed * 3600.0)
        );
    };
    let all: usize = counts.iter().sum();
    let mut flags = String::new();
    if let Some(prompts) = subset.prompts {
        flags += &format!(" --prompts {prompts}");
    }
    flags += &format!(" --images {}", subset.images);
    let mut text = format!(
        "budget: {hours} {unit} pay for {} of {all} prompts with {} of {} images each; plan the recipe with{flags}\n",
        subset.kept_prompts, subset.images, recipe.images_per_prompt
    );
    text += &format!(
        "given up: the smallest difference that a category can show grows {:.2} to {:.2} times",
        subset.factor_at_least, subset.factor_at_most
    );
    if let Some(detectable) = subset.detectable {
        text +=
            &format!("; of two success rates at worst {:.1} points are found with a power of 80 %", detectable * 100.0);
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_is_longer_than_the_grace_is_told_before() {
        let arm = |arm: &str, draw| ArmProbe {
            arm: arm.into(),
            images: 80,
            probed: 8,
            load: 1.0,
            draw,
            score: 0.0,
            bytes: 1.0,
        };
        let probed = Probe { arms: vec![arm("quick", 1.0), arm("slow", 10.0)], encoders: Vec::new() };
        let terms = Terms {
            workers: 4,
            workers_at_once: None,
            stages: Stages::Together,
            threads: 2,
            at_once: 2,
            watts: None,
            embeddings: 0,
        };
        // 80 seconds, of 0.8 times 120, and of 0.8 times 60.
        assert_eq!(grace_text(&probed, &terms, 120), "");
        let said = grace_text(&probed, &terms, 60);
        assert!(
            said.starts_with("note: a batch of slow takes 80 s to draw") && said.contains(" 48 s (0.8 of"),
            "{said}"
        );
        assert!(said.contains("--grace 100 or a smaller") && said.lines().count() == 1, "{said}");
        // Two threads on one GPU.
        let said = grace_text(&probed, &Terms { at_once: 1, ..terms }, 120);
        assert!(said.contains("batch of slow takes 2 min 40 s") && said.contains("--grace 200 or"), "{said}");
    }
}
