//! Looking at cross-attention while it happens: which image token attends to which text token.
//!
//! What is seen lies on the calling thread, as precision does ([`crate::ops::with_precision`]): so nothing on the way from a backbone to its
//! attentions must know of it, and where nobody looks it costs a test of a flag.

use crate::ops;
use candle_core::{Result, Tensor};
use std::cell::RefCell;

thread_local! {
    static SEEN: RefCell<Option<Vec<Tensor>>> = const { RefCell::new(None) };
}

/// Runs `work` and returns beside its result what every cross-attention that the calling thread computed attended to, in their order:
/// the mean over heads, (B, N, L), rows summing to 1.
pub fn watch_attention<R>(work: impl FnOnce() -> R) -> (R, Vec<Tensor>) {
    struct Restore(Option<Vec<Tensor>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            SEEN.set(self.0.take());
        }
    }
    let _restore = Restore(SEEN.replace(Some(Vec::new())));
    let result = work();
    (result, SEEN.take().unwrap_or_default())
}

/// Takes down queries (B, N, D) against packed keys and values (B, L, 2D), if somebody looks.
pub(super) fn note(q: &Tensor, keys_values: &Tensor, heads: usize, bias: &Tensor) -> Result<()> {
    if SEEN.with_borrow(Option::is_none) {
        return Ok(());
    }
    let attended = ops::cross_probabilities(q, keys_values, heads, Some(bias))?.mean(1)?; // (B, A, N, L) -> (B, N, L)
    SEEN.with_borrow_mut(|seen| seen.get_or_insert_default().push(attended));
    Ok(())
}
