//! Distances between a folder's images and a reference set: FID, the same on CLIP's features, and CMMD.

mod kept;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gentron_metrics::frechet::{
    Gaussian, ImageFeatures, Inception, Moments, cmmd, fid_name, frechet_distance, sized_name,
};
use serde::Serialize;

use self::kept::Kept;
use super::canary;
use super::clip::ClipSimilarity;
use super::stated::Preparation;
use crate::bare::layout::is_image;
use crate::decode;
use crate::device::device;
use crate::failure::{Explain as _, Interrupted, refuse};
use crate::progress::{self, Progress};
use crate::store::digest;
use crate::workers::{self, Ended};

/// The CLIP of CMMD's published numbers, as [`super::clip::name_of`] calls it: distances by another carry its name.
const OF_CMMD: &str = "clip-vit-large-patch14-336";

/// One distance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distance {
    /// `FID-30K`; the number is that of the generated images.
    pub name: String,
    /// 0 for equal sets.
    pub value: f64,
    /// Images that were compared.
    pub images: usize,
    /// Images of the reference set; null where only its statistics are known.
    pub reference_images: Option<usize>,
    /// The network whose features were compared.
    pub network: String,
    /// SHA-256 of its weights.
    pub sha256: String,
    /// How it prepared the images.
    pub preparation: Preparation,
    /// Licence of its weights; null: nobody says.
    pub licence: Option<&'static str>,
    /// What Inception's canaries came to, in the words of [`canary::Canaries`]; left out of a CLIP's distances, which is a scorer, and
    /// checked as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canaries: Option<String>,
}

/// How images are embedded.
#[derive(Clone, Copy, Debug)]
pub struct Embedding<'a> {
    /// The folder where features are kept, so that what was embedded once is not embedded again.
    pub kept: &'a Path,
    /// Images at a time; the features are the same bits for any number.
    pub threads: usize,
}

/// What the images are compared with.
enum Reference {
    /// Mean and covariance that pytorch-fid saved: of Inception's features.
    Statistics(Gaussian),
    Pictures(Vec<PathBuf>),
}

/// A file of weights, in a folder or itself.
const INCEPTION: &str = "pt_inception-2015-12-05-6726825d.pth";

/// Whether there is something to compare with: asked before anything is scored.
///
/// # Errors
/// It cannot be read, or has no image.
pub fn check(reference: &Path) -> anyhow::Result<()> {
    open(reference).map(|_| ())
}

/// FID where Inception's weights are given, the distance on CLIP's features and CMMD where a CLIP is.
///
/// # Errors
/// There is nothing to compare with, an image cannot be read, or a network not be loaded.
pub fn distances(
    images: &[PathBuf],
    reference: &Path,
    inception: Option<&Path>,
    clip: Option<(&ClipSimilarity, &str)>,
    embedding: Embedding<'_>,
) -> anyhow::Result<Vec<Distance>> {
    let shown = reference.display();
    let (reference, others) = open(reference)?;
    if let Some(first) = others.first() {
        let count = others.len();
        progress::say(&format!("note: {count} files of {shown} are no images and are left out ({})", first.display()));
    }
    if inception.is_none() && clip.is_none() {
        let hint = format!(
            "name Inception's {INCEPTION} with --inception, or a CLIP with --clip; `gentron doctor` says where they are from"
        );
        return Err(refuse("no network to compare images with", hint));
    }
    let mut distances = Vec::new();
    if let Some(path) = inception {
        distances.push(fid(images, &reference, path, embedding)?);
    }
    if let (Some((clip, sha256)), Reference::Pictures(others)) = (clip, &reference) {
        let id = gentron_metrics::ImageText::id(clip).to_owned();
        let preparation = Preparation::of_clip(&id, clip.resize());
        let embedder = Embedder::new(clip, (sha256, &preparation), embedding)?;
        let (ours, theirs) = (embedder.features(images, "clip")?, embedder.features(others, "clip, reference")?);
        let of = |name: &str, value| Distance {
            name: name_by(sized_name(name, images.len()), &id),
            value,
            images: images.len(),
            reference_images: Some(others.len()),
            network: id.clone(),
            sha256: sha256.to_owned(),
            preparation: preparation.clone(),
            licence: clip.licence(),
            canaries: None,
        };
        let width = clip.width();
        let value = frechet_distance(&gaussian(&ours, width)?, &gaussian(&theirs, width)?)?;
        distances.push(of("FD-CLIP", value));
        distances.push(of("CMMD", cmmd(&ours, &theirs, width)?));
    }
    Ok(distances)
}

