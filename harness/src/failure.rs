//! How the program ends: outcomes, errors with a way out, exit codes.

use std::fmt;
use std::io::ErrorKind;
use std::process::ExitCode;

use crate::interrupt;

/// How a command that could run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All was done: exit code 0.
    Done,
    /// All was done, but a gate of the recipe (or a check of `doctor`) failed: exit code 1.
    GateFailed,
    /// What was done is on disk, and there is more to do: exit code 75, which schedulers are told to take for "again".
    Requeue,
}

/// sysexits' EX_TEMPFAIL: the exit code of [`Outcome::Requeue`].
pub const REQUEUE: u8 = 75;

/// sysexits' EX_IOERR: what a worker ends with when its disk or network failed as it may not fail the next time. Schedulers try again, some
/// times; after 2 they do not.
pub const IO_ERROR: u8 = 74;

/// Who reads an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A person or a script: what could not run is 2, whatever kept it.
    Anyone,
    /// What started a worker, and wants to know whether to start it again.
    Scheduler,
}

/// A failure in the user's words, with the way out. It is the error itself, or the context of a cause.
#[derive(Clone, Debug)]
pub struct Explained {
    /// One sentence without a full stop.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Explained {}

/// The user or the system asked the program to stop; what is done so far is on disk.
#[derive(Clone, Copy, Debug)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted; to continue: {}", typed(std::env::args()))
    }
}

/// The command line as one would type it again.
fn typed(arguments: impl Iterator<Item = String>) -> String {
    let quoted = arguments.skip(1).map(|word| quoted(&word));
    std::iter::once("gentron".to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
}

/// One word of a shell's command line.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=+:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

impl std::error::Error for Interrupted {}

/// An error that has no further cause.
pub fn refuse(what: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Explained { what: what.into(), hint: hint.into() })
}

/// Adds words and a hint to a cause.
pub trait Explain<T> {
    /// `text` gives the sentence and the hint; it is called only on failure.
    ///
    /// # Errors
    /// The cause, explained.
    fn explain<A: Into<String>, B: Into<String>>(self, text: impl FnOnce() -> (A, B)) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Explain<T> for Result<T, E> {
    fn explain<A: Into<String>, B: Into<String>>(self, text: impl FnOnce() -> (A, B)) -> anyhow::Result<T> {
        self.map_err(|cause| {
            let (what, hint) = text();
            cause.into().context(Explained { what: what.into(), hint: hint.into() })
        })
    }
}

/// Prints what there is to say to stderr and chooses the exit code.
pub fn conclude(result: anyhow::Result<Outcome>, reader: Reader) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::GateFailed) => ExitCode::from(1),
        Ok(Outcome::Requeue) => ExitCode::from(REQUEUE),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(interrupted) = error.downcast_ref::<Interrupted>() {
                eprintln!("{interrupted}");
                return ExitCode::from(interrupt::code());
            }
            eprint!("{}", render(&error));
            ExitCode::from(code_of(&error, reader))
        }
    }
}

fn code_of(error: &anyhow::Error, reader: Reader) -> u8 {
    if reader == Reader::Scheduler && is_passing(error) { IO_ERROR } else { 2 }
}

/// Whether a file server or a disk did not answer as it should: it may the next time. A full disk stays full.
fn is_passing(error: &anyhow::Error) -> bool {
    /// EIO of errno.h; it has no kind of its own. On Windows this number is another error's.
    const EIO: i32 = 5;
    let passes = |error: &std::io::Error| {
        matches!(error.kind(), ErrorKind::StaleNetworkFileHandle | ErrorKind::TimedOut)
            || (cfg!(unix) && error.raw_os_error() == Some(EIO))
    };
    error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(passes)
}

/// Help and version go to stdout; a command line that cannot be meant is an error like any other.
pub fn conclude_usage(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    match error.kind() {
        DisplayHelp | DisplayVersion => {
            // Nothing can be said to a reader who has gone away.
            drop(error.print());
            ExitCode::SUCCESS
        }
        DisplayHelpOnMissingArgumentOrSubcommand => {
            drop(error.print());
            ExitCode::from(2)
        }
        _ => {
            eprint!("{}", render_usage(&error.to_string()));
            ExitCode::from(2)
        }
    }
}

/// clap's account in our form: its tip is our hint.
fn render_usage(account: &str) -> String {
    let mut what = Vec::new();
    let mut hint = None;
    for line in account.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(tip) = line.strip_prefix("tip: ") {
            hint.get_or_insert(tip.to_owned());
        } else if !line.starts_with("Usage:") && !line.starts_with("For more information") {
            what.push(line.trim_start_matches("error: "));
        }
    }
    let hint = hint.unwrap_or_else(|| "`gentron --help` and `gentron <COMMAND> --help` say what can be given".into());
    format!("error: {}\nhint: {hint}\n", what.join(" "))
}

/// Lines of one cause.
pub const MOST_LINES: usize = 8;

/// The same of a cause that lists what it is about, in indented lines: a checkpoint of another size has hundreds of wrong tensors.
const MOST_OF_A_LIST: usize = 21;

