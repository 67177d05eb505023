//! As an operator I ask people blind, and can swear to the votes.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{folder, gentron, program, run, run_well, text};

/// An answer over the wire.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        text(&self.body)
    }

    fn location(&self) -> String {
        let line = self.head.lines().find(|line| line.to_lowercase().starts_with("location: "));
        line.unwrap_or_else(|| panic!("no location in {}", self.head)).split_once(": ").unwrap().1.to_owned()
    }
}

/// One request on a connection of its own; `None` where the server is gone.
fn ask(address: &str, method: &str, path: &str, headers: &str, body: &str) -> Option<Answer> {
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

fn get(address: &str, path: &str) -> Answer {
    ask(address, "GET", path, "", "").expect("the server answers")
}

fn post(address: &str, path: &str, body: &str) -> Option<Answer> {
    ask(address, "POST", path, "", body)
}

/// A frozen, open study of ground truth against chance, drawn in a second without weights.
pub fn frozen(root: &Path, more: &[&str]) -> PathBuf {
    let run = root.join("run");
    run_well(
        root,
        &["generate", "limits-shapes", "--prompts", "3", "--images", "1", "--out", run.to_str().unwrap(), "--quiet"],
    );
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(run.join("manifest.json")).unwrap()).unwrap();
    let arms: Vec<&str> = manifest["run_info"]["arms"]
        .as_array()
        .unwrap()
        .iter()
        .take(2)
        .map(|arm| arm["id"].as_str().unwrap())
        .collect();
    let (arms, study) = (arms.join(","), root.join("study"));
    let mut arguments = vec!["study", "new", study.to_str().unwrap(), "--run", run.to_str().unwrap(), "--arms", &arms];
    arguments.extend(["--open", "--simulated", "--votes-per-pair", "1000"]);
    arguments.extend(more);
    run_well(root, &arguments);
    study
}

/// A server that ends with the test.
pub struct Served {
    child: Child,
    pub form: String,
    operator: String,
}

