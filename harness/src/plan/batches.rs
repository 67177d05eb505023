//! Tasks in their one order, cut into batches that are always computed whole.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use gentron_suites::Prompt;
use gentron_suites::shapes::motion;
use serde::Serialize;

use super::task::{ArmIdentity, GENERATION, Task};
use crate::recipe::{GeneratorKind, Resolved};
use crate::store::digest;

/// Logical shards of a run: how finely its journals are divided, and the most workers that can share it. It is part of the format,
/// whatever their number. A shard is a stretch of the plan, and so of one arm or two: whoever works on it loads few networks.
pub const SHARDS: u32 = 256;

/// All tasks of a run, sorted by arm, suite, category, prompt id, k. Tasks of one batch are neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The lines of `plan.jsonl`.
    pub tasks: Vec<Task>,
}

/// Neighbouring tasks of one arm that are computed together.
pub type Batch<'a> = &'a [Task];

/// What makes a batch: it is hashed, and the tasks' ids derive from it.
#[derive(Serialize)]
struct BatchIdentity<'a> {
    generation: u32,
    /// Two arms may be made alike, to see how much is noise; their tasks are two all the same.
    name: &'a str,
    arm: &'a ArmIdentity,
    /// Id, text, k and seed of each draw.
    draws: Vec<(&'a str, &'a str, u32, u64)>,
}

/// Frames of a clip that an arm draws for a suite's prompts; none where it draws pictures.
fn frames(recipe: &Resolved, arm: &str, suite: &str) -> Option<u32> {
    let arm = recipe.arms.iter().find(|known| known.name == arm)?;
    match arm.generator {
        GeneratorKind::Gentron => arm.sampler.frames,
        _ => (suite == motion::ID).then_some(motion::FRAMES as u32),
    }
}

