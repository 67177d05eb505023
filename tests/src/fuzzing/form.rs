//! The raters' form, asked by a rater who has joined and by whoever else.

use std::ffi::OsString;
use std::sync::OnceLock;

use gentron_harness::study::serve::Offline;

use super::new_folder;

/// A study in memory, and what a rater of it knows.
struct Form {
    offline: Offline,
    /// The rater's page.
    link: String,
    /// Of the pair in hand.
    ticket: String,
}

/// The bytes of a connection: `LINK` and `TICKET` in them stand for what the rater knows, so that mutations get past the door.
pub fn http(bytes: &[u8]) {
    static FORM: OnceLock<Form> = OnceLock::new();
    let form = FORM.get_or_init(Form::new);
    let request = replaced(&replaced(bytes, b"LINK", form.link.as_bytes()), b"TICKET", form.ticket.as_bytes());
    let answer = form.offline.answer(&request);
    assert!(!answer.starts_with(b"HTTP/1.1 5"), "{}", String::from_utf8_lossy(&answer));
}

impl Form {
    fn new() -> Self {
        let root = new_folder();
        let (run, study) = (root.join("run"), root.join("study"));
        let gentron = |arguments: &[&std::ffi::OsStr]| {
            let arguments = std::iter::once("gentron".into()).chain(arguments.iter().map(OsString::from));
            let code = gentron_harness::run(arguments.collect::<Vec<_>>());
            assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
        };
        let generate = ["generate", "limits-shapes", "--prompts", "3", "--images", "1", "--quiet", "--out"];
        gentron(&[&generate.map(str::as_ref)[..], &[run.as_os_str()]].concat());
        // Few raters, so that an hour of them stays small.
        let rules = ["--open", "--simulated", "--most-raters", "20", "--arms", "truth,chance", "--run"];
        let words = [&["study", "new"].map(str::as_ref)[..], &[study.as_os_str()], &rules.map(str::as_ref)[..]];
        gentron(&[words.concat(), vec![run.as_os_str()]].concat());
        let offline = Offline::open(&study).unwrap_or_else(|error| panic!("{error:#}"));
        let ask = |method: &str, path: &str, body: &str| {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            String::from_utf8_lossy(&offline.answer(request.as_bytes())).into_owned()
        };
        let start = field(&ask("GET", "/", ""), "start");
        let joined = ask("POST", "/join", &format!("start={start}&agree=yes"));
        let link = joined.lines().find_map(|line| line.strip_prefix("location: ")).map(str::to_owned);
        let link = link.unwrap_or_else(|| panic!("no link in {joined}"));
        drop(ask("POST", &format!("{link}/practice"), "quality=left&alignment=left"));
        let ticket = field(&ask("GET", &link, ""), "ticket");
        Self { offline, link, ticket }
    }
}

/// The value of a hidden field.
fn field(page: &str, name: &str) -> String {
    let value = page.split(&format!("name=\"{name}\" value=\"")).nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("no {name} in {page}")).to_owned()
}

/// `bytes` with each `word` in them replaced.
fn replaced(bytes: &[u8], word: &[u8], by: &[u8]) -> Vec<u8> {
    let (mut replaced, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let Some(at) = rest.windows(word.len()).position(|window| window == word) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(by);
        rest = &rest[at + word.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}
