//! The accept loop. Our own, because a client that sends nothing, or a byte a minute, must not hold a connection: heads have a time limit
//! (which, between requests, is the limit of idleness), bodies have one in [`super::guard`], and connections are counted.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Limits of the accept loop.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address; 0 is no limit, for a proxy in front.
    pub per_address: usize,
    /// Until a request's head is here, from the connection's beginning or the answer before.
    pub head: Duration,
    /// A connection's whole life.
    pub life: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 2048, per_address: 64, head: Duration::from_secs(10), life: Duration::from_secs(600) }
    }
}

/// Serves until the program is asked to stop.
///
/// # Errors
/// The listener fails for good.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits) -> std::io::Result<()> {
    let places = Arc::new(Semaphore::new(limits.connections));
    let addresses: Arc<Mutex<HashMap<IpAddr, usize>>> = Arc::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = tokio::time::sleep(Duration::from_millis(100)) => {
                if crate::interrupt::requested() {
                    return Ok(());
                }
                continue;
            }
        };
        let Ok((stream, peer)) = accepted else {
            // Out of file descriptors, or the client has gone: others may fare better in a moment.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Beyond the limits a connection is closed at once.
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let Some(seat) = Seat::take(&addresses, peer, limits.per_address) else { continue };
        let router = router.clone();
        tokio::spawn(async move {
            drop(stream.set_nodelay(true));
            converse(stream, router, limits).await;
            drop((place, seat));
        });
    }
}

/// Answers what comes over one connection until its end.
pub(super) async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, router: Router, limits: Limits) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(16 * 1024);
    // Who has said all may still listen.
    builder.half_close(true);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // However it ends, the client has had its answers, or has gone.
    drop(tokio::time::timeout(limits.life, connection).await);
}

/// A connection counted under its address, in memory alone.
struct Seat {
    addresses: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl Seat {
    fn take(addresses: &Arc<Mutex<HashMap<IpAddr, usize>>>, peer: SocketAddr, most: usize) -> Option<Self> {
        let address = peer.ip();
        let mut counts = addresses.lock().ok()?;
        let count = counts.entry(address).or_default();
        if most > 0 && *count >= most {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Self { addresses: Arc::clone(addresses), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Ok(mut counts) = self.addresses.lock()
            && let Some(count) = counts.get_mut(&self.address)
        {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
