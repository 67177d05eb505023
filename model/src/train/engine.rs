//! The training loop.

use super::card::{self, CurvePoint, TrainingCard};
use super::export::export;
use super::identity::{check_fall, identity, origin};
use super::optimizer::Optimizer;
use super::recipe::Optimisation;
use super::state::{self, StateHeader};
use super::{Parameters, TakenOver, TrainError, foreign};
use crate::checkpoint::Foreign;
use crate::file;
use crate::ops::{single_threaded, with_precision};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// The loss of one micro-batch.
pub struct Loss {
    /// Mean over the micro-batch's samples: a scalar that is differentiated.
    pub total: Tensor,
}

/// A network and what it is trained for.
pub trait Objective: Sync {
    /// The network.
    type Network: Sync;

    /// What the network is, for its card.
    fn describe(&self) -> String;
    /// Everything beside [`Optimisation`] that changes the weights, as JSON; part of a state's identity.
    fn identity(&self) -> serde_json::Value;
    /// Makes the network on a builder, of trainable or of averaged parameters.
    ///
    /// # Errors
    /// Where the configuration is contradictory.
    fn build(&self, vb: VarBuilder) -> Result<Self::Network, TrainError>;
    /// The loss of a micro-batch: depends on (step, micro) and the weights alone.
    ///
    /// # Errors
    /// Where a tensor operation fails.
    fn loss(&self, network: &Self::Network, step: u64, micro: usize) -> Result<Loss, TrainError>;
    /// Scores of the averaged network on data outside training; pictures go to `folder`.
    ///
    /// # Errors
    /// Where a tensor operation or a write fails.
    fn evaluate(&self, network: &Self::Network, folder: &Path) -> Result<BTreeMap<String, f64>, TrainError>;
    /// Of a table with a row for each token: for each row the one of `initial`'s weights that is the same token's, where it has the
    /// token. Empty where the network has no such table.
    ///
    /// # Errors
    /// Where `initial` has no readable tokenizer.
    fn rows(&self, _initial: &Path) -> Result<Vec<Option<usize>>, TrainError> {
        Ok(Vec::new())
    }
    /// Writes what belongs beside the weights: configuration, tokenizer.
    ///
    /// # Errors
    /// Where a write fails.
    fn export(&self, network: &Self::Network, folder: &Path) -> Result<(), TrainError>;
}

/// What a step tells the outside.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// Steps done.
    pub step: u64,
    /// Samples seen.
    pub samples: u64,
    /// Samples of the whole training.
    pub total: u64,
    /// Loss of the step's batch.
    pub loss: f64,
    /// Norm of its gradient before clipping.
    pub gradient_norm: f64,
    /// Samples a second since this session began.
    pub samples_per_second: f64,
}

/// What the outside answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// Write a checkpoint and return.
    Stop,
}

/// A watcher of the training.
pub trait Progress {
    /// After every step.
    fn step(&mut self, report: &StepReport) -> Control;
    /// After every evaluation.
    fn evaluated(&mut self, samples: u64, scores: &BTreeMap<String, f64>);
    /// While the frozen networks encode the data, once: `done` of `total` of `what` (the last word may overshoot).
    /// What is encoded is kept only when all of it is there.
    fn preparing(&mut self, _what: &str, _done: u64, _total: u64) -> Control {
        Control::Continue
    }
    /// After a state was restored.
    fn resumed(&mut self, samples: u64);
    /// After layers of another program's network were taken over.
    fn taken_over(&mut self, _report: &TakenOver) {}
}

/// How a training ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// All samples seen; the weights are exported.
    Finished(Box<TrainingCard>),
    /// Stopped by [`Control::Stop`] after so many samples; the same call continues.
    Stopped(u64),
}

/// Where a training begins when it has no state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beginning {
    /// From random weights.
    #[default]
    Anew,
    /// From the exported weights if they are of the same recipe, data and network, and go on where their card says: data order,
    /// timesteps and noise as if never stopped, but the optimiser's moments start anew, under a warm-up. For when a state, eight
    /// times as large as the weights, was not kept. Where the learning rate had fallen at the end it rises again with the warm-up,
    /// which costs next to nothing (WSD-S, Wen et al. 2024).
    Exported,
}

