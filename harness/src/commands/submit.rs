//! `gentron submit`: a plan goes to those who work on it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::retry_plan::left;
use super::setup;
use super::work::Stage;
use crate::cli::{DEFAULT_RUN, WorkArgs};
use crate::device;
use crate::failure::{Explain as _, Outcome, quoted, refuse};
use crate::forecast;
use crate::progress::{self, human};
use crate::remote;
use crate::score::ScorerPaths;
use crate::shards::Share;
use crate::store::{Access, Run};
use crate::submit::estimate::{self, Estimate, Terms};
use crate::submit::probe::{ArmProbe, EncoderProbe, Probe, probe};
use crate::submit::{budget, kubernetes, local, slurm};
use crate::table;
use crate::weights::{self, Release};

/// `gentron submit --help`.
pub const ABOUT: &str = "\
Hand a plan to Slurm, Kubernetes or processes on this machine.

Every worker is `gentron work`; there is no server. Slurm gets a chain of job arrays: draw, score, then merge and report, each when \
the one before has succeeded; scripts and logs are in a folder beside the run. Kubernetes gets two jobs, printed for \
`kubectl apply -f -`: an indexed one of the workers, and one that waits until nothing is left to them, a week at most, merges and \
reports. Only what is not done yet is submitted, so the same command is also the one to go on with.

--dry-run submits nothing: it draws and scores a batch of every arm here, and prints what the rest will take in hours, disk and \
energy, and what would be submitted. --budget says which part of the recipe to plan when that is too much. Hours are measured on this \
machine: GPU-hours where it has a GPU that is used, else worker-hours.";

/// After `gentron submit --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron submit slurm /scratch/table2 --workers 32 --option=--gpus=1 --option=--time=04:00:00
  gentron submit slurm /scratch/table2 --dry-run --budget 20 --watts 350
  gentron submit local runs/table2 --workers 2 --gpus 2";

const SLURM_EXAMPLES: &str = "\
Examples:
  gentron submit slurm /scratch/table2 --workers 32 --option=--gpus=1 --option=--time=04:00:00
  gentron submit slurm /scratch/table2 --workers 256 --at-once 40 --logs /scratch/logs
  gentron submit slurm /scratch/table2 --dry-run --budget 20 --watts 350";

const KUBERNETES_EXAMPLES: &str = "\
Examples:
  gentron submit kubernetes /work/table2 --image registry/gentron:1 --claim work --gpus 1
  gentron submit kubernetes run --run-there /work/run --image gentron --claim work > jobs.json
  gentron submit kubernetes s3://bucket/table2 --image registry/gentron:1 --secret aws --gpus 1
  gentron submit kubernetes /work/table2 --image gentron --claim work --dry-run";

const LOCAL_EXAMPLES: &str = "\
Examples:
  gentron submit local runs/table2 --workers 2
  gentron submit local runs/table2 --workers 8 --gpus 8
  gentron submit local runs/table2 --dry-run";

/// Who gets the plan.
#[derive(Debug, Subcommand)]
pub enum SubmitAction {
    /// Job arrays, by sbatch
    #[command(after_long_help = SLURM_EXAMPLES)]
    Slurm(SlurmArgs),
    /// An indexed job and one that concludes, printed as JSON for kubectl
    #[command(after_long_help = KUBERNETES_EXAMPLES)]
    Kubernetes(KubernetesArgs),
    /// Processes on this machine, to the end of the report
    #[command(after_long_help = LOCAL_EXAMPLES)]
    Local(LocalArgs),
}