/// What a distance by a CLIP is called.
fn name_by(name: String, clip: &str) -> String {
    if clip == OF_CMMD { name } else { format!("{name}@{clip}") }
}

fn fid(images: &[PathBuf], reference: &Reference, path: &Path, embedding: Embedding<'_>) -> anyhow::Result<Distance> {
    let file = if path.is_dir() { path.join(INCEPTION) } else { path.to_owned() };
    let explain = || {
        let hint = format!("it is {INCEPTION} of mseitzer/pytorch-fid, or safetensors of the same names");
        (format!("cannot load Inception from {}", file.display()), hint)
    };
    let (network, statement) = Inception::open(&file, &device()?).explain(explain)?;
    let canaries = canary::of_inception(&network, &statement.sha256)?;
    let preparation = Preparation::of(&statement);
    let embedder = Embedder::new(&network, (statement.sha256.as_str(), &preparation), embedding)?;
    let ours = gaussian(&embedder.features(images, "inception")?, network.width())?;
    let (theirs, reference_images) = match reference {
        Reference::Statistics(statistics) => (statistics.clone(), None),
        Reference::Pictures(others) => {
            let theirs = embedder.features(others, "inception, reference")?;
            (gaussian(&theirs, network.width())?, Some(others.len()))
        }
    };
    Ok(Distance {
        name: fid_name(images.len()),
        value: frechet_distance(&ours, &theirs)?,
        images: images.len(),
        reference_images,
        network: statement.card.id.to_owned(),
        preparation,
        licence: Some(statement.card.licence),
        sha256: statement.sha256,
        canaries: Some(canaries),
    })
}

/// Images between two writes of their features; a stop waits for as many a thread.
const BATCH: usize = 8;

/// Makes pictures into features, each once.
struct Embedder<'a> {
    network: &'a dyn ImageFeatures,
    kept: Kept,
    threads: usize,
}

impl<'a> Embedder<'a> {
    /// `of` is the digest of the network's weights, and how it prepares a picture.
    fn new(
        network: &'a dyn ImageFeatures,
        of: (&str, &Preparation),
        Embedding { kept, threads }: Embedding<'_>,
    ) -> anyhow::Result<Self> {
        let key = digest::of_value(&(env!("CARGO_PKG_VERSION"), network.id(), of));
        let file = kept.join(format!("{}-{}.rows", network.id(), &key[..16]));
        let explain = || (format!("cannot go on from {}", file.display()), "remove it: images are embedded anew then");
        let kept = Kept::open(file.clone(), network.width()).explain(explain)?;
        Ok(Self { network, kept, threads })
    }

