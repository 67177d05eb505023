//! `gentron play`: a local page where one types a prompt, and every arm of a recipe draws it from the same noise.
//!
//! ```text
//! page ──POST /read──► question   what the text says, which words nobody knows
//!      ──POST /draw──► company    an arm draws, step by step ──► answer   picture, scores with reasons, attention of each word
//! ```
//!
//! Nothing is kept here: the note that one takes stays in the browser until it is exported.

mod answer;
mod company;
mod question;
mod serve;

pub use company::Company;
pub use serve::router;
