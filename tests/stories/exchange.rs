//! As a user I compare with systems that run elsewhere: their images come in, ours go out, and a program of mine draws an arm.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{assert_same, files, finished_files, folder, gentron, refuses, run, run_well, text};

/// Two prompts of two categories, two images each, drawn by the suite's own renderer.
fn rendered(path: &Path) {
    let arguments = ["generate", "limits-shapes", "--weights", ".", "--prompts", "2", "--out", "run"];
    let categories = ["--category", "color", "--category", "2d_spatial"];
    run_well(path, &[&arguments[..], &categories].concat());
    // The suite that the run drew, as a user's own.
    let plan = fs::read_to_string(path.join("run/plan.jsonl")).unwrap();
    let mut csv = "prompt,category\n".to_owned();
    for line in plan.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        if line["arm"] == "truth" && line["k"] == 0 {
            csv += &format!("{},{}\n", line["prompt"].as_str().unwrap(), line["category"].as_str().unwrap());
        }
    }
    fs::write(path.join("two.csv"), csv).unwrap();
}

const RECIPE: &str = r#"
name = "with-theirs"
seed = 7
images_per_prompt = 2
baseline = "theirs"

[[suites]]
id = "two"
file = "two.csv"
world = "shapes"

[[arms]]
name = "theirs"
generator = "import"
images = "imports/theirs"
"#;

