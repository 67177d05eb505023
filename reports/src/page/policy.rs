//! The content security policy and the style sheet that it admits by hash.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("../../templates/style.css");

/// The style sheet, with one rule per category for the gallery's filter (which works without script).
pub(super) fn style(categories: usize) -> String {
    let mut style = STYLE.to_owned();
    for index in 0..categories {
        let _ = writeln!(style, "#category-{index}:checked ~ .items > :not(.category-{index}) {{ display: none }}");
    }
    style
}

/// No network, no frames, no forms; images only from the file itself; the style and the script only as written here.
pub(super) fn content_security_policy(style: &str, script: &str) -> String {
    let [style, script] = [style, script].map(|text| STANDARD.encode(Sha256::digest(text.as_bytes())));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'"
    )
}
