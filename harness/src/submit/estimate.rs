//! What is left of a run, and what it will take.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use serde::Serialize;

use super::probe::{ArmProbe, EncoderProbe, Probe};
use crate::plan::Plan;
use crate::shards::phase;
use crate::shards::status::{self, ShardStatus, Standing};
use crate::store::Run;

/// What is left of a shard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rest {
    /// The part of its images that is to be drawn, 0 to 1.
    pub draw: f64,
    /// The part of them that is to be scored, 0 to 1.
    pub score: f64,
}

impl Rest {
    /// All of it.
    pub const WHOLE: Self = Self { draw: 1.0, score: 1.0 };

    fn of(shard: &ShardStatus) -> Self {
        let missing = 1.0 - shard.drawn as f64 / shard.tasks.max(1) as f64;
        Self {
            draw: if shard.images == Standing::Whole { 0.0 } else { missing },
            score: if shard.observations == Standing::Whole { 0.0 } else { 1.0 },
        }
    }

    /// Whether there is any.
    pub fn is_some(&self) -> bool {
        self.draw > 0.0 || self.score > 0.0
    }
}

/// What is left of each shard, by its number; nothing where the run is merged.
///
/// # Errors
/// The run's folder cannot be read, or what it lacks is nothing for workers.
pub fn left(run: &Run) -> anyhow::Result<BTreeMap<u32, Rest>> {
    if !phase::is_open(run, &run.folder, true)? {
        return Ok(BTreeMap::new());
    }
    let mut shards = status::of(run)?.shards;
    if shards.is_empty() {
        shards = status::untouched(run);
    }
    Ok(shards.iter().map(|shard| (shard.shard, Rest::of(shard))).collect())
}

/// The same of a plan that nobody has begun.
pub fn whole(plan: &Plan) -> BTreeMap<u32, Rest> {
    plan.tasks.iter().map(|task| (task.shard, Rest::WHOLE)).collect()
}

/// When scoring begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stages {
    /// For each worker when it has drawn its own share.
    Together,
    /// When all workers have drawn, as in Slurm's chain of arrays.
    OneAfterTheOther,
}

/// Who is to work on a run, and what else is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Workers.
    pub workers: u32,
    /// How many of them run at once; all, where nothing is said.
    pub workers_at_once: Option<u32>,
    /// When scoring begins.
    pub stages: Stages,
    /// Threads of each.
    pub threads: usize,
    /// How many of them draw and encode at once: one where they share a GPU, on which they wait for one another.
    pub at_once: usize,
    /// What one draws, in watts, where that is known.
    pub watts: Option<f64>,
    /// Bytes of the embeddings that the run keeps.
    pub embeddings: u64,
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
    /// Those of them that no image fewer would save: networks are loaded, and texts encoded.
    pub fixed_hours: f64,
    /// Hours until the last worker is done, if as many as may run at once do.
    pub wall_hours: f64,
    /// Images to be drawn.
    pub draws: f64,
    /// Images to be scored.
    pub scores: f64,
    /// Bytes of all images of the run, and of the embeddings that it keeps.
    pub disk: f64,
    /// Bytes of packed images, which are there twice while they are merged.
    pub packed: f64,
    /// Kilowatt-hours, where it is known what a worker draws.
    pub kilowatt_hours: Option<f64>,
}

