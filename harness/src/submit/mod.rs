//! Handing a plan to others: Slurm, Kubernetes, or processes on this machine. Whoever starts them, workers are `gentron work`.
//!
//! What is relied upon of a file system that workers on several machines share, such as NFS:
//!
//! - a rename within a folder is atomic: every file comes under a temporary name of its process's own, is synced and renamed;
//! - `O_EXCL` makes a file once: temporary files are made with it, and names of journals are random;
//! - what one machine has closed another one that opens it later can read. A machine may remember for a while (on NFS up to a minute, as
//!   `acregmax` and `acdirmax` say) that a file was not there: then `status` and `merge` name a shard as missing, and the same command a
//!   minute later does not. Slurm's report is a job of its own and Kubernetes' is tried again.
//!
//! Locks (`flock`: of a shard by its worker, of the run by whoever writes it alone) save work and keep two commands on one run apart; where
//! the file system has none, or a machine is gone and its lock is not, two workers on one shard write the same bytes under names of their own.
//!
//! Tried: local disks and tmpfs, by many processes on one machine, three nodes of a real Slurm among them; object stores, which need none of
//! this (`remote`). Not tried: NFS, Lustre, GPFS, BeeGFS.

pub mod budget;
pub mod estimate;
pub mod kubernetes;
pub mod local;
pub mod probe;
pub mod slurm;
