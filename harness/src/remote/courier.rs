//! Sends what a worker has sealed while it works on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;

use super::mirror::Mirror;
use crate::progress;

/// How often it looks.
const PERIOD: Duration = Duration::from_millis(500);

/// A thread that sends, until told to stop.
pub struct Courier {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: JoinHandle<()>,
}

impl Courier {
    /// Sends the shards of a mirror that are `own`.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(mirror: Arc<Mirror>, own: impl Fn(&str) -> bool + Send + Sync + 'static) -> anyhow::Result<Self> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let told = Arc::clone(&stop);
        let failed = AtomicBool::new(false);
        let shards = move |name: &str| super::mirror::shard_of(name).is_some() && own(name);
        let round = move || match mirror.push(&shards) {
            Ok(()) => failed.store(false, Ordering::Relaxed),
            // Said once; the worker's end tries again, and that is what counts.
            Err(error) if !failed.swap(true, Ordering::Relaxed) => {
                progress::say(&format!("note: {error}; what is drawn stays here and is sent later"));
            }
            Err(_) => {}
        };
        let work = move || loop {
            let (stopped, bell) = &*told;
            let guard = stopped.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = bell.wait_timeout_while(guard, PERIOD, |stopped| !*stopped);
            if *waited.unwrap_or_else(PoisonError::into_inner).0 {
                return;
            }
            round();
        };
        let thread = std::thread::Builder::new().name("courier".into()).spawn(work).context("no thread")?;
        Ok(Self { stop, thread })
    }

    /// Lets it finish what it has in hand.
    pub fn stop(self) {
        let (stopped, bell) = &*self.stop;
        *stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        bell.notify_all();
        // A courier that has panicked has said so.
        drop(self.thread.join());
    }
}