#[test]
fn what_is_exported_comes_back_as_an_arm_with_the_same_bytes() {
    let folder = folder();
    let path = folder.path();
    rendered(path);
    let said = run_well(path, &["export", "run", "--arm", "truth", "--to", "out"]);
    assert!(said.starts_with("8 images of truth are now in out\nno word for a suite means these 4 prompts"), "{said}");
    let names: Vec<String> = files(&path.join("out")).into_keys().collect();
    assert!(names.iter().all(|name| name.contains("/samples/") && name.ends_with(".png")), "{names:?}");
    let numbers = |category: &str| -> Vec<String> {
        let own = names.iter().filter(|name| name.starts_with(category));
        let mut numbers: Vec<String> = own.map(|name| name.rsplit('_').next().unwrap().to_owned()).collect();
        numbers.sort();
        numbers
    };
    for category in ["color", "2d_spatial"] {
        assert_eq!(numbers(category), ["000000.png", "000001.png", "000002.png", "000003.png"]);
    }

    // The official layout of every category in one import, by the user's own suite.
    let said = run_well(path, &["import", "out", "--suite", "two.csv", "--name", "theirs", "--images", "2"]);
    assert!(said.starts_with("8 images of 4 prompts are now in imports/theirs\n"), "{said}");
    assert!(said.contains("generator = \"import\"\nimages = \"imports/theirs\""), "{said}");
    let before = files(&path.join("imports"));
    let again = run_well(path, &["import", "out", "--suite", "two.csv", "--name", "theirs", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap()["before"], true);
    assert_same(&before, &files(&path.join("imports")));

    // An arm like any other: scored, reported, the same pixels.
    fs::write(path.join("r.toml"), RECIPE).unwrap();
    run_well(path, &["ablate", "r.toml", "--out", "with"]);
    let with = finished_files(&path.join("with"));
    let digests = |files: &std::collections::BTreeMap<String, Vec<u8>>, start: &str| {
        let own = files.iter().filter(|(name, _)| name.starts_with(start));
        let mut images: Vec<Vec<u8>> = own.map(|(_, bytes)| bytes.clone()).collect();
        images.sort();
        images
    };
    assert_eq!(digests(&with, "images/theirs/"), digests(&files(&path.join("run")), "images/truth/"));
    run_well(path, &["verify", "with", "--sample", "8"]);

    // An image that changes after it was imported is not drawn with; a prompt that it lacks is said before the first image.
    let wider = RECIPE.replace("images_per_prompt = 2", "images_per_prompt = 3");
    fs::write(path.join("wider.toml"), wider).unwrap();
    let lacks = run(path, &["ablate", "wider.toml", "--out", "wider"]);
    refuses(&lacks, "the arm theirs lacks 4 of 12 images");
    assert!(!path.join("wider").exists());
    // The doctor says so, too, before anybody asks for a run.
    let import = |recipe: &str| -> Value {
        let findings: Value = serde_json::from_slice(&run(path, &["doctor", recipe, "--json"]).stdout).unwrap();
        findings.as_array().unwrap().iter().find(|finding| finding["what"] == "import theirs").unwrap().clone()
    };
    let lacking = import("wider.toml");
    assert_eq!(lacking["well"], false);
    assert!(lacking["found"].as_str().unwrap().starts_with("the arm theirs lacks 4 of 12 images"), "{lacking}");
    assert!(lacking["hint"].as_str().unwrap().contains("holds 8 images of two, 2 a prompt"), "{lacking}");
    assert_eq!(import("r.toml")["well"], true);
    let one = before.keys().find(|name| name.ends_with("/1.png")).unwrap();
    image::RgbImage::new(64, 64).save(path.join("imports").join(one)).unwrap();
    refuses(&run(path, &["ablate", "r.toml", "--out", "changed"]), "is not as it was imported");

    // Imported again, what has changed or gone is put back, and no more is said to be done than was.
    let gone = before.keys().find(|name| name.ends_with("/0.png")).unwrap();
    fs::remove_file(path.join("imports").join(gone)).unwrap();
    refuses(&run(path, &["ablate", "r.toml", "--out", "changed"]), "import the images again");
    let import = ["import", "out", "--suite", "two.csv", "--name", "theirs"];
    let said = run_well(path, &import);
    assert!(
        said.contains("were there already, and 2 that had gone or changed are put back, in imports/theirs\n"),
        "{said}"
    );
    assert_same(&before, &files(&path.join("imports")));
    assert!(run_well(path, &import).starts_with("8 images of 4 prompts were there already in imports/theirs\n"));
    run_well(path, &["ablate", "r.toml", "--out", "changed"]);
}

#[test]
fn a_number_beyond_the_suite_is_named_and_nothing_is_imported() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("p.csv"), "prompt\na red circle\na blue square\na green star\n").unwrap();
    fs::create_dir_all(path.join("in")).unwrap();
    let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([200, 10, 10]));
    let save = |name: &str| picture.save(path.join(name)).unwrap();
    (0..6).for_each(|index| save(&format!("in/{index}.png")));
    let import = ["import", "in", "--suite", "p.csv", "--name", "x"];
    for (images, problems) in [(&[] as &[&str], 3), (&["--images", "2"], 6)] {
        let output = run(path, &[&import[..], images, &["--json"]].concat());
        refuses(&output, &format!("nothing was imported of in: {problems} problems; the first: 3.png is of prompt 3"));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let listed = json["problems"].as_array().unwrap();
        let beyond: Vec<&Value> =
            listed.iter().filter(|one| one["problem"] == "beyond").map(|one| &one["image"]).collect();
        assert_eq!(beyond, ["3.png", "4.png", "5.png"]);
        assert_eq!(listed.len(), problems);
    }
    let listed = text(&run(path, &import).stdout);
    assert!(listed.contains("5.png is of prompt 5; there are 3, from 0"), "{listed}");
    assert!(!path.join("imports/x").exists());

    // An image of a prompt that the suite does not have is refused; of a part of it, those of its other prompts are left out.
    fs::create_dir_all(path.join("named/samples")).unwrap();
    for (number, prompt) in ["a red circle", "a blue square", "a green star", "a pink hexagon"].iter().enumerate() {
        save(&format!("named/samples/{prompt}_{number:06}.png"));
    }
    let pink = "samples/a pink hexagon_000003.png is of no prompt of the suite";
    refuses(&run(path, &["import", "named", "--suite", "p.csv", "--name", "y"]), pink);
    fs::remove_file(path.join("named/samples/a pink hexagon_000003.png")).unwrap();
    let output = run(path, &["import", "named", "--suite", "p.csv:2", "--name", "y", "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["images"], &json["put_back"]), (&2.into(), &0.into()));
    let left_out = json["strangers"][0].as_str().unwrap();
    let note = format!("note: 1 images are of other prompts than p.csv:2 and are left out: {left_out}");
    assert!(text(&output.stderr).contains(&note), "{}", text(&output.stderr));

    // A map keeps to the folder, names something, and names ids that there are.
    fs::write(path.join("out.csv"), "image,prompt\n../in/0.png,a red circle\n").unwrap();
    fs::write(path.join("none.csv"), "image,prompt\n").unwrap();
    fs::write(path.join("ids.csv"), "image,prompt_id\n0.png,p-9\n1.png,p-8\n").unwrap();
    let mapped = |map: &str| run(path, &[&import[..], &["--map", map]].concat());
    refuses(&mapped("out.csv"), "out.csv, line 2: ../in/0.png is not within the folder");
    refuses(&mapped("none.csv"), "the map none.csv names no image");
    let output = mapped("ids.csv");
    refuses(&output, "nothing was imported of in: 5 problems");
    let second = "1.png is of no prompt of the suite: line 3 of the map has the prompt_id `p-8`";
    assert!(text(&output.stdout).contains(second), "{}", text(&output.stdout));
}

#[test]
fn whatever_is_wrong_is_named_and_nothing_is_half_imported() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("p.csv"), "prompt\na red circle\na blue square\na green star\n").unwrap();
    let picture = |name: &str| {
        fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
        image::RgbImage::from_pixel(8, 8, image::Rgb([200, 10, 10])).save(path.join(name)).unwrap();
    };
    for name in ["a red circle_000000", "a red circle_000001", "a blue square_000001", "a green star_000002"] {
        picture(&format!("in/samples/{name}.png"));
    }
    fs::write(path.join("in/samples/a blue square_000003.png"), b"no image").unwrap();
    let import = ["import", "in", "--suite", "p.csv", "--name", "x", "--images", "2"];
    let output = run(path, &import);
    refuses(&output, "nothing was imported of in: 3 problems");
    let listed = text(&output.stdout);
    for what in [
        "twice       samples/a blue square_000001.png and samples/a red circle_000001.png are both number 1",
        "has 1 images instead of 2 (a green star)",
        "unreadable  samples/a blue square_000003.png cannot be read",
    ] {
        assert!(listed.contains(what), "{what:?} is not in:\n{listed}");
    }
    assert!(!path.join("imports").exists() || fs::read_dir(path.join("imports")).unwrap().count() == 0);
    let json = run(path, &[&import[..], &["--json"]].concat());
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["imported"], json["problems"].as_array().unwrap().len()), (&false.into(), 3));

    // By a map, in JPEG, WebP and PNG alike.
    fs::create_dir(path.join("any")).unwrap();
    for name in ["one.jpg", "two.webp", "three.png"] {
        image::RgbImage::from_pixel(8, 8, image::Rgb([10, 10, 200])).save(path.join("any").join(name)).unwrap();
    }
    let good = "image,prompt\none.jpg,a red circle\ntwo.webp,a blue square\nthree.png,a green star\n";
    fs::write(path.join("good.csv"), good).unwrap();
    let bad = "{\"image\": \"one.jpg\", \"prompt\": \"a red circle\"}\n{\"image\": \"one.jpg\", \"prompt\": \"a blue square\"}\n\
        {\"image\": \"none.png\", \"prompt\": \"a green star\"}\n{\"image\": \"three.png\", \"prompt\": \"a pink hexagon\"}\n";
    fs::write(path.join("bad.jsonl"), bad).unwrap();
    let output = run(path, &["import", "any", "--suite", "p.csv", "--name", "y", "--map", "bad.jsonl"]);
    refuses(&output, "nothing was imported of any: 5 problems");
    let listed = text(&output.stdout);
    for what in ["are both one file", "names none.png, which is not there", "three.png is of no prompt of the suite"] {
        assert!(listed.contains(what), "{what:?} is not in:\n{listed}");
    }
    run_well(path, &["import", "any", "--suite", "p.csv", "--name", "y", "--map", "good.csv"]);
    refuses(
        &run(path, &["import", "in/samples", "--suite", "p.csv", "--name", "y"]),
        "nothing was imported of in/samples",
    );
    fs::create_dir_all(path.join("imports/z")).unwrap();
    let taken = run(path, &["import", "any", "--suite", "p.csv", "--name", "z", "--map", "good.csv"]);
    refuses(&taken, "is in the way and is no import");
    refuses(&run(path, &["import", "any", "--suite", "p.csv", "--name", "../z"]), "cannot be part of a path");
}

