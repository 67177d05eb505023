//! The `gentron` command.

fn main() -> std::process::ExitCode {
    gentron_harness::run(std::env::args_os())
}
