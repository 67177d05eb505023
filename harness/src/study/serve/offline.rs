//! The form without a socket.

use std::path::Path;

use axum::Router;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::{Builder, Runtime};

use super::listen::{Limits, converse};
use super::{App, router};
use crate::study::folder::Folder;

/// A study's form that is given the bytes of a connection and gives back its own: the whole server but for the accept loop, for programs
/// that try what no browser would send.
pub struct Offline {
    runtime: Runtime,
    router: Router,
}

impl Offline {
    /// Opens the study in `folder`, whose votes nobody else may be writing.
    ///
    /// # Errors
    /// As [`App::open`].
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, router: router(App::open(&Folder::open(folder)?, None, None)?) })
    }

    /// What the form answers to `bytes`, after which the other side sends nothing more. Empty where it closes the connection without a word.
    pub fn answer(&self, bytes: &[u8]) -> Vec<u8> {
        /// More than any answer: neither side waits for the other to read.
        const ROOM: usize = 4 << 20;
        self.runtime.block_on(async {
            let (mut client, server) = tokio::io::duplex(ROOM);
            let ask = async {
                let mut answer = Vec::new();
                // A server that has heard enough closes; what it said until then counts.
                if client.write_all(bytes).await.is_ok() {
                    drop(client.shutdown().await);
                }
                drop(client.read_to_end(&mut answer).await);
                answer
            };
            tokio::join!(ask, converse(server, self.router.clone(), Limits::default())).0
        })
    }
}
