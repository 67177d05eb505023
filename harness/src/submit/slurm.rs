//! Job arrays for Slurm: draw, then score, then merge and report, each after the one before.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::failure::{Explain as _, quoted, refuse};
use crate::interrupt::GRACE;
use crate::shards::array::{Piece, pieces};
use crate::shards::share::{OFFSET, WORKERS};

/// Slurm's default; `scontrol show config` says the cluster's own.
pub const MAX_ARRAY_SIZE: u32 = 1001;

/// What every job asks the cluster for.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// Lines for `#SBATCH`, as `--partition=gpu`.
    pub options: Vec<String>,
    /// Seconds before the time limit at which workers are told to stop.
    pub grace: u32,
}

/// One job, or one array of jobs, to be submitted.
#[derive(Clone, Debug)]
pub struct Job {
    /// `generate`, `score` or `report`.
    pub name: &'static str,
    /// What `sbatch` is given.
    pub script: String,
    /// The arrays that it is submitted as; none is one job without an array.
    pub arrays: Vec<Piece>,
}

/// The commands of a stage: those of a worker are run again where their exit code says so.
pub struct Stage<'a> {
    /// Its name.
    pub name: &'static str,
    /// Command lines, each word by itself.
    pub commands: Vec<Vec<String>>,
    /// Workers that have something to do; none where the stage is one job.
    pub workers: Option<&'a [u32]>,
}