/// From a probe to what is `left` of a plan. Every worker is taken to load every arm that it has something to draw of, and every encoder
/// while texts are to be encoded; each text is encoded once, by one of them.
pub fn estimate(plan: &Plan, left: &BTreeMap<u32, Rest>, probe: &Probe, terms: &Terms) -> Estimate {
    let Terms { workers, workers_at_once, stages, threads, at_once, watts, embeddings } = *terms;
    let arm: HashMap<&str, &ArmProbe> = probe.arms.iter().map(|probe| (probe.arm.as_str(), probe)).collect();
    let mut drawing = vec![0.0; workers as usize];
    let mut scoring = vec![0.0; workers as usize];
    let mut loading = vec![0.0; workers as usize];
    let mut loaded: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); workers as usize];
    let (mut draws, mut scores) = (0.0, 0.0);
    for task in &plan.tasks {
        let (Some(probe), Some(rest)) = (arm.get(task.arm.as_str()), left.get(&task.shard)) else { continue };
        let worker = (task.shard % workers) as usize;
        draws += rest.draw;
        scores += rest.score;
        drawing[worker] += rest.draw * probe.draw / at_once as f64;
        scoring[worker] += rest.score * probe.score / threads as f64;
        if rest.draw > 0.0 && loaded[worker].insert(&probe.arm) {
            loading[worker] += probe.load;
        }
    }
    let painters = loaded.iter().filter(|arms| !arms.is_empty()).count();
    if painters > 0 {
        let missing = probe.encoders.iter().filter(|encoder| encoder.texts > 0.0);
        let share = |encoder: &EncoderProbe| encoder.load + encoder.text * encoder.texts / (at_once * painters) as f64;
        let each: f64 = missing.map(share).sum();
        let painters = loading.iter_mut().zip(&loaded).filter(|(_, arms)| !arms.is_empty());
        painters.for_each(|(loading, _)| *loading += each);
    }
    let fixed: f64 = loading.iter().sum();
    let total = drawing.iter().sum::<f64>() + scoring.iter().sum::<f64>() + fixed;
    let sums = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one + other).collect::<Vec<f64>>();
    let drawing = sums(&loading, &drawing);
    let most = workers_at_once.unwrap_or(workers) as usize;
    let last = match stages {
        Stages::Together => until_done(&sums(&drawing, &scoring), most),
        Stages::OneAfterTheOther => until_done(&drawing, most) + until_done(&scoring, most),
    };
    let hours = |seconds: f64| seconds / 3600.0;
    let packed: f64 = probe.arms.iter().map(|probe| probe.bytes * probe.images as f64).sum();
    Estimate {
        workers,
        threads,
        worker_hours: hours(total),
        fixed_hours: hours(fixed),
        wall_hours: hours(last),
        draws,
        scores,
        disk: packed + embeddings as f64,
        packed,
        kilowatt_hours: watts.map(|watts| hours(total) * watts / 1000.0),
    }
}

