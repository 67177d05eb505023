//! The clips of a run as files to look at: frames, an animated GIF, and films where ffmpeg is installed.

use std::path::Path;

use anyhow::Context as _;
use image::RgbImage;
use image::imageops::{FilterType, resize};

use super::ffmpeg::{self, Format};
use super::{FRAMES_A_SECOND, gif};
use crate::failure::{Interrupted, refuse};
use crate::generate::{png, strip};
use crate::plan::{Plan, Task};
use crate::progress::{self, Progress};
use crate::store::{Run, atomic};
use crate::workers::{self, Ended};

/// Clips of fewer pixels a side are enlarged by whole factors: players show them at their own size.
const LEAST_SIDE: u32 = 256;

/// Writes `clips/<arm>/<prompt-id>/<k>.gif` (and `.mp4`, `.webm`) and the frames beside them, in `<k>/0.png` and so on. Returns how
/// many clips there are. A file that is there already is kept.
///
/// # Errors
/// The run has no clips, or one cannot be read or written.
pub fn export(run: &Run, threads: usize) -> anyhow::Result<usize> {
    let clips = check(&run.plan)?;
    let encoder = ffmpeg::find();
    if encoder.is_none() {
        progress::say("note: no MP4 and WebM, because ffmpeg is not installed");
    }
    let progress = Progress::new("clips", clips.len());
    let ended = workers::for_each(threads, &clips, |task| {
        write(run, task, encoder.as_deref())
            .with_context(|| format!("cannot write the clip of {}", task.image_text()))?;
        progress.advance(1);
        Ok(())
    })?;
    progress.finish();
    if ended == Ended::Stopped {
        return Err(Interrupted.into());
    }
    Ok(clips.len())
}

/// The clips that are planned.
///
/// # Errors
/// There are none: nothing need be drawn to say so.
pub fn check(plan: &Plan) -> anyhow::Result<Vec<&Task>> {
    let clips: Vec<&Task> = plan.tasks.iter().filter(|task| task.frames.is_some()).collect();
    if clips.is_empty() {
        let what = "this run has pictures, and no clips";
        return Err(refuse(what, "leave out --video, or give a recipe whose sampler has frames, such as mfg-shapes"));
    }
    Ok(clips)
}

fn write(run: &Run, task: &Task, encoder: Option<&Path>) -> anyhow::Result<()> {
    let strip = image::load_from_memory(&std::fs::read(run.folder.join(task.image()))?)?.into_rgb8();
    let frames: Vec<RgbImage> = strip::split(&strip, task.frames.unwrap_or(1))?.iter().map(enlarged).collect();
    let folder = run.folder.join("clips").join(&task.arm).join(&task.prompt_id).join(task.k.to_string());
    for (number, frame) in frames.iter().enumerate() {
        keep(&folder.join(format!("{number}.png")), || png::encode(frame))?;
    }
    keep(&folder.with_extension("gif"), || gif::encode(&frames, FRAMES_A_SECOND))?;
    let Some(ffmpeg) = encoder else { return Ok(()) };
    for format in Format::ALL {
        let path = folder.with_extension(format.ending());
        keep(&path, || {
            let unfinished = folder.with_extension(format!("part.{}", format.ending()));
            ffmpeg::encode(ffmpeg, &folder, FRAMES_A_SECOND, format, &unfinished)?;
            let bytes = std::fs::read(&unfinished)?;
            std::fs::remove_file(&unfinished)?;
            Ok(bytes)
        })?;
    }
    Ok(())
}

/// Writes a file unless it is there.
fn keep(path: &Path, bytes: impl FnOnce() -> anyhow::Result<Vec<u8>>) -> anyhow::Result<()> {
    if path.is_file() { Ok(()) } else { atomic::write(path, &bytes()?) }
}

fn enlarged(frame: &RgbImage) -> RgbImage {
    let (width, height) = frame.dimensions();
    let factor = LEAST_SIDE.div_ceil(width.max(height).max(1)).max(1);
    resize(frame, width * factor, height * factor, FilterType::Nearest)
}
