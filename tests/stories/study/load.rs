//! As an operator I announce the link, and a thousand people come at once. Run it by itself: `-- --ignored --nocapture a_thousand`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use super::served::{Served, frozen, verify, voted};
use super::wire::{field, join};
use crate::support::{folder, text};

/// A connection that stays, as a browser's does.
struct Kept {
    stream: TcpStream,
    address: String,
}

impl Kept {
    fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, String) {
        let form = if method == "POST" {
            "content-type: application/x-www-form-urlencoded\r\naccept: application/json\r\n"
        } else {
            ""
        };
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{form}content-length: {length}\r\n\r\n{body}",
            self.address
        );
        self.stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        let mut buffer = [0; 16384];
        loop {
            let count = self.stream.read(&mut buffer).unwrap();
            assert!(count > 0, "the server closed the connection");
            bytes.extend_from_slice(&buffer[..count]);
            let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = text(&bytes[..end]).to_lowercase();
            let length: usize =
                head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().trim().parse().unwrap();
            if bytes.len() >= end + 4 + length {
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                return (status, text(&bytes[end + 4..end + 4 + length]));
            }
        }
    }
}

/// Each of a thousand raters votes every two seconds or so, which is faster than anybody looks. The time is that of the vote's request.
#[test]
#[ignore = "a load test, to be run on a machine that does nothing else"]
fn a_thousand_raters_vote_at_once_and_no_vote_is_lost() {
    const RATERS: usize = 1000;
    const VOTES: usize = 5;
    let root = folder();
    let study = frozen(root.path(), &["--gold-every", "0"]);
    let served = Served::of(&study);
    let links: Vec<String> = (0..RATERS).map(|_| join(&served.form).unwrap()).collect();
    let barrier = Barrier::new(RATERS);
    let (mut times, mut tickets) = (Vec::new(), Vec::new());
    let began = Instant::now();
    std::thread::scope(|scope| {
        let rater = |(index, link): (usize, &String)| {
            let mut connection =
                Kept { stream: TcpStream::connect(&served.form).unwrap(), address: served.form.clone() };
            let (link, barrier) = (link.clone(), &barrier);
            std::thread::Builder::new()
                .stack_size(256 * 1024)
                .spawn_scoped(scope, move || {
                    barrier.wait();
                    std::thread::sleep(Duration::from_millis((index * 2) as u64));
                    let mut cast = Vec::new();
                    for _ in 0..VOTES {
                        let (_, html) = connection.ask("GET", &link, "");
                        let Some(ticket) = field(&html, "ticket") else { break };
                        std::thread::sleep(Duration::from_millis(1500 + (index * 7919 % 1000) as u64));
                        let body = format!("ticket={ticket}&quality=left&alignment=tie");
                        let asked = Instant::now();
                        let (status, _) = connection.ask("POST", &format!("{link}/vote"), &body);
                        assert_eq!(status, 200);
                        cast.push((asked.elapsed(), ticket));
                    }
                    cast
                })
                .unwrap()
        };
        let raters: Vec<_> = links.iter().enumerate().map(rater).collect();
        for rater in raters {
            for (time, ticket) in rater.join().unwrap() {
                times.push(time);
                tickets.push(ticket);
            }
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    times.sort();
    let quantile = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    // The most that the server ever held; where /proc does not tell, nothing is said.
    let status = std::fs::read_to_string(format!("/proc/{}/status", served.child.id())).unwrap_or_default();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map_or("?", str::trim);
    println!(
        "{RATERS} raters, {} votes in {seconds:.1} s ({:.0} a second): p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms; server {memory}",
        times.len(),
        times.len() as f64 / seconds,
        quantile(0.5),
        quantile(0.99),
        quantile(1.0)
    );
    let stored = voted(&study);
    assert!(tickets.iter().all(|ticket| stored.contains(ticket)), "a vote is lost");
    assert_eq!(tickets.len(), RATERS * VOTES);
    drop(served);
    assert!(verify(&study).contains("whole"));
}
