//! Depth from one picture: DPT-Hybrid of MiDaS, the official 3D score's.
//!
//! ```text
//! picture, 480 x 480 ─► residual network ─► transformer ─► four feature maps ─► fusion, coarse to fine ─► nearness
//! ```
//!
//! Sizes, names and order of operations are those of `dpt_hybrid-midas-501f0c75.pt` under timm 0.4.12.

mod backend;
mod config;
mod fusion;
mod network;
mod residual;

pub use backend::{DPT_HYBRID, DptHybrid, WithDepth};
pub use config::DptConfig;
pub use network::DptNetwork;