/// What holds for all of them.
#[derive(Debug, Args)]
pub struct Common {
    /// Folder of the run, which `plan` made
    #[arg(default_value = DEFAULT_RUN)]
    pub run: PathBuf,
    /// Workers to divide the plan among; more than its shards are too many
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub workers: u32,
    /// Submit nothing: say what it will take, from a probe, and what would be submitted
    #[arg(long)]
    pub dry_run: bool,
    /// Worker-hours (GPU-hours on a GPU) to keep to: which part of the recipe has most power then
    #[arg(long, value_name = "HOURS", requires = "dry_run", value_parser = above_zero)]
    pub budget: Option<f64>,
    /// Watts that a worker draws, for the kilowatt-hours
    #[arg(long, value_name = "W", requires = "dry_run", hide_short_help = true, value_parser = above_zero)]
    pub watts: Option<f64>,
    /// What to work with.
    #[command(flatten)]
    pub work: WorkArgs,
}

/// For Slurm.
#[derive(Debug, Args)]
pub struct SlurmArgs {
    /// What holds for all.
    #[command(flatten)]
    pub common: Common,
    /// An option of sbatch for every job, as --option=--partition=gpu; may be given several times
    #[arg(long = "option", value_name = "OPTION", allow_hyphen_values = true)]
    pub options: Vec<String>,
    /// Run at most so many workers at once
    #[arg(long, value_name = "K", hide_short_help = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub at_once: Option<u32>,
    /// Seconds before a time limit at which workers are told to stop
    #[arg(long, value_name = "S", default_value_t = 120, hide_short_help = true, value_parser = clap::value_parser!(u32).range(1..=65_535))]
    pub grace: u32,
    /// The cluster's MaxArraySize [default: what it says itself, else 1001]
    #[arg(long, value_name = "N", hide_short_help = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_array_size: Option<u32>,
    /// Folder of scripts and logs [default: RUN-slurm]
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub logs: Option<PathBuf>,
}

/// For Kubernetes.
#[derive(Debug, Args)]
pub struct KubernetesArgs {
    /// What holds for all.
    #[command(flatten)]
    pub common: Common,
    /// Container image that has `gentron` on its path
    #[arg(long, value_name = "IMAGE", value_parser = kubernetes::name)]
    pub image: String,
    /// Volume claim with the run, weights and suites; none for an object store
    #[arg(long, value_name = "NAME", value_parser = kubernetes::name)]
    pub claim: Option<String>,
    /// Secret whose entries become the containers' environment, such as an object store's credentials
    #[arg(long, value_name = "NAME", hide_short_help = true, value_parser = kubernetes::name)]
    pub secret: Option<String>,
    /// Where the claim is mounted; paths that are given are those of the containers
    #[arg(long, value_name = "PATH", default_value = "/work", hide_short_help = true, value_parser = kubernetes::mount_path)]
    pub mount: String,
    /// Name of the jobs
    #[arg(long, default_value = "gentron", hide_short_help = true)]
    pub name: String,
    /// The run's folder in the containers [default: as here]
    #[arg(long, value_name = "PATH", hide_short_help = true)]
    pub run_there: Option<String>,
    /// Run at most so many workers at once [default: all]
    #[arg(long, value_name = "K", hide_short_help = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub at_once: Option<u32>,
    /// GPUs a worker
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub gpus: u32,
    /// CPUs a worker, as 8
    #[arg(long, value_name = "N", hide_short_help = true, value_parser = kubernetes::quantity)]
    pub cpus: Option<String>,
    /// Memory a worker, as 32Gi
    #[arg(long, value_name = "SIZE", hide_short_help = true, value_parser = kubernetes::quantity)]
    pub memory: Option<String>,
    /// Seconds that a worker has to finish its batch when its pod is told to go
    #[arg(long, value_name = "S", default_value_t = 120, hide_short_help = true, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub grace: u32,
}

/// Hours or watts.
fn above_zero(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "it must be a number above 0".to_owned())
}

/// For this machine.
#[derive(Debug, Args)]
pub struct LocalArgs {
    /// What holds for all.
    #[command(flatten)]
    pub common: Common,
    /// GPUs of this machine: worker i gets number i, in turn
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub gpus: u32,
}