#[test]
fn a_picture_that_no_name_and_no_row_places_is_named_and_refused() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("p.csv"), "prompt\na red circle\na blue square\n").unwrap();
    let prompts: Value = serde_json::from_str(&run_well(path, &["suites", "p.csv", "--json"])).unwrap();
    let ids: Vec<&str> = prompts.as_array().unwrap().iter().map(|prompt| prompt["id"].as_str().unwrap()).collect();
    let picture = |name: &str, red: u8| {
        fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
        image::RgbImage::from_pixel(8, 8, image::Rgb([red, 10, 10])).save(path.join(name)).unwrap();
    };
    ids.iter().for_each(|id| picture(&format!("by/{id}/0.png"), 9));
    let stray = [format!("by/{}/foo.png", ids[0]), "by/nobody/0.png".to_owned(), "by/nobody/1.png".to_owned()];
    stray.iter().for_each(|name| picture(name, 9));
    let import = |folder: &str, more: &[&str]| {
        run(path, &[&["import", folder, "--suite", "p.csv", "--name", folder][..], more].concat())
    };
    let output = import("by", &[]);
    refuses(&output, "nothing was imported of by: 3 problems");
    for name in &stray {
        let (listed, name) = (text(&output.stdout), name.strip_prefix("by/").unwrap());
        assert!(listed.contains(name), "{name} is not in:\n{listed}");
    }
    stray.iter().for_each(|name| fs::remove_file(path.join(name)).unwrap());
    let part = run(path, &["import", "by", "--suite", "p.csv:1", "--name", "part"]);
    assert_eq!(part.status.code(), Some(0), "{}", text(&part.stderr));
    assert!(text(&part.stderr).contains("note: 1 images are of other prompts than p.csv:1"), "{}", text(&part.stderr));

    picture("official/samples/a red circle_000000.png", 9);
    picture("official/samples/a blue square_000001.png", 9);
    picture("official/samples/foo.png", 9);
    refuses(&import("official", &[]), "samples/foo.png has no name that says whose it is");

    // A map's numbers hold by text as by id: rows may come in any order, and no image twice.
    for (name, red) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        picture(&format!("any/{name}.png"), red);
    }
    let map = |rows: &str| {
        fs::write(path.join("map.csv"), format!("image,prompt,k\n{rows}")).unwrap();
        import("any", &["--map", "map.csv"])
    };
    let twice = map("a.png,a red circle,0\nb.png,a red circle,0\nc.png,a blue square,0\nd.png,a blue square,1\n");
    refuses(&twice, &format!("a.png and b.png are both image 0 of {}", ids[0]));
    let bad = map("a.png,a red circle,one\n,a red circle,0\nc.png,a blue square,1\nd.png,a blue square,0\n");
    for what in ["line 2: `one` is no number of an image", "line 3: no image"] {
        assert!(text(&bad.stdout).contains(what), "{what} is not in:\n{}", text(&bad.stdout));
    }
    let good = map("a.png,a red circle,1\nb.png,a red circle,0\nc.png,a blue square,0\nd.png,a blue square,1\n");
    assert_eq!(good.status.code(), Some(0), "{}", text(&good.stderr));
    let record: Value = serde_json::from_slice(&fs::read(path.join("imports/any/import.json")).unwrap()).unwrap();
    let images = record["images"].as_array().unwrap();
    let places: Vec<(&str, u64)> =
        images.iter().map(|image| (image["from"].as_str().unwrap(), image["k"].as_u64().unwrap())).collect();
    assert_eq!(places, [("b.png", 0), ("a.png", 1), ("c.png", 0), ("d.png", 1)]);
}

