//! What a run will take, before it is begun: time from a short probe of this machine, memory, room on the disk.

pub mod cost;
pub mod memory;
pub mod probe;
pub mod prompts;
pub mod releases;
pub mod room;
pub mod say;

pub use cost::{Cost, cost};
pub use memory::{Largest, largest};
pub use prompts::{Supposed, supposed};
pub use releases::Pipeline;
pub use room::{Disk, Fetched, disk, embeddings, published, to_fetch};
pub use say::{size, times};
