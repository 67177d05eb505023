//! As a researcher I name a published encoder in a recipe: it is found in the weights folder, in the Hugging Face cache, or fetched. What is
//! missing is named, with every place that was looked at and the command that gets it.
//!
//! The hub is a server of this machine; what it calls flan-t5-small is the small world's T5, under a backbone that reads from it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use sha2::{Digest as _, Sha256};

use crate::support::{copy_folder, files, folder, gentron, refuses, repository, text, weights};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const REPOSITORIES: [&str; 2] = ["google/flan-t5-small", "stable-diffusion-v1-5/stable-diffusion-v1-5"];

/// The hub's answers for one repository: its list of files, what each is, and each from any byte on, behind a redirect.
struct Hub {
    address: String,
    /// Method and path of each request, and the range asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Hub {
    /// Of `files`; the one called `broken` comes with a flipped bit.
    fn new(files: BTreeMap<String, Vec<u8>>, broken: Option<&'static str>) -> Self {
        Self::with(files, broken, 0)
    }

    /// The same; the first `breaks` answers with weights end after half of what was asked for.
    fn with(files: BTreeMap<String, Vec<u8>>, broken: Option<&'static str>, mut breaks: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &files, broken, &mut breaks, &log);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn answer(
    mut stream: TcpStream,
    files: &BTreeMap<String, Vec<u8>>,
    broken: Option<&str>,
    breaks: &mut usize,
    log: &Mutex<Vec<String>>,
) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
    let from: Option<usize> =
        head.iter().find_map(|line| line.strip_prefix("range: bytes=")?.trim_end_matches('-').parse().ok());
    let (method, path) = first.rsplit_once(' ').and_then(|(request, _)| request.split_once(' ')).unwrap_or_default();
    let who = head.iter().find_map(|line| line.strip_prefix("authorization: bearer "));
    let who = who.map_or(String::new(), |who| format!(" as {who}"));
    let from_where = from.map_or(String::new(), |from| format!(" from {from}"));
    log.lock().unwrap().push(format!("{method} {path}{from_where}{who}"));
    let repository = REPOSITORIES.into_iter().find(|repository| path.contains(repository)).unwrap_or_default();
    let resolve = format!("/{repository}/resolve/{COMMIT}/");
    let name = [&resolve[..], "/renamed/", "/bytes/"].into_iter().find_map(|start| path.strip_prefix(start));
    let name = name.unwrap_or_default();
    let mut cut = stream.try_clone().unwrap();
    let mut reply = |status: &str, headers: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)));
    };
    if path == format!("/api/models/{repository}/revision/main") {
        let siblings: Vec<_> = files.keys().map(|name| serde_json::json!({ "rfilename": name })).collect();
        let listing = serde_json::json!({ "sha": COMMIT, "siblings": siblings });
        return reply("200 OK", "", listing.to_string().as_bytes());
    }
    let Some(bytes) = files.get(name) else { return reply("404 Not Found", "", b"") };
    if path.starts_with(&resolve) {
        let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let what = format!("Location: /renamed/{name}\r\n");
        let size = format!("X-Linked-Size: {}\r\nX-Linked-Etag: \"{digest}\"\r\n", bytes.len());
        return reply("307 Temporary Redirect", &format!("{what}{size}"), b"");
    }
    // A repository that was renamed, then where the bytes lie.
    if method == "HEAD" {
        let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let size = format!("X-Linked-Size: {}\r\nX-Linked-Etag: \"{digest}\"\r\n", bytes.len());
        return reply("302 Found", &format!("Location: http://127.0.0.1:1/elsewhere\r\n{size}"), b"");
    }
    if !path.starts_with("/bytes/") {
        return reply("302 Found", &format!("Location: /bytes/{name}\r\n"), b"");
    }
    let mut bytes = bytes.clone();
    if broken == Some(name) {
        bytes[100] ^= 1;
    }
    let (status, bytes) = match from {
        Some(from) => ("206 Partial Content", &bytes[from..]),
        None => ("200 OK", &bytes[..]),
    };
    if name != "model.safetensors" || *breaks == 0 {
        return reply(status, "", bytes);
    }
    *breaks -= 1;
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len());
    drop(cut.write_all(head.as_bytes()).and_then(|()| cut.write_all(&bytes[..bytes.len() / 2])));
}

