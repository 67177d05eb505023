//! A user's folder of clips with captions as training data.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use gentron_model::train::{ClipExample, Example, Source};
use image::RgbImage;

use super::ShapesSource;
use crate::failure::{Explain as _, refuse};
use crate::movie::read;
use crate::progress::Progress;
use crate::store::digest;

/// Clips of a folder: each a folder of frames, a GIF or a film (through ffmpeg), with its caption in a text file of the same name beside it.
///
/// Pictures are the clips' own frames, under the caption of the clip. Text alone is that of the small world, whose encoders read it.
pub struct ClipFolder {
    id: String,
    clips: Vec<(Vec<RgbImage>, String)>,
    words: ShapesSource,
}

/// What a clip must have beside it.
const HINT: &str =
    "a clip is a folder of frames (PNG, JPEG, WebP), a GIF or a film, and NAME.txt beside it is its caption";

impl ClipFolder {
    /// Reads all clips of `folder`, each as `frames` frames of `side` pixels.
    ///
    /// # Errors
    /// There is none, one cannot be read, or one has no caption.
    pub fn open(folder: &Path, frames: usize, side: u32) -> anyhow::Result<Self> {
        let explain = || (format!("cannot read the clips in {}", folder.display()), HINT);
        let entries = fs::read_dir(folder).explain(explain)?;
        let mut paths: Vec<PathBuf> =
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().explain(explain)?;
        paths.retain(|path| read::is_clip(path));
        paths.sort();
        if paths.is_empty() {
            return Err(refuse(format!("there is no clip in {}", folder.display()), HINT));
        }
        if paths.len() == 1 {
            let what = format!("there is one clip in {}, and training holds one out to be judged by", folder.display());
            return Err(refuse(what, "add another"));
        }
        let progress = Progress::new("clips", paths.len());
        let mut clips = Vec::with_capacity(paths.len());
        let mut digests = Vec::with_capacity(paths.len());
        for path in &paths {
            let beside = caption_of(path);
            let caption = fs::read_to_string(&beside)
                .explain(|| (format!("{} has no caption {}", path.display(), beside.display()), HINT))?;
            if caption.trim().is_empty() {
                return Err(refuse(format!("the caption {} is empty", beside.display()), HINT));
            }
            // Its own hint, where it has one: how to get ffmpeg.
            let all = read::frames(path).with_context(|| format!("cannot read the clip {}", path.display()))?;
            let fitted = read::fit(&all, frames, side);
            let pixels: Vec<u8> = fitted.iter().flat_map(|frame| frame.as_raw()).copied().collect();
            digests.push((digest::of_bytes(&pixels), caption.trim().to_owned()));
            clips.push((fitted, caption.trim().to_owned()));
            progress.advance(1);
        }
        progress.finish();
        Ok(Self { id: format!("clips {}", &digest::of_value(&digests)[..16]), clips, words: ShapesSource::default() })
    }

    /// How many clips there are.
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// Whether there is none, which is refused when the folder is opened.
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }

    fn at(&self, index: u64) -> &(Vec<RgbImage>, String) {
        &self.clips[(index % self.clips.len() as u64) as usize]
    }
}

impl Source for ClipFolder {
    fn id(&self) -> String {
        self.id.clone()
    }

    /// Frame after frame of clip after clip.
    fn example(&self, _: u64, index: u64) -> Example {
        let (frames, caption) = self.at(index);
        let frame = (index / self.clips.len() as u64) as usize % frames.len();
        Example { image: frames[frame].clone(), caption: caption.clone() }
    }

    fn document(&self, seed: u64, index: u64) -> String {
        self.words.document(seed, index)
    }

    fn vocabulary(&self) -> Vec<String> {
        self.words.vocabulary()
    }

    fn clip_vocabulary(&self) -> Vec<String> {
        self.words.clip_vocabulary()
    }

    fn clips(&self) -> Option<u64> {
        Some(self.clips.len() as u64)
    }

