//! Workers as processes on this machine.

use std::process::{Child, Command, ExitStatus};

use anyhow::Context as _;

use crate::failure::{Interrupted, REQUEUE, refuse};
use crate::interrupt;
use crate::progress;

/// How often workers are looked at.
const PERIOD: std::time::Duration = std::time::Duration::from_millis(100);

/// A worker that ends with "again" is started again, this often at most.
const AGAIN: u32 = 100;

/// One that is killed from outside, this often at most: memory that was too little will be again.
const KILLED: u32 = 3;

/// Workers of a stage, one process each.
pub struct Workers<'a> {
    /// Their command line; `--shard i/N` is added.
    pub command: &'a [String],
    /// Which of them have something to do.
    pub indices: &'a [u32],
    /// Of how many.
    pub count: u32,
    /// GPUs of this machine: worker i gets number i modulo this.
    pub gpus: u32,
}

/// Runs all workers to their end. A stop is passed on to them: they finish what they have in hand.
///
/// # Errors
/// A worker cannot be started, or fails; the others are left to their end.
pub fn run(workers: &Workers) -> anyhow::Result<()> {
    let mut running: Vec<(u32, u32, Child)> =
        workers.indices.iter().map(|index| Ok((*index, 0, start(workers, *index)?))).collect::<anyhow::Result<_>>()?;
    let mut failed: Vec<String> = Vec::new();
    let mut told = false;
    let mut stopped = false;
    while !running.is_empty() {
        if interrupt::requested() && !told {
            told = true;
            for (_, _, child) in &running {
                terminate(child);
            }
        }
        let mut again = Vec::new();
        let mut index = 0;
        while index < running.len() {
            let Some(status) = running[index].2.try_wait().context("cannot wait for a worker")? else {
                index += 1;
                continue;
            };
            let (worker, times, _) = running.swap_remove(index);
            match status.code() {
                Some(0) => {}
                _ if told => stopped = true,
                Some(code) if code == i32::from(REQUEUE) && times < AGAIN => again.push((worker, times + 1)),
                // Killed from outside, as by the kernel when memory runs out.
                None if times < KILLED => {
                    progress::say(&format!("note: worker {worker} was killed ({status}) and is started again"));
                    again.push((worker, times + 1));
                }
                _ => failed.push(describe(worker, status)),
            }
        }
        for (worker, times) in again {
            // Another process may have its shards in hand.
            std::thread::sleep(PERIOD * times.min(50));
            running.push((worker, times, start(workers, worker)?));
        }
        std::thread::sleep(PERIOD);
    }
    if stopped {
        return Err(Interrupted.into());
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(refuse(failed.join(", "), "what they said is above; the same command does what is left"))
}

fn start(workers: &Workers, index: u32) -> anyhow::Result<Child> {
    let [program, arguments @ ..] = workers.command else { anyhow::bail!("a worker without a command") };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .args(["--shard", &format!("{index}/{}", workers.count)])
        .stdout(std::process::Stdio::null());
    if workers.gpus > 0 {
        command.env("CUDA_VISIBLE_DEVICES", (index % workers.gpus).to_string());
    }
    // A terminal's Ctrl-C is for us alone; workers get one signal, from us.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().with_context(|| format!("cannot start {program}"))
}

/// SIGTERM, by the system's own command: it needs no unsafe code, and is there wherever a shell is.
fn terminate(child: &Child) {
    drop(Command::new("kill").args(["-TERM", &child.id().to_string()]).status());
}

fn describe(worker: u32, status: ExitStatus) -> String {
    format!("worker {worker} failed ({status})")
}
