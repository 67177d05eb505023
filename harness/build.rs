//! Records which commit is being built, so that every run can name the code that made it.

use std::process::Command;

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

fn main() {
    let commit = git(&["describe", "--always", "--tags", "--abbrev=12"]).unwrap_or_else(|| "unknown".into());
    let dirty = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|changes| !changes.is_empty());
    println!("cargo:rustc-env=GENTRON_COMMIT={commit}");
    println!("cargo:rustc-env=GENTRON_DIRTY={dirty}");

    // A commit or an edited source changes the answer; anything else (an index refresh, a run) must not cause a rebuild.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo:rerun-if-changed={log}");
    }
    for source in ["src", "../suites/src", "../model/src", "../metrics/src", "../reports/src"] {
        println!("cargo:rerun-if-changed={source}");
    }
}
