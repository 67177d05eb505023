//! Ctrl-C and SIGTERM: finish or drop what is in hand, flush, say how to go on.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);
static CODE: AtomicU8 = AtomicU8::new(130);

/// What an interrupted process exits with, instead of 130.
pub fn exit_with(code: u8) {
    CODE.store(code, Ordering::SeqCst);
}

/// Asks for a graceful stop at the first signal; the second one ends the process at once, which loses nothing but the batch in hand.
pub fn listen() {
    let handler = || {
        if STOP.swap(true, Ordering::SeqCst) {
            std::process::exit(code().into());
        }
        eprintln!("\nstopping after the batch in hand (once more: at once)");
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