    fn clip(&self, _: u64, index: u64) -> Option<ClipExample> {
        let (frames, caption) = self.at(index);
        Some(ClipExample { frames: frames.clone(), caption: caption.clone() })
    }
}

/// The caption of a clip: a folder's whole name, a file's without its ending, and `.txt`.
fn caption_of(clip: &Path) -> PathBuf {
    if !clip.is_dir() {
        return clip.with_extension("txt");
    }
    let mut name = clip.file_name().unwrap_or_default().to_owned();
    name.push(".txt");
    clip.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::movie::{ffmpeg, gif};

    #[test]
    fn a_film_becomes_a_clip_where_ffmpeg_is_installed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let Some(program) = ffmpeg::find() else {
            eprintln!("skipped: ffmpeg is not installed");
            return;
        };
        fs::create_dir(path("frames")).unwrap();
        for number in 0..4u8 {
            let frame = RgbImage::from_pixel(64, 64, image::Rgb([60 * number, 0, 0]));
            frame.save(path("frames").join(format!("{number}.jpg"))).unwrap();
            frame.save(path("frames").join(format!("{number}.png"))).unwrap();
        }
        ffmpeg::encode(&program, &path("frames"), 8, ffmpeg::Format::Mp4, &path("film.mp4")).unwrap();
        for number in 0..4 {
            fs::remove_file(path("frames").join(format!("{number}.png"))).unwrap();
        }
        for name in ["film.txt", "frames.txt"] {
            fs::write(path(name), "a red square").unwrap();
        }
        let source = ClipFolder::open(folder.path(), 4, 16).unwrap();
        assert_eq!(source.len(), 2, "the film, and the folder of JPEG frames");
        for clip in 0..2 {
            let frames = source.clip(7, clip).unwrap().frames;
            let reds: Vec<u8> = frames.iter().map(|frame| frame.get_pixel(8, 8).0[0]).collect();
            let near = reds.iter().zip([0u8, 60, 120, 180]).all(|(found, wanted)| found.abs_diff(wanted) < 12);
            assert!(near, "{clip}: {reds:?}");
        }
    }

    #[test]
    fn a_folder_of_frames_and_a_gif_become_clips_with_captions() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let frame = |level: u8| RgbImage::from_pixel(8, 6, image::Rgb([level, 0, 0]));
        fs::create_dir(path("one.1")).unwrap();
        for number in 0..4 {
            frame(number).save(path("one.1").join(format!("{number}.png"))).unwrap();
        }
        fs::write(path("one.1.txt"), "a red square growing\n").unwrap();
        let alone = ClipFolder::open(folder.path(), 2, 6).err().unwrap();
        assert!(alone.to_string().contains("one clip"), "{alone}");
        fs::write(path("two.gif"), gif::encode(&[frame(100), frame(200)], 8).unwrap()).unwrap();
        let error = ClipFolder::open(folder.path(), 2, 6).err().unwrap();
        assert!(crate::failure::render(&error).contains("two.txt"), "{error}");
        fs::write(path("two.txt"), " \n").unwrap();
        assert!(ClipFolder::open(folder.path(), 2, 6).err().unwrap().to_string().contains("is empty"));
        fs::write(path("two.txt"), "a red square").unwrap();
        fs::write(path("notes.txt"), "no clip").unwrap();
        let source = ClipFolder::open(folder.path(), 2, 6).unwrap();
        assert_eq!(source.len(), 2);
        let clip = source.clip(7, 2).unwrap();
        assert_eq!((clip.caption.as_str(), clip.frames.len()), ("a red square growing", 2));
        assert_eq!(clip.frames[1].get_pixel(0, 0).0, [3, 0, 0]);
        assert_eq!(source.example(7, 3).image.get_pixel(0, 0).0, [200, 0, 0], "the second frame of the second clip");
        assert!(ClipFolder::open(&path("one.1"), 2, 6).is_err(), "frames are no clips");
    }
}