#[test]
fn some_categories_of_a_suite_are_one_import_and_need_no_files_of_the_others() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("suites")).unwrap();
    for (category, prompt) in [("color", "a teal lamp and a red hat"), ("shape", "a round lamp and a square hat")] {
        fs::write(path.join(format!("suites/{category}_val.txt")), prompt).unwrap();
        fs::create_dir_all(path.join(format!("out/{category}/samples"))).unwrap();
        let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([200, 10, 10]));
        picture.save(path.join(format!("out/{category}/samples/{prompt}_000000.png"))).unwrap();
    }
    let import = |more: &[&str]| {
        run(
            path,
            &[&["import", "out", "--name", "x", "--suites", "suites", "--suite", "t2i-compbench"][..], more].concat(),
        )
    };
    refuses(&import(&[]), "looked for texture_val.txt");
    refuses(&import(&["--category", "colour"]), "the suite t2i-compbench");
    let both = import(&["--category", "shape", "--category", "color", "--json"]);
    assert_eq!(both.status.code(), Some(0), "{}", text(&both.stderr));
    let json: Value = serde_json::from_slice(&both.stdout).unwrap();
    assert_eq!((&json["prompts"], &json["images"]), (&2.into(), &2.into()));
}

#[test]
fn a_jpeg_that_is_cut_short_is_named_and_a_file_of_another_kind_explains_what_is_missing() {
    let folder = folder();
    let path = folder.path();
    fs::write(path.join("p.csv"), "prompt\na red circle\na blue square\n").unwrap();
    fs::create_dir(path.join("in")).unwrap();
    image::RgbImage::from_pixel(64, 64, image::Rgb([200, 10, 10])).save(path.join("in/0.png")).unwrap();
    let jpeg = path.join("in/1.jpg");
    let level = |x: u32, y: u32| image::Rgb([37 * x + 11 * y, 5 * x * y, x + 91 * y].map(|level| level as u8));
    image::RgbImage::from_fn(64, 64, level).save(&jpeg).unwrap();
    let import = ["import", "in", "--suite", "p.csv", "--name", "x"];
    run_well(path, &[&import[..], &["--to", "whole"]].concat());
    // As a download that broke off leaves it.
    let bytes = fs::read(&jpeg).unwrap();
    fs::write(&jpeg, &bytes[..bytes.len() / 2]).unwrap();
    let why = "cannot be read: the file is cut short";
    refuses(&run(path, &import), &format!("nothing was imported of in: 1.jpg {why}"));
    let scores = run_well(path, &["score", "in", "--suite", "p.csv", "--world", "shapes", "--json"]);
    assert!(scores.contains(&format!("the image {why}")), "{scores}");

    fs::rename(&jpeg, path.join("in/1.bmp")).unwrap();
    let output = run(path, &import);
    refuses(&output, "has 0 images instead of 1 (a blue square)");
    let hint = "PNG, JPEG and WebP are read, by their endings, and not 1.bmp";
    assert!(text(&output.stderr).contains(hint), "{}", text(&output.stderr));
    let output = run(path, &["score", "in", "--suite", "p.csv", "--world", "shapes"]);
    assert!(text(&output.stderr).contains(&format!("note: 1 images are missing; {hint}")), "{}", text(&output.stderr));
}

