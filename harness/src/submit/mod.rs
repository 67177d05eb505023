//! Handing a plan to others: Slurm, Kubernetes, or processes on this machine. Whoever starts them, workers are `gentron work`.

pub mod budget;
pub mod estimate;
pub mod kubernetes;
pub mod local;
pub mod slurm;
