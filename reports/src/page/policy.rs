//! The content security policy and the style sheet that it admits by hash.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// How fast clips play.
const FRAMES_A_SECOND: f64 = 8.0;

const STYLE: &str = include_str!("../../templates/style.css");

/// The style sheet, with one rule per category for the gallery's filter (which works without script), and for each number of frames that
/// clips have one that plays them: the image is so many times as wide as what is seen of it, and jumps to the left frame by frame.
pub(super) fn style(categories: usize, frames: &BTreeSet<u32>) -> String {
    let mut style = STYLE.to_owned();
    for index in 0..categories {
        let _ = writeln!(style, "#category-{index}:checked ~ .items > :not(.category-{index}) {{ display: none }}");
    }
    for count in frames {
        let seconds = f64::from(*count) / FRAMES_A_SECOND;
        let _ = writeln!(
            style,
            ".clip-{count} {{ --frames: {count}; animation-duration: {seconds}s; animation-timing-function: steps({count}) }}"
        );
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
