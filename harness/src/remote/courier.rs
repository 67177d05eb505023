//! Sends what a worker has sealed or encoded while it works on, and brings what others have encoded.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::mirror::{Mirror, is_embedding, shard_of};
use crate::progress;

/// How often it looks.
const PERIOD: Duration = Duration::from_millis(500);

/// How often it asks the store for what others have encoded, while its own worker encodes: a list of objects costs money.
const LOOK: Duration = Duration::from_secs(5);

/// Sends what is new. Where embeddings are among it, texts are being encoded: then those that others have sent are brought now and then,
/// and their texts are not encoded here. `looked` is when that was last done.
///
/// # Errors
/// The store cannot be reached, or refuses to take what is sent.
pub(super) fn exchange(
    mirror: &Mirror,
    wanted: &(dyn Fn(&str) -> bool + Sync),
    looked: &mut Option<Instant>,
) -> anyhow::Result<()> {
    let before = mirror.count(&is_embedding);
    mirror.push(wanted)?;
    if mirror.count(&is_embedding) > before && looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
        *looked = Some(Instant::now());
        // It saves work, and nothing depends on it.
        drop(mirror.pull(&is_embedding));
    }
    Ok(())
}

/// A thread that sends, until told to stop.
pub struct Courier {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: JoinHandle<()>,
}

impl Courier {
    /// Sends the shards of a mirror that are `own`, and embeddings; brings embeddings.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(mirror: Arc<Mirror>, own: impl Fn(&str) -> bool + Send + Sync + 'static) -> anyhow::Result<Self> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let told = Arc::clone(&stop);
        let failed = AtomicBool::new(false);
        let wanted = move |name: &str| is_embedding(name) || (shard_of(name).is_some() && own(name));
        let mut looked = None;
        let mut round = move || match exchange(&mirror, &wanted, &mut looked) {
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
