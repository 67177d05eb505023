//! `gentron submit`: a plan goes to those who work on it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::retry_plan::left;
use super::setup;
use super::work::Stage;
use crate::cli::{DEFAULT_RUN, WorkArgs};
use crate::failure::{Explain as _, Outcome, refuse};
use crate::progress::{self, human};
use crate::remote;
use crate::score::ScorerPaths;
use crate::shards::Share;
use crate::shards::seal::by_shard;
use crate::store::{Access, Run};
use crate::submit::estimate::{self, ArmProbe, Estimate};
use crate::submit::{budget, kubernetes, local, slurm};
use crate::table;

/// `gentron submit --help`.
pub const ABOUT: &str = "\
Hand a plan to Slurm, Kubernetes or processes on this machine.

Every worker is `gentron work`; there is no server. Slurm gets a chain of job arrays: draw, score, then merge and report, each when \
the one before has succeeded; scripts and logs are in a folder beside the run. Kubernetes gets an indexed job, printed for \
`kubectl apply -f -`. Only what is not done yet is submitted, so the same command is also the one to go on with.

--dry-run submits nothing: it draws and scores a batch of every arm here, and prints what the whole will take in hours, disk and \
energy, and what would be submitted. --budget says which part of the recipe to plan when that is too much.";

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
    /// An indexed job, printed as JSON for kubectl
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
    /// Worker-hours to keep to: which part of the recipe has most power then
    #[arg(long, value_name = "HOURS", requires = "dry_run")]
    pub budget: Option<f64>,
    /// Watts that a worker draws, for the kilowatt-hours
    #[arg(long, value_name = "W", requires = "dry_run", hide_short_help = true)]
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
    #[arg(long, value_name = "K", hide_short_help = true)]
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
    #[arg(long, value_name = "IMAGE")]
    pub image: String,
    /// Volume claim with the run, weights and suites; none for an object store
    #[arg(long, value_name = "NAME")]
    pub claim: Option<String>,
    /// Secret whose entries become the containers' environment, such as an object store's credentials
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub secret: Option<String>,
    /// Where the claim is mounted; paths that are given are those of the containers
    #[arg(long, value_name = "PATH", default_value = "/work", hide_short_help = true)]
    pub mount: String,
    /// Name of the jobs
    #[arg(long, default_value = "gentron", hide_short_help = true)]
    pub name: String,
    /// The run's folder in the containers [default: as here]
    #[arg(long, value_name = "PATH", hide_short_help = true)]
    pub run_there: Option<String>,
    /// Run at most so many workers at once [default: all]
    #[arg(long, value_name = "K", hide_short_help = true)]
    pub at_once: Option<u32>,
    /// GPUs a worker
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub gpus: u32,
    /// CPUs a worker, as 8
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub cpus: Option<String>,
    /// Memory a worker, as 32Gi
    #[arg(long, value_name = "SIZE", hide_short_help = true)]
    pub memory: Option<String>,
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

fn this_program() -> anyhow::Result<String> {
    let path =
        std::env::current_exe().explain(|| ("cannot find this program's own file", "start it by its full path"))?;
    Ok(path.display().to_string())
}

