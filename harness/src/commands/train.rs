//! `gentron train`: makes the weights of the small world, or of any recipe of networks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::TrainArgs;
use crate::device::device;
use crate::failure::{Explain as _, Interrupted, Outcome, refuse};
use crate::names;
use crate::training::{ClipFolder, ShapesSource, check};
use crate::weights::{Release, bring, check_folder, check_tensors, place};
use crate::{interrupt, progress, recipe, table};
use gentron_model::checkpoint::Foreign;
use gentron_model::train::{
    Beginning, Control, Folders, NetworkRecipe, Outcome as Trained, Progress, Source, StepReport, TakenOver,
    TrainError, TrainRecipe,
};

/// The recipe behind `gentron train` without an argument.
const BUILT_IN: &str = include_str!("../../../recipes/train-shapes.toml");

/// What to do when a training fails.
fn hint(error: &TrainError) -> &'static str {
    match error {
        TrainError::Recipe(_) | TrainError::Diffusion(_) => {
            "recipes/train-shapes.toml has a network of every kind, with all that it can say"
        }
        TrainError::NotFinite { .. } => {
            "it would come to the same step again: lower learning_rate or clip_norm, under another --states or name"
        }
        TrainError::State { .. } => "move it away, and the training begins anew; finished weights stay as they are",
        TrainError::File { .. } => {
            "make room, or choose other folders with --states and --weights; what is there is intact"
        }
        TrainError::Checkpoint(_) | TrainError::Text(_) => {
            "networks that others are trained on come first, in --weights or earlier in the recipe"
        }
        TrainError::Tensor(_) | TrainError::Stopped => {
            "what is finished is intact, and the same command goes on from it"
        }
    }
}

/// Trains each network of the recipe that is not finished, in order.
///
/// # Errors
/// Whatever keeps it from its end; the last checkpoint stays.
pub fn run(args: &TrainArgs) -> anyhow::Result<Outcome> {
    let recipe = read(args.recipe.as_deref())?;
    check::names(&recipe)?;
    let chosen = choose(&recipe, &args.only)?;
    let beginning = if args.extend { Beginning::Exported } else { Beginning::Anew };
    let foreign = args.init.as_deref().map(|path| open(path, &args.weights, &chosen)).transpose()?;
    check::foundations(&recipe, &chosen, &args.weights, beginning)?;
    let source: Box<dyn Source> = match &args.clips {
        None => Box::new(ShapesSource::default()),
        Some(folder) => Box::new(ClipFolder::open(folder, usize::from(args.frames), args.side)?),
    };
    for network in &chosen {
        told(network, network.check(source.as_ref()))?;
    }
    // What is brought may be large: last.
    let elsewhere = published(&args.weights, &recipe, &chosen)?;
    let (states, weights, foreign) = (args.states.as_path(), args.weights.as_path(), foreign.as_ref());
    let folders = Folders { states, weights, elsewhere: &elsewhere, beginning, foreign };
    let device = device()?;
    let mut lines = Vec::new();
    for network in chosen {
        let mut bar = Bar::new(network);
        let trained = match network.train(source.as_ref(), folders, &device, &mut bar) {
            Err(TrainError::Stopped) => return Err(Interrupted.into()),
            trained => told(network, trained)?,
        };
        drop(bar);
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

/// What became of a network, or the error with what helps.
fn told<T>(network: &NetworkRecipe, outcome: Result<T, TrainError>) -> anyhow::Result<T> {
    let hint = outcome.as_ref().err().map_or("", hint);
    outcome.explain(|| (format!("cannot train {}", network.name), hint))
}

fn read(path: Option<&Path>) -> anyhow::Result<TrainRecipe> {
    let Some(path) = path else { return recipe::parse(BUILT_IN, "train-shapes (built in)") };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).explain(|| {
        (format!("cannot read the recipe {shown}"), "give a TOML file of networks, or none for the built-in recipe")
    })?;
    recipe::parse(&text, &shown)
}

/// Where the published networks are that others are trained on; what is nowhere is brought. Those of the recipe's own are in the weights
/// folder, whatever they are called.
fn published(
    weights: &Path,
    recipe: &TrainRecipe,
    chosen: &[&NetworkRecipe],
) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut places = BTreeMap::new();
    for (name, kind) in chosen.iter().flat_map(|network| check::frozen(network)) {
        if places.contains_key(name) || !check::is_published(recipe, name) {
            continue;
        }
        bring::ensure(weights, name)?;
        check_folder(weights, name)?;
        check_tensors(weights, name, kind)?;
        places.insert(name.to_owned(), place(weights, name));
    }
    Ok(places)
}

