//! MP4 and WebM through `ffmpeg`, where it is installed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use image::RgbImage;

use crate::failure::refuse;

/// Where to get it.
pub const HOW_TO_GET: &str =
    "install ffmpeg (apt-get install ffmpeg, brew install ffmpeg), or give the clip as a GIF or a folder of frames";

/// The program, where it can be run.
pub fn find() -> Option<PathBuf> {
    let name = format!("ffmpeg{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// A container and its codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// H.264.
    Mp4,
    /// VP9.
    WebM,
}

impl Format {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Mp4, Self::WebM];

    /// Ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::WebM => "webm",
        }
    }

    fn codec(self) -> &'static [&'static str] {
        match self {
            Self::Mp4 => &["-c:v", "libx264", "-crf", "12", "-movflags", "+faststart"],
            Self::WebM => &["-c:v", "libvpx-vp9", "-crf", "16", "-b:v", "0"],
        }
    }
}

/// Writes `frames/0.png`, `frames/1.png`, ... as a film to `to`.
///
/// # Errors
/// The program fails; what it said is in the error.
pub fn encode(ffmpeg: &Path, frames: &Path, frames_a_second: u32, format: Format, to: &Path) -> anyhow::Result<()> {
    let rate = frames_a_second.to_string();
    let frames = frames.join("%d.png");
    let mut arguments: Vec<&OsStr> = ["-framerate", &rate, "-i"].map(OsStr::new).to_vec();
    arguments.push(frames.as_os_str());
    arguments.extend(format.codec().iter().map(OsStr::new));
    // What every player shows, of an even number of pixels.
    arguments.extend(["-pix_fmt", "yuv420p", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2"].map(OsStr::new));
    // The same frames are the same bytes in every execution.
    arguments.extend(["-fflags", "+bitexact", "-flags:v", "+bitexact", "-y"].map(OsStr::new));
    arguments.push(to.as_os_str());
    run(ffmpeg, &arguments).map(drop)
}

/// All frames of a film, whatever it is.
///
/// # Errors
/// The program is not there, or cannot read the file.
pub fn decode(path: &Path) -> anyhow::Result<Vec<RgbImage>> {
    let Some(ffmpeg) = find() else {
        return Err(refuse(format!("{} needs ffmpeg to be read", path.display()), HOW_TO_GET));
    };
    // What is cut short or damaged is an error, not a shorter film.
    let mut arguments = vec![OsStr::new("-xerror"), OsStr::new("-err_detect"), OsStr::new("explode")];
    arguments.extend([OsStr::new("-i"), path.as_os_str()]);
    arguments.extend(["-f", "image2pipe", "-c:v", "ppm", "-"].map(OsStr::new));
    let bytes = run(&ffmpeg, &arguments)?;
    ensure!(!bytes.is_empty(), "ffmpeg found no frame in {}", path.display());
    let mut frames = Vec::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let (frame, length) = pixmap(rest).with_context(|| format!("ffmpeg gave no picture of {}", path.display()))?;
        frames.push(frame);
        rest = &rest[length..];
    }
    Ok(frames)
}

fn run(ffmpeg: &Path, arguments: &[&OsStr]) -> anyhow::Result<Vec<u8>> {
    let output = Command::new(ffmpeg)
        .args(["-hide_banner", "-loglevel", "error", "-nostdin"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", ffmpeg.display()))?;
    // Of a damaged film the decoder complains line after line, with addresses; the first says what there is to know.
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim();
    ensure!(output.status.success() && !said.contains("ended prematurely"), "ffmpeg: {first}");
    Ok(output.stdout)
}

/// The picture that a binary pixmap (`P6 width height 255`, then the pixels) begins with, and the bytes that it takes.
fn pixmap(bytes: &[u8]) -> Option<(RgbImage, usize)> {
    let mut at = 0;
    let mut words = Vec::new();
    while words.len() < 4 {
        let end = at + bytes[at..].iter().position(u8::is_ascii_whitespace)?;
        words.push(std::str::from_utf8(&bytes[at..end]).ok()?);
        at = end + 1;
    }
    let [kind, width, height, most] = words[..] else { return None };
    let (width, height) = (width.parse::<u32>().ok()?, height.parse::<u32>().ok()?);
    let end = at + width as usize * height as usize * 3;
    let pixels = bytes.get(at..end).filter(|_| kind == "P6" && most == "255")?;
    Some((RgbImage::from_raw(width, height, pixels.to_vec())?, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixmaps_follow_one_another() {
        let bytes = [&b"P6\n2 1\n255\n"[..], &[1, 2, 3, 4, 5, 6], b"P6\n1 1\n255\n", &[7, 8, 9]].concat();
        let (first, length) = pixmap(&bytes).unwrap();
        assert_eq!((first.dimensions(), first.get_pixel(1, 0).0), ((2, 1), [4, 5, 6]));
        let (second, rest) = pixmap(&bytes[length..]).unwrap();
        assert_eq!((second.get_pixel(0, 0).0, length + rest), ([7, 8, 9], bytes.len()));
        assert!(pixmap(&bytes[..12]).is_none() && pixmap(b"P5\n1 1\n255\n1").is_none());
    }

    #[test]
    fn a_film_gives_its_frames_back() {
        let Some(ffmpeg) = find() else {
            eprintln!("skipped: ffmpeg is not installed");
            return;
        };
        let here = tempfile::tempdir().unwrap();
        // A bright block that moves over a dark ground; an odd side, which films do not have.
        let frame = |at: u32| {
            RgbImage::from_fn(65, 64, |x, y| {
                image::Rgb(if x / 16 == at && y > 20 { [220, 200, 40] } else { [20, 30, 60] })
            })
        };
        for number in 0..4 {
            frame(number).save(here.path().join(format!("{number}.png"))).unwrap();
        }
        for format in Format::ALL {
            let film = here.path().join("film").with_extension(format.ending());
            encode(&ffmpeg, here.path(), 8, format, &film).unwrap();
            let frames = decode(&film).unwrap();
            assert_eq!(frames.len(), 4, "{format:?}");
            for (number, found) in (0..).zip(&frames) {
                assert_eq!(found.dimensions(), (66, 64), "{format:?}");
                let right = frame(number);
                let error: u32 = right
                    .enumerate_pixels()
                    .flat_map(|(x, y, pixel)| (0..3).map(move |c| (x, y, c, pixel.0[c])))
                    .map(|(x, y, c, level)| u32::from(level.abs_diff(found.get_pixel(x, y).0[c])))
                    .sum();
                assert!(error / (65 * 64 * 3) < 6, "{format:?}, frame {number}: {error}");
            }
            let again = here.path().join("again").with_extension(format.ending());
            encode(&ffmpeg, here.path(), 8, format, &again).unwrap();
            let whole = std::fs::read(&film).unwrap();
            assert!(whole == std::fs::read(&again).unwrap(), "{format:?}: the same bytes again");
            std::fs::write(&again, &whole[..whole.len() * 2 / 3]).unwrap();
            assert!(decode(&again).is_err(), "{format:?}: what is cut short is no film");
        }
        std::fs::write(here.path().join("no.mp4"), b"no film").unwrap();
        assert!(decode(&here.path().join("no.mp4")).unwrap_err().to_string().contains("ffmpeg: "));
    }
}
