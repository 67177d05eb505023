//! The building blocks every conclusion is made of: pure functions, no clock, no global generator.
//!
//! | block | function | source |
//! |---|---|---|
//! | mean of clustered data and its standard error | [`clustered_mean`] | Liang and Zeger 1986; Cameron and Miller 2015 |
//! | Student-t interval on few clusters | [`ClusteredMean::interval`] | Cameron and Miller 2015, section VI |
//! | stratified cluster bootstrap | [`Resampler`], [`percentile_interval`] | Efron and Tibshirani 1993; Davison and Hinkley 1997 |
//! | pairing by prompt and noise | [`paired_differences`] | – |
//! | two-sided tests | [`t_test`], [`wilcoxon`], [`mcnemar_exact`] | Conover 1999 |
//! | adjustment for many tests | [`holm`], [`benjamini_hochberg`] | Holm 1979; Benjamini and Hochberg 1995 |
//! | what can be seen, what would decide | [`power`] | Bloom 1995; Schuirmann 1987; Searle et al. 1992 |
//! | counter-based random numbers | [`philox4x32`] | Salmon et al. 2011 |
//!
//! Everywhere a *cluster* is a prompt: the images of one prompt share its difficulty, so they are not independent, and
//! treating them so makes intervals too narrow.

mod bootstrap;
mod cluster;
mod interval;
mod multiplicity;
mod paired;
pub mod power;
mod random;
mod testing;

pub use bootstrap::{Resampler, percentile_interval};
pub use cluster::{Cluster, ClusteredMean, clustered_mean, clusters_by};
pub use interval::{Interval, LEVEL, Reading, student_t_quantile};
pub use multiplicity::{benjamini_hochberg, holm};
pub use paired::{Paired, paired_differences};
pub use random::{below, philox4x32, stream_of};
pub use testing::{mcnemar_exact, normal_quantile, t_test, unanimous_test, wilcoxon, wilson};