impl Plan {
    /// The arms whose images are not those of `other`, sorted.
    pub fn arms_unlike(&self, other: &Self) -> Vec<&str> {
        let others: BTreeSet<&str> = other.tasks.iter().map(|task| task.task.as_str()).collect();
        let unlike = self.tasks.iter().filter(|task| !others.contains(task.task.as_str()));
        unlike.map(|task| task.arm.as_str()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The plan of a recipe; `identities` has an entry for each of its arms.
    pub fn new(recipe: &Resolved, prompts: &[Prompt], identities: &BTreeMap<String, ArmIdentity>) -> Self {
        let mut arms: Vec<&str> = recipe.arms.iter().map(|arm| arm.name.as_str()).collect();
        arms.sort_unstable();
        let mut prompts: Vec<&Prompt> = prompts.iter().collect();
        prompts.sort_by(|a, b| (&a.suite, &a.category, &a.id).cmp(&(&b.suite, &b.category, &b.id)));
        let draws: Vec<(&Prompt, u32)> =
            prompts.iter().flat_map(|prompt| (0..recipe.images_per_prompt).map(move |k| (*prompt, k))).collect();

        let mut tasks = Vec::with_capacity(arms.len() * draws.len());
        let batches = (arms.len() * draws.len().div_ceil(recipe.batch as usize)) as u64;
        let mut batch = 0;
        for arm in arms {
            for draws in draws.chunks(recipe.batch as usize) {
                let identity = BatchIdentity {
                    generation: GENERATION,
                    name: arm,
                    arm: &identities[arm],
                    draws: draws.iter().map(|(p, k)| (p.id.as_str(), p.text.as_str(), *k, recipe.seed)).collect(),
                };
                let identity = digest::of_value(&identity);
                let shard = (u64::from(batch) * batches.min(SHARDS.into()) / batches) as u32;
                for (position, (prompt, k)) in draws.iter().enumerate() {
                    tasks.push(Task {
                        task: digest::of_value(&(&identity, position)),
                        arm: arm.to_owned(),
                        suite: prompt.suite.clone(),
                        category: prompt.category.clone(),
                        split: prompt.split,
                        prompt_id: prompt.id.clone(),
                        prompt: prompt.text.clone(),
                        things: prompt.annotation.things,
                        k: *k,
                        seed: recipe.seed,
                        batch,
                        shard,
                        frames: frames(recipe, arm, &prompt.suite),
                    });
                }
                batch += 1;
            }
        }
        Self { tasks }
    }

    /// The batches in order.
    pub fn batches(&self) -> impl Iterator<Item = Batch<'_>> {
        self.tasks.chunk_by(|a, b| a.batch == b.batch)
    }

    /// The content of `plan.jsonl`.
    pub fn to_bytes(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for task in &self.tasks {
            serde_json::to_writer(&mut bytes, task)?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }

    /// The plan that `plan.jsonl` holds.
    ///
    /// # Errors
    /// A line is not a task.
    pub fn from_bytes(bytes: &[u8]) -> anyhow::Result<Self> {
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let tasks = lines
            .enumerate()
            .map(|(line, bytes)| serde_json::from_slice(bytes).with_context(|| format!("line {}", line + 1)))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { tasks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::prompts::select;
    use crate::recipe::{BUILT_IN, Narrowing, resolve};
    use crate::registry::Library;

    fn plan(change: impl Fn(&mut Resolved), weights: &str) -> Plan {
        let narrowing = Narrowing { prompts: Some(3), ..Narrowing::default() };
        let mut recipe = resolve(toml::from_str(BUILT_IN[0].1).unwrap(), &narrowing, &Library::default(), "r").unwrap();
        change(&mut recipe);
        let identities = recipe.arms.iter().map(|arm| {
            let weights = BTreeMap::from([("model.safetensors".to_owned(), weights.to_owned())]);
            let (generator, sampler) = (GeneratorKind::Gentron, Some(arm.sampler));
            let (t5_length, dtype, keep_embeddings, outside) = (None, None, None, None);
            let identity = ArmIdentity { generator, weights, sampler, t5_length, dtype, keep_embeddings, outside };
            (arm.name.clone(), identity)
        });
        let identities = identities.collect();
        Plan::new(&recipe, &select(&recipe.suites, &Library::default()).unwrap(), &identities)
    }

    #[test]
    fn a_plan_is_sorted_whole_and_survives_its_file() {
        let plan = plan(|_| {}, "a");
        let arms: BTreeSet<&str> = plan.tasks.iter().map(|task| task.arm.as_str()).collect();
        assert!(arms.len() > 1);
        assert_eq!(plan.tasks.len(), arms.len() * 8 * 3 * 2);
        assert!(plan.tasks.is_sorted_by(|a, b| {
            let key = |t: &Task| (t.arm.clone(), t.suite.clone(), t.category.clone(), t.prompt_id.clone(), t.k);
            key(a) < key(b)
        }));
        assert!(plan.batches().all(|batch| batch.len() <= 8 && batch.iter().all(|t| t.arm == batch[0].arm)));
        assert_eq!(Plan::from_bytes(&plan.to_bytes().unwrap()).unwrap(), plan);
    }

    #[test]
    fn shards_are_even_stretches_of_the_plan() {
        let plan = plan(|r| r.images_per_prompt = 120, "a");
        assert!(plan.tasks.is_sorted_by_key(|task| task.shard) && plan.tasks.iter().all(|task| task.shard < SHARDS));
        let mut batches = vec![0; SHARDS as usize];
        plan.batches().for_each(|batch| batches[batch[0].shard as usize] += 1);
        let (least, most) = (batches.iter().min().unwrap(), batches.iter().max().unwrap());
        assert!(*least > 0 && most - least <= 1, "{least} to {most} batches a shard");
    }

    #[test]
    fn whatever_changes_the_bytes_changes_every_id() {
        let ids = |plan: &Plan| plan.tasks.iter().map(|t| t.task.clone()).collect::<BTreeSet<_>>();
        let base = plan(|_| {}, "a");
        assert_eq!(ids(&base).len(), base.tasks.len());
        let changes: [fn(&mut Resolved); 4] = [
            |r| r.seed += 1,
            |r| r.arms.iter_mut().for_each(|arm| arm.sampler.steps += 1),
            |r| r.arms.iter_mut().for_each(|arm| arm.sampler.guidance += 0.5),
            |r| r.batch = 7,
        ];
        for change in changes {
            assert!(ids(&plan(change, "a")).is_disjoint(&ids(&base)));
        }
        assert!(ids(&plan(|_| {}, "b")).is_disjoint(&ids(&base)));
        // Words that draw nothing leave the images as they are.
        assert_eq!(ids(&plan(|r| r.about = "other".into(), "a")), ids(&base));
    }
}
