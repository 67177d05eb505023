//! The `gentron` command.

/// Training and drawing allocate and free megabytes a layer; an allocator that keeps them spares the kernel clearing fresh pages.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // candle's own worker pool waits by spinning, which costs more than it brings where every core already has its own batch.
    if std::env::var_os("CANDLE_NUM_THREADS").is_none() {
        // SAFETY: no other thread runs yet.
        unsafe { std::env::set_var("CANDLE_NUM_THREADS", "1") };
    }
    keep_freed_pages();
    gentron_harness::run(std::env::args_os())
}

/// What is freed goes back to the operating system after a second instead of a hundredth: a training step frees what the next one asks
/// for, and in a virtual machine a fresh page costs so much that training was a third faster so.
fn keep_freed_pages() {
    /// `mi_option_purge_delay` of mimalloc.h, milliseconds; has no name in the bindings.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        // SAFETY: sets a number; no other thread runs yet.
        unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 1000) };
    }
}