/// The network that others begin from: a path, or the name of a published one.
fn open(path: &Path, weights: &Path, chosen: &[&NetworkRecipe]) -> anyhow::Result<Foreign> {
    let hint = "give a folder or file of a DiT or a PixArt-α: safetensors, or what torch.save wrote; or a name that `gentron models fetch` \
                knows, such as pixart-alpha-512";
    if let Some(other) = chosen.iter().find(|network| !network.is_gentron()) {
        let what = format!("--init is of GenTron backbones, and {} is none", other.name);
        return Err(refuse(what, "choose one with --only NAME"));
    }
    if let Some(other) = chosen.iter().find(|network| network.initial.is_some()) {
        let what = format!("{} begins from other weights already: it takes no layers of another network", other.name);
        return Err(refuse(what, "leave out --init, or its `initial` in the recipe"));
    }
    let published = path.to_str().filter(|_| !path.exists()).and_then(Release::find);
    let place = match published {
        Some(release) => layers(weights, &release)?,
        None => path.to_owned(),
    };
    Foreign::open(&place).explain(|| (format!("cannot begin from {}", path.display()), hint))
}

/// The folder of a published network that another begins from. Its layers are all that is read: whatever else of a pipeline is missing
/// is brought only where they are.
fn layers(weights: &Path, release: &Release) -> anyhow::Result<PathBuf> {
    let there = place(weights, release.key());
    if Foreign::open(&there).is_ok() {
        return Ok(there);
    }
    bring::ensure(weights, release.key())?;
    check_folder(weights, release.key())?;
    Ok(place(weights, release.key()))
}

fn choose<'a>(recipe: &'a TrainRecipe, only: &[String]) -> anyhow::Result<Vec<&'a NetworkRecipe>> {
    let known: Vec<&str> = recipe.network.iter().map(|network| network.name.as_str()).collect();
    if let Some(wrong) = only.iter().find(|name| !known.contains(&name.as_str())) {
        let hint = names::suggestion(wrong, known);
        return Err(refuse(format!("the recipe has no network called {wrong}"), hint));
    }
    Ok(recipe.network.iter().filter(|network| only.is_empty() || only.contains(&network.name)).collect())
}

/// Progress bars as the trainer sees them: one of the data, while frozen networks encode it, then one of the training.
struct Bar {
    name: String,
    total: usize,
    shown: Option<(String, progress::Progress)>,
    done: u64,
}

impl Bar {
    fn new(network: &NetworkRecipe) -> Self {
        Self { name: network.name.clone(), total: network.optimisation.samples as usize, shown: None, done: 0 }
    }

    /// The bar called `label`, in place of whichever was there.
    fn of(&mut self, label: &str, total: usize) -> &progress::Progress {
        if self.shown.as_ref().is_none_or(|(shown, _)| shown != label) {
            self.shown = None; // finished before the next one is drawn
            self.done = 0;
        }
        &self.shown.get_or_insert_with(|| (label.to_owned(), progress::Progress::new(label, total))).1
    }

    fn training(&mut self) -> &progress::Progress {
        let (name, total) = (self.name.clone(), self.total);
        self.of(&name, total)
    }
}

fn control() -> Control {
    if interrupt::requested() { Control::Stop } else { Control::Continue }
}

impl Progress for Bar {
    fn preparing(&mut self, what: &str, done: u64, total: u64) -> Control {
        self.of(&format!("encoding: {what}"), total as usize);
        let more = done.min(total).saturating_sub(self.done);
        self.done += more;
        self.of(&format!("encoding: {what}"), total as usize).advance(more as usize);
        control()
    }

    fn step(&mut self, report: &StepReport) -> Control {
        self.training().remark(&format!("loss {:.4}", report.loss));
        let more = report.samples.saturating_sub(self.done);
        self.done += more;
        self.training().advance(more as usize);
        control()
    }

    fn evaluated(&mut self, samples: u64, scores: &BTreeMap<String, f64>) {
        let scores: Vec<String> = scores.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        self.training().say(&format!("after {samples} samples: {}", scores.join(", ")));
    }

    fn taken_over(&mut self, report: &TakenOver) {
        self.training().say(&report.to_string());
    }

    fn resumed(&mut self, samples: u64) {
        let bar = self.training();
        bar.say(&format!("continuing from {samples} samples"));
        bar.begin_at(samples as usize);
        self.done = samples;
    }
}
