//! As a reader I open a report anywhere: it is valid, and I can use it without seeing it. As somebody who plays I type a prompt and see
//! every arm draw it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use crate::page_tools::{axe, chromium, dom, invalid};
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
    for width in [1280, 390] {
        if let Some(violations) = axe(&html, width) {
            assert!(violations.is_empty(), "at {width} px:\n{}", violations.join("\n"));
        }
    }
    // The viewer's own script has run under the page's own policy.
    if let Some(chromium) = chromium() {
        let dom = dom(&chromium, &format!("file://{}", page.display()), 1280);
        let items = html.matches("<article class=\"item ").count();
        assert!(items > 16, "{items} prompts are shown");
        let count = format!("{items} of {items} prompts");
        assert!(dom.contains("Compare two arms") && dom.contains(&count), "the viewer is there, with {count}");
    }
}

#[test]
fn every_arm_draws_what_is_typed_on_the_page_and_names_what_nobody_knows() {
    let Some(chromium) = chromium() else { return };
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
    let dom = dom(&chromium, &format!("{address}?prompt=a%20red%20circle%20and%20an%20elefant&seed=7"), 1280);
    assert!(dom.contains("Drawn."), "{dom}");
    // Two arms, and the reference that the world itself draws: no, for it knows no elephant, but it knows the rest.
    assert!(dom.contains("“elefant” is no word of this world"), "{dom}");
    assert_eq!(dom.matches("<img src=\"data:image/png;base64,").count(), 3);
    assert!(dom.contains("a right picture, drawn by the world itself") && dom.contains("a red circle? 100.0 %"));
    let css = include_str!("../../harness/templates/play/play.css");
    let still = dom
        .replace("<link rel=\"stylesheet\" href=\"/play.css\">", &format!("<style>{css}</style>"))
        .replace("<script src=\"/play.js\"></script>", "");
    let file = folder.path().join("play.html");
    fs::write(&file, &still).unwrap();
    if let Some(errors) = invalid(&[&file]) {
        assert!(errors.is_empty(), "{errors}");
    }
    if let Some(violations) = axe(&still, 390) {
        assert!(violations.is_empty(), "{}", violations.join("\n"));
    }
}
