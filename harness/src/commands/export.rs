//! `gentron export`: a run's images for the official scripts.

mod back;

use std::path::PathBuf;

use clap::Args;
use gentron_suites::Prompt;

use self::back::{Exported, Way};
use crate::exchange::give;
use crate::failure::{Outcome, refuse};
use crate::plan::select;
use crate::registry::{Library, Places};
use crate::store::Run;
use crate::{names, table};

/// `gentron export --help`.
pub const ABOUT: &str = "\
Write an arm's images as the official T2I-CompBench scripts want them.

DIR/<category>/samples/{prompt}_{NNNNNN}.png, with image k of a category's prompt j numbered images_per_prompt * j + k: the folder of a category is what \
a script takes as --out_dir. Nothing but images is written there, because the scripts stop at any other file. The same bytes come \
back by the `gentron import` that is printed, if a word for a suite means the run's prompts; and `gentron score DIR/<category> --suite` scores them here, with --official-files into the scripts' own result files.";

/// After `gentron export --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron export runs/table2 --arm clip-t5-cross-g --to out
  gentron export runs/table2 --arm clip-cross-xl --category color --to color-only
  gentron export --arm cross-clip --to out --json";

/// What to write, and where to.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Folder of the run
    #[arg(default_value = crate::cli::DEFAULT_RUN)]
    pub run: PathBuf,
    /// The arm whose images are written
    #[arg(long, value_name = "NAME")]
    pub arm: String,
    /// New folder to write
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Only this category; may be given several times
    #[arg(long = "category", value_name = "NAME")]
    pub categories: Vec<String>,
    /// Folder of official prompt files [default: where the run found them]
    #[arg(long, value_name = "DIR")]
    pub suites: Option<PathBuf>,
    /// Print JSON instead of a sentence
    #[arg(long)]
    pub json: bool,
}

/// Writes the folder.
///
/// # Errors
/// There is no such run, arm or category, images are missing, or the disk fails.
pub fn run(args: &ExportArgs) -> anyhow::Result<Outcome> {
    let run = Run::open(&args.run)?;
    let recipe = &run.manifest.recipe;
    let arms: Vec<&str> = recipe.arms.iter().map(|arm| arm.name.as_str()).collect();
    if !arms.contains(&args.arm.as_str()) {
        let hint = names::suggestion(&args.arm, arms.iter().copied());
        return Err(refuse(format!("unknown arm `{}`", args.arm), hint));
    }
    let known: Vec<&str> = recipe.suites.iter().flat_map(|suite| suite.categories.iter().map(String::as_str)).collect();
    if let Some(unknown) = args.categories.iter().find(|name| !known.contains(&name.as_str())) {
        let hint = names::suggestion(unknown, known.iter().copied());
        return Err(refuse(format!("unknown category `{unknown}`"), hint));
    }
    let library = Library::new(Places::new(args.suites.as_deref())?, run.manifest.suite_places.clone());
    let prompts = select(&recipe.suites, &library)?;
    let given = give::names(&run, &prompts, &args.arm, &args.categories)?;
    give::give(&run, &given, &args.to)?;
    let asked = |prompt: &&Prompt| args.categories.is_empty() || args.categories.contains(&prompt.category);
    let exported = Exported {
        run: &run,
        arm: &args.arm,
        prompts: prompts.iter().filter(asked).collect(),
        several: prompts.iter().any(|prompt| prompt.suite != prompts[0].suite),
        to: &args.to,
        suites: args.suites.as_deref(),
    };
    say(args, given.len(), &back::ways(&exported))?;
    Ok(Outcome::Done)
}

fn say(args: &ExportArgs, images: usize, ways: &[Way]) -> anyhow::Result<()> {
    let to = args.to.display().to_string();
    if !args.json {
        let mut text = format!("{images} images of {} are now in {to}\n", args.arm);
        text.extend(ways.iter().map(Way::sentence));
        return table::print(&text);
    }
    let mut imports = Vec::new();
    let mut wordless = 0;
    for way in ways {
        match way {
            Way::Command(command) => imports.push(command),
            Way::Wordless { prompts, .. } => wordless += prompts,
        }
    }
    table::print_json(&serde_json::json!({
        "run": args.run, "arm": args.arm, "to": to, "images": images, "imports": imports, "prompts_of_no_suite_word": wordless,
    }))
}
