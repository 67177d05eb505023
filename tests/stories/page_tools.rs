//! The tools that judge pages. What is not on this machine is said, and its stories are skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::browser::{Browser, Device};
use crate::support::{folder, on_path, repository, text};

/// A file that `.ci/web-tools` installs, or nothing and a word about it.
fn tool(path: &str) -> Option<PathBuf> {
    let found = repository().join("target/web-tools/node_modules").join(path);
    if !found.is_file() {
        eprintln!("skipped: {} is not there (`.ci/web-tools` installs it)", found.display());
        return None;
    }
    Some(found)
}

/// What axe-core finds wrong in a page, a line each; none where axe or a browser is missing.
///
/// The page is judged as a copy without its content security policy, which would not let axe in.
pub fn axe(html: &str, device: &Device) -> Option<Vec<String>> {
    let (browser, axe) = (Browser::start()?, tool("axe-core/axe.min.js")?);
    let folder = folder();
    fs::copy(axe, folder.path().join("axe.js")).unwrap();
    fs::write(folder.path().join("judge.js"), JUDGE).unwrap();
    let start = html.find("<meta http-equiv=\"Content-Security-Policy\"");
    let mut page = html.to_owned();
    if let Some(start) = start {
        let end = start + page[start..].find('>').unwrap();
        page.replace_range(start..=end, "");
    }
    let scripts = "<script src=\"axe.js\"></script><script src=\"judge.js\"></script></body>";
    let end = page.rfind("</body>").expect("a page has a body");
    page.replace_range(end..end + "</body>".len(), scripts);
    let file = folder.path().join("page.html");
    fs::write(&file, page).unwrap();
    let shown = browser.page(device);
    shown.open(&format!("file://{}", file.display()));
    shown.wait_for("#axe-verdict");
    let verdict = shown.value("document.getElementById('axe-verdict').textContent");
    let mut lines: Vec<String> = verdict.as_str().unwrap().lines().map(str::to_owned).collect();
    // The last line counts the rules that passed: a judge that looked at nothing finds nothing.
    let passed: usize = lines.pop().and_then(|line| line.strip_prefix("passed ")?.parse().ok()).expect("a count");
    assert!(passed > 15, "axe tried only {passed} rules");
    Some(lines)
}

const JUDGE: &str = "
axe.run(document, { resultTypes: ['violations'] }).then((result) => {
  const pre = document.createElement('pre');
  pre.id = 'axe-verdict';
  const lines = result.violations.flatMap((rule) => rule.nodes.map((node) => rule.impact + ' ' + rule.id + ': ' + rule.help + ' at ' + node.target.join(' ')));
  pre.textContent = [...lines, 'passed ' + result.passes.length].join('\\n');
  document.body.append(pre);
});
";

/// What the Nu HTML checker calls an error in files; none where it or Java is missing.
pub fn invalid(files: &[&Path]) -> Option<String> {
    let jar = tool("vnu-jar/build/dist/vnu.jar")?;
    let Some(java) = on_path(&["java"]) else {
        eprintln!("skipped: no Java for the HTML checker (`apt-get install default-jre-headless`)");
        return None;
    };
    let output =
        Command::new(java).arg("-jar").arg(jar).args(["--errors-only", "--html"]).args(files).output().unwrap();
    // It writes to stderr, and says nothing where all is well.
    let said = text(&output.stderr);
    assert_eq!(output.status.success(), said.trim().is_empty(), "{said}");
    Some(said)
}
