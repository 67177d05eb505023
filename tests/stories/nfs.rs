//! As a researcher whose machines share a folder by NFS I run many workers there, lose one, see the server restart, and get the run of one
//! machine, to the byte. Server and clients are Linux kernels of their own (User Mode Linux), with a network between them.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::UdpSocket;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::support::{assert_same, finished_files, folder, on_path, program, repository, run_well, text};

/// How long a command may take, and a start.
const PATIENCE: Duration = Duration::from_secs(240);

/// The last byte of its address.
const SERVER: u8 = 1;

/// A kernel of its own; its power is cut when it is dropped.
struct Machine {
    name: &'static str,
    process: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Machine {
    /// Boots, with the address 10.77.0.`number`.
    fn start(network: &Network, name: &'static str, number: u8) -> Result<Self, String> {
        let Network { folder, port } = network;
        let mut command = Command::new("linux.uml");
        command.args(["mem=768M", "rootfstype=hostfs", "rootflags=/", "ro", "con=null", "ssl=null", "ssl0=fd:0,fd:1"]);
        command.args(["console=tty0", "quiet"]);
        command.arg(format!("init={}", repository().join("tests/nfs/init").display()));
        command.arg(format!("uml_dir={}/{name}/", folder.display()));
        command.arg(format!("eth0=mcast,52:54:00:00:00:{number:02x},239.192.168.77,{port},0"));
        if number == SERVER {
            command.arg(format!("ubd0={}", network.disk().display()));
        }
        command.env("TMPDIR", "/dev/shm").process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(|error| error.to_string())?;
        let (input, output) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let (send, lines) = channel();
        std::thread::spawn(move || {
            output.split(b'\n').map_while(Result::ok).try_for_each(|line| send.send(text(&line)))
        });
        let mut machine = Self { name, process, input, lines };
        machine.ended()?;
        // By its name a server knows a client: two of one name would take each other's locks away.
        machine.run(&format!("hostname {name} && ip addr add 10.77.0.{number}/24 dev eth0 && ip link set eth0 up"))?;
        Ok(machine)
    }

    /// What the command in hand has written, when it has ended well; else that, too, as an error.
    fn ended(&mut self) -> Result<String, String> {
        let until = Instant::now() + PATIENCE;
        let mut said = String::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line =
                self.lines.recv_timeout(left).map_err(|error| format!("{}: {error} after:\n{said}", self.name))?;
            match line.trim_end().strip_prefix("ended ") {
                Some("0") => return Ok(said),
                Some(status) => return Err(format!("{} ended with {status}:\n{said}", self.name)),
                None => said.extend([line.trim_end(), "\n"]),
            }
        }
    }

    /// Begins a command, one line of the shell.
    fn begin(&mut self, command: &str) {
        assert!(!command.contains('\n'), "the machine takes a line for a command");
        writeln!(self.input, "{command}").unwrap();
        self.input.flush().unwrap();
    }

    fn run(&mut self, command: &str) -> Result<String, String> {
        self.begin(command);
        self.ended()
    }

    fn run_well(&mut self, command: &str) -> String {
        self.run(command).unwrap_or_else(|error| panic!("{command}: {error}"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(Command::new("kill").args(["-KILL", "--", &format!("-{}", self.process.id())]).output());
        drop(self.process.wait());
    }
}

/// What the machines of a story have in common.
struct Network<'a> {
    folder: &'a Path,
    port: u16,
}

impl Network<'_> {
    /// The server's, which outlives it.
    fn disk(&self) -> PathBuf {
        self.folder.join("disk")
    }

    /// An error says that there can be no such machines here, as below.
    fn server(&self) -> Result<Machine, String> {
        let mut server = Machine::start(self, "server", SERVER)?;
        server.run_well(&repository().join("tests/nfs/server").display().to_string());
        Ok(server)
    }

    fn client(&self, name: &'static str, number: u8) -> Result<Machine, String> {
        let mut client = Machine::start(self, name, number)?;
        client.run(&format!("timeout 20 bash -c '< /dev/tcp/10.77.0.{SERVER}/2049'"))?;
        client.run_well("modprobe nfsv4");
        client.run_well(&format!("timeout 60 mount -t nfs -o vers=4.2,hard 10.77.0.{SERVER}:/ /mnt/nfs"));
        Ok(client)
    }
}

/// Why there can be no such machines here, if so.
fn lacks() -> Option<&'static str> {
    let programs = ["linux.uml", "mount.nfs", "exportfs", "rpc.nfsd", "mkfs.ext4"];
    if let Some(name) =
        programs.into_iter().find(|name| on_path(&[name]).is_none() && !Path::new("/sbin").join(name).is_file())
    {
        return Some(name);
    }
    let own = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let is_root = own.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(1) == Some("0"));
    (!is_root).then_some("right to be root, as whom the machines read this one's files")
}

