//! Plain tables on stdout.

use std::io::Write as _;

/// Which side a column's cells lean to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lean {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Aligned columns, two blanks apart, headings first; no escape sequences.
pub fn render(headings: &[(&str, Lean)], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([headings[column].0.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let mut line = String::new();
        for ((cell, width), (_, lean)) in cells.iter().zip(&widths).zip(headings) {
            let padded = match lean {
                Lean::Left => format!("{cell:<width$}"),
                Lean::Right => format!("{cell:>width$}"),
            };
            line += &padded;
            line += "  ";
        }
        line.trim_end().to_owned() + "\n"
    };
    let mut text = line(headings.iter().map(|(heading, _)| *heading).collect());
    for row in rows {
        text += &line(row.iter().map(String::as_str).collect());
    }
    text
}

/// Writes to stdout.
///
/// # Errors
/// Whoever reads it has gone away.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// Writes JSON to stdout.
///
/// # Errors
/// Whoever reads it has gone away.
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// A count with thousands apart: 929 310 720.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_lines_have_no_trailing_blanks() {
        let rows = vec![vec!["a".into(), "10".into()], vec!["longer".into(), "9".into()]];
        let table = render(&[("name", Lean::Left), ("n", Lean::Right)], &rows);
        assert_eq!(table, "name     n\na       10\nlonger   9\n");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([7, 1234, 929_310_720].map(grouped), ["7", "1 234", "929 310 720"]);
    }
}
