//! Handing a plan to others: Slurm, Kubernetes, or processes on this machine. Whoever starts them, workers are `gentron work`.
//!
//! What is relied upon of a file system that workers on several machines share, such as NFS:
//!
//! - a rename within a folder is atomic: every file comes under a temporary name, is synced and renamed;
//! - `O_EXCL` makes a file once: temporary files are made with it, and their names, like those of journals, are random, because in
//!   containers every process has the number 1;
//! - what one machine has closed another one that opens it later can read. A machine may remember for a while (on NFS up to a minute, as
//!   `acregmax` and `acdirmax` say) that a file was not there, until its folder is listed: which is done before anything is called missing
//!   (`store::look`).
//!
//! Locks (`flock`: of a shard by its worker, of the run by whoever writes it alone) save work and keep two commands on one run apart. NFS
//! takes them for locks of bytes, a shared one of a file that is read and any other of one that is written, so that files are opened for
//! both. Where the file system has no locks, two workers on one shard write the same bytes under names of their own, and nothing
//! half-written is removed before every shard is whole.
//!
//! A lock ends with its process, but not everywhere with its machine: NFSv4 frees it when the lease runs out (90 seconds on Linux), NFSv3 may
//! never. A held lock is believed: a worker names the shard and the file, and ends with 75. Removing `shards/017.lock` lets the next one in,
//! and does no harm if the machine is alive after all.
//!
//! Tried: local disks and tmpfs, by many processes on one machine, three nodes of a real Slurm among them; NFS 4.2, by four kernels (story
//! `nfs`); object stores, which need none of this (`remote`). Not tried: NFS 3, Lustre, GPFS, BeeGFS.

pub mod budget;
pub mod estimate;
pub mod kubernetes;
pub mod local;
pub mod probe;
pub mod slurm;
