//! `gentron import`: images of another system become an arm.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::Args;
use gentron_metrics::official::Sample;
use gentron_suites::Prompt;

use super::suites;
use crate::bare::{Found, Problem, Source, layout};
use crate::exchange::take::{Before, Taken, take};
use crate::exchange::{Record, few};
use crate::failure::{Outcome, refuse};
use crate::table::{self, Lean};
use crate::{names, progress};

/// `gentron import --help`.
pub const ABOUT: &str = "\
Make an arm of the images of another system.

The folder has samples/{prompt}_{NNNNNN}.png as the official T2I-CompBench scripts have them, <prompt-id>/<k>.png, or <index>.png, from 0, \
in the order of the prompts that --suite and --category name; or a folder of these for each category; or any names, with a --map: CSV, TSV or JSON lines with image \
and prompt or prompt_id, and perhaps k, which of the prompt's images it is, from 0. PNG, JPEG and WebP are read.

Every prompt must have as many images as every other, each must be readable, and no image may be of no prompt of the suite, or have a name that does not \
say whose it is: whatever is wrong is listed, each with its name, and then nothing is imported. Of a part of a suite, such as parti:100 or some --category, images of its \
other prompts are left out. The same import again puts back what it has lost. What is good is copied as PNG under ids, with digests, and an arm of a recipe names it:

  [[arms]]
  name = \"sdxl\"
  generator = \"import\"
  images = \"imports/sdxl\"";

/// After `gentron import --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron import out/sdxl --suite t2i-compbench --name sdxl --images 10
  gentron import out/sdxl --suite t2i-compbench --category color --category shape --name sdxl-two
  gentron import out/color --suite t2i-compbench/color --name sdxl-color
  gentron import pictures --suite prompts.csv --map whose.jsonl --name mine --json";

