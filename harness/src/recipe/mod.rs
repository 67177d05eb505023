//! Recipe: what to compare with what, on which prompts, scored how. A TOML file in, a checked and explicit value out.
//!
//! [`read`] finds and parses the file, [`axes`] multiplies arms out, [`resolve()`] applies the command line's narrowing, checks every
//! name and fills every default. What is left holds no choice of ours that is not written down in the run's manifest.

pub mod axes;
pub mod outside;
pub mod read;
pub mod resolve;
pub mod schema;
pub mod suites;
pub mod words;

pub use outside::{Lives, Patience, Program};
pub use read::{BUILT_IN, Source, load, parse};
pub use resolve::{Narrowing, Resolved, ResolvedArm, resolve};
pub use schema::{
    Conditioning, EncoderKind, Gate, GeneratorKind, Recipe, Sampler, SamplerKind, SuiteChoice, WeightFolders,
    WeightType, World,
};
pub use suites::{ResolvedSuite, located};