/// Submits, or says what it would.
///
/// # Errors
/// There is no such run, the probe fails, or whoever is to get it refuses.
pub fn run(action: &SubmitAction) -> anyhow::Result<Outcome> {
    match action {
        SubmitAction::Slurm(args) => to_slurm(args),
        SubmitAction::Kubernetes(args) => to_kubernetes(args),
        SubmitAction::Local(args) => to_local(args),
    }
}

/// A command line of this program: this very file, the run and what to work with, by absolute paths.
fn command(program: &str, words: &[&str], run: &str, work: &WorkArgs, threads: bool) -> Vec<String> {
    let mut line = vec![program.to_owned()];
    line.extend(words.iter().map(|word| (*word).to_owned()));
    line.insert(2, run.to_owned());
    for (flag, folder) in [("--weights", &work.weights), ("--suites", &work.suites)] {
        if let Some(folder) = folder {
            line.extend([flag.to_owned(), absolute(folder)]);
        }
    }
    if let Some(count) = work.threads.filter(|_| threads) {
        line.extend(["--threads".to_owned(), count.to_string()]);
    }
    line
}

/// What workers call the run.
fn place(run: &Path) -> String {
    if remote::is_address(run) { run.display().to_string() } else { absolute(run) }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// Whether workers will find what they work with, where they see what is seen here: in a queue nobody would hear of it.
fn check(run: &Run, work: &WorkArgs) -> anyhow::Result<()> {
    setup::prompts_of(run, work)?;
    let computes = !run.manifest.weights.is_empty();
    if !computes && work.weights.is_none() {
        return Ok(());
    }
    let folder = setup::weights_of(run, work.weights.as_deref())?;
    if !computes {
        return Ok(());
    }
    for name in setup::needed(&run.manifest.recipe, &folder)? {
        // What is published a worker fetches.
        let is_fetched = |release: Release| !release.missing(&weights::place(&folder, &name), None).is_empty();
        if !Release::named(&name).is_some_and(is_fetched) {
            weights::check_folder(&folder, &name)?;
        }
    }
    Ok(())
}

/// Words as one types them.
fn typed<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    words.into_iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn this_program() -> anyhow::Result<String> {
    let path =
        std::env::current_exe().explain(|| ("cannot find this program's own file", "start it by its full path"))?;
    Ok(path.display().to_string())
}

fn to_slurm(args: &SlurmArgs) -> anyhow::Result<Outcome> {
    let Common { run: folder, workers, dry_run, work, .. } = &args.common;
    let looked = remote::look(folder)?;
    let run = Run::open_for(&looked.folder, Access::Look)?;
    check(&run, work)?;
    let (drawing, scoring) = (left(&run, *workers, Some(Stage::Generate))?, left(&run, *workers, Some(Stage::Score))?);
    let (program, here) = (this_program()?, place(folder));
    let stage = |name: &'static str, workers| slurm::Stage {
        name,
        commands: vec![command(&program, &["work", "--stage", name], &here, work, true)],
        workers: Some(workers),
    };
    let mut stages = Vec::new();
    if !drawing.is_empty() {
        stages.push(stage("generate", &drawing));
    }
    if !scoring.is_empty() {
        stages.push(stage("score", &scoring));
    }
    stages.push(slurm::Stage {
        name: "report",
        commands: vec![
            command(&program, &["merge"], &here, work, true),
            vec![program.clone(), "report".to_owned(), here.clone()],
        ],
        workers: None,
    });
    let logs = match &args.logs {
        Some(logs) => PathBuf::from(absolute(logs)),
        // Of a run in a store, in the folder where this is typed.
        None if remote::is_address(folder) => slurm::logs_of(Path::new(folder.file_name().unwrap_or_default()))?,
        None => slurm::logs_of(folder)?,
    };
    let size = args.max_array_size.or_else(slurm::max_array_size).unwrap_or(slurm::MAX_ARRAY_SIZE);
    let resources = slurm::Resources { options: args.options.clone(), grace: args.grace };
    let jobs: Vec<slurm::Job> = stages.iter().map(|stage| slurm::job(stage, &resources, size, &logs)).collect();
    if *dry_run {
        let gpus = args.options.iter().any(|option| option.contains("gpu"));
        let mut text = say_estimate(&run, &args.common, gpus)?;
        let mut before: Option<&str> = None;
        for job in &jobs {
            let script = logs.join(format!("{}.sh", job.name)).display().to_string();
            let after = before.map_or_else(Vec::new, |name| slurm::dependency(&format!("({name})")));
            for slurm::Array { options, arguments } in slurm::arrays(job, *workers, args.at_once) {
                text += &format!("\nsbatch {}", typed(options.iter().chain(&after).chain([&script]).chain(&arguments)));
            }
            text += &format!("\n{}", job.script);
            before = Some(job.name);
        }
        table::print(&text)?;
        return Ok(Outcome::Done);
    }
    let submitted = slurm::submit(&jobs, *workers, args.at_once, &logs)?;
    let lines = submitted.iter().map(|(name, ids)| format!("{name}: {}\n", ids.join(", ")));
    table::print(&format!("{}logs: {}\n", lines.collect::<String>(), logs.display()))?;
    Ok(Outcome::Done)
}

