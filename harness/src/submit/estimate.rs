//! What a run will take, from a few images drawn and scored here.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use gentron_suites::Prompt;
use serde::Serialize;

use crate::generate::engine;
use crate::generate::stage::encoded;
use crate::plan::{Batch, Plan};
use crate::score::Scorer;
use crate::score::stage::observe_task;
use crate::store::Run;

/// What one arm took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmProbe {
    /// Its name.
    pub arm: String,
    /// Images planned.
    pub images: usize,
    /// Images drawn to find out.
    pub probed: usize,
    /// Seconds until it could draw: networks loaded, texts encoded.
    pub load: f64,
    /// Seconds an image, on one thread.
    pub draw: f64,
    /// Seconds to score one, on one thread.
    pub score: f64,
    /// Bytes of one.
    pub bytes: f64,
}

/// Draws and scores the first batch of each arm; writes nothing. A second batch tells the time, since the first pays for what is set
/// up at first use.
///
/// # Errors
/// Weights are missing, or the network fails.
pub fn probe(run: &Run, prompts: &[Prompt], weights: Option<&Path>, scorer: &Scorer) -> anyhow::Result<Vec<ArmProbe>> {
    let by_id: HashMap<&str, &Prompt> = prompts.iter().map(|prompt| (prompt.id.as_str(), prompt)).collect();
    let identity = scorer.identity();
    let recipe = &run.manifest.recipe;
    let mut probes = Vec::new();
    for arm in &recipe.arms {
        let batches: Vec<Batch> = run.plan.batches().filter(|batch| batch[0].arm == arm.name).collect();
        // From the middle of the plan, whose prompts are no easier than the others.
        let batch = *batches.get(batches.len() / 2).context("an arm without images")?;
        let began = Instant::now();
        let engine = engine::prepare(recipe, arm, weights, prompts)?;
        let load = began.elapsed().as_secs_f64();
        encoded(engine.as_ref(), &batch[..1])?;
        let began = Instant::now();
        let images = encoded(engine.as_ref(), batch)?;
        let draw = began.elapsed().as_secs_f64() / batch.len() as f64;
        let began = Instant::now();
        for (task, bytes) in batch.iter().zip(&images) {
            let prompt = by_id.get(task.prompt_id.as_str()).context("the plan's prompt is not in the suite")?;
            observe_task((scorer, &identity), prompt, task, bytes)?;
        }
        let score = began.elapsed().as_secs_f64() / batch.len() as f64;
        let bytes = images.iter().map(Vec::len).sum::<usize>() as f64 / batch.len() as f64;
        let images = batches.iter().map(|batch| batch.len()).sum();
        probes.push(ArmProbe { arm: arm.name.clone(), images, probed: batch.len(), load, draw, score, bytes });
    }
    Ok(probes)
}

/// What a run will take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Workers.
    pub workers: u32,
    /// Threads of each.
    pub threads: usize,
    /// Hours of all workers together: of as many GPUs, where each has one.
    pub worker_hours: f64,
    /// Hours until the last worker is done, if all start at once.
    pub wall_hours: f64,
    /// Bytes of packed images, and as much again while they are merged.
    pub disk: f64,
    /// Kilowatt-hours, where it is known what a worker draws.
    pub kilowatt_hours: Option<f64>,
}

/// From a probe to the whole. Every worker is taken to load every arm that has a shard for it; `watts` is what one worker draws.
pub fn estimate(plan: &Plan, probes: &[ArmProbe], (workers, threads): (u32, usize), watts: Option<f64>) -> Estimate {
    let arm: HashMap<&str, &ArmProbe> = probes.iter().map(|probe| (probe.arm.as_str(), probe)).collect();
    let mut seconds = vec![0.0; workers as usize];
    let mut loaded: Vec<std::collections::HashSet<&str>> = vec![Default::default(); workers as usize];
    for task in &plan.tasks {
        let Some(probe) = arm.get(task.arm.as_str()) else { continue };
        let worker = (task.shard % workers) as usize;
        seconds[worker] += (probe.draw + probe.score) / threads as f64;
        if loaded[worker].insert(&probe.arm) {
            seconds[worker] += probe.load;
        }
    }
    let total: f64 = seconds.iter().sum();
    let hours = |seconds: f64| seconds / 3600.0;
    let bytes: f64 = probes.iter().map(|probe| probe.bytes * probe.images as f64).sum();
    Estimate {
        workers,
        threads,
        worker_hours: hours(total),
        wall_hours: hours(seconds.iter().copied().fold(0.0, f64::max)),
        disk: 2.0 * bytes,
        kilowatt_hours: watts.map(|watts| hours(total) * watts / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Task;
    use gentron_suites::Split;

    fn task(arm: &str, shard: u32) -> Task {
        Task {
            task: String::new(),
            arm: arm.into(),
            suite: String::new(),
            category: String::new(),
            split: Split::Seen,
            prompt_id: String::new(),
            prompt: String::new(),
            things: 1,
            k: 0,
            seed: 0,
            batch: shard,
            shard,
        }
    }

    #[test]
    fn the_last_worker_sets_the_wall_time_and_each_loads_what_it_draws() {
        let plan = Plan { tasks: vec![task("a", 0), task("a", 0), task("a", 1), task("b", 2)] };
        let probe = |arm: &str, images, draw| ArmProbe {
            arm: arm.into(),
            images,
            probed: 1,
            load: 360.0,
            draw,
            score: 0.0,
            bytes: 10.0,
        };
        let probes = [probe("a", 3, 720.0), probe("b", 1, 1440.0)];
        // Worker 0 has shards 0 and 2: two of a, one of b, two loads; worker 1 has one of a and one load.
        let found = estimate(&plan, &probes, (2, 1), Some(500.0));
        assert!((found.wall_hours - 1.0).abs() < 1e-12, "{found:?}");
        assert!((found.worker_hours - 1.3).abs() < 1e-12);
        assert!((found.kilowatt_hours.unwrap() - 0.65).abs() < 1e-12);
        assert!((found.disk - 80.0).abs() < 1e-12);
    }
}
