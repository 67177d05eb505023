//! What a server must not do, whoever asks.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use super::served::{Served, frozen, voted};
use super::wire::{ask, field, get, join, post, vote};
use crate::support::{files, folder, run};

/// A hundred equal posts at once, spread over these servers, are one vote in this mirror; another answer is refused.
pub fn a_hundred_equal_posts(servers: &[Served], study: &Path) {
    let address = |turn: usize| servers[turn % servers.len()].form.as_str();
    let link = join(address(0)).unwrap();
    let ticket = field(&get(address(1), &link).text(), "ticket").unwrap();
    let vote = format!("{link}/vote");
    let body = format!("ticket={ticket}&quality=left&alignment=tie");
    std::thread::scope(|scope| {
        let post = |turn| (turn, post(address(turn), &vote, &body).unwrap().status);
        let posts: Vec<_> = (0..100).map(|turn| scope.spawn(move || post(turn))).collect();
        posts.into_iter().for_each(|post| assert_eq!(post.join().unwrap().1, 303));
    });
    let other = format!("ticket={ticket}&quality=right&alignment=tie");
    assert_eq!(post(address(0), &vote, &other).unwrap().status, 409);
    // A join is an event, with which a server's mirror catches up.
    assert!(join(address(0)).is_some());
    let lines = std::fs::read_to_string(study.join("votes.jsonl")).unwrap();
    assert_eq!(lines.matches("\"what\":\"voted\"").count(), 1);
}

#[test]
pub fn a_hundred_equal_posts_are_one_vote_and_another_answer_does_not_replace_it() {
    let root = folder();
    let study = frozen(root.path(), &[]);
    a_hundred_equal_posts(&[Served::of(&study)], &study);
}

#[test]
pub fn what_is_not_ours_is_refused() {
    let root = folder();
    let study = frozen(root.path(), &[]);
    let served = Served::of(&study);
    let (mine, theirs) = (join(&served.form).unwrap(), join(&served.form).unwrap());
    let html = get(&served.form, &theirs).text();
    let (ticket, picture) = (field(&html, "ticket").unwrap(), field(&html, "one").unwrap());
    assert_eq!(get(&served.form, &format!("{mine}/p/{picture}")).status, 404, "another rater's picture");
    assert_eq!(get(&served.form, &format!("{theirs}/p/{picture}")).status, 200);
    let body = format!("ticket={ticket}&quality=left&alignment=left");
    assert_eq!(post(&served.form, &format!("{mine}/vote"), &body).unwrap().status, 404, "another rater's ballot");
    assert_eq!(get(&served.form, "/r/00000000000000000000000000000000").status, 404);
    for path in
        ["/r/../../etc/passwd", "/static/../study.json", "/static/%2e%2e/secret.json", "/study.json", "/pictures/"]
    {
        assert_eq!(get(&served.form, path).status, 404, "{path}");
    }
    let vote = format!("{theirs}/vote");
    for header in [
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: same-site\r\n",
        "origin: http://elsewhere\r\n",
        "origin: null\r\n",
    ] {
        assert_eq!(ask(&served.form, "POST", &vote, header, &body).unwrap().status, 403, "{header}");
    }
    let large = format!("{body}&more={}", "x".repeat(9000));
    assert_eq!(post(&served.form, &vote, &large).unwrap().status, 413);
    assert_eq!(post(&served.form, &vote, &format!("ticket={ticket}&quality=left")).unwrap().status, 422);
    assert_eq!(
        post(&served.form, &vote, &format!("ticket={ticket}&quality=left&alignment=maybe")).unwrap().status,
        422
    );
    assert!(voted(&study).is_empty());
    let again =
        run(root.path(), &["serve", study.to_str().unwrap(), "--listen", "127.0.0.1:0", "--operator", "127.0.0.1:0"]);
    crate::support::refuses(&again, "another gentron writes the votes");
}

#[test]
pub fn a_client_that_sends_half_a_head_is_closed() {
    let root = folder();
    let served = Served::of(&frozen(root.path(), &[]));
    let mut slow = TcpStream::connect(&served.form).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let began = Instant::now();
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).expect("closed by the server, not by our own time limit");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[test]
pub fn a_rater_a_study_and_an_address_have_limits() {
    let root = folder();
    let study = frozen(root.path(), &["--pairs-per-rater", "2", "--most-raters", "2", "--gold-every", "0"]);
    let served = Served::with(&study, &["--connections-per-address", "3"]);
    // Of eight connections that one address holds, three are served and five closed.
    let hold = |_| {
        let mut stream = TcpStream::connect(&served.form).ok()?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").ok()?;
        let mut byte = [0];
        (stream.read(&mut byte).ok()? == 1).then_some(stream)
    };
    let held: Vec<TcpStream> = (0..8).filter_map(hold).collect();
    assert_eq!(held.len(), 3);
    drop(held);
    // Who has gone makes room, as soon as the server has seen it.
    let began = Instant::now();
    let come = || loop {
        if let Some(link) = join(&served.form) {
            return link;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "nobody gets in any more");
        std::thread::sleep(Duration::from_millis(20));
    };
    let links = [come(), come()];
    assert!(join(&served.form).is_none(), "a third rater of a study for two");
    for link in &links {
        let tickets = [vote(&served.form, link).unwrap(), vote(&served.form, link).unwrap()];
        assert_eq!(vote(&served.form, link), None, "a third pair for a rater of two");
        assert!(get(&served.form, link).text().contains("Thank you"));
        assert!(tickets.iter().all(|ticket| voted(&study).contains(ticket)));
    }
    assert_eq!(voted(&study).len(), 4);
}

#[test]
pub fn neither_an_address_nor_a_browsers_name_is_kept() {
    const TELLTALES: [&str; 3] = ["127.0.0.1", "203.0.113.77", "tell-tale"];
    const HEADERS: &str = "x-forwarded-for: 203.0.113.77\r\nforwarded: for=203.0.113.77\r\nx-real-ip: 203.0.113.77\r\nuser-agent: tell-tale/1.0\r\n";
    let root = folder();
    let study = frozen(root.path(), &[]);
    let served = Served::of(&study);
    let ask = |method, path: &str, body: &str| ask(&served.form, method, path, HEADERS, body).unwrap();
    let start = field(&ask("GET", "/", "").text(), "start").unwrap();
    let link = ask("POST", "/join", &format!("start={start}&agree=yes")).location();
    assert_eq!(ask("POST", &format!("{link}/practice"), "quality=left&alignment=left").status, 200);
    let ticket = field(&ask("GET", &link, "").text(), "ticket").unwrap();
    let body = format!("ticket={ticket}&quality=left&alignment=left");
    assert_eq!(ask("POST", &format!("{link}/vote"), &body).status, 303);
    assert_eq!(voted(&study).len(), 1);
    // The server is still running: what is in the write-ahead log counts, too.
    for (name, bytes) in files(&study) {
        let text = String::from_utf8_lossy(&bytes);
        let told = TELLTALES.iter().find(|tell| text.contains(**tell));
        // Where the votes are is a server's address, and no rater's.
        assert!(told.is_none() || name == "database.txt", "{name} tells {told:?}");
    }
}
