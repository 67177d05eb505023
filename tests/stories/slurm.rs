//! As a researcher with a Slurm cluster I submit a plan once, lose a node, meet a time limit, and find the report. The cluster is a real
//! one, of three nodes, on this machine's loopback interface.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::support::{
    assert_same, finished_files, folder, gentron, on_path, program, refuses, repository, run, run_well, slow_recipe,
    text,
};

/// A cluster that ends with the test.
struct Cluster {
    folder: PathBuf,
    started: Instant,
}

impl Cluster {
    /// None where Slurm is not installed.
    fn start(folder: PathBuf) -> Option<Self> {
        let lacks = ["munged", "slurmctld", "slurmd", "sbatch"].into_iter().find(|name| on_path(&[name]).is_none());
        if let Some(name) = lacks {
            eprintln!("skipped: there is no {name}; `apt-get install slurmctld slurmd slurm-client munge` brings it");
            return None;
        }
        // Ports that were free a moment ago.
        let listeners: Vec<TcpListener> = (0..4).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<String> =
            listeners.iter().map(|listener| listener.local_addr().unwrap().port().to_string()).collect();
        drop(listeners);
        let cluster = Self { folder, started: Instant::now() };
        let output = Command::new(repository().join("tests/slurm/start.sh")).arg(&cluster.folder).args(ports).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        Some(cluster)
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Output {
        Command::new(name).args(arguments).env("SLURM_CONF", self.configuration()).output().unwrap()
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("slurm.conf")
    }

    /// Jobs and array tasks that have not ended, as id, state, reason, node.
    fn queue(&self) -> Vec<[String; 4]> {
        let output = self.command("squeue", &["--noheader", "--array", "--format=%i|%T|%r|%N"]);
        let line = |line: &str| {
            let mut words = line.split('|').map(str::to_owned);
            std::array::from_fn(|_| words.next().unwrap_or_default())
        };
        text(&output.stdout).lines().map(line).collect()
    }

    /// Whatever went back into the queue would wait for two minutes, which is Slurm's to decide and an administrator's to change. Some
    /// seconds of them it does need: a node that has just ended a job takes no new start of it.
    fn release(&self, waiting: &mut BTreeMap<String, Instant>) {
        let queue = self.queue();
        let back = |id: &String| queue.iter().any(|[of, _, reason, _]| of == id && reason == "BeginTime");
        waiting.retain(|id, _| back(id));
        for [id, ..] in queue.iter().filter(|[id, ..]| back(id)) {
            let since = waiting.entry(id.clone()).or_insert_with(Instant::now);
            if since.elapsed() > Duration::from_secs(5) {
                self.command("scontrol", &["update", &format!("jobid={id}"), "starttime=now"]);
            }
        }
    }

    /// What the controller takes a node for.
    fn state(&self, node: &str) -> String {
        text(&self.command("sinfo", &["--noheader", &format!("--nodes={node}"), "--format=%T"]).stdout)
            .trim()
            .to_owned()
    }

    /// As if the plug were pulled: the node's daemon, and everything that it started, until nobody is left who could start more.
    fn pull_the_plug(&self, node: &str) {
        let daemon = pid(&self.folder.join(format!("slurmd-{node}.pid"))).unwrap();
        let name = format!("SLURMD_NODENAME={node}");
        let configuration = format!("SLURM_CONF={}", self.configuration().display());
        for pass in 0..20 {
            let processes = processes();
            let mut doomed = Vec::from_iter((pass == 0).then_some(daemon));
            // Steps have left their daemon: they are known by the node's name in their environment, and they by what they started.
            for (id, parent) in &processes {
                let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
                let has = |wanted: &str| environment.split(|byte| *byte == 0).any(|found| found == wanted.as_bytes());
                if has(&name) && has(&configuration) {
                    doomed.extend([*id, *parent]);
                }
            }
            let mut at = 0;
            while at < doomed.len() {
                let parent = doomed[at];
                doomed.extend(processes.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
                at += 1;
            }
            let own = [0, 1, std::process::id()];
            let doomed: BTreeSet<u32> = doomed.into_iter().filter(|id| !own.contains(id)).collect();
            let ids: Vec<String> = doomed.iter().map(u32::to_string).collect();
            if !ids.is_empty() {
                drop(Command::new("kill").arg("-9").args(&ids).output());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn wait_for(&self, what: &str, seconds: u64, mut done: impl FnMut() -> bool) {
        let until = Instant::now() + Duration::from_secs(seconds);
        while !done() {
            assert!(Instant::now() < until, "{what} within {seconds} s; in the queue: {:?}", self.queue());
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.command("scancel", &["--full", "--signal=KILL", "--user=root"]);
        let daemons = ["slurmd-n1", "slurmd-n2", "slurmd-n3", "slurmctld", "munge"];
        let daemons: Vec<String> = daemons
            .iter()
            .filter_map(|name| pid(&self.folder.join(format!("{name}.pid"))))
            .map(|id| id.to_string())
            .collect();
        drop(Command::new("kill").args(&daemons).output());
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until && daemons.iter().any(|id| Path::new("/proc").join(id).exists()) {
            std::thread::sleep(Duration::from_millis(100));
        }
        // A node's daemon may wait long for a job that has just been cancelled.
        drop(Command::new("kill").arg("-9").args(&daemons).output());
    }
}

fn pid(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// All processes with their parents.
fn processes() -> Vec<(u32, u32)> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let process = |entry: fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let status = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name, in parentheses, may hold anything.
        let parent = status.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        Some((id, parent))
    };
    entries.filter_map(process).collect()
}

/// Submits a run; ids by stage.
fn submit(cluster: &Cluster, folder: &Path, run: &str, more: &[&str]) -> Vec<(String, Vec<String>)> {
    let mut command = gentron(folder);
    command.args(["submit", "slurm", run, "--weights", ".", "--threads", "1"]).args(more);
    let output = command.env("SLURM_CONF", cluster.configuration()).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    let jobs = said.lines().filter(|line| !line.starts_with("logs: "));
    jobs.map(|line| {
        let (stage, ids) = line.split_once(": ").unwrap();
        (stage.to_owned(), ids.split(", ").map(str::to_owned).collect())
    })
    .collect()
}

fn logs(folder: &Path, run: &str) -> String {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder.join(format!("{run}-slurm"))).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| format!("== {}\n{}\n", file.display(), fs::read_to_string(file).unwrap())).collect()
}

#[test]
fn a_cluster_that_loses_a_node_and_stops_jobs_at_their_limit_ends_in_the_bytes_of_one_machine() {
    let root = folder();
    let path = root.path();
    let Some(cluster) = Cluster::start(path.join("slurm")) else { return };
    assert!(program().is_file());
    let recipe = ["limits-shapes", "--weights", ".", "--prompts", "20", "--images", "8"];
    let plan = |out: &str| run_well(path, &[&["plan"], &recipe[..], &["--out", out]].concat());
    plan("many");

    // Eight workers are more than an array may have here: two arrays, the second with an offset.
    let jobs = submit(&cluster, path, "many", &["--workers", "8"]);
    let stages: Vec<(&str, usize)> = jobs.iter().map(|(stage, ids)| (stage.as_str(), ids.len())).collect();
    assert_eq!(stages, [("generate", 2), ("score", 2), ("report", 1)]);
    let waiting = cluster.command("squeue", &["--noheader", "--name=gentron-report", "--format=%T %r"]);
    assert_eq!(text(&waiting.stdout).trim(), "PENDING Dependency");

    // A node goes while a worker is in the middle of its share.
    let is_at = |node: &str| cluster.queue().iter().any(|[_, state, _, at]| state == "RUNNING" && at == node);
    cluster.wait_for("n2 works", 120, || is_at("n2") && path.join("many/shards").exists());
    std::thread::sleep(Duration::from_millis(300));
    cluster.pull_the_plug("n2");
    // Until the controller notices it sends jobs to a node that is not there, and after the fifth time it holds them.
    cluster.wait_for("n2 is missed", 120, || cluster.state("n2").starts_with("down"));

    // Another run meets its time limit: one worker for everything, a minute, of which all but two seconds are grace. The controller looks
    // at limits every 30 seconds, and what is done before it looks was no test.
    let stopped = (0..3).any(|attempt| {
        let limited = format!("limited-{attempt}");
        plan(&limited);
        let next_look = 30 - cluster.started.elapsed().as_secs() % 30;
        std::thread::sleep(Duration::from_secs(next_look.saturating_sub(3)));
        submit(&cluster, path, &limited, &["--workers", "1", "--option=--time=1", "--grace", "58"]);
        let mut waiting = BTreeMap::new();
        cluster.wait_for("the reports", 400, || {
            cluster.release(&mut waiting);
            path.join(&limited).join("report.html").exists() && cluster.queue().is_empty()
        });
        logs(path, &limited).contains("not done: run the same command again")
    });
    assert!(stopped, "nobody was stopped at the limit:\n{}", logs(path, "limited-0"));
    assert!(cluster.state("n2").starts_with("down"), "{}", cluster.state("n2"));
    assert!(path.join("many/report.html").exists(), "{}", logs(path, "many"));
    run_well(path, &[&["ablate"], &recipe[..], &["--out", "alone"]].concat());
    let expected = finished_files(&path.join("alone"));
    for run in ["many", "limited-0"] {
        assert_same(&expected, &finished_files(&path.join(run)));
    }
}

#[test]
fn a_batch_that_is_still_in_hand_at_the_time_limit_does_not_lose_the_chain() {
    let root = folder();
    let path = root.path();
    let Some(cluster) = Cluster::start(path.join("slurm")) else { return };
    slow_recipe(path, 150);
    run_well(path, &["plan", "slow.toml", "--out", "slow"]);
    // The controller looks at limits every 30 seconds: of a minute with a grace of 20 seconds, a worker is told to stop after 10 to 40, and
    // leaves 16 later. At the limit Slurm would end the batch script, too, and cancel what waits for the job.
    submit(&cluster, path, "slow", &["--workers", "1", "--option=--time=1", "--grace", "20"]);
    let mut waiting = BTreeMap::new();
    cluster.wait_for("the report", 400, || {
        cluster.release(&mut waiting);
        path.join("slow/report.html").exists() && cluster.queue().is_empty()
    });
    let said = logs(path, "slow");
    assert!(said.contains("the batch in hand was not done in 16.0 s and is given up"), "{said}");
    run_well(path, &["ablate", "slow.toml", "--out", "alone"]);
    assert_same(&finished_files(&path.join("alone")), &finished_files(&path.join("slow")));
}

#[test]
fn pieces_of_an_array_that_may_not_all_run_at_once_take_turns() {
    let root = folder();
    let path = root.path();
    let Some(cluster) = Cluster::start(path.join("slurm")) else { return };
    let recipe = ["limits-shapes", "--weights", ".", "--prompts", "8", "--images", "4"];
    run_well(path, &[&["plan"], &recipe[..], &["--out", "turns"]].concat());
    // Two arrays of four, as an array may have no more here, on six processors.
    submit(&cluster, path, "turns", &["--workers", "8", "--at-once", "1"]);
    let mut most = 0;
    cluster.wait_for("the report", 400, || {
        let running = cluster.queue().iter().filter(|[_, state, ..]| state == "RUNNING").count();
        most = most.max(running);
        path.join("turns/report.html").exists() && cluster.queue().is_empty()
    });
    assert_eq!(most, 1, "{}", logs(path, "turns"));
}

#[test]
fn what_cancelled_jobs_left_is_given_to_slurm_again() {
    let root = folder();
    let path = root.path();
    let Some(cluster) = Cluster::start(path.join("slurm")) else { return };
    let recipe = ["limits-shapes", "--weights", ".", "--prompts", "8", "--images", "4"];
    run_well(path, &[&["plan"], &recipe[..], &["--out", "again"]].concat());
    submit(&cluster, path, "again", &["--workers", "4", "--option=--begin=now+1hour"]);
    cluster.command("scancel", &["--user=root"]);
    cluster.wait_for("nothing is in the queue", 60, || cluster.queue().is_empty());
    run_well(path, &["work", "again", "--weights", ".", "--shard", "2/4"]);

    // As somebody pastes it into a shell.
    let shell = |command: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(path).env("SLURM_CONF", cluster.configuration());
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{command}: {}", text(&output.stderr));
        cluster.wait_for("the jobs are done", 200, || cluster.queue().is_empty());
    };
    for stage in ["generate", "score"] {
        let script = format!("again-slurm/{stage}.sh");
        // Theirs says that it begins in an hour.
        let now = fs::read_to_string(path.join(&script)).unwrap().replace("#SBATCH --begin=now+1hour\n", "");
        fs::write(path.join(&script), now).unwrap();
        let left = run_well(
            path,
            &["retry-plan", "again", "--workers", "4", "--stage", stage, "--at-once", "2", "--script", &script],
        );
        assert_eq!(left, format!("GENTRON_WORKERS=4 GENTRON_SHARD_OFFSET=0 sbatch --array=0-1,3%2 {script}\n"));
        shell(&left);
    }
    assert_eq!(run_well(path, &["retry-plan", "again"]), "", "{}", logs(path, "again"));
    shell("sed -i /begin=now/d again-slurm/report.sh && sbatch again-slurm/report.sh");
    run_well(path, &[&["ablate"], &recipe[..], &["--out", "alone"]].concat());
    assert_same(&finished_files(&path.join("alone")), &finished_files(&path.join("again")));
}

#[test]
fn one_job_of_many_tasks_shares_the_plan_and_what_cannot_run_does_not_stay_in_the_queue() {
    let root = folder();
    let path = root.path();
    let Some(cluster) = Cluster::start(path.join("slurm")) else { return };
    let recipe = ["limits-shapes", "--weights", ".", "--prompts", "4", "--images", "4"];
    run_well(path, &[&["plan"], &recipe[..], &["--out", "tasks"]].concat());

    // What is not there is found out here, not in the queue.
    refuses(&run(path, &["submit", "slurm", "tasks", "--weights", "nowhere"]), "no weights folder nowhere");
    assert!(!path.join("tasks-slurm").exists());
    let jobs = submit(&cluster, path, "tasks", &["--workers", "2", "--option=--begin=now+1hour"]);
    let drawing: Vec<&str> = jobs[0].1.iter().map(String::as_str).collect();
    cluster.command("scancel", &drawing);
    cluster.wait_for("score and report leave the queue", 90, || cluster.queue().is_empty());

    let srun = |arguments: &[&str]| {
        let mut command = Command::new("srun");
        command.args(arguments).arg(program()).args(["work", "tasks", "--weights", ".", "--threads", "1"]);
        command.current_dir(path).env("SLURM_CONF", cluster.configuration()).env("XDG_DATA_HOME", path.join("data"));
        command.output().unwrap()
    };
    let output = srun(&["--ntasks=3"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for share in ["share 0/3: ", "share 1/3: ", "share 2/3: "] {
        assert_eq!(text(&output.stdout).matches(share).count(), 1, "{}", text(&output.stdout));
    }
    assert_eq!(run_well(path, &["retry-plan", "tasks"]), "");
    assert!(text(&srun(&["--ntasks=1"]).stdout).contains("share 0/1: "), "one task has the whole plan");
}
