//! `gentron train`: makes the weights of the small world, or of any recipe of networks.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::TrainArgs;
use crate::device::device;
use crate::failure::{Explain as _, Interrupted, Outcome, refuse};
use crate::names;
use crate::training::ShapesSource;
use crate::{interrupt, progress, recipe, table};
use gentron_model::train::{
    Beginning, Control, Folders, NetworkRecipe, Outcome as Trained, Progress, StepReport, TrainRecipe,
};

/// The recipe behind `gentron train` without an argument.
const BUILT_IN: &str = include_str!("../../../recipes/train-shapes.toml");

/// What to do when a training fails.
const HINT: &str =
    "the last checkpoint is intact: the same command continues from it; networks that others are trained on come first";

/// Trains each network of the recipe that is not finished, in order.
///
/// # Errors
/// Whatever keeps it from its end; the last checkpoint stays.
pub fn run(args: &TrainArgs) -> anyhow::Result<Outcome> {
    let recipe = read(args.recipe.as_deref())?;
    let chosen = choose(&recipe, &args.only)?;
    let beginning = if args.extend { Beginning::Exported } else { Beginning::Anew };
    let folders = Folders { states: &args.states, weights: &args.weights, beginning };
    let device = device();
    let mut lines = Vec::new();
    for network in chosen {
        let mut bar = Bar::new(network);
        let trained = network
            .train(&ShapesSource, folders, &device, &mut bar)
            .explain(|| (format!("cannot train {}", network.name), HINT))?;
        bar.progress.finish();
        match trained {
            Trained::Finished(card) => lines.push(card),
            Trained::Stopped(_) => return Err(Interrupted.into()),
        }
    }
    if args.json {
        table::print_json(&lines)?;
    } else {
        let line = |card: &gentron_model::train::TrainingCard| {
            let scores: Vec<String> =
                card.evaluation.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
            format!("{}  {} samples  loss {:.4}  {}\n", card.name, card.samples, card.final_loss, scores.join("  "))
        };
        table::print(&lines.iter().map(|card| line(card)).collect::<String>())?;
    }
    Ok(Outcome::Done)
}

fn read(path: Option<&Path>) -> anyhow::Result<TrainRecipe> {
    let Some(path) = path else { return recipe::parse(BUILT_IN, "train-shapes (built in)") };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).explain(|| {
        (format!("cannot read the recipe {shown}"), "give a TOML file of networks, or none for the built-in recipe")
    })?;
    recipe::parse(&text, &shown)
}

fn choose<'a>(recipe: &'a TrainRecipe, only: &[String]) -> anyhow::Result<Vec<&'a NetworkRecipe>> {
    let known: Vec<&str> = recipe.network.iter().map(|network| network.name.as_str()).collect();
    if let Some(wrong) = only.iter().find(|name| !known.contains(&name.as_str())) {
        let hint = format!("it has {}", names::suggestion(wrong, known));
        return Err(refuse(format!("the recipe has no network called {wrong}"), hint));
    }
    Ok(recipe.network.iter().filter(|network| only.is_empty() || only.contains(&network.name)).collect())
}

/// A progress bar as the trainer sees it.
struct Bar {
    progress: progress::Progress,
    samples: u64,
}

impl Bar {
    fn new(network: &NetworkRecipe) -> Self {
        let total = network.optimisation.samples as usize;
        Self { progress: progress::Progress::new(&network.name, total), samples: 0 }
    }

    fn advance_to(&mut self, samples: u64) {
        self.progress.advance(samples.saturating_sub(self.samples) as usize);
        self.samples = samples;
    }
}

impl Progress for Bar {
    fn step(&mut self, report: &StepReport) -> Control {
        self.progress.remark(&format!("loss {:.4}", report.loss));
        self.advance_to(report.samples);
        if interrupt::requested() { Control::Stop } else { Control::Continue }
    }

    fn evaluated(&mut self, samples: u64, scores: &BTreeMap<String, f64>) {
        let scores: Vec<String> = scores.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        self.progress.say(&format!("after {samples} samples: {}", scores.join(", ")));
    }

    fn resumed(&mut self, samples: u64) {
        self.progress.say(&format!("continuing from {samples} samples"));
        self.advance_to(samples);
    }
}
