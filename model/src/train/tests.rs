//! The engine on a network of one layer: what it promises for every objective.

use super::*;
use crate::noise::normal;
use crate::ops::Precision;
use candle_core::{Device, Tensor};
use candle_nn::{Init, VarBuilder};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

/// Learns y = x · (1, -2, 3) from noisy samples; its loss can be told to leave the numbers.
struct Line {
    poison: Option<u64>,
    drop_gradient: bool,
    evaluations: AtomicU64,
    score: f64,
}

impl Line {
    fn new() -> Self {
        Self { poison: None, drop_gradient: false, evaluations: AtomicU64::new(0), score: 1.0 }
    }
}

impl Objective for Line {
    type Network = Tensor;

    fn describe(&self) -> String {
        "line".into()
    }

    fn identity(&self) -> serde_json::Value {
        serde_json::json!("line")
    }

    fn build(&self, vb: VarBuilder) -> Result<Tensor, TrainError> {
        Ok(vb.get_with_hints((1, 3), "weight", Init::Randn { mean: 0.0, stdev: 0.5 })?)
    }

    fn loss(&self, weight: &Tensor, step: u64, micro: usize) -> Result<Loss, TrainError> {
        let draw = |name, n| normal(5, name, step, micro as u32, n);
        let x = Tensor::from_vec(draw("x", 12), (4, 3), &Device::Cpu)?;
        let target = x.matmul(&Tensor::new(&[[1f32], [-2.0], [3.0]], &Device::Cpu)?)?;
        let noise = Tensor::from_vec(draw("noise", 4), (4, 1), &Device::Cpu)?.affine(0.01, 0.0)?;
        let weight = if self.drop_gradient { weight.detach() } else { weight.clone() };
        let error = (crate::ops::linear(&x, &weight, None)? - (target + noise)?)?;
        let poison = if self.poison == Some(step) { f64::NAN } else { 1.0 };
        Ok(Loss { total: (error.sqr()?.mean_all()? * poison)? })
    }

    fn evaluate(&self, _: &Tensor, _: &Path) -> Result<BTreeMap<String, f64>, TrainError> {
        self.evaluations.fetch_add(1, Ordering::Relaxed);
        Ok(BTreeMap::from([("mark".to_owned(), self.score)]))
    }

    fn export(&self, _: &Tensor, _: &Path) -> Result<(), TrainError> {
        Ok(())
    }
}

/// Stops after a given number of steps, if any.
struct Watch(Option<u64>);

impl Progress for Watch {
    fn step(&mut self, report: &StepReport) -> Control {
        if Some(report.step) == self.0 { Control::Stop } else { Control::Continue }
    }
    fn evaluated(&mut self, _: u64, _: &BTreeMap<String, f64>) {}
    fn resumed(&mut self, _: u64) {}
}

fn recipe() -> Optimisation {
    Optimisation {
        seed: 11,
        samples: 800,
        batch: 8,
        micro_batches: 2,
        precision: Precision::F32,
        rates: BTreeMap::new(),
        learning_rate: 0.1,
        warmup_samples: 40,
        schedule: LearningRate::Constant,
        betas: [0.9, 0.99],
        weight_decay: 0.0,
        clip_norm: 10.0,
        ema: 0.9,
        checkpoint_seconds: 3600,
        evaluate_every: 200,
    }
}

fn run(line: &Line, recipe: &Optimisation, folder: &Path, stop: Option<u64>) -> Result<Outcome, TrainError> {
    run_from(Beginning::Anew, line, recipe, folder, stop)
}

fn run_from(
    beginning: Beginning,
    line: &Line,
    recipe: &Optimisation,
    folder: &Path,
    stop: Option<u64>,
) -> Result<Outcome, TrainError> {
    let at = (beginning, folder.join("state"), folder.join("weights"));
    let at = At { beginning: at.0, initial: None, foreign: None, state: &at.1, weights: &at.2 };
    train(line, recipe, "line", &Device::Cpu, at, &mut Watch(stop))
}

/// A folder of this test's own, removed when it goes.
fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn files(folder: &Path) -> [Vec<u8>; 2] {
    let state = std::fs::read(folder.join("state/state.safetensors")).unwrap();
    // The header has wall seconds; the tensors behind it are what must agree.
    let length = u64::from_le_bytes(state[..8].try_into().unwrap()) as usize;
    [state[8 + length..].to_vec(), std::fs::read(folder.join("weights/model.safetensors")).unwrap()]
}

