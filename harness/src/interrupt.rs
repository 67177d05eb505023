//! Ctrl-C and SIGTERM: finish or drop what is in hand, flush, say how to go on.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::failure::refuse;

/// Seconds that a scheduler leaves between the first signal and the end of the process: `gentron submit` sets it.
pub const GRACE: &str = "GENTRON_GRACE";

static STOP: AtomicBool = AtomicBool::new(false);
static CODE: AtomicU8 = AtomicU8::new(130);
/// Milliseconds after the first signal at which the process ends, whatever is in hand; 0 is never.
static LEAVE: AtomicU64 = AtomicU64::new(0);

/// What an interrupted process exits with, instead of 130.
pub fn exit_with(code: u8) {
    CODE.store(code, Ordering::SeqCst);
}

/// Of a grace, how long a batch in hand may take. What remains is for whoever started the process: a batch script that is still there at the
/// limit is killed with it, and then nobody asks for the job again.
pub fn patience(grace: u32) -> Duration {
    Duration::from_millis(u64::from(grace) * 800)
}

/// The process ends that long after the first signal, even if something is in hand.
pub fn leave_after(patience: Duration) {
    LEAVE.store(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
}

/// The grace that a scheduler's environment tells of; none where it does not.
///
/// # Errors
/// It is no number of seconds.
pub fn grace(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<u32>> {
    let Some(text) = variable(GRACE).filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.trim().parse::<u32>() {
        Ok(seconds) if seconds > 0 => Ok(Some(seconds)),
        _ => Err(refuse(format!("{GRACE} is `{text}`, which is no number of seconds"), "unset it, or set it to 120")),
    }
}

/// `timeout` signals a process and then its group, and a shell may do so, too: that is one wish, not two.
const ONE_WISH: Duration = Duration::from_millis(500);

/// Asks for a graceful stop at the first signal; the second one ends the process at once, which loses nothing but the batch in hand.
pub fn listen() {
    let mut first: Option<Instant> = None;
    let handler = move || match first {
        None => {
            first = Some(Instant::now());
            STOP.store(true, Ordering::SeqCst);
            eprintln!("\nstopping after the batch in hand (once more: at once)");
            leave_in_time();
        }
        Some(first) if first.elapsed() < ONE_WISH => {}
        Some(_) => std::process::exit(code().into()),
    };
    // Without a handler the default holds: the process ends at once, and the run is intact all the same.
    drop(ctrlc::set_handler(handler));
}

/// Sees to it that the process ends when its patience is over, where it has one.
fn leave_in_time() {
    let patience = Duration::from_millis(LEAVE.load(Ordering::SeqCst));
    if !patience.is_zero() {
        // Without a thread the process ends when its batch does, or is killed before.
        drop(std::thread::Builder::new().name("leave".to_owned()).spawn(move || leave(patience)));
    }
}

/// Waits and ends the process. What is in hand is lost then, as when the process is killed, and nothing else.
fn leave(patience: Duration) {
    std::thread::sleep(patience);
    let seconds = patience.as_secs_f64();
    eprintln!("the batch in hand was not done in {seconds:.1} s and is given up: run the same command again");
    std::process::exit(code().into());
}

/// What an interrupted process exits with.
pub fn code() -> u8 {
    CODE.load(Ordering::SeqCst)
}

/// Whether to begin no further batch.
pub fn requested() -> bool {
    STOP.load(Ordering::SeqCst)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grace_is_a_number_of_seconds_of_which_some_remain() {
        let of = |text: &str| grace(|name| (name == GRACE).then(|| text.to_owned()));
        assert_eq!((of("120").unwrap(), of("").unwrap(), grace(|_| None).unwrap()), (Some(120), None, None));
        for wrong in ["0", "-1", "2 min", "4294967296"] {
            assert!(of(wrong).unwrap_err().to_string().contains("no number of seconds"), "{wrong}");
        }
        assert_eq!(patience(120), Duration::from_secs(96));
    }
}