fn to_kubernetes(args: &KubernetesArgs) -> anyhow::Result<Outcome> {
    let Common { run: folder, workers, dry_run, work, .. } = &args.common;
    let is_label = |name: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (1..=50).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('-') && !name.ends_with('-')
    };
    if !is_label(&args.name) {
        return Err(refuse(
            format!("`{}` cannot name a job", args.name),
            "use lower-case letters, digits and `-`, 50 at most",
        ));
    }
    if args.claim.is_none() && !remote::is_address(folder) {
        let hint = "--claim names the volume that has it; a run in an object store (s3://bucket/run) needs none";
        return Err(refuse(format!("containers cannot see {}", folder.display()), hint));
    }
    let looked = remote::look(folder)?;
    let run = Run::open_for(&looked.folder, Access::Look)?;
    let there = args.run_there.clone().unwrap_or_else(|| place(folder));
    // Paths are those of the containers, whatever is here.
    let as_given = |words: &[&str]| {
        let mut line: Vec<String> = [&["gentron"], words].concat().iter().map(|word| (*word).to_owned()).collect();
        line.insert(2, there.clone());
        for (flag, folder) in [("--weights", &work.weights), ("--suites", &work.suites)] {
            line.extend(folder.iter().flat_map(|folder| [flag.to_owned(), folder.display().to_string()]));
        }
        line.extend(work.threads.iter().flat_map(|count| ["--threads".to_owned(), count.to_string()]));
        line
    };
    let cluster = kubernetes::Cluster {
        name: args.name.clone(),
        image: args.image.clone(),
        claim: args.claim.clone(),
        secret: args.secret.clone(),
        mount: args.mount.clone(),
        workers: *workers,
        at_once: args.at_once.unwrap_or(*workers),
        gpus: args.gpus,
        cpus: args.cpus.clone(),
        memory: args.memory.clone(),
        run: there.clone(),
        grace: args.grace,
    };
    let report = vec!["gentron".to_owned(), "report".to_owned(), there.clone()];
    let [working, concluding] = kubernetes::manifests(&cluster, &as_given(&["work"]), &[as_given(&["merge"]), report]);
    if *dry_run {
        // As comments: what is printed stays something that kubectl reads.
        let text = say_estimate(&run, &args.common, args.gpus > 0)?;
        table::print(&text.lines().map(|line| format!("# {line}\n")).collect::<String>())?;
    }
    let name = &args.name;
    progress::say(&format!(
        "gentron submit … | kubectl apply -f -\n{name}-report waits for {name}-work; what both do: kubectl logs --follow job/{name}-report --all-containers"
    ));
    table::print_json(&serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": [working, concluding] }))?;
    Ok(Outcome::Done)
}

