//! Networks that others published: what they are, where they are found, and invented weights in their layouts.

mod invented;
mod list;

pub use invented::{Invention, invent_gentron};
pub use list::{Network, Pipeline, Published, pipelines, published};

#[cfg(test)]
mod tests;