fn t5() -> BTreeMap<String, Vec<u8>> {
    let mut files = files(&weights().join("t5-shapes"));
    files.remove("card.json");
    // What nobody needs stays where it is.
    files.insert("tf_model.h5".into(), vec![0; 10]);
    files
}

/// The program with a hub and a cache of this test's own.
fn with_hub(folder: &Path, hub: &Hub) -> Command {
    let mut command = gentron(folder);
    command.env("HF_ENDPOINT", &hub.address).env("HF_HUB_CACHE", folder.join("hub"));
    command
}

fn fetch(folder: &Path, hub: &Hub) -> Output {
    with_hub(folder, hub).args(["models", "fetch", "flan-t5-small"]).output().unwrap()
}

#[test]
fn a_published_network_comes_once_goes_on_where_it_was_cut_short_and_comes_whole() {
    let folder = folder();
    let path = folder.path();
    let cache = path.join("hub/models--google--flan-t5-small");
    let broken = Hub::new(t5(), Some("model.safetensors"));
    refuses(&fetch(path, &broken), "its SHA-256 is another");
    assert!(!cache.join("refs/main").exists(), "it does not count as there");

    let hub = Hub::new(t5(), None);
    // As if the network had failed after 1,000 bytes.
    let weights = &t5()["model.safetensors"];
    let digest: String = Sha256::digest(weights).iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(cache.join("blobs").join(format!("{digest}.incomplete")), &weights[..1000]).unwrap();
    let output = fetch(path, &hub);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(hub.asked().iter().any(|line| line == "GET /bytes/model.safetensors from 1000"));
    let snapshot = cache.join("snapshots").join(COMMIT);
    let mut wanted = t5();
    wanted.remove("tf_model.h5");
    assert!(files(&snapshot) == wanted, "{:?}", files(&snapshot).keys());
    assert_eq!(fs::read_to_string(cache.join("refs/main")).unwrap(), COMMIT);
    assert!(fs::symlink_metadata(snapshot.join("config.json")).unwrap().is_symlink() || cfg!(not(unix)));

    let again = fetch(path, &hub);
    assert!(text(&again.stdout).starts_with("flan-t5-small: 0 files fetched"), "{}", text(&again.stdout));
    assert!(hub.asked().is_empty(), "what is there is not asked for");

    // A disk that was full, or a copy that was interrupted.
    fs::write(snapshot.join("model.safetensors"), &weights[..weights.len() / 2]).unwrap();
    let mended = fetch(path, &hub);
    assert!(text(&mended.stdout).starts_with("flan-t5-small: 1 files fetched"), "{}", text(&mended.stdout));
    assert!(files(&snapshot) == wanted, "it came anew, whole");
    refuses(&with_hub(path, &hub).args(["models", "fetch", "flan-t5-smal"]).output().unwrap(), "no published network");
}

