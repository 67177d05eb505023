//! Makes a clearly fake run and its report, to look at: `synthetic DIR [unfinished]`.

use std::path::PathBuf;

use gentron_reports::{analyse, terminal_table, write_report};

#[path = "../tests/support/mod.rs"]
mod support;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let run_dir = PathBuf::from(arguments.next().ok_or("usage: synthetic DIR [unfinished]")?);
    let unfinished = arguments.next().as_deref() == Some("unfinished");
    std::fs::create_dir_all(&run_dir)?;
    let info = support::write_run(
        &run_dir,
        support::Wanted { prompts: 60, images: 1, gaps: true, unfinished, challenges: true },
    );
    let analysis = analyse(&run_dir)?;
    write_report(&run_dir, &info, &analysis)?;
    print!("{}", terminal_table(&analysis));
    Ok(())
}