#[test]
fn a_training_that_was_stopped_ends_in_the_bytes_of_one_that_was_not() {
    let (whole, parts) = (folder(), folder());
    assert!(matches!(run(&Line::new(), &recipe(), whole.path(), None).unwrap(), Outcome::Finished(_)));
    for stop in [7, 49, 83] {
        assert_eq!(run(&Line::new(), &recipe(), parts.path(), Some(stop)).unwrap(), Outcome::Stopped(stop * 8));
    }
    let Outcome::Finished(card) = run(&Line::new(), &recipe(), parts.path(), None).unwrap() else {
        panic!("not finished")
    };
    assert!(files(whole.path()) == files(parts.path()), "the weights differ");
    assert_eq!((card.samples, card.steps, card.curve.len()), (800, 100, 2));
    assert!(card.curve[1].loss < 0.1 * card.curve[0].loss, "it did not learn: {:?}", card.curve);
}

#[test]
fn a_constant_learning_rate_lets_a_finished_training_go_on() {
    let (long, extended) = (folder(), folder());
    let longer = Optimisation { samples: 1600, ..recipe() };
    run(&Line::new(), &longer, long.path(), None).unwrap();
    run(&Line::new(), &recipe(), extended.path(), None).unwrap();
    run(&Line::new(), &longer, extended.path(), None).unwrap();
    assert!(files(long.path()) == files(extended.path()), "the weights differ");
}

#[test]
fn exported_weights_go_on_where_no_state_was_kept() {
    let at = folder();
    let longer = Optimisation { samples: 1600, ..recipe() };
    let extend = |recipe: &Optimisation, stop| {
        let outcome = run_from(Beginning::Exported, &Line::new(), recipe, at.path(), stop).unwrap();
        let Outcome::Finished(card) = outcome else { return None };
        Some((card.steps, card.restarts, card.curve[0].loss, card.final_loss))
    };
    let (_, _, first, short) = extend(&recipe(), None).expect("nothing was there, and it began anew");
    std::fs::remove_dir_all(at.path().join("state")).unwrap();
    assert_eq!(extend(&recipe(), None), Some((100, vec![], first, short)), "it was finished");
    assert_eq!(extend(&longer, Some(150)), None);
    let (steps, restarts, kept, long) = extend(&longer, None).expect("its own state continues it");
    assert_eq!((steps, restarts, kept), (200, vec![100], first));
    assert!(long < 1.5 * short, "it forgot what it knew: {short} became {long}");
    std::fs::remove_dir_all(at.path().join("state")).unwrap();
    let other = Optimisation { learning_rate: 0.05, samples: 3200, ..recipe() };
    assert!(extend(&other, None).is_some_and(|(_, restarts, ..)| restarts.is_empty()), "weights of another recipe");
}

#[test]
fn weights_go_on_whose_own_beginning_was_not_kept() {
    let (draft, at) = (folder(), folder());
    run(&Line::new(), &recipe(), draft.path(), None).unwrap();
    let extend = |samples, beginning| {
        let (initial, state, weights) =
            (draft.path().join("weights"), at.path().join("state"), at.path().join("weights"));
        let at = At { beginning, initial: Some(&initial), foreign: None, state: &state, weights: &weights };
        train(&Line::new(), &Optimisation { samples, ..recipe() }, "line", &Device::Cpu, at, &mut Watch(None))
    };
    extend(800, Beginning::Anew).unwrap();
    std::fs::remove_dir_all(draft.path()).unwrap();
    std::fs::remove_dir_all(at.path().join("state")).unwrap();
    let anew = extend(1600, Beginning::Anew).unwrap_err().to_string();
    assert!(anew.contains("model.safetensors"), "{anew}");
    let longer = extend(1600, Beginning::Exported).unwrap();
    assert!(matches!(longer, Outcome::Finished(card) if card.samples == 1600 && card.restarts == [100]));
}

#[test]
fn a_learning_rate_that_falls_at_the_end_may_be_decided_on_later_and_not_put_off_once_it_has_begun() {
    let (whole, parts) = (folder(), folder());
    let falling = |from| Optimisation { schedule: LearningRate::Decay { from, floor: 0.1 }, ..recipe() };
    run(&Line::new(), &falling(400), whole.path(), None).unwrap();
    assert_eq!(run(&Line::new(), &recipe(), parts.path(), Some(40)).unwrap(), Outcome::Stopped(320));
    assert_eq!(run(&Line::new(), &falling(400), parts.path(), Some(70)).unwrap(), Outcome::Stopped(560));
    let longer = Optimisation { samples: 1600, ..falling(400) };
    for other in [longer.clone(), falling(480), recipe()] {
        let error = run(&Line::new(), &other, parts.path(), None).unwrap_err().to_string();
        assert!(error.contains("begun to fall"), "{error}");
    }
    run(&Line::new(), &falling(400), parts.path(), None).unwrap();
    assert!(files(whole.path()) == files(parts.path()), "the weights differ");
    std::fs::remove_dir_all(parts.path().join("state")).unwrap();
    let extended = run_from(Beginning::Exported, &Line::new(), &longer, parts.path(), None).unwrap();
    assert!(matches!(extended, Outcome::Finished(card) if card.samples == 1600 && card.restarts == [100]));
}

