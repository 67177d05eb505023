//! How exactly matrices are multiplied.

use serde::{Deserialize, Serialize};
use std::cell::Cell;

thread_local! {
    static CURRENT: Cell<Precision> = const { Cell::new(Precision::F32) };
}

/// Of the operands of matrix products on the CPU; sums, weights and everything else are f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Not rounded.
    #[default]
    F32,
    /// Rounded to bfloat16 where the processor multiplies such (AMX, AVX512-BF16), two to three times as fast; f32 elsewhere.
    Bf16,
}

/// Runs `work` with the matrix products that the calling thread asks for in this precision.
pub fn with_precision<R>(precision: Precision, work: impl FnOnce() -> R) -> R {
    struct Restore(Precision);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let _restore = Restore(CURRENT.replace(precision));
    work()
}

pub(super) fn current() -> Precision {
    CURRENT.get()
}
