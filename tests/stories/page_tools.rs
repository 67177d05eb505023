//! Pages in a real browser, and the tools that judge them. What is not on this machine is said, and its stories are skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{folder, repository, text};

/// A program on the path.
fn on_path(names: &[&str]) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&paths).collect();
    names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

/// Chromium, or nothing and a word about it.
pub fn chromium() -> Option<PathBuf> {
    let found = on_path(&["chromium", "chromium-browser", "google-chrome"]);
    if found.is_none() {
        eprintln!("skipped: no Chromium on this machine (`apt-get install chromium`)");
    }
    found
}

/// A file that `.ci/web-tools` installs, or nothing and a word about it.
fn tool(path: &str) -> Option<PathBuf> {
    let found = repository().join("target/web-tools/node_modules").join(path);
    if !found.is_file() {
        eprintln!("skipped: {} is not there (`.ci/web-tools` installs it)", found.display());
        return None;
    }
    Some(found)
}

/// The page as it stands when its scripts have come to rest, at a width in pixels.
pub fn dom(chromium: &Path, address: &str, width: u32) -> String {
    let profile = folder();
    let mut command = Command::new(chromium);
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--virtual-time-budget=30000",
        "--dump-dom",
    ]);
    command.arg(format!("--window-size={width},900")).arg(format!("--user-data-dir={}", profile.path().display()));
    let output = command.arg(address).stderr(Stdio::null()).output().unwrap();
    text(&output.stdout)
}

/// What axe-core finds wrong in a page, a line each; none where axe or Chromium is missing.
///
/// The page is judged as a copy without its content security policy, which would not let axe in.
pub fn axe(html: &str, width: u32) -> Option<Vec<String>> {
    let (chromium, axe) = (chromium()?, tool("axe-core/axe.min.js")?);
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
    let dom = dom(&chromium, &format!("file://{}", file.display()), width);
    let (_, rest) = dom.split_once("<pre id=\"axe-verdict\">").expect("axe has come to an end");
    let verdict = rest.split_once("</pre>").unwrap().0;
    let lines = verdict.lines().map(|line| line.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"));
    let mut lines: Vec<String> = lines.collect();
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