impl Served {
    pub fn of(study: &Path) -> Self {
        let mut command = gentron(study.parent().unwrap());
        command.args(["serve", study.to_str().unwrap(), "--listen", "127.0.0.1:0", "--operator", "127.0.0.1:0"]);
        command.args(["--connections-per-address", "0"]);
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut next = |name: &str| {
            let line = lines.next().unwrap_or_default();
            line.strip_prefix(name).unwrap_or_else(|| panic!("{line:?} does not begin with {name:?}")).to_owned()
        };
        let form = next("form: http://").split('/').next().unwrap().to_owned();
        let operator = next("operator: http://");
        Self { child, form, operator }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
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
fn vote(address: &str, link: &str) -> Option<String> {
    let ticket = field(&ask(address, "GET", link, "", "")?.text(), "ticket")?;
    let answered = post(address, &format!("{link}/vote"), &format!("ticket={ticket}&quality=left&alignment=tie"))?;
    (answered.status == 303).then_some(ticket)
}

/// Tickets of the ballots that have a vote in the mirror.
pub fn voted(study: &Path) -> BTreeSet<String> {
    let lines = std::fs::read_to_string(study.join("votes.jsonl")).unwrap();
    let (mut tickets, mut voted) = (Vec::new(), BTreeSet::new());
    for line in lines.lines() {
        let event = &serde_json::from_str::<serde_json::Value>(line).unwrap()["event"];
        match event["what"].as_str().unwrap() {
            "assigned" => tickets.push(event["ticket"].as_str().unwrap().to_owned()),
            "voted" => drop(voted.insert(tickets[event["ballot"].as_u64().unwrap() as usize].clone())),
            _ => {}
        }
    }
    voted
}

pub fn verify(study: &Path) -> String {
    run_well(study.parent().unwrap(), &["votes", "verify", study.to_str().unwrap()])
}

#[test]
fn a_study_goes_from_freezing_to_its_result_and_names_no_arm_on_the_way() {
    let root = folder();
    let study = frozen(root.path(), &[]);
    let path = study.to_str().unwrap();
    let design: serde_json::Value = serde_json::from_slice(&std::fs::read(study.join("study.json")).unwrap()).unwrap();
    let arms: Vec<&str> = design["arms"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|arm| [arm["id"].as_str().unwrap(), arm["label"].as_str().unwrap()])
        .collect();
    assert!(run_well(root.path(), &["study", "audit", path]).contains("blind"));

    let served = Served::of(&study);
    for _ in 0..3 {
        let link = join(&served.form).unwrap();
        let (mut seen, mut again) = (BTreeSet::new(), 0);
        loop {
            let page = get(&served.form, &link);
            let html = page.text();
            for arm in &arms {
                assert!(!html.contains(&format!(">{arm}<")) && !page.head.contains(arm), "{arm} shows in {html}");
            }
            assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
            let Some(ticket) = field(&html, "ticket") else { break };
            again += usize::from(!seen.insert(field(&html, "prompt").unwrap()));
            let pictures =
                ["one", "two"].map(|side| get(&served.form, &format!("{link}/p/{}", field(&html, side).unwrap())));
            let strip = |answer: &Answer| {
                answer.head.lines().filter(|line| !line.starts_with("date")).collect::<Vec<_>>().join("\n")
            };
            assert_eq!(strip(&pictures[0]), strip(&pictures[1]), "headers tell pictures apart");
            assert_eq!(pictures[0].body.len(), pictures[1].body.len());
            for tell in ["etag", "last-modified", "content-disposition"] {
                assert!(!pictures[0].head.to_lowercase().contains(tell));
            }
            let saved =
                post(&served.form, &format!("{link}/vote"), &format!("ticket={ticket}&quality=left&alignment=right"))
                    .unwrap();
            assert_eq!(saved.status, 303);
        }
        // Every tenth pair is gold, and may be an earlier one mirrored; all others are of prompts not seen before.
        assert!(seen.len() >= 20 && again <= (seen.len() + again) / 10, "{again} of {} again", seen.len());
        assert!(get(&served.form, &link).text().contains("Thank you"));
    }
    // The last answer is taken back, given otherwise, and the chain holds both.
    let link = join(&served.form).unwrap();
    let first = vote(&served.form, &link).unwrap();
    assert_eq!(post(&served.form, &format!("{link}/undo"), "").unwrap().status, 303);
    assert_eq!(field(&get(&served.form, &link).text(), "ticket").unwrap(), first);
    let again =
        post(&served.form, &format!("{link}/vote"), &format!("ticket={first}&quality=right&alignment=right")).unwrap();
    assert_eq!(again.status, 303);

    // The operator closes; no vote comes any more, and the result has names.
    let (operator, key) = served.operator.split_once("/enter?key=").unwrap();
    assert_eq!(get(operator, "/").status, 404, "no key, no page");
    assert_eq!(get(operator, "/enter?key=00000000000000000000000000000000").status, 404);
    let cookie = format!("cookie: operator={key}\r\n");
    let page = ask(operator, "GET", "/", &cookie, "").unwrap().text();
    assert!(page.contains("Under way") && arms.iter().all(|arm| !page.contains(&format!("{arm} against"))), "{page}");
    assert_eq!(get(&served.form, "/enter").status, 404, "the form's address has no operator");
    assert_eq!(ask(operator, "POST", "/close", &cookie, "").unwrap().status, 303);
    assert!(get(&served.form, &link).text().contains("has ended"));
    drop(served);

    assert!(verify(&study).contains("whole"));
    let said = run_well(root.path(), &["votes", "analyse", path]);
    assert!(said.starts_with("SIMULATED"), "{said}");
    let csv = run_well(root.path(), &["votes", "export", path]);
    assert!(csv.lines().count() > 3 && csv.contains("pair"), "{csv}");
    let battles = run_well(root.path(), &["votes", "export", path, "--format", "battles"]);
    assert!(battles.contains("\"winner\":\"model_a\""), "{battles}");
}

#[test]
fn a_hundred_equal_posts_are_one_vote_and_another_answer_does_not_replace_it() {
    let root = folder();
    let study = frozen(root.path(), &[]);
    let served = Served::of(&study);
    let link = join(&served.form).unwrap();
    let ticket = field(&get(&served.form, &link).text(), "ticket").unwrap();
    let body = format!("ticket={ticket}&quality=left&alignment=tie");
    std::thread::scope(|scope| {
        let posts: Vec<_> = (0..100)
            .map(|_| scope.spawn(|| post(&served.form, &format!("{link}/vote"), &body).unwrap().status))
            .collect();
        assert!(posts.into_iter().all(|post| post.join().unwrap() == 303));
    });
    let lines = std::fs::read_to_string(study.join("votes.jsonl")).unwrap();
    assert_eq!(lines.matches("\"what\":\"voted\"").count(), 1);
    let other =
        post(&served.form, &format!("{link}/vote"), &format!("ticket={ticket}&quality=right&alignment=tie")).unwrap();
    assert_eq!(other.status, 409);
}

#[test]
fn what_is_not_ours_is_refused() {
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
fn a_client_that_sends_half_a_head_is_closed() {
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

/// 20 rounds; `GENTRON_ROUNDS` names another number.
#[test]
fn killed_under_load_it_keeps_every_vote_that_it_acknowledged() {
    let rounds = std::env::var("GENTRON_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20);
    let (_, lost) = killed_under_load(rounds);
    assert!(lost.is_empty(), "{} acknowledged votes are lost", lost.len());
}

/// Kills a server under load so many times; how often it was alive until then, and which acknowledged votes it lost.
pub fn killed_under_load(rounds: u64) -> (usize, Vec<String>) {
    let root = folder();
    let study = frozen(root.path(), &[]);
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..rounds {
        let mut served = Served::of(&study);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while let Some(link) = join(&served.form) {
                        while let Some(ticket) = vote(&served.form, &link) {
                            acknowledged.lock().unwrap().insert(ticket);
                        }
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(60 + round * 37 % 240));
            // SIGKILL: no chance to tidy up.
            let id = served.child.id().to_string();
            assert!(Command::new("kill").args(["-9", &id]).status().unwrap().success());
        });
        served.kill();
    }
    let acknowledged = acknowledged.lock().unwrap();
    // Whatever the last kill cut off the mirror, the next start appends.
    drop(Served::of(&study));
    let stored = voted(&study);
    let missing: Vec<String> = acknowledged.difference(&stored).cloned().collect();
    assert!(!acknowledged.is_empty(), "somebody voted");
    println!("{rounds} rounds, {} votes acknowledged, {} stored", acknowledged.len(), stored.len());
    assert!(verify(&study).contains("whole"));

    // The votes outlive the database.
    for name in ["study.db", "study.db-wal", "study.db-shm"] {
        drop(std::fs::remove_file(study.join(name)));
    }
    let lost = run(root.path(), &["votes", "verify", study.to_str().unwrap()]);
    assert_eq!(lost.status.code(), Some(1));
    let restored = run_well(root.path(), &["votes", "verify", study.to_str().unwrap(), "--restore"]);
    assert!(restored.contains("whole"), "{restored}");
    // A server ends by being killed alone: each round it was alive.
    (rounds as usize, missing)
}

/// A limit on the size of files is what a full disk is to a writer.
#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let root = folder();
    let study = frozen(root.path(), &[]);
    let mut command = Command::new("bash");
    let script = "trap '' XFSZ; ulimit -f 160; exec \"$@\"";
    command.args(["-c", script, "bash"]).arg(program()).args(["serve", study.to_str().unwrap()]);
    command.args(["--listen", "127.0.0.1:0", "--operator", "127.0.0.1:0"]);
    let served = Served::start(command);
    let mut acknowledged = BTreeSet::new();
    let mut refused = None;
    'full: for _ in 0..400 {
        let Some(link) = join(&served.form) else { break };
        loop {
            let html = get(&served.form, &link);
            if html.status == 503 {
                break 'full;
            }
            let Some(ticket) = field(&html.text(), "ticket") else { break };
            let body = format!("ticket={ticket}&quality=left&alignment=tie&prompt=p&one=a&two=b&done=0");
            let answer = post(&served.form, &format!("{link}/vote"), &body).unwrap();
            if answer.status == 503 {
                // The answer is still in the page.
                assert!(answer.text().contains("checked") && answer.text().contains("not saved"), "{}", answer.text());
                refused = Some((link.clone(), body));
                break 'full;
            }
            acknowledged.insert(ticket);
        }
    }
    assert!(!acknowledged.is_empty());
    drop(served);
    let served = Served::of(&study);
    if let Some((link, body)) = refused {
        assert_eq!(post(&served.form, &format!("{link}/vote"), &body).unwrap().status, 303, "the retry is saved");
    }
    assert!(join(&served.form).is_some());
    assert!(acknowledged.is_subset(&voted(&study)));
    assert!(verify(&study).contains("whole"));
}