#[test]
fn a_loss_that_is_not_a_number_stops_and_leaves_the_checkpoint() {
    let at = folder();
    run(&Line::new(), &recipe(), at.path(), Some(20)).unwrap();
    let before = std::fs::read(at.path().join("state/state.safetensors")).unwrap();
    let error = run(&Line { poison: Some(30), ..Line::new() }, &recipe(), at.path(), None).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("the loss became NaN at step 30") && said.ends_with("was written at step 20"), "{said}");
    assert_eq!(std::fs::read(at.path().join("state/state.safetensors")).unwrap(), before);
}

#[test]
fn weights_that_are_no_numbers_replace_neither_a_checkpoint_nor_what_was_exported() {
    let at = folder();
    run(&Line::new(), &recipe(), at.path(), None).unwrap();
    let exported = |file: &str| std::fs::read(at.path().join("weights").join(file)).unwrap();
    let before = ["model.safetensors", "card.json"].map(exported);
    std::fs::remove_dir_all(at.path().join("state")).unwrap();
    // Loss and gradient of the first step are those of good weights; its update is too large for an f32.
    let far = Optimisation { learning_rate: 1e38, warmup_samples: 0, samples: 8, ..recipe() };
    let line = Line::new();
    let error = run(&line, &far, at.path(), None).unwrap_err().to_string();
    assert!(error.contains("the weights became") && error.contains("there is no checkpoint yet"), "{error}");
    assert_eq!(["model.safetensors", "card.json"].map(exported), before);
    assert!(!at.path().join("state/state.safetensors").exists());
    assert_eq!(line.evaluations.load(Ordering::Relaxed), 0, "nothing is drawn from them");
    // At Ctrl-C neither.
    let longer = Optimisation { samples: 800, ..far };
    let stopped = run(&Line::new(), &longer, at.path(), Some(1)).unwrap_err().to_string();
    assert!(stopped.contains("the weights became"), "{stopped}");
    assert!(!at.path().join("state/state.safetensors").exists());
}

#[test]
fn weights_too_large_for_half_precision_are_kept_in_the_state_and_not_exported() {
    let at = folder();
    let steep = Optimisation { learning_rate: 1e6, warmup_samples: 0, samples: 8, ..recipe() };
    for _ in 0..2 {
        // Continued, it is finished, and what it would export is the same.
        let error = run(&Line::new(), &steep, at.path(), None).unwrap_err().to_string();
        assert!(error.contains("the weights as f16 became") && error.ends_with("was written at step 1"), "{error}");
        assert!(
            at.path().join("state/state.safetensors").exists() && !at.path().join("weights/model.safetensors").exists()
        );
    }
}

#[test]
fn a_score_that_is_no_number_is_no_part_of_a_card() {
    let at = folder();
    let error = run(&Line { score: f64::NAN, ..Line::new() }, &recipe(), at.path(), None).unwrap_err().to_string();
    assert!(error.contains("the mark became NaN at step 24"), "{error}");
    assert!(!at.path().join("weights/card.json").exists());
}

#[test]
fn a_training_begun_anew_does_not_read_the_card_that_it_will_replace() {
    let (draft, at) = (folder(), folder());
    run(&Line::new(), &recipe(), draft.path(), None).unwrap();
    std::fs::create_dir_all(at.path().join("weights")).unwrap();
    // As a training wrote it whose weights had become no numbers.
    std::fs::write(at.path().join("weights/card.json"), r#"{ "evaluation": { "held_out_loss": null } }"#).unwrap();
    let (initial, state, weights) = (draft.path().join("weights"), at.path().join("state"), at.path().join("weights"));
    let from = |beginning| At { beginning, initial: Some(&initial), foreign: None, state: &state, weights: &weights };
    let begin = |beginning| train(&Line::new(), &recipe(), "line", &Device::Cpu, from(beginning), &mut Watch(None));
    let extended = begin(Beginning::Exported).unwrap_err().to_string();
    assert!(extended.contains("card.json"), "what it goes on from it does read: {extended}");
    assert!(matches!(begin(Beginning::Anew).unwrap(), Outcome::Finished(_)));
}

#[test]
fn a_state_of_another_recipe_or_a_damaged_one_is_refused_by_name() {
    let at = folder();
    run(&Line::new(), &recipe(), at.path(), Some(20)).unwrap();
    let other = Optimisation { learning_rate: 0.2, ..recipe() };
    let refused = |recipe: &Optimisation| run(&Line::new(), recipe, at.path(), None).unwrap_err().to_string();
    assert!(refused(&other).contains("another recipe"), "{}", refused(&other));
    let path = at.path().join("state/state.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(refused(&recipe()).contains("state.safetensors"));
}

#[test]
fn a_parameter_without_a_gradient_is_an_error_that_names_it() {
    let line = Line { drop_gradient: true, ..Line::new() };
    let error = run(&line, &recipe(), folder().path(), None).unwrap_err();
    assert!(error.to_string().contains("weight"), "{error}");
}
