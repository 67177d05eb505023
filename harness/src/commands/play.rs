//! `gentron play`: type a prompt, see every arm draw it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;

use super::scorers::{eyes_of, say_what_is_missing, scorer};
use super::{serve, setup};
use crate::failure::Outcome;
use crate::generate::Sources;
use crate::generate::sources::outside;
use crate::plan::select;
use crate::play::{Company, router};
use crate::recipe::{self, Narrowing};
use crate::registry::{Library, Places};
use crate::report::info;
use crate::study::serve::{Limits, serve as serve_router};
use crate::{progress, table};

/// `gentron play --help`.
pub const ABOUT: &str = "\
Type a prompt on a local page, and see every arm of a recipe draw it from the same noise.

The arms stand side by side, step by step if you wish, each picture with its scores and the reasons for them. Arms that attend to words \
show where they looked for each. Words that the small world does not know are named, and where it can, it draws a right picture \
beside the arms'. Cases that you keep become a note, which exports as Markdown or JSON with prompts and seeds.

The page asks nobody but this program, and this program listens on this machine alone unless --listen says otherwise.";

/// After `gentron play --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron play
  gentron play --arm adaln-clip --arm cross-clip-t5 --steps 50
  gentron play my-recipe.toml --listen 127.0.0.1:0";

/// What to play with.
#[derive(Debug, Args)]
pub struct PlayArgs {
    /// A TOML file, or a built-in recipe [default: table2-shapes]
    pub recipe: Option<PathBuf>,
    /// Only this arm; may be given several times
    #[arg(long = "arm", value_name = "NAME")]
    pub arms: Vec<String>,
    /// Sampler steps instead of the recipe's
    #[arg(long, value_name = "N")]
    pub steps: Option<u32>,
    /// Address of the page; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8082")]
    pub listen: SocketAddr,
    /// What to work with.
    #[command(flatten)]
    pub work: crate::cli::WorkArgs,
}

/// Loads the arms and serves until it is asked to stop.
///
/// # Errors
/// Recipe, weights or suites are not what they should be, or the address is taken.
pub fn run(args: &PlayArgs) -> anyhow::Result<Outcome> {
    let company = company(args)?;
    let arms = company.about.arms.len();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (listener, address) = serve::listen(args.listen).await?;
        let local = address.ip().is_loopback();
        table::print(&format!("{arms} arms of {} at http://{address}/ (Ctrl-C ends)\n", company.about.recipe))?;
        if !local {
            progress::say("note: whoever reaches this address can have pictures drawn here, unencrypted");
        }
        serve_router(listener, router(company, args.work.threads(), local), Limits::default()).await?;
        Ok(Outcome::Done)
    })
}

fn company(args: &PlayArgs) -> anyhow::Result<Company> {
    let (written, source) = recipe::load(args.recipe.as_deref())?;
    let (folder, scorers) = (written.weights.folder.clone(), written.scorers.clone());
    let outside = outside(&written, source.folder());
    let narrowing = Narrowing { arms: args.arms.clone(), steps: args.steps, ..Narrowing::default() };
    let located = recipe::located(&written, source.folder());
    let library = Library::new(Places::new(args.work.suites.as_deref())?, located);
    let recipe = recipe::resolve(written, &narrowing, &library, &source.word())?;
    let prompts = select(&recipe.suites, &library)?;
    let weights = setup::find_weights(&recipe, args.work.weights.as_deref(), &source, &folder)?;
    let digests = match &weights {
        Some(weights) => setup::weight_digests(&recipe, weights, &setup::needed(&recipe, weights)?)?,
        None => BTreeMap::new(),
    };
    let start = source.folder().unwrap_or(Path::new("."));
    let scorers = eyes_of(&recipe, &scorers.map(|path| start.join(path)));
    let scorer = scorer(&recipe, weights.as_deref(), &digests, &scorers)?;
    say_what_is_missing(&recipe, &scorer);
    let suites = recipe.suites.iter().map(|suite| library.open(&suite.reference()));
    let suites: Vec<Arc<_>> = suites.collect::<anyhow::Result<_>>()?;
    let subject = info::Subject { recipe: &recipe, prompts: &prompts, suites: &suites, scorer: &scorer };
    let sources = Sources { weights, outside, embeddings: None };
    let info = info::describe(&subject, &sources, &digests, "gentron play".to_owned())?;
    let weights = sources.weights.context("no arm of this recipe draws with weights")?;
    Company::load(&recipe, &info, &weights, &prompts, scorer)
}
