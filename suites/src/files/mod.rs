//! Reading prompt files: bytes and digest → lines, tables or JSON lines → prompts.

mod csv;
mod jsonl;
mod official;
mod source;
mod table;

pub(crate) use jsonl::objects;
pub use official::{DRAWBENCH_PROMPTS, KnownFile, OFFICIAL, Origin, Revision};
pub use source::SourceFile;
pub(crate) use source::Text;
pub(crate) use table::{Row, Table, twice};
