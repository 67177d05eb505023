//! Ctrl-C and SIGTERM: finish or drop what is in hand, flush, say how to go on.

use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

/// Asks for a graceful stop at the first signal; the second one ends the process at once, which loses nothing but the batch in hand.
pub fn listen() {
    let handler = || {
        if STOP.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        eprintln!("\nstopping after the batch in hand (once more: at once)");
    };
    // Without a handler the default holds: the process ends at once, and the run is intact all the same.
    drop(ctrlc::set_handler(handler));
}

/// Whether to begin no further batch.
pub fn requested() -> bool {
    STOP.load(Ordering::SeqCst)
}
