//! A booktabs table to paste into a paper.

use std::fmt::Write as _;

use super::sheet::sheet;
use crate::analysis::Analysis;
use crate::run_info::RunInfo;

/// Scores in percent with half-widths of their 95 % intervals, the highest of each column in bold; in the paper's column order.
pub fn latex_table(info: &RunInfo, analysis: &Analysis) -> String {
    let sheet = sheet(info, analysis);
    let mut text = String::from("% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n");
    let _ = writeln!(text, "\\begin{{tabular}}{{lll{}}}\n\\toprule", "r".repeat(sheet.columns.len()));
    let heads: Vec<String> = sheet.columns.iter().map(|column| escaped(column)).collect();
    let _ = writeln!(text, "Text encoder & Integration & Scale & {} \\\\\n\\midrule", heads.join(" & "));
    for row in &sheet.rows {
        let encoders =
            if row.arm.text_encoders.is_empty() { row.arm.label.clone() } else { row.arm.text_encoders.join(" + ") };
        let mut cells = [encoders, row.arm.conditioning.clone(), row.arm.scale.clone()].map(|t| escaped(&t)).to_vec();
        for (column, score) in row.scores.iter().enumerate() {
            cells.push(score.map_or("--".to_owned(), |(mean, interval)| {
                let mean_text = format!("{:.1}", mean * 100.0);
                let bold = sheet.is_best(column, (mean, interval));
                let mean_text = if bold { format!("\\textbf{{{mean_text}}}") } else { mean_text };
                let half = interval.map(|i| format!(" {{\\scriptsize $\\pm$ {:.1}}}", i.half_width() * 100.0));
                mean_text + &half.unwrap_or_default()
            }));
        }
        let _ = writeln!(text, "{} \\\\", cells.join(" & "));
    }
    let unfinished = if analysis.is_unfinished() { " This run is not finished." } else { "" };
    let _ = writeln!(
        text,
        "\\bottomrule\n\\end{{tabular}}\n\\caption{{{}: percent, with half-widths of 95\\,\\% intervals, prompts as clusters. Bold: \
         highest of its column, whether or not the difference is decided.{unfinished}}}\n\\end{{table}}",
        escaped(&analysis.run)
    );
    text
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '·' => out.push_str("$\\cdot$"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_latex_reads_as_commands_is_escaped() {
        assert_eq!(escaped("50% of a_b & {c} \\x"), "50\\% of a\\_b \\& \\{c\\} \\textbackslash{}x");
    }
}
