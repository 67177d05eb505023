//! The blind preference study: two pictures side by side, two questions, votes that can be trusted.
//!
//! ```text
//! freeze ─► study.json + pictures/ ─► serve ─► writer ─► study.db ─► votes.jsonl        one thread writes; saved means synced
//!             design, before vote one    │        ▲          └──── hash chain ────┘
//!                                        └ state ─┘  a fold of the events: what is assigned, to whom, what was answered
//! ```
//!
//! Nothing is ever overwritten: a vote, its undoing and the end of the study are events, each chained to the one before it.

pub mod assign;
pub mod audit;
pub mod chain;
pub mod design;
pub mod event;
pub mod export;
pub mod flags;
pub mod folder;
pub mod freeze;
pub mod mirror;
pub mod picture;
#[cfg(test)]
mod rehearsal;
pub mod results;
pub mod secret;
pub mod serve;
pub mod source;
pub mod state;
pub mod store;
pub mod words;
pub mod writer;
