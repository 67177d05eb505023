//! The run of `benches/report.rs`, made (`large DIR make`) and reported on (`large DIR`), to be timed and watched from outside.

use std::path::PathBuf;
use std::time::Instant;

use gentron_reports::{analyse_with, write_report};

#[path = "../benches/large/mod.rs"]
mod large;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let run_dir = PathBuf::from(arguments.next().ok_or("usage: large DIR [make]")?);
    if arguments.next().as_deref() == Some("make") {
        large::write(&run_dir);
        println!("{} images", large::IMAGES);
        return Ok(());
    }
    let (info, began) = (large::info(), Instant::now());
    let analysis = analyse_with(&run_dir, &info)?;
    println!("analysed in {:.2} s", began.elapsed().as_secs_f64());
    write_report(&run_dir, &info, &analysis)?;
    println!("reported in {:.2} s", began.elapsed().as_secs_f64());
    Ok(())
}
