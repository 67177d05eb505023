//! A process of somebody's program: asked by lines, answered by lines, never waited for longer than said.

use std::collections::{BTreeSet, VecDeque};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::recipe::Lives;

/// A line that is written to the program: one image that it shall draw.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Request {
    /// What it shall show.
    pub prompt: String,
    /// The prompt's id.
    pub prompt_id: String,
    /// Which of the prompt's images.
    pub k: u32,
    /// Derived from the run's seed, prompt and k.
    pub seed: u32,
    /// Width in pixels, where the recipe says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height in pixels, where the recipe says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The file to write.
    pub image: PathBuf,
}

/// A line that the program writes: an image that is there, or why it is not. Any other line is passed over.
#[derive(Deserialize)]
struct Answer {
    image: PathBuf,
    #[serde(default)]
    error: Option<String>,
}

/// Why a batch failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It took too long, and was ended.
    #[error("it had not answered after {0} s and was ended")]
    TimedOut(u64),
    /// It ended before it had answered.
    #[error("it ended ({status}) with {missing} images unanswered")]
    Ended {
        /// How it ended.
        status: String,
        /// Images that it had not answered.
        missing: usize,
    },
    /// It says that it cannot draw an image.
    #[error("of image {k} of {prompt_id} it says: {why}")]
    Refused {
        /// The prompt's id.
        prompt_id: String,
        /// Which of the prompt's images.
        k: u32,
        /// Its words.
        why: String,
    },
}

/// Lines of standard error that are kept for a message.
const KEPT: usize = 12;
/// How long a process may take to end after its standard input did, when nothing is expected of it any more.
const FAREWELL: Duration = Duration::from_secs(3);

/// How long the last words of a process that was ended are waited for.
const LISTENING: Duration = Duration::from_secs(1);

/// A running program.
pub struct Process {
    child: Child,
    /// To the thread that writes to its standard input; none once that has ended.
    requests: Option<Sender<Vec<u8>>>,
    answers: Receiver<String>,
    said: Arc<Mutex<VecDeque<String>>>,
    /// Reads its standard error to the end.
    listener: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts the program in `folder`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(run: &[String], folder: &Path) -> std::io::Result<Self> {
        let (program, arguments) = run.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(place(program, folder));
        command.args(arguments).current_dir(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: Ctrl-C lets it finish the batch in hand, as our own generators do.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let (requests, to_write) = channel::<Vec<u8>>();
        if let Some(mut stdin) = child.stdin.take() {
            // A thread of its own: a program that does not read must not be waited for.
            std::thread::spawn(move || {
                for bytes in to_write {
                    if stdin.write_all(&bytes).and_then(|()| stdin.flush()).is_err() {
                        break;
                    }
                }
            });
        }
        let (answered, answers) = channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut stdout = BufReader::new(stdout);
                let mut bytes = Vec::new();
                // Whatever a library prints there, in whatever encoding, is a line to pass over and no end.
                while stdout.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
                    if answered.send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
                        break;
                    }
                    bytes.clear();
                }
            });
        }
        let said = Arc::<Mutex<VecDeque<String>>>::default();
        let listener = child.stderr.take().map(|stderr| {
            let said = Arc::clone(&said);
            std::thread::spawn(move || {
                let mut stderr = BufReader::new(stderr);
                let mut bytes = Vec::new();
                while stderr.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
                    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                    if said.len() == KEPT {
                        said.pop_front();
                    }
                    said.push_back(String::from_utf8_lossy(&bytes).trim_end().to_owned());
                    bytes.clear();
                }
            })
        });
        Ok(Self { child, requests: Some(requests), answers, said, listener })
    }

    /// The last lines of its standard error.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Asks for a batch and waits until all of it is answered.
    ///
    /// # Errors
    /// See [`Failure`]; the process is of no use any more then.
    pub fn ask(&mut self, batch: &[Request], lives: Lives, patience: Duration) -> Result<(), Failure> {
        let until = Instant::now() + patience;
        let too_late = || Failure::TimedOut(patience.as_secs());
        let mut lines = Vec::new();
        for request in batch {
            // Writing to memory does not fail.
            drop(serde_json::to_writer(&mut lines, request));
            lines.push(b'\n');
        }
        if let Some(requests) = &self.requests {
            // The writer has gone where the program has: its end says more than this.
            drop(requests.send(lines));
        }
        if lives == Lives::Batch {
            self.requests = None;
        }
        let mut left: BTreeSet<&Path> = batch.iter().map(|request| request.image.as_path()).collect();
        while lives == Lives::Batch || !left.is_empty() {
            match self.answers.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let Ok(answer) = serde_json::from_str::<Answer>(&line) else { continue };
                    let request = batch.iter().find(|request| request.image == answer.image);
                    if let (Some(request), Some(why)) = (request, answer.error) {
                        let (prompt_id, k) = (request.prompt_id.clone(), request.k);
                        return Err(Failure::Refused { prompt_id, k, why });
                    }
                    left.remove(answer.image.as_path());
                }
                Err(RecvTimeoutError::Timeout) => return Err(too_late()),
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.wait(until).ok_or_else(too_late)?;
                    if lives == Lives::Batch && status.success() {
                        return Ok(());
                    }
                    return Err(Failure::Ended { status: status.to_string(), missing: left.len() });
                }
            }
        }
        Ok(())
    }

    fn wait(&mut self, until: Instant) -> Option<ExitStatus> {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Ends it at once, and whatever it has started.
    pub fn kill(&mut self) {
        self.requests = None;
        #[cfg(unix)]
        {
            let group = format!("-{}", self.child.id());
            let kill = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
            // Where there is no such command, the process itself is ended below.
            drop(kill);
        }
        drop(self.child.kill());
        drop(self.child.wait());
        // Its last words may still be on their way; whoever else holds that pipe is not waited for.
        let until = Instant::now() + LISTENING;
        while self.listener.as_ref().is_some_and(|listener| !listener.is_finished()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Process {
    /// The end of its standard input is the sign to go; whoever stays is made to.
    fn drop(&mut self) {
        self.requests = None;
        if self.wait(Instant::now() + FAREWELL).is_none() {
            self.kill();
        }
    }
}

/// A program that is named by a path is meant from `folder`; any other is looked for where programs are.
pub fn place(program: &str, folder: &Path) -> PathBuf {
    let path = Path::new(program);
    if path.components().count() > 1 { folder.join(path) } else { path.to_owned() }
}
