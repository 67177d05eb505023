//! The form: server-rendered, works without JavaScript, better with.

mod app;
mod guard;
mod join;
mod listen;
mod offline;
mod operator;
mod pages;
mod vote;

pub use app::{App, router};
pub use guard::same_origin;
pub use listen::{Limits, serve};
pub use offline::Offline;
pub use operator::router as operator_router;