/// The job of a stage.
pub fn job(stage: &Stage, resources: &Resources, max_array_size: u32, logs: &Path) -> Job {
    let Stage { name, commands, workers } = stage;
    let log = if workers.is_some() { format!("{name}-%A-%a.log") } else { format!("{name}-%j.log") };
    let mut options = vec![
        format!("--job-name=gentron-{name}"),
        // Slurm has its own meaning for `%`, in a folder's name, too.
        format!("--output={}/{log}", logs.display().to_string().replace('%', "%%")),
        "--open-mode=append".to_owned(),
        "--requeue".to_owned(),
    ];
    if workers.is_some() {
        // To the worker, not to this script: it finishes what it has in hand.
        options.push(format!("--signal=TERM@{}", resources.grace));
    }
    options.extend(resources.options.iter().cloned());
    let options: String = options.iter().map(|option| format!("#SBATCH {}\n", quoted(option))).collect();
    let lines: Vec<String> = commands
        .iter()
        .map(|words| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
        .map(|line| if workers.is_some() { format!("srun --ntasks=1 {line}") } else { line })
        .collect();
    let end = if workers.is_some() { REQUEUE } else { "exit \"$code\"\n" };
    let told = if workers.is_some() {
        format!("{}export {GRACE}={}\n", share_of_arguments(), resources.grace)
    } else {
        String::new()
    };
    let script = format!("#!/bin/bash\n{options}\n{told}{}\ncode=$?\n{end}", lines.join(" &&\n"));
    Job { name, script, arrays: workers.map_or_else(Vec::new, |workers| pieces(workers, max_array_size)) }
}

/// What the script is given behind its name, it tells the worker. `sbatch --export` could tell it, too, but whoever names a variable there
/// has Slurm start a login shell on each node for the rest of the environment, and a job whose shell is slow goes back into the queue.
fn share_of_arguments() -> String {
    format!("export {WORKERS}=\"${{1:-${{{WORKERS}:-}}}}\" {OFFSET}=\"${{2:-${{{OFFSET}:-0}}}}\"\n")
}

/// A worker that was stopped in time goes back into the queue. In time is before the limit: there Slurm ends this script as well, and drops
/// all jobs that wait for this one. One that could not run (2) will not the next time; whatever else befell it, such as a lack of memory or
/// a node that did not answer, may be over. Slurm counts all of a job's starts together, so that a job that was often stopped in time has no
/// tries left: a file server that did not answer (74) has more of them, with Slurm's two minutes before each. A node that is lost is requeued
/// by Slurm itself.
const REQUEUE: &str = r#"case "$code" in
0 | 2) again=0 ;;
75) again=1000 ;;
74) again=100 ;;
*) again=3 ;;
esac
if [ "${SLURM_RESTART_COUNT:-0}" -lt "$again" ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
fi
exit "$code"
"#;

/// Writes the scripts into `logs` and submits them as a chain; returns the ids of each job's arrays.
///
/// # Errors
/// The scripts cannot be written, there is no Slurm, or it refuses.
pub fn submit(
    jobs: &[Job],
    workers: u32,
    at_once: Option<u32>,
    logs: &Path,
) -> anyhow::Result<Vec<(&'static str, Vec<String>)>> {
    fs::create_dir_all(logs)
        .explain(|| (format!("cannot make {}", logs.display()), "name another folder with --logs"))?;
    let mut submitted: Vec<(&'static str, Vec<String>)> = Vec::new();
    for job in jobs {
        let path = logs.join(format!("{}.sh", job.name));
        crate::store::atomic::write(&path, job.script.as_bytes())?;
        let before = submitted.last().map(|(_, ids)| ids.join(":"));
        let mut ids: Vec<String> = Vec::new();
        for Array { options, arguments } in arrays(job, workers, at_once) {
            let previous = ids.last().filter(|_| takes_turns(&job.arrays, at_once));
            let after = dependency(before.as_deref(), previous.map(String::as_str));
            match sbatch(options.iter().chain(&after), &path, &arguments) {
                Ok(id) => ids.push(id),
                Err(error) => {
                    let begun: Vec<&str> =
                        submitted.iter().flat_map(|(_, ids)| ids).chain(&ids).map(String::as_str).collect();
                    return Err(if begun.is_empty() { error } else { error.context(refuse_partly(&begun)) });
                }
            }
        }
        submitted.push((job.name, ids));
    }
    Ok(submitted)
}

/// A job that waits for those with the ids `succeeded` to succeed, and for the one `ended` to have ended in whatever way. It goes from the
/// queue where one of the former cannot succeed any more: else it would stay there for good, as DependencyNeverSatisfied.
pub fn dependency(succeeded: Option<&str>, ended: Option<&str>) -> Vec<String> {
    let succeeded = succeeded.map(|ids| format!("afterok:{ids}"));
    let conditions: Vec<String> = succeeded.into_iter().chain(ended.map(|id| format!("afterany:{id}"))).collect();
    if conditions.is_empty() {
        return Vec::new();
    }
    vec![format!("--dependency={}", conditions.join(",")), "--kill-on-invalid-dep=yes".to_owned()]
}

/// Whether each piece of an array begins when the one before has ended. Slurm counts how many run at once by array, so that pieces side by
/// side would run that many each; and to divide the number among them is no way where there are more pieces than it counts.
pub fn takes_turns(pieces: &[Piece], at_once: Option<u32>) -> bool {
    let workers: usize = pieces.iter().map(|piece| piece.count).sum();
    pieces.len() > 1 && at_once.is_some_and(|most| (most as usize) < workers)
}

fn refuse_partly(begun: &[&str]) -> crate::failure::Explained {
    crate::failure::Explained {
        what: "not all jobs could be submitted".into(),
        hint: format!("`scancel {}` takes back those that were", begun.join(" ")),
    }
}

/// What `sbatch` is told of an array.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Array {
    /// Before the script.
    pub options: Vec<String>,
    /// Behind the script, for it.
    pub arguments: Vec<String>,
}

/// The arrays of a job; of one without, a single job.
pub fn arrays(job: &Job, workers: u32, at_once: Option<u32>) -> Vec<Array> {
    if job.arrays.is_empty() {
        return vec![Array::default()];
    }
    let throttle = at_once.map_or_else(String::new, |count| format!("%{count}"));
    let array = |piece: &Piece| Array {
        options: vec![format!("--array={}{throttle}", piece.indices)],
        arguments: vec![workers.to_string(), piece.offset.to_string()],
    };
    job.arrays.iter().map(array).collect()
}

fn sbatch<'a>(
    options: impl Iterator<Item = &'a String>,
    script: &Path,
    arguments: &[String],
) -> anyhow::Result<String> {
    let output = Command::new("sbatch").arg("--parsable").args(options).arg(script).args(arguments).output();
    let output = output.explain(|| {
        ("cannot run sbatch", "submit where Slurm's commands are, or see what would be submitted with --dry-run")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let hint = format!("what it was given is left to be looked at: {}", script.display());
        return Err(refuse(format!("sbatch refused: {said}"), hint));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    // On a federation it is id;cluster.
    let id = said.trim().split(';').next().unwrap_or_default().to_owned();
    anyhow::ensure!(!id.is_empty(), "sbatch named no job");
    Ok(id)
}

/// The cluster's `MaxArraySize`, where a cluster answers.
pub fn max_array_size() -> Option<u32> {
    let output = Command::new("scontrol").args(["show", "config"]).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let line = said.lines().find(|line| line.trim_start().starts_with("MaxArraySize"))?;
    line.split('=').nth(1)?.trim().parse().ok()
}

/// The folder beside a run where scripts and logs are: the run's own folder ends as that of one machine.
pub fn logs_of(run: &Path) -> anyhow::Result<PathBuf> {
    let run = std::path::absolute(run).with_context(|| format!("cannot resolve {}", run.display()))?;
    let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(run.with_file_name(format!("{name}-slurm")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_quotes_what_it_is_given_and_requeues_what_was_stopped() {
        let words = ["/opt/gentron", "work", "/scratch/it's mine", "--stage", "generate"];
        let stage = Stage {
            name: "generate",
            commands: vec![words.map(str::to_owned).to_vec()],
            workers: Some(&[0, 1, 2, 150]),
        };
        let resources = Resources { options: vec!["--partition=gpu".into()], grace: 120 };
        let job = job(&stage, &resources, 100, Path::new("/scratch/logs"));
        assert!(job.script.contains(r"srun --ntasks=1 /opt/gentron work '/scratch/it'\''s mine' --stage generate"));
        assert!(job.script.contains("#SBATCH --signal=TERM@120\n#SBATCH --partition=gpu\n"));
        assert!(job.script.contains("\nexport GENTRON_GRACE=120\nsrun "));
        assert!(
            job.script.contains("\n75) again=1000 ;;\n74) again=100 ;;\n") && job.script.contains("scontrol requeue")
        );
        assert!(job.script.contains(
            r#"export GENTRON_WORKERS="${1:-${GENTRON_WORKERS:-}}" GENTRON_SHARD_OFFSET="${2:-${GENTRON_SHARD_OFFSET:-0}}""#
        ));
        let array = |indices: &str, offset: &str| Array {
            options: vec![format!("--array={indices}%8")],
            arguments: vec!["200".into(), offset.into()],
        };
        assert_eq!(arrays(&job, 200, Some(8)), [array("0-2", "0"), array("0", "150")]);
    }

    #[test]
    fn a_percent_sign_in_a_folders_name_is_no_pattern() {
        let stage = Stage { name: "report", commands: vec![vec!["gentron".to_owned()]], workers: None };
        let job = job(&stage, &Resources::default(), 100, Path::new("/scratch/at 50%A"));
        assert!(job.script.contains("#SBATCH '--output=/scratch/at 50%%A/report-%j.log'\n"), "{}", job.script);
        assert!(!job.script.contains(GRACE), "nobody stops a report: {}", job.script);
    }

    #[test]
    fn pieces_of_an_array_take_turns_where_fewer_may_run_at_once() {
        let all: Vec<u32> = (0..256).collect();
        let split = pieces(&all, 100);
        assert!(takes_turns(&split, Some(1)) && takes_turns(&split, Some(255)));
        assert!(!takes_turns(&split, None) && !takes_turns(&split, Some(256)), "all may run at once");
        assert!(!takes_turns(&pieces(&all, 1001), Some(40)), "Slurm itself counts those of one array");
        let end = "--kill-on-invalid-dep=yes".to_owned();
        let of = |conditions: &str| vec![format!("--dependency={conditions}"), end.clone()];
        assert_eq!(dependency(None, None), Vec::<String>::new());
        assert_eq!(dependency(Some("7:8"), None), of("afterok:7:8"));
        assert_eq!(dependency(None, Some("9")), of("afterany:9"));
        assert_eq!(dependency(Some("7:8"), Some("9")), of("afterok:7:8,afterany:9"));
    }
}
