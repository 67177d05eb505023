//! A small HTTP server on this machine, as a mirror of official files.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Serves until the test's process ends.
pub struct Server {
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Answers with the bytes of the file whose name ends the path, and with 404 where there is none.
    pub fn new(files: BTreeMap<String, Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                answer(stream, &files);
            }
        });
        Self { address, requests }
    }

    /// How often it was asked.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// One request a connection; a client that goes away is no concern of ours.
fn answer(mut stream: TcpStream, files: &BTreeMap<String, Vec<u8>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    // The rest of the head, up to the empty line.
    let _head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let file = files.get(path.rsplit('/').next().unwrap_or_default());
    let status = if file.is_some() { "200 OK" } else { "404 Not Found" };
    let body = file.map_or(&b"not here"[..], Vec::as_slice);
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)));
}
