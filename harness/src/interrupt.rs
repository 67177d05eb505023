//! Ctrl-C and SIGTERM: finish or drop what is in hand, flush, say how to go on.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

static STOP: AtomicBool = AtomicBool::new(false);
static CODE: AtomicU8 = AtomicU8::new(130);

/// What an interrupted process exits with, instead of 130.
pub fn exit_with(code: u8) {
    CODE.store(code, Ordering::SeqCst);
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
        }
        Some(first) if first.elapsed() < ONE_WISH => {}
        Some(_) => std::process::exit(code().into()),
    };
    // Without a handler the default holds: the process ends at once, and the run is intact all the same.
    drop(ctrlc::set_handler(handler));
}

/// What an interrupted process exits with.
pub fn code() -> u8 {
    CODE.load(Ordering::SeqCst)
}

/// Whether to begin no further batch.
pub fn requested() -> bool {
    STOP.load(Ordering::SeqCst)
}
