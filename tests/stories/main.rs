//! One integration test, a module a user story. They run the binary `gentron` of the same build.

mod ablate;
mod architecture;
mod bad_input;
mod bare;
mod browser;
mod clips;
mod compare;
mod damage;
mod exchange;
mod fuzz;
mod help;
mod hub;
mod instants;
mod lists;
mod page_tools;
mod pages;
mod partial;
mod resume;
mod score_sets;
mod server;
mod shards;
mod slurm;
mod study;
mod suites;
mod support;
mod train;
