//! A table for READMEs and issues.

use std::fmt::Write as _;

use super::sheet::sheet;
use crate::analysis::Analysis;
use crate::run_info::RunInfo;
use crate::text::{ABSENT, percent, range};

/// Scores in percent with 95 % intervals, the highest of each column in bold, then the verdicts on the Mean.
pub fn markdown_table(info: &RunInfo, analysis: &Analysis) -> String {
    let sheet = sheet(info, analysis);
    let heads: Vec<String> = sheet.columns.iter().map(|column| escaped(column)).collect();
    let mut text = format!("| arm | {} |\n|---|{}\n", heads.join(" | "), "---:|".repeat(heads.len()));
    for row in &sheet.rows {
        let cells = row.scores.iter().enumerate().map(|(column, score)| match score {
            None => ABSENT.to_owned(),
            Some((mean, interval)) => {
                let shown = percent(*mean);
                let shown = if sheet.is_best(column, (*mean, *interval)) { format!("**{shown}**") } else { shown };
                shown + &interval.map(|i| format!(" ({})", range(i))).unwrap_or_default()
            }
        });
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(text, "| {} | {} |", escaped(&row.arm.label), cells.join(" | "));
    }
    text.push('\n');
    for sentence in &analysis.summary {
        let _ = writeln!(text, "- {}", escaped(sentence));
    }
    text
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
