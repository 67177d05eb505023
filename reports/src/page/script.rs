//! The viewer's script: the only one, admitted by its hash. Without it the page shows the same pictures and numbers.

/// Search, ranking, and two arms side by side, flipped in place or subtracted. It writes text as text and fetches nothing.
pub(super) const VIEWER: &str = include_str!("../../templates/viewer.js");
