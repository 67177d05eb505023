//! What a run will take, before it is begun: time from a short probe of this machine, room on the disk.

pub mod cost;
pub mod probe;
pub mod prompts;
pub mod room;

pub use cost::{Cost, cost};
pub use prompts::{Supposed, supposed};
pub use room::{Disk, Fetched, disk, embeddings, published, to_fetch};
