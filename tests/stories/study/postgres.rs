//! A study that has outgrown one machine: several servers, one PostgreSQL.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::browser;
use super::durable::{killed_again_and_again, killed_under_load};
use super::refusals::{self, a_hundred_equal_posts};
use super::served::{Served, frozen, voted};
use super::wire::{field, get, join, post, vote};
use super::{nasty, whole};
use crate::support::{copy_folder, folder, gentron, refuses, run, run_well, with_votes_in};

/// A database server on loopback, which ends with the test.
struct Database {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    owner: Option<(u32, u32)>,
    server: Option<Child>,
}

/// Debian keeps the server's programs out of the path.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = versions.map(|version| version.path().join("bin")).chain(std::env::split_paths(&path));
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

fn number(flag: &str) -> Option<u32> {
    let output = Command::new("id").args([flag, "postgres"]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

impl Database {
    /// Starts one; `None`, said aloud, where PostgreSQL is not installed.
    fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: no PostgreSQL is installed (`apt-get install postgresql`)");
            return None;
        };
        // It refuses to run as root, and has a user of its own where a package installed it.
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout.starts_with(b"0\n");
        let owner = if is_root { number("-u").zip(number("-g")) } else { None };
        if is_root && owner.is_none() {
            eprintln!("skipped: PostgreSQL does not run as root, and there is no user `postgres`");
            return None;
        }
        let folder = folder();
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut database = Self { folder, programs, port, owner, server: None };
        let made = database
            .command("initdb")
            .args(["--no-sync", "--auth=trust", "--username=gentron", "--encoding=UTF8", "--locale=C"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        database.up();
        Some(database)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-D").arg(self.folder.path().join("data")).current_dir(self.folder.path());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn up(&mut self) {
        let mut command = self.command("postgres");
        command.args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        command.args(["-c", "unix_socket_directories="]).stdout(Stdio::null()).stderr(Stdio::null());
        self.server = Some(command.spawn().unwrap());
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops it at once, as a crash would.
    fn down(&mut self) {
        if let Some(mut server) = self.server.take() {
            // SIGQUIT takes the server's other processes with it.
            drop(Command::new("kill").args(["-QUIT", &server.id().to_string()]).status());
            drop(server.wait());
        }
    }

    /// Studies that it has votes of.
    fn studies(&self) -> usize {
        const COUNT: &str = "SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE 'gentron\\_%'";
        let output = Command::new(self.programs.join("psql")).args([&self.address(), "-AtXc", COUNT]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or_else(|_| panic!("{output:?}"))
    }

    fn address(&self) -> String {
        format!("postgres://gentron@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.down();
    }
}

/// Every story of a study that does not itself break SQLite's files or say where its votes are.
const STORIES: [fn(); 11] = [
    browser::three_raters_in_a_browser_do_a_whole_study,
    crate::fuzz::no_request_takes_the_form_down_or_casts_a_vote,
    refusals::a_hundred_equal_posts_are_one_vote_and_another_answer_does_not_replace_it,
    refusals::what_is_not_ours_is_refused,
    refusals::a_rater_a_study_and_an_address_have_limits,
    refusals::a_client_that_sends_half_a_head_is_closed,
    refusals::neither_an_address_nor_a_browsers_name_is_kept,
    whole::a_study_goes_from_freezing_to_its_result_and_names_no_arm_on_the_way,
    whole::votes_of_a_closed_study_flow_into_the_report_of_the_run,
    whole::a_hundred_of_partiprompts_are_asked_from_bare_folders,
    nasty::nasty_prompts_are_text_in_the_form_and_in_every_export,
];

/// What holds for SQLite holds here, by the same stories.
#[test]
fn the_stories_of_a_study_hold_on_postgresql() {
    let Some(database) = Database::start() else { return };
    with_votes_in(&database.address(), || {
        STORIES.iter().for_each(|story| story());
        let (_, lost) = killed_under_load(5);
        assert!(lost.is_empty(), "{} acknowledged votes are lost", lost.len());
    });
    // One a story and the last one; two skip themselves where there is no browser, or no official prompts.
    assert!(database.studies() >= STORIES.len() - 1, "none went to SQLite by mistake");
}

/// A database that takes nobody without TLS, under a certificate of this test's own.
#[test]
fn votes_go_to_a_database_by_tls_and_only_to_one_whose_certificate_is_known() {
    let Some(mut database) = Database::start() else { return };
    let path = database.folder.path().to_owned();
    let (key, certificate) = (path.join("server.key"), path.join("server.crt"));
    let wanted = path.join("request.cnf");
    let request = "[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = v3\n[dn]\nCN = localhost\n\
                   [v3]\nbasicConstraints = CA:FALSE\nsubjectAltName = DNS:localhost,IP:127.0.0.1\n";
    std::fs::write(&wanted, request).unwrap();
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-config"]).arg(&wanted);
    let made = openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate).stderr(Stdio::null()).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no openssl on this machine");
        return;
    }
    if let Some((user, group)) = database.owner {
        chown(&key, Some(user), Some(group)).unwrap();
    }
    database.down();
    std::fs::write(path.join("data/pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n").unwrap();
    let settings =
        format!("ssl = on\nssl_key_file = '{}'\nssl_cert_file = '{}'\n", key.display(), certificate.display());
    std::fs::write(path.join("data/postgresql.auto.conf"), settings).unwrap();
    database.up();
    let tls = format!("{}?sslmode=require", database.address());
    let answers = || {
        let mut psql = Command::new(database.programs.join("psql"));
        psql.args([&tls, "-Xc", "SELECT 1"]).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    };
    // It listens before it has put right what was left by its end.
    let began = Instant::now();
    while !answers() {
        assert!(began.elapsed() < Duration::from_secs(30), "it takes nobody by TLS");
        std::thread::sleep(Duration::from_millis(50));
    }

    let root = folder();
    let study = frozen(root.path(), &[]);
    let serve = |address: &str| {
        let mut command = gentron(root.path());
        command.args(["serve", study.to_str().unwrap(), "--listen", "127.0.0.1:0", "--operator", "127.0.0.1:0"]);
        command.args(["--database", address]);
        command
    };
    refuses(&serve(&database.address()).output().unwrap(), "no encryption");
    refuses(&serve(&tls).output().unwrap(), "invalid peer certificate");
    let mut known = serve(&tls);
    known.env("SSL_CERT_FILE", &certificate);
    let served = Served::start(known);
    let link = join(&served.form).expect("the form lets people in");
    vote(&served.form, &link).expect("the vote is saved");
    drop(served);
    assert_eq!(voted(&study).len(), 1);
    assert_eq!(database.studies(), 1);
}

/// A second machine's copy of a study's folder.
fn copy(study: &Path) -> PathBuf {
    let root = study.parent().unwrap().join("elsewhere");
    copy_folder(study, &root.join("study"));
    root.join("study")
}

#[test]
fn two_servers_on_one_database_lose_nothing_and_count_nothing_twice() {
    let Some(mut database) = Database::start() else { return };
    let root = folder();
    let here = frozen(root.path(), &[]);
    let there = copy(&here);
    let address = database.address();
    let with = |study: &Path| Served::with(study, &["--database", &address]);
    let both = || vec![with(&here), with(&there)];

    let servers = both();
    a_hundred_equal_posts(&servers, &here);
    // Who came here goes on there, pictures included.
    let link = join(&servers[0].form).unwrap();
    let html = get(&servers[0].form, &link).text();
    assert_eq!(get(&servers[1].form, &format!("{link}/p/{}", field(&html, "one").unwrap())).status, 200);
    assert_eq!(field(&get(&servers[1].form, &link).text(), "ticket"), field(&html, "ticket"));

    // Without its database a server refuses, keeps the answer in the page, and takes it when the database is back.
    let body = |html: &str| {
        format!("ticket={}&quality=left&alignment=tie&prompt=p&one=a&two=b&done=0", field(html, "ticket").unwrap())
    };
    database.down();
    let refused = post(&servers[0].form, &format!("{link}/vote"), &body(&html)).unwrap();
    assert!(refused.status == 503 && refused.text().contains("checked"), "{} {}", refused.status, refused.text());
    database.up();
    let began = Instant::now();
    while post(&servers[0].form, &format!("{link}/vote"), &body(&html)).unwrap().status != 303 {
        assert!(began.elapsed() < Duration::from_secs(30), "the server finds its database again");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(servers);

    let acknowledged = killed_again_and_again(8, both);
    assert!(!acknowledged.is_empty(), "somebody voted");
    for study in [&here, &there] {
        let path = study.to_str().unwrap();
        // Its mirror catches up when it is started.
        drop(with(study));
        let stored: BTreeSet<String> = voted(study);
        assert!(acknowledged.is_subset(&stored), "{} votes are lost", acknowledged.difference(&stored).count());
        let said = run_well(root.path(), &["votes", "verify", path, "--database", &address]);
        assert!(said.contains("whole"), "{said}");
        // Nobody goes on by mistake with what the folder had before.
        refuses(&run(root.path(), &["votes", "export", path]), "are in PostgreSQL");
    }
    let path = here.to_str().unwrap();
    let csv = run_well(root.path(), &["votes", "export", path, "--database", &address]);
    assert!(csv.lines().count() > acknowledged.len(), "{} lines", csv.lines().count());
    refuses(&run(root.path(), &["votes", "verify", path, "--restore", "--database", &address]), "already");
}

/// The votes outlive their database: an empty one takes them from a mirror.
#[test]
fn an_empty_database_is_filled_from_the_mirror_and_a_wrong_one_refused() {
    let Some(database) = Database::start() else { return };
    let root = folder();
    let study = frozen(root.path(), &[]);
    let path = study.to_str().unwrap();
    let served = Served::of(&study);
    let link = join(&served.form).unwrap();
    assert_eq!(get(&served.form, &link).status, 200);
    drop(served);
    let address = database.address();
    let said = run_well(root.path(), &["votes", "verify", path, "--restore", "--database", &address]);
    assert!(said.contains("whole"), "{said}");
    let served = Served::with(&study, &["--database", &address]);
    assert!(field(&get(&served.form, &link).text(), "ticket").is_some());
    drop(served);
    let nowhere = "postgres://gentron@127.0.0.1:1/postgres";
    refuses(&run(root.path(), &["votes", "verify", path, "--restore", "--database", nowhere]), "cannot reach");
    refuses(&run(root.path(), &["votes", "export", path, "--database", "nonsense"]), "address");
}
