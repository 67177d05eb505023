//! Clips as files that other programs play, and other programs' clips as frames.

pub mod export;
pub mod ffmpeg;
pub mod gif;
pub mod read;

/// Frames a second where nothing says otherwise.
pub const FRAMES_A_SECOND: u32 = 8;
