//! T2I-CompBench and T2I-CompBench++: the official prompt files, from a folder that the user names.
//!
//! [`load`] reads one list of all eight categories, as the official protocol scores them; [`load_file`] reads any
//! single official file. Sources: Huang et al., arXiv 2307.06350; `Karine-Huang/T2I-CompBench` at `1b70949`.

mod annotate;
mod category;
mod load;

pub use category::{Category, List};
pub use load::{OBJECTS_FILE, load, load_file, load_with};
