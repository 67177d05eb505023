//! The command lines of workers.

use std::path::Path;

use crate::cli::WorkArgs;
use crate::failure::{Explain as _, quoted};
use crate::remote;

/// A command line of this program: this very file, the run and what to work with, by absolute paths.
pub fn command(program: &str, words: &[&str], run: &str, work: &WorkArgs, threads: bool) -> Vec<String> {
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
pub fn place(run: &Path) -> String {
    if remote::is_address(run) { run.display().to_string() } else { absolute(run) }
}

/// As it is named from anywhere.
pub fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// Words as one types them.
pub fn typed<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    words.into_iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// The file that is running.
///
/// # Errors
/// The system does not say.
pub fn this_program() -> anyhow::Result<String> {
    let path =
        std::env::current_exe().explain(|| ("cannot find this program's own file", "start it by its full path"))?;
    Ok(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_quoted_for_the_shell() {
        let words = ["gentron", "work", "/tmp/my run", "--shard"].map(str::to_owned);
        assert_eq!(typed(&words), "gentron work '/tmp/my run' --shard");
    }
}
