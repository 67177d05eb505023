//! `gentron submit kubernetes`.

use clap::Args;

use super::Common;
use super::line::place;
use super::say::{Asked, say_estimate};
use crate::failure::{Outcome, refuse};
use crate::progress;
use crate::remote;
use crate::store::{Access, Run};
use crate::submit::estimate::Stages;
use crate::submit::kubernetes;
use crate::table;

/// After `gentron submit kubernetes --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron submit kubernetes /work/table2 --image registry/gentron:1 --claim work --gpus 1
  gentron submit kubernetes run --run-there /work/run --image gentron --claim work > jobs.json
  gentron submit kubernetes s3://bucket/table2 --image registry/gentron:1 --secret aws --gpus 1
  gentron submit kubernetes /work/table2 --image gentron --claim work --dry-run";

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

/// Prints the jobs, and with `--dry-run` what they will take.
///
/// # Errors
/// There is no such run, the probe fails, or what is asked for cannot be.
pub fn run(args: &KubernetesArgs) -> anyhow::Result<Outcome> {
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
        let asked =
            Asked { gpus: args.gpus > 0, at_once: args.at_once, stages: Stages::Together, grace: Some(args.grace) };
        let text = say_estimate(&run, &args.common, &asked)?;
        table::print(&text.lines().map(|line| format!("# {line}\n")).collect::<String>())?;
    }
    let name = &args.name;
    progress::say(&format!(
        "gentron submit … | kubectl apply -f -\n{name}-report waits for {name}-work; what both do: kubectl logs --follow job/{name}-report --all-containers"
    ));
    table::print_json(&serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": [working, concluding] }))?;
    Ok(Outcome::Done)
}
