//! The names of suites that a user can type, and where their files are.
//!
//! ```text
//! parti:100@7 ─► key ─► library ─► known: the official loaders ─┐
//! my.csv ───────────────┘   └───► places: folders to look in ───┴─► opened: prompts, digest, files
//! ```

pub mod key;
pub mod known;
pub mod library;
pub mod opened;
pub mod places;

pub use key::SuiteKey;
pub use known::{KNOWN, Known, PARTS};
pub use library::{Library, Reference};
pub use opened::Opened;
pub use places::{Place, Places};