#[test]
fn an_export_says_by_which_words_it_comes_back_and_names_what_it_lacks() {
    let folder = folder();
    let path = folder.path();
    let recipe = "name = \"six\"\nseed = 1\nimages_per_prompt = 2\nbaseline = \"truth\"\n[[suites]]\nid = \"shapes:6\"\n\
        [[arms]]\nname = \"truth\"\ngenerator = \"ground-truth\"\n";
    fs::write(path.join("six.toml"), recipe).unwrap();
    for (more, out, word, name) in [
        (&[] as &[&str], "all", "shapes:6", "truth"),
        (&["--category", "color"], "color", "shapes/color:6", "truth-color"),
        // Several categories come back in one import, which one arm can name.
        (
            &["--category", "2d_spatial", "--category", "color"],
            "two",
            "shapes:6 --category color --category 2d_spatial",
            "truth",
        ),
    ] {
        run_well(path, &[&["generate", "six.toml", "--out", out][..], more].concat());
        let to = format!("{out}-out");
        let said = run_well(path, &["export", out, "--arm", "truth", "--to", &to]);
        let command = format!("gentron import {to} --suite {word} --name {name} --images 2");
        assert!(said.ends_with(&format!("\nthey come back by: {command}\n")), "{said}");
        let words: Vec<&str> = command.split(' ').skip(1).chain(["--to", "back", "--json"]).collect();
        let back: Value = serde_json::from_str(&run_well(path, &words)).unwrap();
        assert_eq!((&back["prompts"], &back["images"]), (&6.into(), &12.into()));
        for (name, bytes) in images(path, out) {
            let (prompt, k) = name.strip_prefix("images/truth/").unwrap().split_once('/').unwrap();
            assert!(fs::read(path.join("back/images").join(prompt).join(k)).unwrap() == bytes, "{name} has changed");
        }
        fs::remove_dir_all(path.join("back")).unwrap();
    }
    let lost = images(path, "all").into_keys().next().unwrap();
    fs::remove_file(path.join("all").join(&lost)).unwrap();
    let output = run(path, &["export", "all", "--arm", "truth", "--to", "more"]);
    refuses(&output, &format!("1 of 12 images of truth are missing or damaged: {lost}"));
}