/// `error:` line, one indented line a cause, `hint:` line.
pub fn render(error: &anyhow::Error) -> String {
    let mut text = format!("error: {error}\n");
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Some libraries repeat the cause inside their own message.
        if !said.contains(&cause) {
            let lines = cause.lines().map(str::trim).filter(|line| !line.is_empty());
            let lines: Vec<&str> = lines.take_while(|line| !is_frame(line)).collect();
            let lists = cause.lines().skip(1).take(MOST_LINES).all(|line| line.starts_with("  "));
            let most = if lists { MOST_OF_A_LIST } else { MOST_LINES };
            for (index, line) in lines.iter().take(most).enumerate() {
                let lead = if index == 0 { "because: " } else { "         " };
                text += &format!("  {lead}{line}\n");
            }
            if lines.len() > most {
                text += &format!("           and {} more\n", lines.len() - most);
            }
        }
        said = cause;
    }
    text + &format!("hint: {}\n", hint(error))
}

/// candle's errors end in a backtrace, `  12: function`, where the environment asks Rust for one.
fn is_frame(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(number, _)| number.chars().all(|c| c.is_ascii_digit()))
}

fn hint(error: &anyhow::Error) -> String {
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    match kind {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            return "free some disk space and run the same command again: it continues where it stopped".into();
        }
        Some(ErrorKind::ReadOnlyFilesystem) => return "choose a folder that can be written with --out".into(),
        _ => {}
    }
    if let Some(explained) = error.downcast_ref::<Explained>() {
        return explained.hint.clone();
    }
    match kind {
        Some(ErrorKind::PermissionDenied) => "check the permissions of that path, or choose another with --out".into(),
        _ if is_passing(error) => "run the same command again when the disk or the file server answers".into(),
        _ => "`gentron doctor` checks what this machine has and lacks".into(),
    }
}

/// Whoever read our output (`| head`) has gone away: nothing to report.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_prints_its_causes_and_one_hint() {
        let cause: Result<(), _> = Err(std::io::Error::new(ErrorKind::NotFound, "no such file"));
        let error = cause.explain(|| ("cannot read the recipe a.toml", "check the path")).unwrap_err();
        assert_eq!(
            render(&error),
            "error: cannot read the recipe a.toml\n  because: no such file\nhint: check the path\n"
        );
    }

    #[test]
    fn of_a_list_of_tensors_twenty_are_said_and_of_other_causes_eight_lines() {
        let said = |lead: &str| {
            let cause: String = (0..40).map(|i| format!("{lead}tensor {i}: missing\n")).collect();
            render(&anyhow::anyhow!("it does not fit:\n{cause}").context("cannot load the arm"))
        };
        let list = said("  ");
        assert!(list.contains("tensor 19: missing\n           and 20 more\n") && !list.contains("tensor 20"), "{list}");
        let plain = said("");
        assert!(
            plain.contains("tensor 6: missing\n           and 33 more\n") && !plain.contains("tensor 7"),
            "{plain}"
        );
    }

    #[test]
    fn a_command_line_can_be_typed_again() {
        let arguments = ["/bin/gentron", "ablate", "--out", "my runs/it's"].map(String::from);
        assert_eq!(typed(arguments.into_iter()), r"gentron ablate --out 'my runs/it'\''s'");
    }

    #[test]
    fn a_misspelt_command_has_one_error_and_one_hint() {
        use clap::CommandFactory as _;
        let error = crate::cli::Cli::command().try_get_matches_from(["gentron", "abblate"]).unwrap_err();
        let text = render_usage(&error.to_string());
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("hint: a similar subcommand exists: 'ablate'"), "{text}");
    }

    #[test]
    fn a_worker_is_called_again_after_what_may_be_over_and_nobody_else_is() {
        let failed = |cause: std::io::Error| {
            let cause: Result<(), _> = Err(cause);
            cause.explain(|| ("cannot read 017.zip", "check the path")).unwrap_err().context("shard 17")
        };
        let passing = [
            std::io::Error::from(ErrorKind::StaleNetworkFileHandle),
            std::io::Error::from(ErrorKind::TimedOut),
            #[cfg(unix)]
            std::io::Error::from_raw_os_error(5),
        ];
        for cause in passing {
            let error = failed(cause);
            assert_eq!(
                (code_of(&error, Reader::Scheduler), code_of(&error, Reader::Anyone)),
                (IO_ERROR, 2),
                "{error:#}"
            );
        }
        for kind in [ErrorKind::StorageFull, ErrorKind::NotFound, ErrorKind::PermissionDenied] {
            assert_eq!(code_of(&failed(kind.into()), Reader::Scheduler), 2, "{kind}");
        }
        assert_eq!(code_of(&refuse("no such run", "plan one"), Reader::Scheduler), 2);
        #[cfg(target_os = "linux")]
        for errno in [116, 110] {
            let error = failed(std::io::Error::from_raw_os_error(errno));
            assert_eq!(code_of(&error, Reader::Scheduler), IO_ERROR, "ESTALE and ETIMEDOUT: {error:#}");
        }
    }

    #[test]
    fn a_full_disk_has_its_own_hint_whatever_was_being_done() {
        let cause: Result<(), _> = Err(std::io::Error::from(ErrorKind::StorageFull));
        let error = cause.explain(|| ("cannot write x.png", "check the path")).unwrap_err();
        assert!(render(&error).contains("hint: free some disk space"));
    }
}
