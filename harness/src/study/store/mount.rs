//! On what kind of file system a folder is.

use std::path::Path;

use crate::failure::refuse;

/// Kinds that several machines share over a network. SQLite's write-ahead log lives in memory that all its users share, which machines do
/// not; the file system lets them try.
const SHARED: [&str; 20] = [
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "fuse.ceph",
    "fuse.ceph-fuse",
    "fuse.gcsfuse",
    "fuse.glusterfs",
    "fuse.juicefs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "gpfs",
    "lustre",
    "nfs",
    "nfs4",
    "orangefs",
    "smb3",
    "wekafs",
];

/// Votes are not written, nor read while another machine may write them, where its lock and its log cannot be seen.
///
/// # Errors
/// The folder is on a file system that machines share; nothing is said where the system does not tell.
pub fn refuse_shared(folder: &Path) -> anyhow::Result<()> {
    let Some(kind) = kind(folder).filter(|kind| SHARED.contains(&kind.as_str())) else { return Ok(()) };
    let what = format!("{} is on a network file system ({kind}), where SQLite may lose votes", folder.display());
    Err(refuse(what, "keep the study on a disk of this machine, or its votes in PostgreSQL with --database"))
}

/// The kind of the file system of a folder.
fn kind(folder: &Path) -> Option<String> {
    let mounts = std::fs::read("/proc/self/mountinfo").ok()?;
    kind_of(&String::from_utf8_lossy(&mounts), &folder.canonicalize().ok()?)
}

/// The kind of the file system that an absolute path without links is on, as the text of `/proc/self/mountinfo` has it: that of the longest
/// mount point above the path, and of several at one point the last, which hides the others.
fn kind_of(mounts: &str, path: &Path) -> Option<String> {
    let mut found: Option<(String, &str)> = None;
    for line in mounts.lines() {
        let Some((point, kind)) = mount(line) else { continue };
        let is_longest = found.as_ref().is_none_or(|(longest, _)| point.len() >= longest.len());
        if is_longest && path.starts_with(&point) {
            found = Some((point, kind));
        }
    }
    found.map(|(_, kind)| kind.to_owned())
}

/// The mount point and the kind in a line (proc_pid_mountinfo(5)): `36 35 98:0 / /mnt/my\040disk rw master:1 - ext4 /dev/sda rw`. Between
/// the options of the mount and the hyphen are any number of fields.
fn mount(line: &str) -> Option<(String, &str)> {
    let (mount, file_system) = line.split_once(" - ")?;
    Some((unescaped(mount.split(' ').nth(4)?), file_system.split(' ').next()?))
}

/// A blank, a tab, a new line and a backslash are written as a backslash and three octal digits.
fn unescaped(word: &str) -> String {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..3).filter(|_| *first == b'\\').and_then(octal);
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[3..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn octal(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(str::from_utf8(digits).ok()?, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = r"22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
31 27 0:40 / /home rw,relatime shared:7 master:1 - nfs4 server:/home rw,vers=4.2
32 31 0:41 / /home/me/local\040disk rw - xfs /dev/vdb rw
33 27 0:42 / /mnt/a\134b\011c rw - cifs //server/share rw
34 27 0:43 / /data rw - tmpfs tmpfs rw
35 34 0:44 / /data rw - fuse.sshfs me@server:/data rw
damaged
";

    #[test]
    fn a_path_is_on_the_longest_mount_above_it_and_the_last_at_one_point() {
        let of = |path: &str| kind_of(MOUNTS, Path::new(path));
        for (path, expected) in [
            ("/", "ext4"),
            ("/homes/me", "ext4"),
            ("/home", "nfs4"),
            ("/home/me/study", "nfs4"),
            ("/home/me/local disk/study", "xfs"),
            ("/home/me/local", "nfs4"),
            ("/mnt/a\\b\tc/study", "cifs"),
            ("/data/study", "fuse.sshfs"),
            ("/proc/self", "proc"),
        ] {
            assert_eq!(of(path).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(of("study"), None);
        #[cfg(target_os = "linux")]
        assert_eq!(kind(Path::new("/proc/self")).as_deref(), Some("proc"));
        assert_eq!(kind_of("", Path::new("/")), None);
    }

    #[test]
    fn networks_are_told_from_disks() {
        assert!(
            ["nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "fuse.sshfs"].iter().all(|kind| SHARED.contains(kind))
        );
        assert!(["ext4", "xfs", "tmpfs", "overlay", "fuse.mergerfs"].iter().all(|kind| !SHARED.contains(kind)));
    }

    #[test]
    fn what_is_no_escape_is_left_as_it_is() {
        for (word, expected) in [("plain", "plain"), (r"a\040b\012", "a b\n"), (r"\9\04", r"\9\04"), (r"\777", r"\777")]
        {
            assert_eq!(unescaped(word), expected);
        }
    }
}