#[test]
fn workers_on_a_folder_shared_by_nfs_end_in_the_bytes_of_one_machine() {
    if let Some(what) = lacks() {
        eprintln!(
            "skipped: there is no {what}; `apt-get install user-mode-linux nfs-kernel-server` brings what the machines need"
        );
        return;
    }
    let folder = folder();
    let path = folder.path();
    // A port that was free a moment ago.
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let network = Network { folder: path, port };
    fs::File::create(network.disk()).unwrap().set_len(256 << 20).unwrap();
    assert!(Command::new("mkfs.ext4").arg("-q").arg(network.disk()).status().unwrap().success());
    let machines = network.server().and_then(|server| {
        let [one, two, other] =
            [("one", 2), ("two", 3), ("other", 4)].map(|(name, number)| network.client(name, number));
        Ok((server, one?, two?, other?))
    });
    let (mut server, mut one, mut two, mut other) = match machines {
        Ok(machines) => machines,
        Err(why) => {
            eprintln!("skipped: User Mode Linux does not run here, or its machines do not see each other: {why}");
            return;
        }
    };

    // Ground truth and chance: everything but networks.
    const LIMITS: &str = "limits-shapes --weights . --prompts 15 --images 4";
    let mut alone = vec!["ablate"];
    alone.extend(LIMITS.split(' '));
    alone.extend(["--out", "alone"]);
    run_well(path, &alone);
    let binary = program().display().to_string();
    let work = |shard: &str| format!("{binary} work /mnt/nfs/run --weights . --shard {shard}");
    one.run_well(&format!("{binary} plan {LIMITS} --out /mnt/nfs/run"));

    one.begin(&work("0/2"));
    two.begin(&work("1/2"));
    let wait_for = |server: &mut Machine, count: usize| {
        let until = Instant::now() + PATIENCE;
        let sealed = "ls /mnt/disk/export/run/shards 2> /dev/null | grep -c 'images.json$' || true";
        while server.run_well(sealed).trim().parse::<usize>().unwrap() < count {
            assert!(Instant::now() < until, "{count} shards within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    wait_for(&mut server, 4);
    // A third machine sees what the two have in hand, and does not disturb them.
    let status = other.run_well(&format!("{binary} status /mnt/nfs/run"));
    let in_hand = status.split_once(" in hand").and_then(|(before, _)| before.split_whitespace().last()).unwrap();
    assert!(in_hand.parse::<usize>().unwrap() > 0, "{status}");
    let merged = other.run(&format!("{binary} merge /mnt/nfs/run --weights .")).unwrap_err();
    assert!(merged.contains("another gentron is at work"), "{merged}");
    let left_open = server.run_well("ls -A /mnt/disk/export/run/shards 2> /dev/null | grep -c '^[.]nfs' || true");
    assert_eq!(left_open.trim(), "0", "nothing that was removed is still open");
    // One machine is lost for good, and then, for a while, the server. The worker that is left does not notice more than a pause.
    drop(two);
    wait_for(&mut server, 20);
    drop(server);
    let mut server = network.server().unwrap();
    one.ended().unwrap();

    let left = other.run_well(&format!("{binary} retry-plan /mnt/nfs/run --workers 2"));
    assert!(left.contains("sbatch"), "the lost machine has left something to do: {left}");
    // Both take what is left. Whoever finds a shard in other hands, also in those of the machine that is gone until the server frees its
    // locks, asks to be called again.
    other.begin(&work("0/1"));
    let until = Instant::now() + PATIENCE;
    while let Err(why) = one.run(&work("0/1")) {
        assert!(why.contains("ended with 75") && Instant::now() < until, "{why}");
        std::thread::sleep(Duration::from_secs(1));
    }
    let others = other.ended();
    assert!(others.as_ref().map_or_else(|why| why.contains("ended with 75"), |_| true), "{others:?}");
    other.run_well(&format!("{binary} merge /mnt/nfs/run --weights ."));
    one.run_well(&format!("{binary} report /mnt/nfs/run"));
    other.run_well(&format!("{binary} verify /mnt/nfs/run --weights ."));

    fs::create_dir(path.join("out")).unwrap();
    let out = path.join("out").display().to_string();
    one.run_well(&format!("mount -t hostfs none /mnt/host -o {out} && cp -r /mnt/nfs/run /mnt/host/"));
    assert_same(&finished_files(&path.join("alone")), &finished_files(&path.join("out/run")));
    server.run_well("sync");
}