/// Whose images, and of what.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Folder of images
    pub folder: PathBuf,
    /// The suite that they are of, or a part: t2i-compbench, parti:100, prompts.csv
    #[arg(long, value_name = "SUITE")]
    pub suite: String,
    /// Only the prompts of this category; may be given several times
    #[arg(long = "category", value_name = "NAME")]
    pub categories: Vec<String>,
    /// What to call the system; lower-case letters, digits, `-`, `_`, `.`
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// Table that says whose each image is
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Images that each prompt has [default: as many as the prompt with most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub images: Option<u32>,
    /// Folder to write [default: imports/NAME]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// What to work with.
    #[command(flatten)]
    pub work: ReadArgs,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// What reading needs.
#[derive(Debug, Args)]
pub struct ReadArgs {
    /// Folder of official prompt files [default: $GENTRON_SUITES, then what `suites fetch` brought]
    #[arg(long, value_name = "DIR")]
    pub suites: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// Imports, or lists all that is wrong.
///
/// # Errors
/// Something is wrong with the images, or they cannot be written.
pub fn run(args: &ImportArgs) -> anyhow::Result<Outcome> {
    if !names::is_path_safe(&args.name) {
        let hint = "use lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or a digit";
        return Err(refuse(format!("the name `{}` cannot be part of a path", args.name), hint));
    }
    let (prompts, suite) = suites::part(&args.suite, &args.categories, args.work.suites.as_deref())?;
    let source = Source { folder: &args.folder, map: args.map.as_deref(), images: args.images };
    let mut found = layout::look(source, &prompts)?;
    let strangers = left_out(&mut found, suite.prompts());
    if !strangers.is_empty() {
        let (count, named) = (strangers.len(), few(&strangers));
        progress::say(&format!(
            "note: {count} images are of other prompts than {} and are left out: {named}",
            args.suite
        ));
    }
    let most = found.pictures.known.iter().map(|picture| picture.k + 1).max().unwrap_or(1);
    let record = Record::new(&args.name, (suite.id(), suite.digest()), args.images.unwrap_or(most));
    let to = args.to.clone().unwrap_or_else(|| Path::new("imports").join(&args.name));
    let threads = args.work.threads.map(usize::from);
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    match take(&found, &prompts, record, &to, threads.unwrap_or_else(cores))? {
        Taken::Import(record, before) => {
            let imported = Imported { record: &record, prompts: prompts.len(), before, to: &to, strangers: &strangers };
            say(&imported, args.json)?;
            Ok(Outcome::Done)
        }
        Taken::Refused(problems) => {
            list(&problems, (&strangers[..], &found.pictures.unread[..]), args.json)?;
            let what = match &problems[..] {
                [one] => one.what(),
                [one, ..] => format!("{} problems; the first: {}", problems.len(), one.what()),
                [] => String::new(),
            };
            let shown = args.folder.display();
            let way_out = problems[0].way_out();
            // A file that is not read explains a prompt without an image, and nothing else.
            let lacks = problems.iter().any(|problem| matches!(problem, Problem::Count { .. }));
            let hint = match found.pictures.besides().filter(|_| lacks) {
                Some(besides) => format!("{way_out}; {besides}"),
                None => way_out.to_owned(),
            };
            Err(refuse(format!("nothing was imported of {shown}: {what}"), hint))
        }
    }
}

/// Takes out the images of prompts that the suite has and that were not asked for, by name, which are left out; those of no prompt at all
/// become problems.
fn left_out(found: &mut Found, whole: &[Prompt]) -> Vec<String> {
    let ids: HashSet<&str> = whole.iter().map(|prompt| prompt.id.as_str()).collect();
    let texts: HashSet<_> = whole.iter().map(|prompt| layout::part(&prompt.text)).collect();
    let mut others = Vec::new();
    for image in std::mem::take(&mut found.pictures.strangers) {
        let sample = Sample::parse(PathBuf::from(&image));
        if sample.is_some_and(|sample| texts.contains(&*layout::nfc(&sample.prompt))) {
            others.push(image);
        } else {
            found.problems.push(Problem::UnknownText { image });
        }
    }
    for (image, problem) in std::mem::take(&mut found.surplus) {
        match &problem {
            Problem::UnknownId { prompt_id, .. } if ids.contains(prompt_id.as_str()) => others.push(image),
            _ => found.problems.push(problem),
        }
    }
    others
}

/// All that is wrong; in JSON also the images of other prompts and the files that are no images by their ending.
fn list(problems: &[Problem], (strangers, unread): (&[String], &[String]), json: bool) -> anyhow::Result<()> {
    if json {
        let answer = serde_json::json!({
            "imported": false, "problems": problems, "strangers": strangers, "unread": unread,
        });
        return table::print_json(&answer);
    }
    let rows: Vec<_> = problems.iter().map(|problem| vec![problem.kind().to_owned(), problem.what()]).collect();
    table::print(&table::render(&[("problem", Lean::Left), ("what", Lean::Left)], &rows))
}

/// An import that is there.
struct Imported<'a> {
    record: &'a Record,
    prompts: usize,
    before: Before,
    to: &'a Path,
    /// Images of other prompts of the suite, which are left out.
    strangers: &'a [String],
}

fn say(imported: &Imported<'_>, json: bool) -> anyhow::Result<()> {
    let Imported { record, prompts, before, to, strangers } = imported;
    let images = record.images.len();
    if json {
        let put_back = if let Before::Same(mended) = before { *mended } else { 0 };
        return table::print_json(&serde_json::json!({
            "imported": true, "import": to.display().to_string(), "before": *before != Before::Nothing, "put_back": put_back,
            "prompts": prompts, "images": images, "images_per_prompt": record.images_per_prompt, "size": record.size,
            "strangers": strangers,
        }));
    }
    let there = match before {
        Before::Nothing => "are now in".to_owned(),
        Before::Same(0) => "were there already in".to_owned(),
        Before::Same(mended) => format!("were there already, and {mended} that had gone or changed are put back, in"),
    };
    let arm = format!("[[arms]]\nname = \"{}\"\ngenerator = \"import\"\nimages = \"{}\"\n", record.name, to.display());
    table::print(&format!("{images} images of {prompts} prompts {there} {}\n\n{arm}", to.display()))
}