#[test]
fn a_connection_that_breaks_off_ends_no_fetch_and_what_another_program_left_damaged_comes_anew() {
    let folder = folder();
    let path = folder.path();
    let cache = path.join("hub/models--google--flan-t5-small");
    let mut wanted = t5();
    wanted.remove("tf_model.h5");
    let weights = wanted["model.safetensors"].clone();
    let snapshot = cache.join("snapshots").join(COMMIT);

    let hub = Hub::with(t5(), None, 2);
    let output = fetch(path, &hub);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("going on").count(), 2, "{said}");
    let first = weights.len() / 2;
    let second = first + (weights.len() - first) / 2;
    let asked: Vec<String> = hub.asked().into_iter().filter(|line| line.contains("/bytes/model")).collect();
    let line = "GET /bytes/model.safetensors";
    assert_eq!(asked, [line.to_owned(), format!("{line} from {first}"), format!("{line} from {second}")]);
    assert!(files(&snapshot) == wanted);

    fs::remove_dir_all(path.join("hub")).unwrap();
    let digest: String = Sha256::digest(&weights).iter().map(|byte| format!("{byte:02x}")).collect();
    fs::create_dir_all(cache.join("blobs")).unwrap();
    fs::write(cache.join("blobs").join(format!("{digest}.incomplete")), vec![7; 1000]).unwrap();
    let output = fetch(path, &Hub::new(t5(), None));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("what was there of model.safetensors was damaged; it comes anew"), "{said}");
    assert!(files(&snapshot) == wanted);
}

#[test]
fn a_cache_that_cannot_be_written_is_not_blamed_on_the_network() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("file"), "").unwrap();
    let hub = Hub::new(t5(), None);
    let mut command = with_hub(path, &hub);
    command.env("HF_HUB_CACHE", path.join("file/hub")).args(["models", "fetch", "flan-t5-small"]);
    let output = command.output().unwrap();
    refuses(&output, "cannot make the folder");
    let said = text(&output.stderr);
    assert!(said.contains("name another folder with HF_HUB_CACHE") && !said.contains("check the network"), "{said}");
}

