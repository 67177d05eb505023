//! Bringing files over HTTP: one client, with time limits, through the proxies that the environment names.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use gentron_suites::fetch::Fetch;
use reqwest::{Client, ClientBuilder};
use tokio::runtime::{Builder, Runtime};

use crate::failure::Interrupted;
use crate::{interrupt, version};

/// The variable that names another server with the same paths: a mirror.
pub const BASE: &str = "GENTRON_FETCH_BASE";

/// Nothing to connect to after so long.
const CONNECT: Duration = Duration::from_secs(10);
/// Nothing more came for so long.
const SILENCE: Duration = Duration::from_secs(30);
/// Larger than any file of prompts; whoever sends more sends something else.
const MOST_BYTES: usize = 32 << 20;

/// An HTTP client.
pub struct Downloader {
    client: Client,
    runtime: Runtime,
    base: Option<String>,
}

/// A client's settings that all of them share.
pub fn client() -> ClientBuilder {
    Client::builder()
        .user_agent(format!("gentron/{}", version::VERSION.split(' ').next().unwrap_or_default()))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
}

impl Downloader {
    /// A client that honours `HTTPS_PROXY` and its kin, the system's certificates, and [`BASE`].
    ///
    /// # Errors
    /// The system has no certificates that can be read, or no threads.
    pub fn new() -> anyhow::Result<Self> {
        let client = client().build()?;
        let base = std::env::var(BASE).ok().filter(|base| !base.is_empty());
        Ok(Self { client, runtime: Builder::new_current_thread().enable_all().build()?, base })
    }

    /// The address that is asked instead of `url`.
    fn address(&self, url: &str) -> String {
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        self.base.as_ref().map_or_else(|| url.to_owned(), |base| format!("{}/{path}", base.trim_end_matches('/')))
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let mut response = self.client.get(url).send().await?.error_for_status()?;
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > MOST_BYTES {
                return Err(format!("more than {} MiB came", MOST_BYTES >> 20).into());
            }
            if interrupt::requested() {
                return Err(Interrupted.into());
            }
        }
        Ok(bytes)
    }
}

impl Fetch for Downloader {
    fn fetch(&self, url: &str) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let address = self.address(url);
        self.runtime.block_on(self.get(&address)).map_err(|error| chain(error.as_ref(), &address).into())
    }
}

/// The error and its causes in one line: the last one says what happened ("Connection refused").
fn chain(error: &dyn Error, address: &str) -> String {
    let mut text =
        error.to_string().replace(&format!(" for url ({address})"), "").replace(&format!(" ({address})"), "");
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {words}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_has_the_same_paths() {
        let mut downloader = Downloader::new().unwrap();
        let url = "https://example.org/a/b/c.txt";
        downloader.base = None;
        assert_eq!(downloader.address(url), url);
        downloader.base = Some("http://127.0.0.1:9/m/".into());
        assert_eq!(downloader.address(url), "http://127.0.0.1:9/m/a/b/c.txt");
    }
}
