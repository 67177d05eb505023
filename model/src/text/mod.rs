//! soon
pub mod clip;
mod parameter;