/// Where a training begins and what it writes.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// Where it begins when it has no state.
    pub beginning: Beginning,
    /// Finished weights that a training begun anew takes over as far as they fit.
    pub initial: Option<&'a Path>,
    /// Another program's network whose layers it takes over, and the channels of a latent.
    pub foreign: Option<(&'a Foreign, usize)>,
    /// Folder of its state.
    pub state: &'a Path,
    /// Folder of its finished weights.
    pub weights: &'a Path,
}

/// Steps that one point of the curve averages.
const CURVE_STEPS: u64 = 50;

/// Trains a network to its end, from its state where one is there; exports f16 weights.
///
/// # Errors
/// [`TrainError::NotFinite`] where loss, gradient, weights or scores leave the numbers; the last checkpoint and what was exported before
/// stay as they are.
pub fn train<O: Objective>(
    objective: &O,
    recipe: &Optimisation,
    data: &str,
    device: &Device,
    at: At,
    progress: &mut dyn Progress,
) -> Result<Outcome, TrainError> {
    recipe.check()?;
    let At { beginning, initial, foreign, state: state_folder, weights: weights_folder } = at;
    for folder in [state_folder, weights_folder] {
        let fail = |source| TrainError::File { action: "create", path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(fail)?;
        // A state that was half-written when its process was killed is as large as a whole one.
        file::sweep(folder);
    }
    let parameters = Parameters::new(recipe.seed);
    let network = objective.build(parameters.builder(device))?;
    let mut optimizer = Optimizer::new(parameters.all())?;
    recipe.check_rates(optimizer.slots.iter().map(|slot| slot.name.as_str()))?;
    let state_path = state_folder.join("state.safetensors");
    let origin = match foreign {
        Some((foreign, _)) => Some(foreign.digest()?),
        None => initial.map(|initial| origin(initial, beginning, weights_folder)).transpose()?,
    };
    let mut described = serde_json::json!({ "objective": objective.identity(), "recipe": recipe, "data": data });
    let mut data_and_origin = data.to_owned();
    if let Some(origin) = &origin {
        described["initial"] = origin.clone().into();
        data_and_origin += &format!(", from weights {origin}");
    }
    let identity = identity(recipe, &objective.identity(), &data_and_origin);
    let mut header = StateHeader { identity, ..StateHeader::default() };
    if state_path.exists() {
        header = state::load(&state_path, &header.identity, &mut optimizer)?;
        check_fall(header.fall, recipe, header.step, &state_path)?;
        progress.resumed(header.step * recipe.batch as u64);
    } else if beginning == Beginning::Exported
        && let Some(card) = card::of_training(weights_folder, &header.identity)?
    {
        optimizer.begin_at(&weights_folder.join("model.safetensors"))?;
        if card.steps >= recipe.steps() {
            return Ok(Outcome::Finished(Box::new(card)));
        }
        let restarts = card.restarts.into_iter().chain([card.steps]).collect();
        let (step, wall_seconds, curve) = (card.steps, card.wall_seconds, card.curve);
        header = StateHeader { step, restarts, wall_seconds, curve, ..header };
        progress.resumed(header.step * recipe.batch as u64);
    } else if let Some((foreign, channels)) = foreign {
        progress.taken_over(&foreign::take_over(&mut optimizer, foreign, channels)?);
    } else if let Some(folder) = initial {
        optimizer.take_over(&folder.join("model.safetensors"), &objective.rows(folder)?)?;
    }

    let (started, already) = (Instant::now(), (header.step, header.wall_seconds));
    let mut last_save = Instant::now();
    let mut last_good = header.step;
    while header.step < recipe.steps() {
        let step = header.step;
        let not_finite = |what: &str, value| {
            let path = state_path.exists().then(|| state_path.clone());
            TrainError::NotFinite { what: what.to_owned(), value, step, last_good, path }
        };
        // Neither a picture nor a file is made of weights that are none: good ones would be written over.
        let check = |optimizer: &Optimizer| optimizer.not_finite().map_or(Ok(()), |w| Err(not_finite("weights", w)));
        let (loss, stores) = batch_gradients(objective, &network, recipe, step)?;
        if !loss.is_finite() {
            return Err(not_finite("loss", loss));
        }
        let norm = optimizer.collect(&stores)?;
        drop(stores);
        if !norm.is_finite() {
            return Err(not_finite("gradient norm", norm));
        }
        optimizer.step(recipe, (step, header.restarts.last().copied().unwrap_or(0)), norm)?;
        header.step += 1;
        header.fall = recipe.fall(header.step);
        header.wall_seconds = already.1 + started.elapsed().as_secs_f64();
        header.stretch.push(loss);

        let samples = header.step * recipe.batch as u64;
        let finished = header.step == recipe.steps();
        if header.step.is_multiple_of(CURVE_STEPS) || finished {
            let mean = header.stretch.iter().sum::<f64>() / header.stretch.len() as f64;
            header.curve.push(CurvePoint { samples, loss: mean, evaluation: BTreeMap::new() });
            header.stretch.clear();
        }
        let crossed = samples / recipe.evaluate_every != (samples - recipe.batch as u64) / recipe.evaluate_every;
        if finished || crossed {
            check(&optimizer)?;
            let scores = evaluate(objective, &optimizer, device, state_folder)?;
            // JSON has no such number: a card that held one could not be read again.
            if let Some((name, value)) = scores.iter().find(|(_, value)| !value.is_finite()) {
                return Err(not_finite(name, *value));
            }
            progress.evaluated(samples, &scores);
            if let Some(point) = header.curve.last_mut() {
                point.evaluation = scores;
            }
        }
        let control = progress.step(&StepReport {
            step: header.step,
            samples,
            total: recipe.samples,
            loss,
            gradient_norm: norm,
            samples_per_second: (header.step - already.0) as f64 * recipe.batch as f64
                / started.elapsed().as_secs_f64(),
        });
        let due = last_save.elapsed() >= Duration::from_secs(recipe.checkpoint_seconds);
        if finished || due || control == Control::Stop {
            check(&optimizer)?;
            state::save(&state_path, &header, &optimizer)?;
            (last_save, last_good) = (Instant::now(), header.step);
        }
        if control == Control::Stop && !finished {
            return Ok(Outcome::Stopped(samples));
        }
    }
    if let Some(value) = optimizer.not_in_f16() {
        let (step, what) = (header.step.saturating_sub(1), "weights as f16".to_owned());
        return Err(TrainError::NotFinite { what, value, step, last_good, path: Some(state_path) });
    }
    let card = export(objective, recipe, data, described, &header, &optimizer, (device, weights_folder))?;
    Ok(Outcome::Finished(Box::new(card)))
}

fn batch_gradients<O: Objective>(
    objective: &O,
    network: &O::Network,
    recipe: &Optimisation,
    step: u64,
) -> Result<(f64, Vec<candle_core::backprop::GradStore>), TrainError> {
    let one = |micro: usize| {
        let both_passes = || {
            let loss = objective.loss(network, step, micro)?.total;
            let value = f64::from(loss.to_dtype(DType::F32)?.to_scalar::<f32>()?);
            Ok::<_, TrainError>((value, loss.backward()?))
        };
        single_threaded(|| with_precision(recipe.precision, both_passes))
    };
    let results: Vec<_> = (0..recipe.micro_batches).into_par_iter().map(one).collect();
    let (mut total, mut stores) = (0.0, Vec::with_capacity(results.len()));
    for result in results {
        let (loss, store) = result?;
        total += loss / recipe.micro_batches as f64;
        stores.push(store);
    }
    Ok((total, stores))
}

/// The network of the averaged weights, which is what is scored and exported.
pub(super) fn averaged<O: Objective>(
    objective: &O,
    optimizer: &Optimizer,
    device: &Device,
) -> Result<O::Network, TrainError> {
    objective.build(VarBuilder::from_tensors(optimizer.averages(device)?, DType::F32, device))
}

fn evaluate<O: Objective>(
    objective: &O,
    optimizer: &Optimizer,
    device: &Device,
    folder: &Path,
) -> Result<BTreeMap<String, f64>, TrainError> {
    objective.evaluate(&averaged(objective, optimizer, device)?, folder)
}
