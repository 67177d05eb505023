//! Who splits the work: one operation over the cores, or the caller, one batch a core.

use super::precision::{self, with_precision};
use super::subnormals::flushing_subnormals;
use rayon::prelude::*;
use std::cell::Cell;

thread_local! {
    static SINGLE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` with every operation of this crate on the calling thread alone, subnormal numbers taken as zero.
///
/// Small networks are fastest when each core has its own batch; this is how the trainer and the runner ask for it.
pub fn single_threaded<R>(work: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            SINGLE.with(|single| single.set(self.0));
        }
    }
    let _restore = Restore(SINGLE.with(|single| single.replace(true)));
    flushing_subnormals(work)
}

pub(super) fn is_single() -> bool {
    SINGLE.with(Cell::get) || rayon::current_num_threads() == 1
}

pub(super) fn parallelism() -> gemm::Parallelism {
    if is_single() { gemm::Parallelism::None } else { gemm::Parallelism::Rayon(0) }
}

/// Below this many elements a second thread costs more than it brings.
const WORTH_SPLITTING: usize = 1 << 16;

/// Calls `kernel(index, rows)` for each run of `chunk` elements of `out`.
pub(super) fn for_each_chunk(out: &mut [f32], chunk: usize, kernel: impl Fn(usize, &mut [f32]) + Sync) {
    if is_single() || out.len() < WORTH_SPLITTING {
        out.chunks_mut(chunk).enumerate().for_each(|(i, rows)| kernel(i, rows));
    } else {
        let precision = precision::current();
        let kernel = |(i, rows): (usize, &mut [f32])| with_precision(precision, || kernel(i, rows));
        out.par_chunks_mut(chunk).enumerate().for_each(kernel);
    }
}