#[test]
fn a_pipeline_comes_with_all_its_parts_and_is_an_arm_by_its_name() {
    let folder = folder();
    let path = folder.path();
    let tiny = files(&repository().join("tests/goldens/pipelines/sd1"));
    let mut published = tiny.clone();
    // Weights in parts, and what nobody needs.
    let whole = published.remove("text_encoder/model.safetensors").unwrap();
    published.insert("text_encoder/model-00001-of-00001.safetensors".into(), whole);
    let index = br#"{"weight_map": {"text_model.final_layer_norm.bias": "model-00001-of-00001.safetensors"}}"#;
    published.insert("text_encoder/model.safetensors.index.json".into(), index.to_vec());
    for more in ["unet/diffusion_pytorch_model.fp16.safetensors", "safety_checker/model.safetensors", "v1-5.ckpt"] {
        published.insert(more.into(), vec![0; 10]);
    }
    let needed = published.len() - 3;
    let hub = Hub::new(published, None);
    let recipe = "name = \"r\"\nseed = 1\nimages_per_prompt = 1\n[[suites]]\nid = \"shapes\"\ncategories = [\"color\"]\n\
                  prompts_per_category = 2\n[sampler]\nkind = \"ddim\"\nsteps = 2\n[weights]\nfolder = \"weights\"\n\
                  [[arms]]\nname = \"sd\"\ngenerator = \"diffusers\"\nweights = \"sd-1.5\"\n";
    fs::create_dir(path.join("weights")).unwrap();
    fs::write(path.join("r.toml"), recipe).unwrap();
    let offline = with_hub(path, &hub).args(["generate", "r.toml"]).env("HF_HUB_OFFLINE", "1").output().unwrap();
    refuses(&offline, "model_index.json; looked there and for stable-diffusion-v1-5");
    assert!(text(&offline.stderr).contains("`gentron models fetch sd-1.5` gets it"), "{}", text(&offline.stderr));

    let output = with_hub(path, &hub).args(["models", "fetch", "sd-1.5"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with(&format!("sd-1.5: {needed} files fetched")), "{}", text(&output.stdout));
    let snapshot = path.join("hub/models--stable-diffusion-v1-5--stable-diffusion-v1-5/snapshots").join(COMMIT);
    let found = files(&snapshot);
    assert_eq!(found.len(), needed);
    assert!(found.keys().all(|name| !name.contains("fp16") && !name.contains("safety")), "{:?}", found.keys());

    // From the cache, without a network; the same pictures as from a folder of the same files.
    let draws = |weights: &str, out: &str| {
        fs::write(path.join("r.toml"), recipe.replace("sd-1.5", weights)).unwrap();
        let mut command = with_hub(path, &hub);
        command.args(["generate", "r.toml", "--out", out]).env("HF_HUB_OFFLINE", "1");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        files(&path.join(out).join("images"))
    };
    let from_cache = draws("sd-1.5", "a");
    copy_folder(&repository().join("tests/goldens/pipelines/sd1"), &path.join("weights/mine"));
    assert!(from_cache.len() == 2 && from_cache == draws("mine", "b"));
    let again = with_hub(path, &hub).args(["models", "fetch", "sd-1.5"]).output().unwrap();
    assert!(text(&again.stdout).starts_with("sd-1.5: 0 files fetched"), "{}", text(&again.stdout));
}

#[test]
fn a_recipe_finds_its_encoder_wherever_it_is_and_keeps_what_it_said() {
    let (folder, shipped) = (folder(), weights());
    let path = folder.path();
    for name in ["autoencoder-shapes", "clip-shapes"] {
        copy_folder(&shipped.join(name), &path.join("weights").join(name));
    }
    let backbone = path.join("weights/arm");
    copy_folder(&shipped.join("gentron-shapes-cross-t5"), &backbone);
    let config = fs::read_to_string(backbone.join("config.json")).unwrap();
    fs::write(backbone.join("config.json"), config.replace("t5-shapes", "flan-t5-small")).unwrap();
    let recipe = |keep: bool| {
        format!(
            "name = \"r\"\nseed = 1\nimages_per_prompt = 2\n[[suites]]\nid = \"shapes\"\ncategories = [\"color\"]\n\
             prompts_per_category = 5\n[sampler]\nsteps = 3\n[weights]\nt5 = \"flan-t5-small\"\nkeep_embeddings = {keep}\n\
             [[arms]]\nname = \"arm\"\nweights = \"arm\"\n[[arms]]\nname = \"again\"\nweights = \"arm\"\n"
        )
    };
    fs::write(path.join("r.toml"), recipe(true)).unwrap();
    let hub = Hub::new(t5(), None);
    let ablate = |out: &str, offline: bool| {
        let mut command = with_hub(path, &hub);
        command.args(["ablate", "r.toml", "--out", out]);
        if offline {
            command.env("HF_HUB_OFFLINE", "1");
        }
        command.output().unwrap()
    };
    let offline = ablate("a", true);
    refuses(&offline, "flan-t5-small/config.json; looked there and for google/flan-t5-small in the Hugging Face cache");
    for words in ["hub", "`gentron models fetch flan-t5-small` gets it (HF_HUB_OFFLINE is set: unset it first)"] {
        assert!(text(&offline.stderr).contains(words), "{}", text(&offline.stderr));
    }
    assert!(hub.asked().is_empty() && !path.join("a").exists());

    let fetched = ablate("a", false);
    assert_eq!(fetched.status.code(), Some(0), "{}", text(&fetched.stderr));
    assert!(text(&fetched.stderr).contains("fetching google/flan-t5-small") && !hub.asked().is_empty());
    // One encoder, five prompts and the null text; both arms read the same.
    let kept = files(&path.join("a/embeddings"));
    assert_eq!(kept.len(), 6, "{:?}", kept.keys());
    // From the cache now, by two workers that share what is encoded, then from the weights folder: the same images.
    let images = |out: &str| files(&path.join(out).join("images"));
    let works = |arguments: &[&str]| {
        let mut command = with_hub(path, &hub);
        command.args(arguments).env("HF_HUB_OFFLINE", "1");
        command.spawn().unwrap()
    };
    assert!(works(&["plan", "r.toml", "--out", "b"]).wait().unwrap().success());
    let mut workers: Vec<_> = ["0/2", "1/2"].map(|share| works(&["work", "b", "--shard", share])).into();
    assert!(workers.iter_mut().all(|worker| worker.wait().unwrap().success()));
    assert!(works(&["merge", "b"]).wait().unwrap().success());
    assert!(images("a") == images("b"));
    assert!(files(&path.join("b/embeddings")) == kept, "no text twice, nothing half-written");

    fs::remove_dir_all(path.join("hub")).unwrap();
    copy_folder(&shipped.join("t5-shapes"), &path.join("weights/flan-t5-small"));
    fs::remove_file(path.join("weights/flan-t5-small/card.json")).unwrap();
    let own = ablate("c", false);
    assert_eq!(own.status.code(), Some(0), "{}", text(&own.stderr));
    assert!(images("a") == images("c") && hub.asked().is_empty());

    // A bit that flipped, or a missing end, is noticed, said once, and put right: not drawn from.
    let one = path.join("c/embeddings").join(kept.keys().next().unwrap());
    let whole = fs::read(&one).unwrap();
    let mut flipped = whole.clone();
    let middle = whole.len() / 2;
    flipped[middle] ^= 1 << 6;
    for damaged in [&flipped[..], &whole[..whole.len() - 1], b"damaged"] {
        fs::write(&one, damaged).unwrap();
        fs::remove_dir_all(path.join("c/images/arm")).unwrap();
        let output = ablate("c", false);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert_eq!(said.matches("1 of the kept embeddings were damaged").count(), 1, "{said}");
        assert!(images("a") == images("c") && files(&path.join("c/embeddings")) == kept);
    }
}

#[test]
fn weights_of_ones_own_are_never_passed_over_for_those_of_the_cache() {
    let (folder, shipped) = (folder(), weights());
    let path = folder.path();
    for name in ["autoencoder-shapes", "clip-shapes"] {
        copy_folder(&shipped.join(name), &path.join("weights").join(name));
    }
    let backbone = path.join("weights/arm");
    copy_folder(&shipped.join("gentron-shapes-cross-t5"), &backbone);
    let config = fs::read_to_string(backbone.join("config.json")).unwrap();
    fs::write(backbone.join("config.json"), config.replace("t5-shapes", "flan-t5-small")).unwrap();
    let recipe = "name = \"r\"\nseed = 1\nimages_per_prompt = 1\n[[suites]]\nid = \"shapes\"\ncategories = [\"color\"]\n\
                  prompts_per_category = 1\n[sampler]\nsteps = 1\n[weights]\nt5 = \"flan-t5-small\"\n\
                  [[arms]]\nname = \"arm\"\nweights = \"arm\"\n";
    fs::write(path.join("r.toml"), recipe).unwrap();
    let hub = Hub::new(t5(), None);
    assert_eq!(fetch(path, &hub).status.code(), Some(0));
    let own = path.join("weights/flan-t5-small");
    copy_folder(&shipped.join("t5-shapes"), &own);
    fs::remove_file(own.join("tokenizer.json")).unwrap();
    let generate = || with_hub(path, &hub).args(["generate", "r.toml", "--out", "run"]).output().unwrap();
    let refused = generate();
    refuses(&refused, "flan-t5-small is not whole: no file ");
    let said = text(&refused.stderr);
    assert!(said.contains("the google/flan-t5-small of the Hugging Face cache is used"), "{said}");
    assert!(!path.join("run").exists());
    // Without any weights in it, the folder says nothing.
    fs::remove_file(own.join("model.safetensors")).unwrap();
    let output = generate();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn the_hub_is_told_who_asks_and_an_address_that_is_none_is_refused() {
    let folder = folder();
    let path = folder.path();
    let hub = Hub::new(t5(), None);
    fs::create_dir_all(path.join("cache/huggingface")).unwrap();
    fs::write(path.join("cache/huggingface/token"), "hf_secret\n").unwrap();
    let mut command = with_hub(path, &hub);
    command.env_remove("HF_TOKEN_PATH").args(["models", "fetch", "flan-t5-small"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let asked = hub.asked();
    assert!(asked[0].ends_with("/revision/main as hf_secret"), "{asked:?}");
    for nonsense in ["nonsense", "localhost:8080"] {
        let mut command = with_hub(path, &hub);
        command.env("HF_ENDPOINT", nonsense).args(["models", "fetch", "sd-1.5"]);
        refuses(&command.output().unwrap(), &format!("HF_ENDPOINT is `{nonsense}`, which is no address"));
    }
}

#[test]
fn a_recipe_of_photographs_asks_for_no_clip_of_the_small_world_even_if_its_suite_is_not_here() {
    let folder = folder();
    let path = folder.path();
    copy_folder(&repository().join("tests/goldens/pipelines/sd1"), &path.join("weights/mine"));
    let recipe = "name = \"r\"\nseed = 1\nimages_per_prompt = 1\n[[suites]]\nid = \"parti:10\"\n[weights]\nfolder = \"weights\"\n\
                  [[arms]]\nname = \"sd\"\ngenerator = \"diffusers\"\nweights = \"mine\"\n";
    fs::write(path.join("r.toml"), recipe).unwrap();
    let doctor = gentron(path).args(["doctor", "r.toml", "--json"]).output().unwrap();
    let said = text(&doctor.stdout);
    assert_eq!(doctor.status.code(), Some(1), "the suite is missing: {said}");
    assert!(said.contains("weights/mine") && !said.contains("clip-shapes"), "{said}");
    // A pipeline is looked through, too.
    let config = path.join("weights/mine/vae/config.json");
    let other = fs::read_to_string(&config).unwrap().replace("\"latent_channels\": 4", "\"latent_channels\": 3");
    fs::write(&config, other).unwrap();
    let doctor = gentron(path).args(["doctor", "r.toml", "--json"]).output().unwrap();
    assert!(text(&doctor.stdout).contains("expected shape"), "{}", text(&doctor.stdout));
}

#[test]
fn weights_in_half_the_memory_draw_nearly_the_same() {
    let (folder, weights) = (folder(), weights());
    let path = folder.path();
    let draw = |more: &[&str], out: &str| {
        let arguments = ["generate", "--arm", "cross-t5", "--category", "color", "--prompts", "2", "--images", "1"];
        let mut command = gentron(path);
        command.args(arguments).args(["--steps", "4", "--weights", weights.to_str().unwrap(), "--out", out]).args(more);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let images = files(&path.join(out).join("images"));
        let pixels = images.values().flat_map(|png| image::load_from_memory(png).unwrap().to_rgb8().into_raw());
        pixels.map(f64::from).collect::<Vec<f64>>()
    };
    let exact = draw(&[], "f32");
    for (dtype, most) in [("f16", 1.0), ("bf16", 8.0)] {
        let half = draw(&["--dtype", dtype], dtype);
        let mean = exact.iter().zip(&half).map(|(a, b)| (a - b).abs()).sum::<f64>() / exact.len() as f64;
        assert!(mean < most, "{dtype}: {mean} levels apart");
        let manifest = fs::read_to_string(path.join(dtype).join("manifest.json")).unwrap();
        assert!(
            manifest.contains(&format!("\"dtype\": \"{dtype}\"")) && manifest.contains(&format!("weights in {dtype}"))
        );
    }
    // The weights are of halves on disk: in memory they are the same numbers in either type.
    let f16 = fs::read_to_string(path.join("f16/manifest.json")).unwrap();
    assert!(f16.contains("--dtype f16"), "the command is one that draws the same");
    let mut other = gentron(path);
    other.args(["generate", "--arm", "cross-t5", "--category", "color", "--prompts", "2", "--images", "1"]);
    other.args(["--steps", "4", "--weights", weights.to_str().unwrap(), "--out", "f16"]);
    refuses(&other.output().unwrap(), "holds another run");
}