fn to_local(args: &LocalArgs) -> anyhow::Result<Outcome> {
    let Common { run: folder, workers, dry_run, work, .. } = &args.common;
    let looked = remote::look(folder)?;
    let run = Run::open_for(&looked.folder, Access::Look)?;
    check(&run, work)?;
    let indices = left(&run, *workers, None)?;
    let (program, here) = (this_program()?, place(folder));
    // Without a word on threads, all workers together have as many as there are cores.
    let share = (work.threads() / *workers as usize).max(1) as u16;
    let work = WorkArgs { threads: Some(work.threads.unwrap_or(share)), ..work.clone() };
    let worker = command(&program, &["work"], &here, &work, true);
    if *dry_run {
        let text = say_estimate(&run, &args.common, args.gpus > 0)?;
        let lines: String = indices.iter().map(|i| format!("{} --shard {i}/{workers}\n", typed(&worker))).collect();
        table::print(&format!("{text}\n{lines}"))?;
        return Ok(Outcome::Done);
    }
    local::run(&local::Workers { command: &worker, indices: &indices, count: *workers, gpus: args.gpus })?;
    super::merge::run(&super::merge::MergeArgs {
        run: folder.clone(),
        from: Vec::new(),
        stage: None,
        work: work.clone(),
        json: false,
    })?;
    super::report::run(&crate::cli::ReportArgs {
        run: folder.clone(),
        export: None,
        verify: false,
        votes: Vec::new(),
        watch: None,
        times: false,
        watts: None,
        work,
        json: false,
    })
}

/// What is left of the run will take, and what of it fits into a budget; `gpus` says whether workers are to have any.
fn say_estimate(run: &Run, args: &Common, gpus: bool) -> anyhow::Result<String> {
    let left = estimate::left(run)?;
    if !left.values().any(estimate::Rest::is_some) {
        return Ok(format!("nothing is left of {} images to draw or to score\n", run.plan.tasks.len()));
    }
    let prompts = setup::prompts_of(run, &args.work)?;
    let sources = setup::sources_of(run, &args.work, Share::WHOLE)?;
    let (scorer, _) = setup::scorer_of(run, &args.work, &ScorerPaths::default())?;
    progress::say("drawing and scoring one batch of every arm");
    let probed = probe(run, &prompts, &sources, &scorer)?;
    let terms = Terms {
        workers: args.workers,
        threads: args.work.threads(),
        watts: args.watts,
        embeddings: forecast::embeddings(&run.manifest.recipe, sources.weights.as_deref(), prompts.len()),
    };
    let found = estimate::estimate(&run.plan, &left, &probed, &terms);
    let shards = left.values().filter(|rest| rest.is_some()).count();
    let mut text = estimate_text(run, &probed, &found, shards);
    let on_cpu = device::device()?.is_cpu();
    if gpus && on_cpu {
        text += "note: workers are to have GPUs, and this was measured on a CPU; measure on a machine like theirs\n";
    }
    if let Some(hours) = args.budget {
        let unit = if on_cpu { "worker-hours" } else { "GPU-hours" };
        text += &budget_text(run, &probed, (&terms, &found), hours, unit);
    }
    Ok(text)
}

