//! As a reader I open a report anywhere: it is valid, and I can use it without seeing it. As somebody who plays I type a prompt and see
//! every arm draw it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::browser::{Browser, DESK, Device, PHONE, Page};
use crate::page_tools::{axe, invalid};
use crate::support::{folder, gentron, run_well, weights};

/// A server that ends with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_report_is_valid_and_accessible() {
    let folder = folder();
    run_well(folder.path(), &["ablate", "limits-shapes", "--weights", ".", "--prompts", "6", "--out", "run"]);
    let page = folder.path().join("run/report.html");
    if let Some(errors) = invalid(&[&page]) {
        assert!(errors.is_empty(), "{errors}");
    }
    let html = fs::read_to_string(&page).unwrap();
    for device in [DESK, PHONE] {
        if let Some(violations) = axe(&html, &device) {
            assert!(violations.is_empty(), "at {} px:\n{}", device.width, violations.join("\n"));
        }
    }
    let Some(browser) = Browser::start() else { return };
    let address = format!("file://{}", page.display());
    for (name, device) in [("desk", DESK), ("phone", PHONE)] {
        for dark in [false, true] {
            let page = browser.page(&Device { dark, ..device });
            page.open(&address);
            assert_eq!(page.value("document.documentElement.scrollWidth <= innerWidth"), true, "wider than a {name}");
            page.screenshot(&format!("report-{name}{}", if dark { "-dark" } else { "" }));
        }
    }
    // The viewer's own script has run under the page's own policy.
    let page = browser.page(&DESK);
    page.open(&address);
    let items = html.matches("<article class=\"item ").count();
    assert!(items > 16, "{items} prompts are shown");
    assert_eq!(page.text(".tools [role=status]"), format!("{items} of {items} prompts"));
    page.press(".item .inline");
    page.wait_for("dialog[open] .stage .shot");
    let prompt = || page.text("dialog .prompt");
    let first = prompt();
    page.key("ArrowRight");
    assert_ne!(prompt(), first, "the next prompt");
    page.key("d");
    page.wait_for("dialog .stage canvas");
    page.screenshot("report-viewer");
    page.key("f");
    assert_eq!(page.value("document.querySelectorAll('dialog .stage .shot').length"), 1);
    page.key("Escape");
    assert_eq!(page.value("document.querySelector('dialog').open"), false);
    assert_eq!(page.complaints(), Vec::<String>::new());
}

/// Presses every button of the words until one shows where an arm looked.
fn look_for(page: &Page<'_>, word: &str) {
    let count = page.value("document.querySelectorAll('#words button').length").as_u64().unwrap();
    let is = |at: &u64| page.text(&format!("#words button:nth-child({at})")) == word;
    let at = (1..=count).find(is).unwrap_or_else(|| panic!("no {word} among {count} words"));
    page.press(&format!("#words button:nth-child({at})"));
}

#[test]
fn every_arm_draws_what_is_typed_on_the_page_and_names_what_nobody_knows() {
    let Some(browser) = Browser::start() else { return };
    let folder = folder();
    let weights = weights();
    let arguments =
        ["play", "--arm", "adaln-clip", "--arm", "cross-clip-t5", "--steps", "3", "--listen", "127.0.0.1:0"];
    let mut child = gentron(folder.path())
        .args(arguments)
        .args(["--weights", weights.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let _served = Served(child);
    let address = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap_or_else(|| panic!("{line}"));
    let page = browser.page(&DESK);
    page.open(address);
    page.wait("document.getElementById('prompt').value !== ''");
    page.value("document.getElementById('prompt').value = ''; document.getElementById('seed').value = '7'");
    page.press("#prompt");
    page.write("a red circle and an elefant");
    page.press("#draw");
    page.wait("document.getElementById('status').textContent === 'Drawn.'");
    assert!(page.text("#remarks").contains("“elefant” is no word of this world"));
    // Two arms, and what the world itself draws: it knows no elephant, but it knows the rest.
    let images = "[...document.querySelectorAll('#arms img')]";
    assert_eq!(page.value(&format!("{images}.every((image) => image.naturalWidth === 64)")), true);
    assert_eq!(page.value(&format!("{images}.length")), 3);
    let arms = page.text("#arms");
    assert!(arms.contains("a right picture, drawn by the world itself") && arms.contains("a red circle? 100.0 %"));
    // Where an arm looked for a word, at a step; one of the two reads the text as a vector.
    look_for(&page, "red");
    page.wait_for("#arms canvas");
    assert_eq!(page.value("document.querySelectorAll('#arms canvas').length"), 1);
    assert!(page.text("#arms").contains("as one vector, not as words"));
    let looked = page.text("#arms figure:nth-child(2) .looked");
    assert!(looked.contains("clip") && looked.contains("t5") && looked.contains(" %"), "{looked}");
    for (name, dark) in [("play-desk", false), ("play-desk-dark", true)] {
        page.dark(dark);
        page.screenshot(name);
    }
    page.dark(false);
    page.value(
        "const step = document.getElementById('step'); step.value = '0'; step.dispatchEvent(new Event('input'))",
    );
    assert!(page.text("#step-name").starts_with("1 of 3"));
    let still = format!("<!DOCTYPE html>\n{}", page.html());
    // The case is kept with its seed, outlives the page, and is exported.
    page.press("#keep");
    page.press("#cases input");
    page.write("two circles?");
    page.open(address);
    page.wait_for("#cases li");
    assert!(page.text("#cases").contains("seed 7"));
    let note = folder.path().join("gentron-note.json");
    page.downloads_to(folder.path());
    page.press("#json");
    page.press("#markdown");
    let read = |path: &Path| {
        let began = Instant::now();
        while !path.is_file() {
            assert!(began.elapsed() < Duration::from_secs(60), "{} does not come", path.display());
            std::thread::sleep(Duration::from_millis(15));
        }
        fs::read_to_string(path).unwrap()
    };
    let note: serde_json::Value = serde_json::from_str(&read(&note)).unwrap();
    let case = &note["cases"][0];
    assert_eq!((&case["seed"], &case["remark"]), (&7.into(), &"two circles?".into()));
    assert_eq!((case["arms"].as_array().unwrap().len(), &case["unknown"][0]), (2, &"elefant".into()));
    let markdown = read(&folder.path().join("gentron-note.md"));
    assert!(markdown.contains("Seed 7") && markdown.contains("two circles?") && markdown.contains("data:image/png"));
    assert_eq!(page.complaints(), Vec::<String>::new());
    let phone = browser.page(&PHONE);
    phone.open(&format!("{address}?prompt=a%20red%20circle%20on%20the%20left%20of%20a%20blue%20square&seed=7"));
    phone.wait("document.getElementById('status').textContent === 'Drawn.'");
    phone.press("#boxes");
    let boxes = phone.value("document.querySelectorAll('#arms svg rect').length").as_u64().unwrap();
    assert!(boxes >= 2, "{boxes} boxes where the scores come from boxes");
    assert_eq!(phone.value("document.documentElement.scrollWidth <= innerWidth"), true, "wider than a phone");
    phone.screenshot("play-phone");
    let css = include_str!("../../harness/templates/play/play.css");
    let still = still
        .replace("<link rel=\"stylesheet\" href=\"/play.css\">", &format!("<style>{css}</style>"))
        .replace("<script src=\"/play.js\"></script>", "");
    let file = folder.path().join("play.html");
    fs::write(&file, &still).unwrap();
    if let Some(errors) = invalid(&[&file]) {
        assert!(errors.is_empty(), "{errors}");
    }
    if let Some(violations) = axe(&still, &PHONE) {
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }
}
