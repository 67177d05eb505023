//! As a newcomer I read what a command does before I run it. Every help text is a golden file: `GENTRON_UPDATE=1` writes them anew.

use std::fs;
use std::path::Path;

use crate::support::{folder, run_well};

const COMMANDS: [&str; 29] = [
    "",
    "compare",
    "verify",
    "ablate",
    "generate",
    "score",
    "report",
    "play",
    "plan",
    "work",
    "status",
    "retry-plan",
    "merge",
    "submit",
    "submit slurm",
    "submit kubernetes",
    "submit local",
    "train",
    "serve",
    "study",
    "votes",
    "import",
    "export",
    "models",
    "models fetch",
    "suites",
    "suites fetch",
    "metrics",
    "doctor",
];

fn help(command: &str, flag: &str) -> String {
    let arguments: Vec<&str> = command.split_whitespace().chain([flag]).collect();
    run_well(folder().path(), &arguments)
}

#[test]
fn the_manual_of_every_command_is_as_committed() {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories/help");
    for command in COMMANDS {
        let name = if command.is_empty() { "gentron" } else { command };
        let path = goldens.join(format!("{}.txt", name.replace(' ', "-")));
        let said = help(command, "--help");
        if std::env::var_os("GENTRON_UPDATE").is_some() {
            fs::create_dir_all(&goldens).unwrap();
            fs::write(&path, &said).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(said, golden, "{} differs; GENTRON_UPDATE=1 accepts", path.display());
    }
}

/// The lines below "Examples:".
fn examples(manual: &str) -> impl Iterator<Item = &str> {
    manual.lines().skip_while(|line| *line != "Examples:").skip(1).filter(|line| !line.is_empty())
}

#[test]
fn the_short_help_fits_a_screen_and_the_long_one_has_three_examples() {
    for command in COMMANDS {
        let short = help(command, "-h");
        // The list of all commands may have a line for each.
        let most = if command.is_empty() { 44 } else { 24 };
        assert!(short.lines().count() <= most, "`gentron {command} -h` has {} lines", short.lines().count());
        assert!(short.lines().all(|line| line.chars().count() <= 100), "`gentron {command} -h` is too wide");
        let long = help(command, "--help");
        let examples = examples(&long).count();
        assert!(examples >= 3, "`gentron {command} --help` has {examples} examples");
    }
}

#[test]
fn the_examples_of_the_manual_can_be_typed() {
    // Parsing alone: `--help` behind the words of the example stops before anything is done.
    for command in COMMANDS {
        for line in examples(&help(command, "--help")) {
            let words = line.split("  ").find(|part| !part.is_empty()).unwrap();
            let words = words.split(['|', '>']).next().unwrap();
            let mut arguments: Vec<&str> = words.split_whitespace().skip(1).collect();
            arguments.push("--help");
            run_well(folder().path(), &arguments);
        }
    }
}
