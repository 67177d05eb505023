//! That this package has an integration test makes `cargo test --workspace` build the binary, which the stories of `tests/` run.

use std::process::Command;

#[test]
fn the_program_says_its_version_and_commit() {
    let output = Command::new(env!("CARGO_BIN_EXE_gentron")).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(concat!("gentron ", env!("CARGO_PKG_VERSION"), " (")), "{text}");
}
