//! What made a run: version and commit.

use gentron_reports::CodeVersion;

/// Version and commit, as `gentron --version` prints them.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("GENTRON_COMMIT"), ")");

/// For manifests.
pub fn code() -> CodeVersion {
    let known = env!("GENTRON_COMMIT") != "unknown";
    CodeVersion { version: VERSION.to_owned(), dirty: known.then_some(env!("GENTRON_DIRTY") == "true") }
}
