use std::fs;
use std::path::Path;

use tempfile::TempDir;
use url::Url;

use super::bucket::Bucket;
use super::courier::{Courier, exchange};
use super::in_mirror;
use super::mirror::{Mirror, shard_of};
use crate::failure::Outcome;
use crate::shards::Share;

/// A store in a folder, and mirrors of it by name.
struct World(TempDir);

impl World {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn address(&self) -> Url {
        Url::from_file_path(self.0.path().join("store/table2")).unwrap()
    }

    fn mirror(&self, name: &str) -> Mirror {
        Mirror::at(Bucket::open(&self.address()).unwrap(), self.0.path().join(name)).unwrap()
    }

    fn stored(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.0.path().join("store/table2").join(name)).ok()
    }
}

fn put(mirror: &Mirror, name: &str, text: &str) {
    let path = mirror.folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn got(mirror: &Mirror, name: &str) -> Option<String> {
    fs::read_to_string(mirror.folder.join(name)).ok()
}

fn all(_: &str) -> bool {
    true
}

fn exists(path: &Path) -> bool {
    path.exists()
}

#[test]
fn what_one_machine_leaves_another_finds() {
    let world = World::new();
    let (one, other) = (world.mirror("one"), world.mirror("other"));
    one.pull(&all).unwrap();
    put(&one, "manifest.json", "{}");
    put(&one, "shards/017.zip", "seventeen");
    put(&one, "shards/017.images.json", "seal");
    for mine in ["run.lock", "shards/017.lock", "shards/018.images.ab12.part", "shards/018.images.ab12.jsonl", ".x.tmp"]
    {
        put(&one, mine, "mine");
    }
    one.push(&all).unwrap();
    assert_eq!(world.stored("shards/017.zip").unwrap(), "seventeen");
    assert!(world.stored("run.lock").is_none() && world.stored("shards/018.images.ab12.jsonl").is_none());

    other.pull(&all).unwrap();
    assert_eq!(got(&other, "shards/017.images.json").unwrap(), "seal");

    // Replaced, removed and added there: so it is here after the next pull.
    put(&other, "manifest.json", "{\"more\": 1}");
    put(&other, "images/a/0.png", "picture");
    fs::remove_dir_all(other.folder.join("shards")).unwrap();
    other.push(&all).unwrap();
    assert!(world.stored("shards/017.zip").is_none());
    one.pull(&all).unwrap();
    assert_eq!(got(&one, "manifest.json").unwrap(), "{\"more\": 1}");
    assert_eq!(got(&one, "images/a/0.png").unwrap(), "picture");
    assert!(!exists(&one.folder.join("shards/017.zip")));
    assert!(exists(&one.folder.join("shards/018.images.ab12.part")), "what is in hand stays");
}

#[test]
fn a_mirror_that_was_left_in_the_middle_goes_on() {
    let world = World::new();
    let one = world.mirror("one");
    put(&one, "manifest.json", "{}");
    one.push(&all).unwrap();
    // Sealed, and the machine went away before it was sent; the next process finds it.
    put(&one, "shards/003.zip", "three");
    drop(one);
    let one = world.mirror("one");
    one.pull(&all).unwrap();
    one.push(&|name| shard_of(name) == Some(3)).unwrap();
    assert_eq!(world.stored("shards/003.zip").unwrap(), "three");

    // Without its index, everything is brought again and nothing is lost.
    fs::remove_file(world.0.path().join("one/index.json")).unwrap();
    put(&one, "shards/004.zip", "four");
    drop(one);
    let one = world.mirror("one");
    one.pull(&all).unwrap();
    one.push(&all).unwrap();
    assert_eq!(world.stored("shards/004.zip").unwrap(), "four");
    assert_eq!(got(&one, "shards/003.zip").unwrap(), "three");
}

#[test]
fn a_mirror_that_cannot_be_removed_is_no_failure_of_what_is_sent() {
    let world = World::new();
    let one = world.mirror("one");
    put(&one, "manifest.json", "{}");
    one.push(&all).unwrap();
    // As with a file that NFS keeps: what is in such a folder goes, and the folder cannot, because no folder is removed by the name `.`.
    assert!(world.mirror("other/.").remove().is_err());
    let outcome = in_mirror(world.mirror("worker/."), &world.address(), Share::WHOLE, |folder| {
        fs::create_dir_all(folder.join("shards"))?;
        fs::write(folder.join("shards/003.zip"), "three")?;
        Ok(Outcome::Done)
    });
    assert_eq!(outcome.unwrap(), Outcome::Done);
    assert_eq!(world.stored("shards/003.zip").unwrap(), "three");
}

#[test]
fn what_is_only_counted_is_not_brought() {
    let world = World::new();
    let (one, other) = (world.mirror("one"), world.mirror("other"));
    put(&one, "manifest.json", "{}");
    put(&one, "shards/000.zip", "products may be large");
    put(&one, "shards/000.images.json", "seal");
    put(&one, "embeddings/t5/a.safetensors", "embeddings are many");
    one.push(&all).unwrap();
    other.glance(&all).unwrap();
    assert_eq!(fs::metadata(other.folder.join("embeddings/t5/a.safetensors")).unwrap().len(), 19);
    assert_eq!(fs::metadata(other.folder.join("shards/000.zip")).unwrap().len(), 21);
    assert_eq!(got(&other, "shards/000.images.json").unwrap(), "seal");
}

#[test]
fn large_files_go_in_parts() {
    let world = World::new();
    let (one, other) = (world.mirror("one"), world.mirror("other"));
    let bytes: Vec<u8> = (0..(40u32 << 20)).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::create_dir_all(one.folder.join("shards")).unwrap();
    fs::write(one.folder.join("shards/000.zip"), &bytes).unwrap();
    one.push(&all).unwrap();
    other.pull(&all).unwrap();
    assert!(fs::read(other.folder.join("shards/000.zip")).unwrap() == bytes);
}

#[test]
fn what_one_worker_has_encoded_another_finds_while_both_work() {
    let world = World::new();
    let (one, other) = (world.mirror("one"), world.mirror("other"));
    put(&one, "manifest.json", "{}");
    one.push(&all).unwrap();
    other.pull(&all).unwrap();
    let wanted = |name: &str| name.starts_with("embeddings/");
    let (mut first, mut second) = (None, None);
    put(&one, "embeddings/t5/a.safetensors", "a");
    put(&one, "embeddings/t5/b.0-17.tmp", "half");
    exchange(&one, &wanted, &mut first).unwrap();
    assert_eq!(world.stored("embeddings/t5/a.safetensors").unwrap(), "a");
    assert!(world.stored("embeddings/t5/b.0-17.tmp").is_none());
    // Who encodes nothing asks for nothing.
    exchange(&other, &wanted, &mut second).unwrap();
    assert!(got(&other, "embeddings/t5/a.safetensors").is_none() && second.is_none());
    put(&other, "embeddings/t5/b.safetensors", "b");
    exchange(&other, &wanted, &mut second).unwrap();
    assert_eq!(got(&other, "embeddings/t5/a.safetensors").unwrap(), "a");
    // One that was damaged, and is encoded anew, replaces the one there.
    put(&one, "embeddings/t5/a.safetensors", "anew");
    exchange(&one, &wanted, &mut first).unwrap();
    assert_eq!(world.stored("embeddings/t5/a.safetensors").unwrap(), "anew");
}

#[test]
fn a_courier_sends_embeddings_and_its_own_shards_alone() {
    let world = World::new();
    let mirror = std::sync::Arc::new(world.mirror("one"));
    let courier = Courier::start(mirror.clone(), |name| shard_of(name).is_some_and(|shard| shard % 2 == 1)).unwrap();
    put(&mirror, "shards/002.zip", "another's");
    put(&mirror, "shards/003.zip", "three");
    put(&mirror, "embeddings/t5/a.safetensors", "a");
    let began = std::time::Instant::now();
    while ["shards/003.zip", "embeddings/t5/a.safetensors"].iter().any(|name| world.stored(name).is_none()) {
        assert!(began.elapsed().as_secs() < 60, "nothing was sent");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    courier.stop();
    assert!(world.stored("shards/002.zip").is_none());
}
