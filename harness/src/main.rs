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
    gentron_harness::run(std::env::args_os())
}
