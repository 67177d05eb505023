//! Draws training pairs (or, with `eval`, ground-truth scenes of the evaluation set) as one PNG and prints the texts.
//!
//! `cargo run --release -p gentron-suites --example contact_sheet -- sheet.png [train|documents|negatives|eval] [SEED]`

use gentron_suites::Suite;
use gentron_suites::shapes::{CANVAS, hard_negative, render, scene_for, suite, training_document, training_pair};
use image::{Rgb, RgbImage, imageops};

const ZOOM: u32 = 3;
const COLUMNS: u32 = 8;
const ROWS: u32 = 6;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "contact_sheet.png".to_owned());
    let mode = arguments.next().unwrap_or_else(|| "train".to_owned());
    let seed = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let cell = CANVAS * ZOOM + 4;
    let mut sheet = RgbImage::from_pixel(cell * COLUMNS, cell * ROWS, Rgb([90, 90, 90]));
    let start = std::time::Instant::now();
    let suite = suite();
    for index in 0..u64::from(COLUMNS * ROWS) {
        let (image, text) = match mode.as_str() {
            "eval" => {
                // A step without a common factor walks through all categories and both splits.
                let prompt = &suite.prompts()[(seed as usize + index as usize * 11) % suite.prompts().len()];
                (render(&scene_for(prompt, seed)), format!("[{}] {}", prompt.id, prompt.text))
            }
            "documents" => (training_pair(seed, index).image, training_document(seed, index)),
            "negatives" => {
                let pair = training_pair(seed, index);
                (pair.image, format!("{} | {:?}", pair.caption, hard_negative(seed, index)))
            }
            _ => {
                let pair = training_pair(seed, index);
                (pair.image, pair.caption)
            }
        };
        let large = imageops::resize(&image, CANVAS * ZOOM, CANVAS * ZOOM, imageops::FilterType::Nearest);
        let (row, column) = (index as u32 / COLUMNS, index as u32 % COLUMNS);
        imageops::replace(&mut sheet, &large, i64::from(column * cell + 2), i64::from(row * cell + 2));
        println!("{row},{column}  {text}");
    }
    eprintln!("{:.0} pairs/s with enlarging", f64::from(COLUMNS * ROWS) / start.elapsed().as_secs_f64());
    let start = std::time::Instant::now();
    (0..4000).for_each(|index| drop(training_pair(seed, index)));
    eprintln!("{:.0} pairs/s", 4000.0 / start.elapsed().as_secs_f64());
    sheet.save(path)?;
    Ok(())
}