fn to_slurm(args: &SlurmArgs) -> anyhow::Result<Outcome> {
    let Common { run: folder, workers, dry_run, work, .. } = &args.common;
    let looked = remote::look(folder)?;
    let run = Run::open_for(&looked.folder, Access::Look)?;
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
        let mut text = say_estimate(&run, &args.common)?;
        for job in &jobs {
            let script = logs.join(format!("{}.sh", job.name)).display().to_string();
            for slurm::Array { options, arguments } in slurm::arrays(job, *workers, args.at_once) {
                let words: Vec<String> = options.into_iter().chain([script.clone()]).chain(arguments).collect();
                text += &format!("\nsbatch {}", words.join(" "));
            }
            text += &format!("\n{}", job.script);
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
    };
    let report = vec!["gentron".to_owned(), "report".to_owned(), there.clone()];
    let [working, concluding] = kubernetes::manifests(&cluster, &as_given(&["work"]), &[as_given(&["merge"]), report]);
    if *dry_run {
        // What is printed stays something that kubectl reads.
        progress::say(&say_estimate(&run, &args.common)?);
    }
    let name = &args.name;
    progress::say(&format!(
        "gentron submit … | jq .items[0] | kubectl apply -f -\nkubectl wait --for=condition=complete --timeout=-1s job/{name}-work\n\
         gentron submit … | jq .items[1] | kubectl apply -f -"
    ));
    table::print_json(&serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": [working, concluding] }))?;
    Ok(Outcome::Done)
}

fn to_local(args: &LocalArgs) -> anyhow::Result<Outcome> {
    let Common { run: folder, workers, dry_run, work, .. } = &args.common;
    let looked = remote::look(folder)?;
    let run = Run::open_for(&looked.folder, Access::Look)?;
    let indices = left(&run, *workers, None)?;
    let (program, here) = (this_program()?, place(folder));
    // Without a word on threads, all workers together have as many as there are cores.
    let share = (work.threads() / *workers as usize).max(1) as u16;
    let work = WorkArgs { threads: Some(work.threads.unwrap_or(share)), ..work.clone() };
    let worker = command(&program, &["work"], &here, &work, true);
    if *dry_run {
        let text = say_estimate(&run, &args.common)?;
        let lines: String = indices.iter().map(|i| format!("{} --shard {i}/{workers}\n", worker.join(" "))).collect();
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

/// What the run will take, and what of it fits into a budget.
fn say_estimate(run: &Run, args: &Common) -> anyhow::Result<String> {
    let prompts = setup::prompts_of(run, &args.work)?;
    let sources = setup::sources_of(run, &args.work, Share::WHOLE)?;
    let (scorer, _) = setup::scorer_of(run, &args.work, &ScorerPaths::default())?;
    progress::say("drawing and scoring one batch of every arm");
    let probes = estimate::probe(run, &prompts, &sources, &scorer)?;
    let threads = args.work.threads();
    let found = estimate::estimate(&run.plan, &probes, (args.workers, threads), args.watts);
    let mut text = estimate_text(run, &probes, &found);
    if let Some(hours) = args.budget {
        text += &budget_text(run, &probes, hours, threads);
    }
    Ok(text)
}

fn estimate_text(run: &Run, probes: &[ArmProbe], found: &Estimate) -> String {
    let Estimate { workers, threads, worker_hours, wall_hours, disk, kilowatt_hours } = found;
    let time = |hours: f64| human(hours * 3600.0);
    let mut text = format!("{} images, from a batch of each arm on this machine:\n", run.plan.tasks.len());
    for probe in probes {
        let ArmProbe { arm, images, load, draw, score, .. } = probe;
        text += &format!(
            "  {arm}: {images} images, {} each to draw and {} to score on one thread, {} to load\n",
            human(*draw),
            human(*score),
            human(*load)
        );
    }
    let shards = by_shard(&run.plan).len();
    text += &format!(
        "{workers} workers of {threads} threads: {} together, {} until the last is done ({shards} shards)\ndisk: {:.1} MB while it is merged, half of that after\n",
        time(*worker_hours),
        time(*wall_hours),
        disk / 1e6
    );
    text += &kilowatt_hours.map_or_else(
        || "energy: not known; --watts says what a worker draws\n".to_owned(),
        |energy| format!("energy: {energy:.3} kWh\n"),
    );
    text
}

fn budget_text(run: &Run, probes: &[ArmProbe], hours: f64, threads: usize) -> String {
    let recipe = &run.manifest.recipe;
    let mut categories: std::collections::BTreeMap<(&str, &str), std::collections::BTreeSet<&str>> = Default::default();
    for task in &run.plan.tasks {
        categories.entry((&task.suite, &task.category)).or_default().insert(&task.prompt_id);
    }
    let counts: Vec<usize> = categories.values().map(std::collections::BTreeSet::len).collect();
    let each: f64 = probes.iter().map(|probe| (probe.draw + probe.score) / threads as f64).sum();
    let fixed: f64 = probes.iter().map(|probe| probe.load).sum();
    let Some(subset) = budget::subset(&counts, recipe.images_per_prompt, (hours * 3600.0, fixed, each)) else {
        return format!("budget: {hours} worker-hours do not pay for one image of every category by every arm\n");
    };
    let all: usize = counts.iter().sum();
    if subset.prompts.is_none() && subset.images == recipe.images_per_prompt {
        return format!("budget: {hours} worker-hours pay for everything\n");
    }
    let mut flags = String::new();
    if let Some(prompts) = subset.prompts {
        flags += &format!(" --prompts {prompts}");
    }
    flags += &format!(" --images {}", subset.images);
    let mut text = format!(
        "budget: {hours} worker-hours pay for {} of {all} prompts with {} of {} images each; plan the recipe with{flags}\n",
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
