//! What people prefer: win, tie and lose with honest intervals, strengths, agreement, and how fragile it all is.
//!
//! | block | function | source |
//! |---|---|---|
//! | interval of a share | [`wilson`] | Wilson 1927 |
//! | shares and net preference, clustered by prompt and rater | [`Net`] | Cameron, Gelbach and Miller 2011 |
//! | strengths with ties and a side effect | [`fit`] | Bradley and Terry 1952; Davidson 1970; Davidson and Beaver 1977 |
//! | bootstrap over prompts and raters | [`bootstrap`] | Owen 2007 (pigeonhole) |
//! | agreement | [`krippendorff`] | Krippendorff 2011 |
//! | exact test of two counts | [`sign_test`] | McNemar 1947, exact binomial |
//! | when one may stop | [`confidence_sequence`] | Waudby-Smith et al. 2021 |
//! | what would have to go for the winner to change | [`Fragility`] | – |
//! | how often a metric chooses what people chose | [`trust`](fn@trust) | – |
//!
//! Ties are an answer and are never folded into halves. Votes of one prompt, and votes of one rater, are not independent: an interval
//! that counts each vote for itself is too narrow several times over.

mod agreement;
mod analyse;
mod davidson;
mod fragility;
mod net;
mod people;
mod section;
mod sequence;
mod table;
mod trust;
mod votes;

pub use agreement::{Level, krippendorff};
pub use analyse::{Agreement, PairResult, Preference, PromptVotes, Strength, analyse};
pub use davidson::{Fit, FitError, Games, bootstrap, fit};
pub use fragility::{Fragility, fragility};
pub use net::Net;
pub use people::{People, people};
pub use section::section;
pub use sequence::{confidence_sequence, votes_for_gap};
pub use table::{VoteRow, votes_parquet};
pub use trust::{Share, Trust, trust};
pub use votes::{Arm, FILE, Input, Outcome, Prompt, Question, Vote, keep_votes, read_votes};

pub use crate::statistics::{mcnemar_exact as sign_test, wilson};
