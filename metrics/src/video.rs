//! Scores of clips: pure functions of frames, embeddings and tracks.
//!
//! [`flicker`] and [`consistency`] are VBench's (Huang et al. 2024, section 3.1), [`clipsim`] is Wu et al.'s (2021, GODIVA), each by
//! its public definition. [`Track::moved`], [`Moved::is`] and [`Track::subject`] are ours: no published formula says whether the named
//! object moved as the text says, or how large and how central it is.

mod frames;
mod track;

pub use frames::{clipsim, consistency, flicker};
pub use track::{Moved, Sighting, Subject, Track};
