//! As a researcher without a file system that all machines share I keep a run in an object store, and get the run of one machine, to the byte.
//!
//! `file://` is told everywhere. S3 is told to a server of its own kind, s3s-fs, which `.ci/s3-server` brings.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{
    assert_same, files, finished_files, folder, gentron, program, refuses, repository, run_well, text,
};

/// Ground truth and chance: everything but networks, and enough of it that a worker can be killed in the middle.
const LIMITS: [&str; 7] = ["limits-shapes", "--weights", ".", "--prompts", "5", "--images", "16"];

/// Where a story's run is, and what says who one is there.
struct Store {
    address: String,
    environment: Vec<(&'static str, String)>,
}

/// A machine of its own: its folder, its mirrors.
fn machine(store: &Store, here: &Path, arguments: &[&str]) -> Command {
    fs::create_dir_all(here).unwrap();
    let mut command = gentron(here);
    command.args(arguments).env("GENTRON_SCRATCH", here.join("scratch"));
    command.envs(store.environment.iter().map(|(key, value)| (key, value)));
    command
}

fn well(store: &Store, here: &Path, arguments: &[&str]) -> String {
    let output = machine(store, here, arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Shards of which that is whole, and all.
fn whole(store: &Store, here: &Path, stage: &str) -> (usize, usize) {
    let status: Value = serde_json::from_str(&well(store, here, &["status", &store.address, "--json"])).unwrap();
    let shards = status["shards"].as_array().unwrap();
    (shards.iter().filter(|shard| shard[stage] == "whole").count(), shards.len())
}

/// Planned on one machine, drawn and scored on three of which one is lost, merged and reported on others.
fn told_on(store: &Store, root: &Path) {
    let at = |name: &str| root.join(name);
    run_well(root, &[&["ablate"][..], &LIMITS, &["--out", "alone"]].concat());
    let expected = finished_files(&at("alone"));
    let address = store.address.as_str();

    let missing = machine(store, &at("desk"), &["status", address]).output().unwrap();
    refuses(&missing, "is not a run");
    let said = well(store, &at("desk"), &[&["plan"][..], &LIMITS, &["--out", address]].concat());
    assert!(said.contains(&format!("next: gentron work {address}")), "{said}");
    assert_eq!(whole(store, &at("desk"), "images").0, 0);

    // A machine that is lost for good: what it had sealed is there, and others do the rest.
    let work = |share: &'static str| ["work", address, "--weights", ".", "--shard", share, "--threads", "1"];
    let mut lost = machine(store, &at("lost"), &work("0/2"));
    let mut child = lost.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while whole(store, &at("desk"), "images").0 == 0 && child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(120), "nothing was sent");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    fs::remove_dir_all(at("lost")).unwrap();
    let (sent, all) = whole(store, &at("desk"), "images");
    assert!(sent > 0 && sent < all / 2, "what is sealed goes up while the worker works: {sent} of {all}");

    well(store, &at("first"), &work("1/2"));
    assert!(files(&at("first")).is_empty(), "a worker that is done leaves nothing behind");
    refuses(&machine(store, &at("desk"), &["merge", address, "--weights", "."]).output().unwrap(), "missing");
    let left = well(store, &at("desk"), &["retry-plan", address, "--workers", "2"]);
    assert!(left.contains("--array=0"), "{left}");
    well(store, &at("second"), &work("0/2"));
    for stage in ["images", "observations"] {
        assert_eq!(whole(store, &at("desk"), stage), (all, all));
    }

    well(store, &at("merger"), &["merge", address, "--weights", "."]);
    assert!(well(store, &at("third"), &work("0/1")).contains("nothing is left to do"));
    well(store, &at("reporter"), &["report", address]);
    well(store, &at("reporter"), &["verify", address, "--sample", "0", "--weights", "."]);
    let mirrors = fs::read_dir(at("reporter/scratch")).unwrap().next().unwrap().unwrap().path();
    let mut found = finished_files(&mirrors.join("whole/run"));
    found.remove("run.lock");
    let mut expected = expected;
    expected.remove("run.lock");
    assert_same(&expected, &found);

    // What cannot be done with an address is said, and no folder named after it appears.
    refuses(
        &machine(store, &at("desk"), &["ablate", "limits-shapes", "--out", address]).output().unwrap(),
        "object store",
    );
    let left = fs::read_dir(at("desk")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| name == "scratch" || name == "data"), "mirrors and canaries alone");
}

#[test]
fn a_run_in_a_store_ends_in_the_bytes_of_one_machine() {
    let folder = folder();
    let store = folder.path().join("store");
    fs::create_dir(&store).unwrap();
    let address = format!("file://{}/table2", store.display());
    told_on(&Store { address, environment: Vec::new() }, folder.path());
    let there = files(&store.join("table2"));
    assert!(there.contains_key("report.html") && there.keys().all(|name| !name.starts_with("shards/")));
}

/// A server that speaks S3, ended when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

const NAME: &str = "gentron";
const SECRET: &str = "not a secret";

fn server() -> Option<PathBuf> {
    let named = std::env::var_os("GENTRON_S3_SERVER").map(PathBuf::from);
    let path = named.unwrap_or_else(|| repository().join("target/tools/bin/s3s-fs"));
    if !path.is_file() {
        eprintln!("skipped: there is no {}; `.ci/s3-server` brings it", path.display());
    }
    path.is_file().then_some(path)
}

#[test]
fn so_does_one_on_a_server_that_speaks_s3() {
    let Some(program) = server() else { return };
    let folder = folder();
    let root = folder.path();
    fs::create_dir_all(root.join("served/bucket")).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(program);
    command.args(["--access-key", NAME, "--secret-key", SECRET, "--host", "127.0.0.1", "--port", &port.to_string()]);
    let child = command.arg(root.join("served")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _server = Server(child);
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "the server does not answer");
        std::thread::sleep(Duration::from_millis(50));
    }
    let environment = |secret: &str| {
        vec![
            ("AWS_ACCESS_KEY_ID", NAME.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ]
    };
    let address = "s3://bucket/runs/table2".to_owned();
    // Whoever is not let in is told what says who one is.
    let stranger = Store { address: address.clone(), environment: environment("wrong") };
    let refused = machine(&stranger, &root.join("stranger"), &["status", &address]).output().unwrap();
    refuses(&refused, "cannot list s3://bucket/runs/table2");
    assert!(text(&refused.stderr).contains("AWS_SECRET_ACCESS_KEY"), "{}", text(&refused.stderr));

    told_on(&Store { address, environment: environment(SECRET) }, root);
    let there = files(&root.join("served/bucket/runs/table2"));
    assert!(there.contains_key("report.html") && there.keys().all(|name| !name.starts_with("shards/")));
}

#[test]
fn kubernetes_needs_no_volume_for_a_run_in_a_store() {
    let folder = folder();
    let root = folder.path();
    let store = Store { address: format!("file://{}/run", root.display()), environment: Vec::new() };
    well(&store, root, &[&["plan"][..], &LIMITS, &["--out", &store.address]].concat());
    let arguments = ["submit", "kubernetes", &store.address, "--image", "gentron:1", "--secret", "keys"];
    let list: Value = serde_json::from_str(&well(&store, root, &arguments)).unwrap();
    for job in list["items"].as_array().unwrap() {
        let pod = &job["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        assert_eq!(container["envFrom"][0]["secretRef"]["name"], "keys");
        assert_eq!(container["command"][2], store.address.as_str());
        assert!(pod.get("volumes").is_none() && container.get("volumeMounts").is_none());
    }
    let output = machine(&store, root, &["submit", "kubernetes", "run", "--image", "gentron:1"]).output().unwrap();
    refuses(&output, "containers cannot see run");
}

#[test]
fn what_concludes_on_kubernetes_waits_for_the_workers() {
    let folder = folder();
    let root = folder.path();
    let store = Store { address: format!("file://{}/run", root.display()), environment: Vec::new() };
    let address = store.address.as_str();
    well(&store, root, &[&["plan"][..], &LIMITS, &["--out", address]].concat());
    let arguments = ["submit", "kubernetes", address, "--image", "gentron:1", "--grace", "300"];
    let list: Value = serde_json::from_str(&well(&store, root, &arguments)).unwrap();
    let pod = &list["items"][1]["spec"]["template"]["spec"];
    assert_eq!(pod["terminationGracePeriodSeconds"], 300);
    let before: Vec<Vec<String>> = pod["initContainers"].as_array().unwrap().iter().map(words).collect();
    let after = words(&pod["containers"][0]);
    // As a container runs it, with the program on its path.
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", program().parent().unwrap().display());
    let command = |words: &[String]| {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(root).env("PATH", &path).env("GENTRON_SCRATCH", root.join("pod"));
        command.env("XDG_DATA_HOME", root.join("data")).env("XDG_CACHE_HOME", root.join("cache"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let mut early = command(&before[0]).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert!(early.try_wait().unwrap().is_none(), "it does not wait");
    early.kill().unwrap();
    early.wait().unwrap();
    well(&store, &root.join("worker"), &["work", address, "--weights", ".", "--shard", "0/1"]);
    assert_eq!(before.len(), 2);
    assert!(command(&before[0]).status().unwrap().success());
    assert!(command(&[&before[1][..], &["--weights".to_owned(), ".".to_owned()]].concat()).status().unwrap().success());
    assert!(command(&after).status().unwrap().success());
    assert!(root.join("run/report.html").is_file());

    for wrong in ["--memory=lots", "--cpus=0", "--at-once=0", "--image=", "--claim=", "--mount=work", "--secret=a b"] {
        let mut arguments = vec!["submit", "kubernetes", address, wrong];
        // An option that is given twice is refused, too.
        if wrong != "--image=" {
            arguments.push("--image=gentron:1");
        }
        let option = wrong.split('=').next().unwrap();
        refuses(&machine(&store, root, &arguments).output().unwrap(), option);
    }
}

fn words(container: &Value) -> Vec<String> {
    let words = container["command"].as_array().unwrap();
    words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}
