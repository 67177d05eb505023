//! As a researcher with a budget I see what a submission would take and would run before anything is sent.

use std::fs;

use crate::shards::{json, plan, worker, works};
use crate::support::{assert_same, files, folder, refuses, repository, run, run_well, weights};

#[path = "../../reports/tests/schema/mod.rs"]
mod schema;

#[test]
fn a_dry_run_says_what_it_will_take_and_what_a_budget_pays_for() {
    let folder = folder();
    let path = folder.path();
    plan(path);
    let before = files(path);
    let dry = ["submit", "slurm", "run", "--weights", ".", "--workers", "10", "--max-array-size", "6", "--dry-run"];
    let said = run_well(path, &[&dry[..], &["--watts", "100", "--option=--partition=gpu"]].concat());
    for line in [
        "320 images, from a batch of each arm on this machine:",
        "  truth: 160 images",
        " kWh",
        "#SBATCH --partition=gpu",
        "sbatch --array=0-5 ",
        "/run-slurm/generate.sh 10 0\n",
        "sbatch --array=0-3 ",
        "/run-slurm/generate.sh 10 6\n",
        "srun --ntasks=1 ",
    ] {
        assert!(said.contains(line), "{line:?} is not in:\n{said}");
    }
    // Slurm counts by array how many run at once.
    let turns = run_well(path, &[&dry[..], &["--at-once", "3"]].concat());
    for line in [
        ", 3 workers at once)",
        "sbatch --array=0-5%3 /",
        "sbatch --array=0-3%3 '--dependency=afterany:(generate 1)' --kill-on-invalid-dep=yes ",
        "sbatch --array=0-3%3 '--dependency=afterok:(generate),afterany:(score 1)' --kill-on-invalid-dep=yes ",
    ] {
        assert!(turns.contains(line), "{line:?} is not in:\n{turns}");
    }
    let rich = run_well(path, &[&dry[..], &["--budget", "1000"]].concat());
    assert!(rich.contains("worker-hours pay for everything"), "{rich}");
    let poor = run_well(path, &[&dry[..], &["--budget", "0.000000001"]].concat());
    assert!(poor.contains("do not pay for one image"), "{poor}");
    assert_same(&before, &files(path));

    for (wrong, what) in
        [("--budget=nan", "'nan'"), ("--budget=-1", "'-1'"), ("--watts=-100", "'-100'"), ("--watts=inf", "'inf'")]
    {
        refuses(&run(path, &[&dry[..], &[wrong]].concat()), what);
    }
    // Of a run that is half done, the other half is estimated; of one that is done, nothing.
    works(&worker(path, &[], &["--shard", "0/2"]));
    let half = run_well(path, &[&["--quiet"][..], &dry[..]].concat());
    assert!(half.contains("of 320 images 160 to draw and 160 to score, from a batch"), "{half}");
    works(&worker(path, &[], &["--shard", "1/2"]));
    let done = run_well(path, &[&dry[..], &["--budget", "1"]].concat());
    assert!(done.contains("nothing is left of 320 images"), "{done}");
}

#[test]
fn a_dry_run_writes_no_embedding_into_the_run_and_quotes_what_it_prints() {
    let (folder, weights) = (folder(), weights());
    let path = folder.path().join("a folder");
    fs::create_dir(&path).unwrap();
    let path = path.as_path();
    let recipe = "name = \"r\"\nseed = 1\nimages_per_prompt = 1\n[[suites]]\nid = \"shapes\"\ncategories = [\"color\"]\n\
                  prompts_per_category = 12\n[sampler]\nsteps = 2\n[weights]\nkeep_embeddings = true\n\
                  [[arms]]\nname = \"arm\"\nweights = \"gentron-shapes-cross-clip\"\n";
    fs::write(path.join("r.toml"), recipe).unwrap();
    let weights = weights.to_str().unwrap();
    run_well(path, &["plan", "r.toml", "--out", "run", "--weights", weights]);
    let before = files(&path.join("run"));
    let dry =
        |run: &str| run_well(path, &["submit", "slurm", run, "--weights", weights, "--workers", "2", "--dry-run"]);
    let said = dry("run");
    assert!(said.contains("clip-shapes: 13 texts to encode once for all"), "{said}");
    let quoted = format!("'{}' 2 0\n", path.join("run-slurm/generate.sh").display());
    assert!(said.contains(&quoted), "{quoted} is not in:\n{said}");
    assert_same(&before, &files(&path.join("run")));
    run_well(path, &["work", "run", "--weights", weights, "--shard", "0/2"]);
    assert!(dry("run").contains("clip-shapes: 0 texts to encode"), "one worker has encoded them all");
}

#[test]
fn kubernetes_gets_jobs_that_its_own_schema_allows() {
    let folder = folder();
    let path = folder.path();
    plan(path);
    let mut arguments = vec!["submit", "kubernetes", "run", "--image", "registry.example/gentron:1", "--claim", "work"];
    arguments.extend(["--workers", "4", "--gpus", "1", "--cpus", "8", "--memory", "32Gi", "--run-there", "/work/run"]);
    arguments.extend(["--weights", "/work/weights"]);
    let list = json(&run_well(path, &arguments));
    let schema = repository().join("tests/fixtures/kubernetes-job-1.33.json");
    let schema = json(&fs::read_to_string(schema).unwrap());
    let jobs = list["items"].as_array().unwrap();
    assert_eq!(jobs.len(), 2);
    jobs.iter().for_each(|job| schema::check(&schema, job));
    let wrong = json(&jobs[0].to_string().replace("completionMode", "completionMod"));
    assert!(std::panic::catch_unwind(|| schema::check(&schema, &wrong)).is_err(), "the schema forbids something");

    // What the cluster would set, and what the job sets, start a worker that works.
    let (work, conclude) = (&jobs[0]["spec"], &jobs[1]["spec"]);
    assert_eq!((&work["completionMode"], &work["completions"]), (&"Indexed".into(), &4.into()));
    let container = &work["template"]["spec"]["containers"][0];
    assert_eq!(container["command"], serde_json::json!(["gentron", "work", "/work/run", "--weights", "/work/weights"]));
    let variable = &container["env"][0];
    let workers = (variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap());
    for index in ["3", "1", "0", "2"] {
        works(&worker(path, &[workers, ("JOB_COMPLETION_INDEX", index)], &[]));
    }
    assert_eq!(run_well(path, &["retry-plan", "run"]), "");
    let merging = &conclude["template"]["spec"]["initContainers"][1]["command"];
    assert_eq!(merging[1], "merge");
    let reporting = &conclude["template"]["spec"]["containers"][0]["command"];
    assert_eq!(*reporting, serde_json::json!(["gentron", "report", "/work/run"]));
    // The exit codes of a worker that was stopped, and of one that cannot run, are those that the policy knows.
    let rules = work["podFailurePolicy"]["rules"].to_string();
    assert!(rules.contains(r#""values":[75]"#) && rules.contains(r#""values":[2]"#), "{rules}");
}