/// Draws a flat picture whose colour is the seed's; what else it does, its first argument says.
const PAINTER: &str = r##"
import json, os, struct, sys, time, zlib

def png(path, rgb, size=16):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(rgb) * size for _ in range(size))
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))

how = sys.argv[1]
def once():
    """True the first time that any process asks."""
    try:
        os.close(os.open("once", os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False

print("loading the model")
if how == "latin":
    sys.stdout.buffer.write(b"Modell f\xfcr Farben geladen\n")
    sys.stdout.flush()
drawn = 0
for line in sys.stdin:
    request = json.loads(line)
    if how == "crash-once" and once():
        sys.exit("out of memory")
    if how == "hang-once" and once():
        time.sleep(60)
    if how == "crash":
        sys.exit("CUDA error: device-side assert")
    if how == "refuse":
        print(json.dumps({"image": request["image"], "error": "unsafe prompt"}), flush=True)
        continue
    # Five of its images it draws at once, the others when the gate is open.
    drawn += 1
    while how == "gated" and drawn > 5 and not os.path.exists("gate"):
        time.sleep(0.3)
    seed = request["seed"]
    png(request["image"], [seed & 255, seed >> 8 & 255, seed >> 16 & 255], 8 if how == "small" else 16)
    if how != "batch":
        print(json.dumps({"image": request["image"]}), flush=True)
"##;

fn recipe(path: &Path, name: &str, how: &str, more: &str) -> String {
    let text = format!(
        "name = \"{name}\"\nseed = 3\nimages_per_prompt = 2\nbatch = 4\n[[suites]]\nid = \"shapes\"\ncategories = [\"color\"]\n\
         prompts_per_category = 6\n[[arms]]\nname = \"mine\"\ngenerator = \"command\"\n\
         command = {{ run = [\"python3\", \"painter.py\", \"{how}\"]{more} }}\n"
    );
    fs::write(path.join("painter.py"), PAINTER).unwrap();
    fs::write(path.join(format!("{name}.toml")), text).unwrap();
    format!("{name}.toml")
}

/// The images of the arm, by path.
fn images(path: &Path, run: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut images = files(&path.join(run));
    images.retain(|name, _| name.starts_with("images/"));
    images
}

/// Whether a batch is in a run's journal, from which it would go on.
fn has_drawn_a_batch(run: &Path) -> bool {
    fs::read_dir(run.join("journals"))
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.metadata().is_ok_and(|it| it.len() > 0)))
}

fn python() -> bool {
    let there = std::process::Command::new("python3").arg("--version").stdout(Stdio::null()).status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        eprintln!("skipped: no python3 on this machine");
    }
    there
}