    /// Rows of features, one an image, in their order.
    fn features(&self, images: &[PathBuf], label: &str) -> anyhow::Result<Vec<f32>> {
        let rows = Mutex::new(vec![0f32; images.len() * self.network.width()]);
        let batches: Vec<(usize, &[PathBuf])> = images.chunks(BATCH).enumerate().collect();
        let progress = Progress::new(label, images.len());
        let ended = workers::for_each(self.threads, &batches, |&(index, batch)| {
            let mut batch_rows: Vec<f32> = Vec::with_capacity(batch.len() * self.network.width());
            let mut new: Vec<(String, Vec<f32>)> = Vec::new();
            for path in batch {
                let bytes = fs::read(path).explain(|| unread(path))?;
                let sha256 = digest::of_bytes(&bytes);
                let row = match self.kept.row(&sha256) {
                    Some(row) => row,
                    None => {
                        let image = decode::rgb(&bytes).explain(|| unread(path))?;
                        let row = self.network.features(&[&image])?;
                        new.push((sha256, row.clone()));
                        row
                    }
                };
                batch_rows.extend(row);
                progress.advance(1);
            }
            self.kept.append(new)?;
            let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
            rows[index * BATCH * self.network.width()..][..batch_rows.len()].copy_from_slice(&batch_rows);
            Ok(())
        })?;
        progress.finish();
        if ended == Ended::Stopped {
            return Err(Interrupted.into());
        }
        Ok(rows.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

fn unread(path: &Path) -> (String, &'static str) {
    let hint = "a distance is of whole sets: remove or repair that file. PNG, JPEG and WebP are read";
    (format!("cannot read the image {}", path.display()), hint)
}

fn gaussian(rows: &[f32], width: usize) -> anyhow::Result<Gaussian> {
    let mut moments = Moments::new(width);
    moments.add(rows)?;
    moments
        .gaussian()
        .explain(|| ("too few images for a covariance", "a distance needs two images at least on either side"))
}

/// An `.npz` of statistics, or a folder of images, its folders included; and the files that are no images.
fn open(path: &Path) -> anyhow::Result<(Reference, Vec<PathBuf>)> {
    const HINT: &str = "--reference names a folder of images (PNG, JPEG or WebP), or an .npz with mu and sigma as pytorch-fid saves them";
    let explain = || (format!("cannot read the reference {}", path.display()), HINT);
    if path.is_file() {
        return Ok((Reference::Statistics(Gaussian::from_npz(path).explain(explain)?), Vec::new()));
    }
    let mut files = Vec::new();
    collect(path, &mut files).explain(explain)?;
    files.sort();
    let (pictures, others): (Vec<PathBuf>, Vec<PathBuf>) =
        files.into_iter().partition(|file| is_image(&file.to_string_lossy()));
    if pictures.is_empty() {
        return Err(refuse(format!("no PNG image in {}, and no JPEG or WebP", path.display()), HINT));
    }
    Ok((Reference::Pictures(pictures), others))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use gentron_metrics::MetricError;
    use image::RgbImage;

    use super::*;

    /// Counts the pictures that it looks at; stops at its limit.
    struct Counting {
        seen: AtomicUsize,
        limit: usize,
    }

    impl ImageFeatures for Counting {
        fn id(&self) -> &str {
            "counting"
        }

        fn width(&self) -> usize {
            2
        }

        fn features(&self, images: &[&RgbImage]) -> Result<Vec<f32>, MetricError> {
            if self.seen.fetch_add(images.len(), Ordering::SeqCst) >= self.limit {
                return Err(MetricError::ImageSize { width: 0, height: 0, why: "enough" });
            }
            Ok(images.iter().flat_map(|image| [f32::from(image.get_pixel(0, 0).0[0]), image.width() as f32]).collect())
        }
    }

    #[test]
    fn a_second_call_goes_on_where_the_first_ended_and_the_order_is_that_of_the_images() {
        let folder = tempfile::tempdir().unwrap();
        let images: Vec<PathBuf> = (0..40u8).map(|at| folder.path().join(format!("{at:02}.png"))).collect();
        for (at, path) in images.iter().enumerate() {
            RgbImage::from_pixel(1 + at as u32 % 3, 2, image::Rgb([at as u8; 3])).save(path).unwrap();
        }
        let kept = folder.path().join("features");
        let preparation = Preparation::of_clip("counting", String::new());
        let embed = |limit: usize, threads: usize| {
            let network = Counting { seen: AtomicUsize::new(0), limit };
            let embedding = Embedding { kept: &kept, threads };
            let rows =
                Embedder::new(&network, ("digest", &preparation), embedding).unwrap().features(&images, "counting");
            (rows, network.seen.into_inner())
        };
        let (failed, seen) = embed(20, 1);
        assert!(failed.is_err());
        assert_eq!(seen, 21);
        let expected: Vec<f32> = (0..40u8).flat_map(|at| [f32::from(at), 1.0 + f32::from(at % 3)]).collect();
        let (rows, seen) = embed(usize::MAX, 3);
        assert_eq!((rows.unwrap(), seen), (expected.clone(), 24), "two batches of eight were kept");
        let (rows, seen) = embed(0, 2);
        assert_eq!((rows.unwrap(), seen), (expected, 0));
        // A picture that has changed is looked at again, whatever it is called.
        RgbImage::from_pixel(9, 9, image::Rgb([200; 3])).save(&images[0]).unwrap();
        let (rows, seen) = embed(1, 1);
        assert_eq!((&rows.unwrap()[..2], seen), (&[200.0, 9.0][..], 1));
    }

    #[test]
    fn distances_by_another_clip_carry_its_name() {
        assert_eq!(name_by("FD-CLIP-30K".to_owned(), OF_CMMD), "FD-CLIP-30K");
        assert_eq!(name_by("CMMD-4".to_owned(), "clip-shapes"), "CMMD-4@clip-shapes");
    }

    #[test]
    fn a_reference_has_every_kind_of_image_and_says_what_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check(folder.path()).unwrap_err().to_string().contains("no PNG image in"));
        assert!(check(&folder.path().join("nowhere")).is_err());
        fs::create_dir(folder.path().join("inner")).unwrap();
        for name in ["a.png", "b.JPG", "c.jpeg", "inner/d.webp", "notes.txt"] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        let (Reference::Pictures(pictures), others) = open(folder.path()).unwrap() else { panic!("no statistics") };
        assert_eq!(pictures, ["a.png", "b.JPG", "c.jpeg", "inner/d.webp"].map(|name| folder.path().join(name)));
        assert_eq!(others, [folder.path().join("notes.txt")]);
    }
}
