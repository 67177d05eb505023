//! Speaking to a study's server over the wire, as a browser would and as none would.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::text;

/// An answer over the wire.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        text(&self.body)
    }

    pub fn location(&self) -> String {
        let line = self.head.lines().find(|line| line.to_lowercase().starts_with("location: "));
        line.unwrap_or_else(|| panic!("no location in {}", self.head)).split_once(": ").unwrap().1.to_owned()
    }
}

/// One request on a connection of its own; `None` where the server is gone.
pub fn ask(address: &str, method: &str, path: &str, headers: &str, body: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let form = if method == "POST" { "content-type: application/x-www-form-urlencoded\r\n" } else { "" };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{form}content-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = text(&bytes[..end]);
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: bytes[end + 4..].to_vec(), head })
}

pub fn get(address: &str, path: &str) -> Answer {
    ask(address, "GET", path, "", "").expect("the server answers")
}

pub fn post(address: &str, path: &str, body: &str) -> Option<Answer> {
    ask(address, "POST", path, "", body)
}

/// The value of a hidden field.
pub fn field(html: &str, name: &str) -> Option<String> {
    let rest = html.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    Some(rest.split('"').next()?.to_owned())
}

/// Comes in, agrees, practises; the personal link.
pub fn join(address: &str) -> Option<String> {
    let start = field(&ask(address, "GET", "/", "", "")?.text(), "start")?;
    let joined = post(address, "/join", &format!("start={start}&agree=yes"))?;
    if joined.status != 303 {
        return None;
    }
    let link = joined.location();
    let practised = post(address, &format!("{link}/practice"), "quality=left&alignment=left")?;
    (practised.status == 200).then_some(link)
}

/// Answers the pair in hand; the ticket, if the server said that it is saved.
pub fn vote(address: &str, link: &str) -> Option<String> {
    let ticket = field(&ask(address, "GET", link, "", "")?.text(), "ticket")?;
    let answered = post(address, &format!("{link}/vote"), &format!("ticket={ticket}&quality=left&alignment=tie"))?;
    (answered.status == 303).then_some(ticket)
}
