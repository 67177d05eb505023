//! What runs on other devices, run on the CPU: candle's operations alone, everything in the type of the weights.

use std::cell::Cell;

thread_local! {
    static PRETENDED: Cell<bool> = const { Cell::new(false) };
}

pub(super) fn pretended() -> bool {
    PRETENDED.get()
}

/// `work` as it runs on a GPU, on this thread.
pub(crate) fn pretend<T>(work: impl FnOnce() -> T) -> T {
    PRETENDED.set(true);
    let result = work();
    PRETENDED.set(false);
    result
}
