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

/// A recipe of a published pipeline that is not here, beside ground truth.
#[cfg(test)]
fn absent_pipeline(narrowing: crate::recipe::Narrowing) -> crate::recipe::Resolved {
    let recipe = toml::from_str(
        "name = \"r\"\nseed = 1\nimages_per_prompt = 1\nbaseline = \"sdxl\"\n[[suites]]\nid = \"shapes\"\n\
         [[arms]]\nname = \"sdxl\"\ngenerator = \"diffusers\"\nweights = \"sdxl\"\n\
         [[arms]]\nname = \"truth\"\ngenerator = \"ground-truth\"\n",
    );
    crate::recipe::resolve(recipe.unwrap(), &narrowing, &crate::registry::Library::default(), "r").unwrap()
}
