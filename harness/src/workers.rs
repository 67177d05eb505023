//! A few threads that take pieces of work in order until all is done, something fails, or a stop is asked for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::failure::Interrupted;
use crate::interrupt;

/// How the work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every piece is done.
    Complete,
    /// A stop was asked for; some pieces were not begun.
    Stopped,
}

/// Calls `work` once for each piece, on `threads` threads. A piece that was begun is finished, but for one that fails with [`Interrupted`]:
/// that one had waited for its turn, and is no failure.
///
/// # Errors
/// The first failure; the others finish what they have in hand.
pub fn for_each<T: Sync>(
    threads: usize,
    pieces: &[T],
    work: impl Fn(&T) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<Ended> {
    match until(threads, pieces, work, interrupt::requested) {
        Err(error) if error.is::<Interrupted>() => Ok(Ended::Stopped),
        ended => ended,
    }
}

/// The same to the end, also when a stop is asked for: what must be safe before the process goes.
///
/// # Errors
/// The first failure; the others finish what they have in hand.
pub fn all<T: Sync>(
    threads: usize,
    pieces: &[T],
    work: impl Fn(&T) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<()> {
    until(threads, pieces, work, || false).map(drop)
}

fn until<T: Sync>(
    threads: usize,
    pieces: &[T],
    work: impl Fn(&T) -> anyhow::Result<()> + Sync,
    stop: impl Fn() -> bool + Sync,
) -> anyhow::Result<Ended> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let failure: Mutex<Option<anyhow::Error>> = Mutex::new(None);
    let run = || {
        while !failed.load(Ordering::Relaxed) && !stop() {
            let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
            if let Err(error) = work(piece) {
                failed.store(true, Ordering::Relaxed);
                let mut first = failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                // Whoever only waited must not hide what went wrong.
                if first.as_ref().is_none_or(|first| first.is::<Interrupted>()) {
                    *first = Some(error);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(pieces.len()) {
            scope.spawn(run);
        }
        run();
    });
    if let Some(error) = failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        return Err(error);
    }
    let all_begun = next.load(Ordering::Relaxed) >= pieces.len();
    Ok(if all_begun { Ended::Complete } else { Ended::Stopped })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_worked_on_once() {
        let pieces: Vec<usize> = (0..100).collect();
        let sum = AtomicUsize::new(0);
        let ended = for_each(3, &pieces, |piece| {
            sum.fetch_add(*piece, Ordering::Relaxed);
            Ok(())
        });
        assert_eq!(ended.unwrap(), Ended::Complete);
        assert_eq!(sum.into_inner(), 4950);
    }

    #[test]
    fn the_first_failure_stops_the_others() {
        let begun = AtomicUsize::new(0);
        let pieces: Vec<usize> = (0..1000).collect();
        let result = for_each(2, &pieces, |piece| {
            begun.fetch_add(1, Ordering::Relaxed);
            anyhow::ensure!(*piece != 5, "piece 5");
            Ok(())
        });
        assert_eq!(result.unwrap_err().to_string(), "piece 5");
        assert!(begun.into_inner() < 1000);
    }

    #[test]
    fn whoever_was_interrupted_while_it_waited_has_not_failed_and_hides_no_failure() {
        let interrupted = || Err(anyhow::Error::new(Interrupted).context("cannot draw the batch"));
        assert_eq!(for_each(2, &[1, 2, 3], |_: &u32| interrupted()).unwrap(), Ended::Stopped);
        let waits = |piece: &u32| {
            if *piece == 1 {
                return interrupted();
            }
            std::thread::sleep(std::time::Duration::from_millis(300));
            anyhow::bail!("piece {piece}")
        };
        assert_eq!(for_each(2, &[2, 1], waits).unwrap_err().to_string(), "piece 2");
    }
}