fn estimate_text(run: &Run, probed: &Probe, found: &Estimate, shards: usize) -> String {
    let Estimate { workers, threads, worker_hours, wall_hours, draws, scores, disk, packed, kilowatt_hours, .. } =
        found;
    let time = |hours: f64| human(hours * 3600.0);
    let images = run.plan.tasks.len();
    let what = match (draws.round() as usize, scores.round() as usize) {
        (draws, scores) if (draws, scores) == (images, images) => format!("{images} images"),
        (draws, scores) => format!("of {images} images {draws} to draw and {scores} to score"),
    };
    let mut text = format!("{what}, from a batch of each arm on this machine:\n");
    for ArmProbe { arm, images, load, draw, score, .. } in &probed.arms {
        text += &format!(
            "  {arm}: {images} images, {} each to draw and {} to score on one thread, {} to load\n",
            human(*draw),
            human(*score),
            human(*load)
        );
    }
    for EncoderProbe { encoder, load, text: each, texts } in &probed.encoders {
        text += &format!(
            "  {encoder}: {texts:.0} texts to encode once for all, {} each on one thread, {} to load\n",
            human(*each),
            human(*load)
        );
    }
    text += &format!(
        "{workers} workers of {threads} threads, each like this machine: {} together, {} until the last is done ({shards} shards)\n\
         disk: {:.1} MB while it is merged, {:.1} MB after\n",
        time(*worker_hours),
        time(*wall_hours),
        (disk + packed) / 1e6,
        disk / 1e6
    );
    text += &kilowatt_hours.map_or_else(
        || "energy: not known; --watts says what a worker draws\n".to_owned(),
        |energy| format!("energy: {energy:.3} kWh\n"),
    );
    text
}

/// What of the recipe to plan where `hours` do not pay for what is left. Networks are loaded as often then as the estimate has it.
fn budget_text(run: &Run, probed: &Probe, (terms, found): (&Terms, &Estimate), hours: f64, unit: &str) -> String {
    if found.worker_hours <= hours {
        return format!("budget: {hours} {unit} pay for everything\n");
    }
    let recipe = &run.manifest.recipe;
    let mut categories: std::collections::BTreeMap<(&str, &str), std::collections::BTreeSet<&str>> = Default::default();
    for task in &run.plan.tasks {
        categories.entry((&task.suite, &task.category)).or_default().insert(&task.prompt_id);
    }
    let counts: Vec<usize> = categories.values().map(std::collections::BTreeSet::len).collect();
    let each: f64 = probed.arms.iter().map(|probe| (probe.draw + probe.score) / terms.threads as f64).sum();
    // A part of the recipe is a plan of its own, which begins with nothing.
    let fixed = estimate::estimate(&run.plan, &estimate::whole(&run.plan), probed, terms).fixed_hours;
    let seconds = (hours * 3600.0, fixed * 3600.0, each);
    let Some(subset) = budget::subset(&counts, recipe.images_per_prompt, seconds) else {
        return format!(
            "budget: {hours} {unit} do not pay for one image of every category by every arm; {} go into loading networks\n",
            human(fixed * 3600.0)
        );
    };
    let all: usize = counts.iter().sum();
    let mut flags = String::new();
    if let Some(prompts) = subset.prompts {
        flags += &format!(" --prompts {prompts}");
    }
    flags += &format!(" --images {}", subset.images);
    let mut text = format!(
        "budget: {hours} {unit} pay for {} of {all} prompts with {} of {} images each; plan the recipe with{flags}\n",
        subset.kept_prompts, subset.images, recipe.images_per_prompt
    );
    text += &format!(
        "given up: the smallest difference that a category can show grows {:.2} to {:.2} times",
        subset.factor_at_least, subset.factor_at_most
    );
    if let Some(detectable) = subset.detectable {
        text +=
            &format!("; of two success rates at worst {:.1} points are found with a power of 80 %", detectable * 100.0);
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_watts_are_numbers_above_zero() {
        assert_eq!((above_zero("20"), above_zero("2.5e-4")), (Ok(20.0), Ok(0.000_25)));
        for wrong in ["nan", "NaN", "inf", "-inf", "-1", "-0", "0", "", "ten", "1e999"] {
            assert!(above_zero(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_command_line_is_quoted_for_the_shell() {
        let words = ["gentron", "work", "/tmp/my run", "--shard"].map(str::to_owned);
        assert_eq!(typed(&words), "gentron work '/tmp/my run' --shard");
    }
}
