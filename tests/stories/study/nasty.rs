//! Prompts of every kind are shown as text, and stay text wherever they go.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};

use super::served::Served;
use super::wire::{field, get, join, post};
use crate::browser::{Browser, DESK, PHONE};
use crate::support::{folder, run_well};

/// What a file of prompts may hold, by accident or by malice.
fn prompts() -> Vec<String> {
    let mut prompts: Vec<String> = [
        "<script>document.title = 'owned'</script> a \"quoted\" fox & 'another'",
        "\"><img src=x onerror=\"document.title='owned'\">",
        "قطة حمراء على سجادة \u{202e}txt.exe",
        "🦊👩\u{200d}👩\u{200d}👧 in the snow, e\u{301}clair",
        "=HYPERLINK(\"http://127.0.0.1:1/\",\"a red fox\")",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "-2+3, with commas; semicolons;\tand tabs",
        "{{ 7 * 7 }} {% include \"study.json\" %} ${x} %s ../../etc/passwd",
    ]
    .map(str::to_owned)
    .into();
    prompts.push("a very long prompt about an orange fox ".repeat(11).trim_end().chars().take(400).collect());
    prompts.push(format!("one{}word", "o".repeat(380)));
    prompts
}

/// Two folders of pictures of one colour each, and a study of them.
pub fn of_folders(root: &Path, prompts: &[String], more: &[&str]) -> PathBuf {
    let mut csv = "prompt,category\n".to_owned();
    for prompt in prompts {
        writeln!(csv, "\"{}\",all", prompt.replace('"', "\"\"")).unwrap();
    }
    std::fs::write(root.join("nasty.csv"), csv).unwrap();
    for (name, red) in [("ours", 200), ("theirs", 90)] {
        std::fs::create_dir_all(root.join(name)).unwrap();
        for at in 0..prompts.len() {
            let image = RgbImage::from_fn(96, 64, |x, y| Rgb([red, (x * 2) as u8, (y as usize * 3 + at) as u8]));
            image.save(root.join(name).join(format!("{at}.png"))).unwrap();
        }
    }
    let arms = format!("ours={},theirs={}", root.join("ours").display(), root.join("theirs").display());
    let (study, suite) = (root.join("study"), root.join("nasty.csv"));
    let mut arguments = vec!["study", "new", study.to_str().unwrap(), "--arms", &arms];
    arguments.extend(["--prompts", suite.to_str().unwrap(), "--open", "--simulated", "--gold-every", "0"]);
    arguments.extend(more);
    run_well(root, &arguments);
    study
}

#[test]
pub fn nasty_prompts_are_text_in_the_form_and_in_every_export() {
    let root = folder();
    let prompts = prompts();
    let study = of_folders(root.path(), &prompts, &[]);
    let path = study.to_str().unwrap();
    assert!(run_well(root.path(), &["study", "audit", path]).contains("blind   one length"));
    let served = Served::of(&study);
    let link = join(&served.form).unwrap();
    let browser = Browser::start();
    let page = browser.as_ref().map(|browser| browser.page(&DESK));
    let phone = browser.as_ref().map(|browser| browser.page(&PHONE));
    let mut seen = Vec::new();
    loop {
        let html = get(&served.form, &link).text();
        let Some(ticket) = field(&html, "ticket") else { break };
        for evil in ["<script>document", "<img src=x", "onerror=\"", "49 "] {
            assert!(!html.contains(evil), "{evil} in {html}");
        }
        for (page, name) in [(&page, "desk"), (&phone, "phone")].into_iter().filter_map(|(p, n)| Some((p.as_ref()?, n)))
        {
            page.open(&format!("http://{}{link}", served.form));
            let shown = page.value("document.querySelector('.prompt').textContent");
            let shown = shown.as_str().unwrap();
            assert!(prompts.iter().any(|prompt| prompt == shown), "{shown:?} was asked for");
            assert_eq!(page.value("document.title"), "Comparing pictures");
            assert_eq!(page.value("document.documentElement.scrollWidth <= innerWidth"), true, "{shown:?} is too wide");
            assert_eq!(page.complaints(), Vec::<String>::new());
            if seen.len() == 4 {
                page.screenshot(&format!("nasty-{name}"));
            }
            if name == "desk" {
                seen.push(shown.to_owned());
            }
        }
        let body = format!("ticket={ticket}&quality=left&alignment=tie");
        assert_eq!(post(&served.form, &format!("{link}/vote"), &body).unwrap().status, 303);
    }
    if page.is_some() {
        seen.sort();
        let mut wanted = prompts.clone();
        wanted.sort();
        assert_eq!(seen, wanted);
    }
    // The operator's page, with its results, after the end.
    let (operator, key) = served.operator.split_once("/enter?key=").unwrap();
    let cookie = format!("cookie: operator={key}\r\n");
    assert_eq!(super::wire::ask(operator, "POST", "/close", &cookie, "").unwrap().status, 303);
    let html = super::wire::ask(operator, "GET", "/", &cookie, "").unwrap().text();
    assert!(html.contains("What people prefer") && !html.contains("<script>document") && !html.contains("<img src=x"));
    drop(served);

    let csv = run_well(root.path(), &["votes", "export", path]);
    let formula = |cell: &str| cell.starts_with(['=', '@', '+', '-', '\t']);
    let cells = || csv.split("\",\"").map(|cell| cell.trim_start_matches('"'));
    assert!(!cells().any(formula), "a spreadsheet would compute {:?}", cells().find(|cell| formula(cell)));
    for line in run_well(root.path(), &["votes", "export", path, "--format", "jsonl"]).lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(prompts.iter().any(|prompt| row["prompt"] == *prompt), "{row}");
    }
}