/// Seconds until work of these lengths is done, each in its turn by the first of `slots` that is free.
fn until_done(seconds: &[f64], slots: usize) -> f64 {
    // When each is free. The bits of floats that are not negative are in the order of the numbers.
    let mut free: BinaryHeap<Reverse<u64>> = std::iter::repeat_n(Reverse(0), slots.min(seconds.len())).collect();
    let mut last = 0.0_f64;
    for seconds in seconds {
        let Some(Reverse(at)) = free.pop() else { break };
        let end = f64::from_bits(at) + seconds;
        last = last.max(end);
        free.push(Reverse(end.to_bits()));
    }
    last
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
            frames: None,
        }
    }

    fn plan() -> Plan {
        Plan { tasks: vec![task("a", 0), task("a", 0), task("a", 1), task("b", 2)] }
    }

    fn probe() -> Probe {
        let arm = |arm: &str, images, draw| ArmProbe {
            arm: arm.into(),
            images,
            probed: 1,
            load: 360.0,
            draw,
            score: 0.0,
            bytes: 10.0,
        };
        Probe { arms: vec![arm("a", 3, 720.0), arm("b", 1, 1440.0)], encoders: Vec::new() }
    }

    const TERMS: Terms = Terms {
        workers: 2,
        workers_at_once: None,
        stages: Stages::Together,
        threads: 1,
        at_once: 1,
        watts: Some(500.0),
        embeddings: 5,
    };

    #[test]
    fn the_last_worker_sets_the_wall_time_and_each_loads_what_it_draws() {
        let plan = plan();
        // Worker 0 has shards 0 and 2: two of a, one of b, two loads; worker 1 has one of a and one load.
        let found = estimate(&plan, &whole(&plan), &probe(), &TERMS);
        assert!((found.wall_hours - 1.0).abs() < 1e-12, "{found:?}");
        assert!((found.worker_hours - 1.3).abs() < 1e-12);
        assert!((found.fixed_hours - 0.3).abs() < 1e-12);
        assert!((found.kilowatt_hours.unwrap() - 0.65).abs() < 1e-12);
        assert_eq!((found.packed, found.disk, found.draws, found.scores), (40.0, 45.0, 4.0, 4.0));
    }

    #[test]
    fn workers_that_may_not_all_run_at_once_take_turns() {
        assert!((until_done(&[3600.0; 256], 40) - 7.0 * 3600.0).abs() < 1e-9);
        assert!((until_done(&[3.0, 1.0, 1.0, 1.0, 2.0], 2) - 5.0).abs() < 1e-12);
        assert_eq!((until_done(&[2.0, 1.0], 2), until_done(&[2.0, 1.0], 9), until_done(&[], 3)), (2.0, 2.0, 0.0));
        let plan = plan();
        let found = estimate(&plan, &whole(&plan), &probe(), &Terms { workers_at_once: Some(1), ..TERMS });
        assert!((found.wall_hours - found.worker_hours).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn where_stages_are_apart_nobody_scores_before_the_last_has_drawn() {
        let plan = plan();
        let mut probe = probe();
        probe.arms[1].score = 3600.0;
        // Of three workers the first draws for half an hour, the second for 0.3 hours, and the third only scores, for one.
        let left = BTreeMap::from([(0, Rest::WHOLE), (1, Rest::WHOLE), (2, Rest { draw: 0.0, score: 1.0 })]);
        let of = |stages| estimate(&plan, &left, &probe, &Terms { workers: 3, stages, ..TERMS });
        let (together, apart) = (of(Stages::Together), of(Stages::OneAfterTheOther));
        assert!((together.wall_hours - 1.0).abs() < 1e-12, "{together:?}");
        assert!((apart.wall_hours - 1.5).abs() < 1e-12, "{apart:?}");
        assert!((together.worker_hours - apart.worker_hours).abs() < 1e-12);
    }

    #[test]
    fn what_is_done_takes_nothing_more() {
        let plan = plan();
        let score = Rest { draw: 0.0, score: 1.0 };
        let half = Rest { draw: 0.5, score: 1.0 };
        let left = BTreeMap::from([(0, score), (1, half), (2, score)]);
        // Half an image of a, by worker 1, which loads it.
        let found = estimate(&plan, &left, &probe(), &TERMS);
        assert!((found.worker_hours - 0.2).abs() < 1e-12, "{found:?}");
        assert_eq!((found.draws, found.scores), (0.5, 4.0));
        let found = estimate(&plan, &BTreeMap::new(), &probe(), &TERMS);
        assert_eq!((found.worker_hours, found.draws), (0.0, 0.0));
    }

    #[test]
    fn threads_that_share_a_gpu_draw_no_faster_than_one_and_score_together() {
        let plan = plan();
        let slow = |mut probe: Probe| {
            probe.arms.iter_mut().for_each(|arm| arm.score = 360.0);
            probe
        };
        let hours = |threads, at_once| {
            let terms = Terms { threads, at_once, ..TERMS };
            let found = estimate(&plan, &whole(&plan), &slow(probe()), &terms);
            found.worker_hours - found.fixed_hours
        };
        // An hour of drawing, 0.4 of scoring.
        assert!((hours(1, 1) - 1.4).abs() < 1e-12);
        assert!((hours(4, 1) - 1.1).abs() < 1e-12);
        assert!((hours(4, 4) - 0.35).abs() < 1e-12);
    }

    #[test]
    fn each_text_is_encoded_once_by_those_who_draw() {
        let plan = plan();
        let encoder = EncoderProbe { encoder: "t5".into(), load: 36.0, text: 3.6, texts: 1000.0 };
        let kept = Probe { encoders: vec![encoder.clone()], ..probe() };
        let terms = Terms { workers: 3, threads: 2, at_once: 2, ..TERMS };
        // Three workers draw, one shard each: three loads of an arm and of the encoder, 1000 texts on two threads.
        let found = estimate(&plan, &whole(&plan), &kept, &terms);
        assert!((found.fixed_hours * 3600.0 - (3.0 * (360.0 + 36.0) + 1800.0)).abs() < 1e-9, "{found:?}");
        let done = Probe { encoders: vec![EncoderProbe { texts: 0.0, ..encoder }], ..probe() };
        let found = estimate(&plan, &whole(&plan), &done, &terms);
        assert!((found.fixed_hours * 3600.0 - 3.0 * 360.0).abs() < 1e-9, "{found:?}");
    }
}
