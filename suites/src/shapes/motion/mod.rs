//! Clips: one or two objects that move, grow, shrink, turn or stand still through eight frames.
//!
//! As with pictures, a [`Play`] (what a text says) is worded, and staged as a [`Clip`]; [`training_clip`] and the evaluation set
//! ([`suite`]) share both, and what is held out of training pictures is held out of training clips.

mod caption;
mod clip;
mod evaluation;
mod play;
mod training;

pub use caption::{motion_vocabulary, motion_words};
pub use clip::{Actor, Clip, FRAMES};
pub use evaluation::{ID, clip_for, suite};
pub use play::{Play, Role};
pub use training::{ClipPair, training_clip};

use crate::Motion;

impl Motion {
    /// All motions, in a fixed order.
    pub const ALL: [Self; 8] =
        [Self::Still, Self::Left, Self::Right, Self::Up, Self::Down, Self::Grow, Self::Shrink, Self::Turn];
}

#[cfg(test)]
mod tests;
