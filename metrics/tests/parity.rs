//! The formulas against what T2I-CompBench's own scripts returned on synthetic detections and probabilities.
//!
//! The goldens are read from `$GENTRON_GOLDENS/compbench`, else from `shared/goldens/compbench` beside the checkout;
//! those that are not there, as far as they quote no official prompt, from the copies in `tests/goldens/compbench`. Each
//! test runs on every file of its pattern, says which of those that the specification lists are not there, and says
//! aloud where `$GENTRON_GOLDENS` has none. Official data are read from `$GENTRON_SHARED/data`, else beside the goldens or
//! the checkout.

#[path = "parity/attributes.rs"]
mod attributes;
#[path = "parity/blip.rs"]
mod blip;
#[path = "parity/checkpoints.rs"]
mod checkpoints;
#[path = "parity/clip_text.rs"]
mod clip_text;
#[path = "parity/complex.rs"]
mod complex;
#[path = "parity/depth.rs"]
mod depth;
#[path = "parity/end_to_end.rs"]
mod end_to_end;
#[path = "parity/formula.rs"]
mod formula;
#[path = "parity/frechet.rs"]
mod frechet;
#[path = "parity/geometry.rs"]
mod geometry;
#[path = "parity/goldens.rs"]
mod goldens;
#[path = "parity/labels.rs"]
mod labels;
#[path = "parity/listed.rs"]
mod listed;
#[path = "parity/native.rs"]
mod native;
#[path = "parity/numeracy.rs"]
mod numeracy;
#[path = "parity/operations.rs"]
mod operations;
#[path = "parity/own.rs"]
mod own;
#[path = "parity/pixels.rs"]
mod pixels;
#[path = "parity/reach.rs"]
mod reach;
#[path = "parity/reward.rs"]
mod reward;
#[path = "parity/spatial.rs"]
mod spatial;
#[path = "parity/unidet.rs"]
mod unidet;
