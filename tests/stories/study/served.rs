//! A frozen study, its server, and what lies on the disk afterwards.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::{gentron, run_well};

/// A frozen, open study of ground truth against chance, drawn in a second without weights.
pub fn frozen(root: &Path, more: &[&str]) -> PathBuf {
    let run = root.join("run");
    run_well(
        root,
        &["generate", "limits-shapes", "--prompts", "3", "--images", "1", "--out", run.to_str().unwrap(), "--quiet"],
    );
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(run.join("manifest.json")).unwrap()).unwrap();
    let arms: Vec<&str> = manifest["run_info"]["arms"]
        .as_array()
        .unwrap()
        .iter()
        .take(2)
        .map(|arm| arm["id"].as_str().unwrap())
        .collect();
    let (arms, study) = (arms.join(","), root.join("study"));
    let mut arguments = vec!["study", "new", study.to_str().unwrap(), "--run", run.to_str().unwrap(), "--arms", &arms];
    arguments.extend(["--open", "--simulated"]);
    if !more.contains(&"--votes-per-pair") {
        arguments.extend(["--votes-per-pair", "1000"]);
    }
    arguments.extend(more);
    run_well(root, &arguments);
    study
}

/// A server that ends with the test.
pub struct Served {
    pub child: Child,
    pub form: String,
    pub operator: String,
}

impl Served {
    pub fn of(study: &Path) -> Self {
        Self::with(study, &[])
    }

    /// With more arguments.
    pub fn with(study: &Path, more: &[&str]) -> Self {
        let mut command = gentron(study.parent().unwrap());
        command.args(["serve", study.to_str().unwrap(), "--listen", "127.0.0.1:0", "--operator", "127.0.0.1:0"]);
        if !more.contains(&"--connections-per-address") {
            command.args(["--connections-per-address", "0"]);
        }
        command.args(more);
        Self::start(command)
    }

    pub fn start(mut command: Command) -> Self {
        let mut errors = tempfile::tempfile().unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(errors.try_clone().unwrap()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut next = |name: &str| {
            let line = lines.next().unwrap_or_default();
            let rest = line.strip_prefix(name).map(str::to_owned);
            rest.unwrap_or_else(|| {
                let mut said = String::new();
                errors.rewind().and_then(|()| errors.read_to_string(&mut said)).unwrap();
                panic!("{line:?} does not begin with {name:?}: {said}")
            })
        };
        let form = next("form: http://").split('/').next().unwrap().to_owned();
        let operator = next("operator: http://");
        Self { child, form, operator }
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Tickets of the ballots that have a vote in the mirror.
pub fn voted(study: &Path) -> BTreeSet<String> {
    let lines = std::fs::read_to_string(study.join("votes.jsonl")).unwrap();
    let (mut tickets, mut voted) = (Vec::new(), BTreeSet::new());
    for line in lines.lines() {
        let event = &serde_json::from_str::<serde_json::Value>(line).unwrap()["event"];
        match event["what"].as_str().unwrap() {
            "assigned" => tickets.push(event["ticket"].as_str().unwrap().to_owned()),
            "voted" => drop(voted.insert(tickets[event["ballot"].as_u64().unwrap() as usize].clone())),
            _ => {}
        }
    }
    voted
}

pub fn verify(study: &Path) -> String {
    run_well(study.parent().unwrap(), &["votes", "verify", study.to_str().unwrap()])
}
