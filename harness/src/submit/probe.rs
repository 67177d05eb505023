//! A few images drawn and scored here, to know what others will take.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use gentron_model::pipeline::EmbeddingCache;
use gentron_suites::Prompt;
use serde::Serialize;

use crate::device;
use crate::generate::stage::encoded;
use crate::generate::{Sources, engine, gentron};
use crate::plan::Batch;
use crate::recipe::GeneratorKind;
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
    /// Seconds until it could draw: networks loaded, and texts encoded where each worker does that for itself.
    pub load: f64,
    /// Seconds an image, on one thread.
    pub draw: f64,
    /// Seconds to score one, on one thread.
    pub score: f64,
    /// Bytes of one.
    pub bytes: f64,
}

/// What an encoder took whose embeddings are kept for all arms and workers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EncoderProbe {
    /// Its name.
    pub encoder: String,
    /// Seconds until it could encode.
    pub load: f64,
    /// Seconds a text, on one thread.
    pub text: f64,
    /// Texts that have no embedding yet.
    pub texts: f64,
}

/// What was found out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Probe {
    /// Of each arm, in the recipe's order.
    pub arms: Vec<ArmProbe>,
    /// Of each encoder whose embeddings are kept.
    pub encoders: Vec<EncoderProbe>,
}

/// Draws and scores the first batch of each arm; writes nothing into the run. A second batch tells the time, since the first pays for what
/// is set up at first use. Where embeddings are kept, those of the batch alone are made, in a folder that goes.
///
/// # Errors
/// Weights are missing, or the network fails.
pub fn probe(run: &Run, prompts: &[Prompt], sources: &Sources, scorer: &Scorer) -> anyhow::Result<Probe> {
    let by_id: HashMap<&str, &Prompt> = prompts.iter().map(|prompt| (prompt.id.as_str(), prompt)).collect();
    let identity = scorer.identity();
    let recipe = &run.manifest.recipe;
    let scratch = tempfile::tempdir().context("no temporary folder")?;
    let kept = sources.embeddings.as_ref();
    let sources = elsewhere(sources, scratch.path());
    // The null text, too.
    let texts: BTreeSet<&str> = prompts.iter().map(|prompt| prompt.text.as_str()).chain([""]).collect();
    let texts: Vec<&str> = texts.into_iter().collect();
    let mut probe = Probe::default();
    let mut encoders: BTreeMap<String, (Watch, usize)> = BTreeMap::new();
    for arm in &recipe.arms {
        let batches: Vec<Batch> = run.plan.batches().filter(|batch| batch[0].arm == arm.name).collect();
        // From the middle of the plan, whose prompts are no easier than the others.
        let batch = *batches.get(batches.len() / 2).context("an arm without images")?;
        let began = Instant::now();
        let mut encoding = Encoding::default();
        let engine = if sources.embeddings.is_some() && arm.generator == GeneratorKind::Gentron {
            let of_batch = |prompt: &&Prompt| batch.iter().any(|task| task.prompt_id == prompt.id);
            let few: Vec<Prompt> = prompts.iter().filter(of_batch).cloned().collect();
            let mut told =
                |encoder: &str, done: usize, _: usize| encoding.tell(encoder, done, began.elapsed().as_secs_f64());
            gentron::prepare_told(recipe, arm, &sources, &few, &mut told)?
        } else {
            engine::prepare(recipe, arm, &sources, prompts)?
        };
        let load = began.elapsed().as_secs_f64() - encoding.seconds();
        for (name, watch) in encoding.0 {
            if encoders.contains_key(&name) {
                continue;
            }
            let spec = gentron::spec(recipe, arm, sources.weights()?)?;
            let encoder = spec.encoders.iter().find(|encoder| encoder.name == name);
            let there = match (kept, encoder) {
                (Some(kept), Some(encoder)) => {
                    kept.kept(encoder, &texts, (recipe.weights.dtype, &device::device()?))?
                }
                _ => 0,
            };
            encoders.insert(name, (watch, texts.len() - there));
        }
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
        probe.arms.push(ArmProbe { arm: arm.name.clone(), images, probed: batch.len(), load, draw, score, bytes });
    }
    let of = |(encoder, (watch, missing)): (String, (Watch, usize))| watch.probe(encoder, missing as f64);
    probe.encoders = encoders.into_iter().map(of).collect();
    Ok(probe)
}

/// The same sources, with embeddings kept in `folder`, and one text encoded at a time.
fn elsewhere(sources: &Sources, folder: &Path) -> Sources {
    let cache = sources.embeddings.clone();
    let cache = cache.map(|cache| EmbeddingCache { folder: folder.to_owned(), threads: 1, ..cache });
    Sources { embeddings: cache, ..sources.clone() }
}

/// When, in seconds, an encoder began, was done with its first text and with its last.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Watch {
    begun: f64,
    first: f64,
    last: f64,
    texts: usize,
}

impl Watch {
    fn probe(&self, encoder: String, texts: f64) -> EncoderProbe {
        let Self { begun, first, last, texts: encoded } = *self;
        let text = if encoded > 1 { (last - first) / (encoded - 1) as f64 } else { last - begun };
        EncoderProbe { encoder, load: (first - begun - text).max(0.0), text, texts }
    }
}

/// What an arm's encoders did before it could draw, by their names.
#[derive(Default)]
struct Encoding(BTreeMap<String, Watch>);

impl Encoding {
    /// An encoder has `done` so many texts; 0 before it is loaded.
    fn tell(&mut self, encoder: &str, done: usize, now: f64) {
        let watch = self.0.entry(encoder.to_owned()).or_default();
        match done {
            0 => *watch = Watch { begun: now, first: now, last: now, texts: 0 },
            1 => watch.first = now,
            _ => {}
        }
        (watch.last, watch.texts) = (now, done);
    }

    fn seconds(&self) -> f64 {
        self.0.values().map(|watch| watch.last - watch.begun).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoders_load_is_told_apart_from_its_texts() {
        let mut encoding = Encoding::default();
        for (done, now) in [(0, 1.0), (1, 13.0), (2, 15.0), (3, 17.0)] {
            encoding.tell("t5", done, now);
        }
        assert!((encoding.seconds() - 16.0).abs() < 1e-12);
        let found = encoding.0["t5"].probe("t5".into(), 7.0);
        assert_eq!(found, EncoderProbe { encoder: "t5".into(), load: 10.0, text: 2.0, texts: 7.0 });
    }
}