#[test]
fn a_program_that_crashes_or_hangs_is_started_again_and_the_images_are_the_same() {
    if !python() {
        return;
    }
    let folder = folder();
    let path = folder.path();
    let plain = recipe(path, "plain", "run", ", size = [16, 16]");
    run_well(path, &["ablate", &plain]);
    let expected = images(path, "runs/plain");
    assert_eq!(expected.len(), 12);
    finished_files(&path.join("runs/plain"));
    run_well(path, &["verify", "runs/plain", "--sample", "12"]);
    fs::write(path.join("painter.py"), format!("{PAINTER}# improved\n")).unwrap();
    refuses(&run(path, &["ablate", &plain]), "holds another run (what draws mine is not what it was");
    assert_same(&expected, &images(path, "runs/plain"));
    for (how, more, said) in [
        ("crash-once", "", "it ended (exit status: 1) with 4 images unanswered"),
        ("hang-once", ", timeout_seconds = 4, retries = 3", "it had not answered after 4 s"),
        ("latin", ", retries = 0", ""),
        ("batch", ", lives = \"batch\"", ""),
        ("two", ", processes = 2", ""),
    ] {
        drop(fs::remove_file(path.join("once")));
        let file = recipe(path, how, how, more);
        let output = run(path, &["generate", &file, "--threads", "2"]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{how}: {stderr}");
        assert!(stderr.contains(said), "{how}: {stderr}");
        assert_same(&expected, &images(path, &format!("runs/{how}")));
    }
}

#[test]
fn a_program_that_cannot_draw_is_shown_with_its_last_words() {
    if !python() {
        return;
    }
    let folder = folder();
    let path = folder.path();
    for (how, more, whats) in [
        ("crash", ", retries = 2", &["CUDA error: device-side assert", "(2 of 2)", "it ended (exit status: 1)"][..]),
        ("refuse", ", retries = 0", &["it says: unsafe prompt"]),
        ("small", ", retries = 0, size = [16, 16]", &["8 x 8 pixels instead of 16 x 16"]),
    ] {
        let file = recipe(path, how, how, more);
        let output = run(path, &["generate", &file, "--threads", "1"]);
        for what in whats {
            refuses(&output, what);
        }
    }
    let absent = fs::read_to_string(path.join("crash.toml")).unwrap().replace("python3", "no-such-program");
    fs::write(path.join("absent.toml"), absent).unwrap();
    refuses(&run(path, &["generate", "absent.toml"]), "no program no-such-program");
    let empty =
        fs::read_to_string(path.join("crash.toml")).unwrap().replace("\"python3\", \"painter.py\", \"crash\"", "");
    fs::write(path.join("empty.toml"), empty).unwrap();
    refuses(&run(path, &["generate", "empty.toml"]), "its command is empty");
}

#[test]
fn a_killed_run_of_a_program_goes_on_and_leaves_no_process() {
    if !python() {
        return;
    }
    let folder = folder();
    let path = folder.path();
    let plain = recipe(path, "plain", "gated", "");
    let gate = path.join("gate");
    fs::write(&gate, "").unwrap();
    run_well(path, &["generate", &plain, "--out", "whole"]);
    let expected = images(path, "whole");
    // With as many threads as batches all are begun at once, and all but one of them wait for the only process.
    for (signal, threads) in [("-KILL", "1"), ("-INT", "1"), ("-INT", "12")] {
        let out = format!("killed{signal}-{threads}");
        let arguments = ["generate", &plain, "--threads", threads, "--out", &out];
        fs::remove_file(&gate).unwrap();
        let mut child = gentron(path).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(120);
        while !has_drawn_a_batch(&path.join(&out)) {
            assert!(Instant::now() < until, "it draws a batch within two minutes");
            std::thread::sleep(Duration::from_millis(5));
        }
        let kill = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        std::thread::sleep(Duration::from_millis(300));
        // Whoever was asked to end finishes the batch in hand, for which the program must be let through.
        fs::write(&gate, "").unwrap();
        assert_eq!(child.wait().unwrap().code(), (signal == "-INT").then_some(130));
        let there = images(path, &out).len();
        assert!(there > 0 && there < expected.len(), "{there} images when it was killed");
        let said = text(&run(path, &arguments).stderr);
        assert!(said.contains("continuing: "), "{said}");
        assert_same(&expected, &images(path, &out));
    }
    // Every process has seen the end of its input.
    let script = path.join("painter.py");
    let until = Instant::now() + Duration::from_secs(10);
    while running(&script) {
        assert!(Instant::now() < until, "a process is left");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_program_in_another_folder_finds_the_temporary_folder_that_is_named_from_here() {
    if !python() {
        return;
    }
    let folder = folder();
    let path = folder.path();
    for name in ["recipes", "tmp"] {
        fs::create_dir(path.join(name)).unwrap();
    }
    let file = format!("recipes/{}", recipe(&path.join("recipes"), "plain", "run", ", retries = 0"));
    let mut command = gentron(path);
    command.args(["generate", &file, "--threads", "1", "--out", "run"]).env("TMPDIR", "tmp");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(images(path, "run").len(), 12);
    assert_eq!(fs::read_dir(path.join("tmp")).unwrap().count(), 0, "what was written there is gone");
}

/// Whether a process runs in the script's folder.
fn running(script: &Path) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    let folder = script.parent().unwrap().canonicalize().unwrap();
    processes.filter_map(|entry| fs::read_link(entry.ok()?.path().join("cwd")).ok()).any(|cwd| cwd == folder)
}
