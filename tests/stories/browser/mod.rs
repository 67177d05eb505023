//! A headless Chromium, driven over its own debugging pipe: no driver program, no port, no dependency.

mod page;

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::on_path;

pub use page::{DESK, Device, PHONE, Page};

/// How long an answer of the browser may take on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// Programs that are tried, in order; `GENTRON_BROWSER` names another.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser that ends with the test.
pub struct Browser {
    child: Child,
    wire: RefCell<Wire>,
    _profile: TempDir,
}

struct Wire {
    to: ChildStdin,
    from: Receiver<Value>,
    next: u64,
    events: Vec<Value>,
}

/// Where the browser is; `None`, said aloud, where there is none.
fn program() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("GENTRON_BROWSER") {
        return Some(path.into());
    }
    let found = on_path(&PROGRAMS);
    if found.is_none() {
        eprintln!("skipped: no browser is installed (`apt-get install chromium`, or GENTRON_BROWSER=PATH)");
    }
    found
}

impl Browser {
    /// Starts one with an empty profile; `None` where none is installed.
    pub fn start() -> Option<Self> {
        let program = program()?;
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new("bash");
        // The debugging pipe is on descriptors 3 and 4, which a shell can lay on ours.
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "bash"]).arg(program);
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
        ]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let to = child.stdin.take().unwrap();
        let mut from = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while from.read_until(0, &mut message).is_ok_and(|count| count > 0) {
                message.pop();
                if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
                message.clear();
            }
        });
        let wire = Wire { to, from: receiver, next: 0, events: Vec::new() };
        Some(Self { child, wire: RefCell::new(wire), _profile: profile })
    }

    /// A page of a visitor whom nothing connects with those of other pages.
    pub fn page(&self, device: &Device) -> Page<'_> {
        let context = self.call("", "Target.createBrowserContext", &json!({})).unwrap();
        let target = json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
        let target = self.call("", "Target.createTarget", &target).unwrap();
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call("", "Target.attachToTarget", &attach).unwrap();
        Page::new(self, session["sessionId"].as_str().unwrap().to_owned(), device)
    }

    /// Asks for something and waits for the answer; what happens meanwhile is kept. `Err` is the browser's own refusal.
    fn call(&self, session: &str, method: &str, parameters: &Value) -> Result<Value, String> {
        let mut wire = self.wire.borrow_mut();
        wire.next += 1;
        let id = wire.next;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !session.is_empty() {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        wire.to.write_all(&bytes).unwrap();
        loop {
            let answer = wire.from.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer to {method}"));
            if answer["id"] != id {
                wire.events.push(answer);
            } else if answer["error"].is_null() {
                return Ok(answer["result"].clone());
            } else {
                return Err(answer["error"]["message"].to_string());
            }
        }
    }

    /// What of this kind has happened in a page so far.
    fn events(&self, session: &str, method: &str) -> Vec<Value> {
        let mut wire = self.wire.borrow_mut();
        while let Ok(event) = wire.from.try_recv() {
            wire.events.push(event);
        }
        let of = wire.events.iter().filter(|event| event["sessionId"] == session && event["method"] == method);
        of.map(|event| event["params"].clone()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
