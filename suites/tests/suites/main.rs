//! The suites that are read from files, a module per story.

mod chunker;
mod fetching;
mod known_defects;
mod official_files;
mod own_files;
mod parity;
mod parti;
mod shared;
mod subsets;
