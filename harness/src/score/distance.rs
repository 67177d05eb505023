//! Distances between a folder's images and a reference set: FID, the same on CLIP's features, and CMMD.

use std::path::{Path, PathBuf};

use gentron_metrics::frechet::{
    Gaussian, ImageFeatures, Inception, Moments, cmmd, fid_name, frechet_distance, sized_name,
};
use serde::Serialize;

use super::canary;
use super::clip::ClipSimilarity;
use super::stated::Preparation;
use crate::bare::layout::is_image;
use crate::device::device;
use crate::failure::{Explain as _, Interrupted, refuse};
use crate::interrupt;
use crate::progress::{self, Progress};

/// The CLIP of CMMD's published numbers, as [`super::clip::name_of`] calls it.
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
        distances.push(fid(images, &reference, path)?);
    }
    if let (Some((clip, sha256)), Reference::Pictures(others)) = (clip, &reference) {
        let id = gentron_metrics::ImageText::id(clip).to_owned();
        let (ours, theirs) = (features(clip, images, "clip")?, features(clip, others, "clip, reference")?);
        let of = |name: String, value| Distance {
            name,
            value,
            images: images.len(),
            reference_images: Some(others.len()),
            network: id.clone(),
            sha256: sha256.to_owned(),
            preparation: Preparation::of_clip(&id, clip.resize()),
            licence: clip.licence(),
        };
        let width = clip.width();
        let value = frechet_distance(&gaussian(&ours, width)?, &gaussian(&theirs, width)?)?;
        distances.push(of(sized_name("FD-CLIP", images.len()), value));
        let name = sized_name("CMMD", images.len());
        let name = if id == OF_CMMD { name } else { format!("{name}@{id}") };
        distances.push(of(name, cmmd(&ours, &theirs, width)?));
    }
    Ok(distances)
}

fn fid(images: &[PathBuf], reference: &Reference, path: &Path) -> anyhow::Result<Distance> {
    let file = if path.is_dir() { path.join(INCEPTION) } else { path.to_owned() };
    let explain = || {
        let hint = format!("it is {INCEPTION} of mseitzer/pytorch-fid, or safetensors of the same names");
        (format!("cannot load Inception from {}", file.display()), hint)
    };
    let (network, statement) = Inception::open(&file, &device()).explain(explain)?;
    canary::of_inception(&network, &statement.sha256)?;
    let ours = gaussian(&features(&network, images, "inception")?, network.width())?;
    let (theirs, reference_images) = match reference {
        Reference::Statistics(statistics) => (statistics.clone(), None),
        Reference::Pictures(others) => {
            let theirs = features(&network, others, "inception, reference")?;
            (gaussian(&theirs, network.width())?, Some(others.len()))
        }
    };
    Ok(Distance {
        name: fid_name(images.len()),
        value: frechet_distance(&ours, &theirs)?,
        images: images.len(),
        reference_images,
        network: statement.card.id.to_owned(),
        preparation: Preparation::of(&statement),
        licence: Some(statement.card.licence),
        sha256: statement.sha256,
    })
}

/// Rows of features, one an image.
fn features(network: &dyn ImageFeatures, images: &[PathBuf], label: &str) -> anyhow::Result<Vec<f32>> {
    let progress = Progress::new(label, images.len());
    let mut rows = Vec::with_capacity(images.len() * network.width());
    for path in images {
        if interrupt::requested() {
            return Err(Interrupted.into());
        }
        let image = image::open(path).explain(|| {
            let hint = "a distance is of whole sets: remove or repair that file. PNG, JPEG and WebP are read";
            (format!("cannot read the image {}", path.display()), hint)
        })?;
        rows.extend(network.features(&[&image.to_rgb8()])?);
        progress.advance(1);
    }
    progress.finish();
    Ok(rows)
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
    for entry in std::fs::read_dir(folder)? {
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
    use super::*;

    #[test]
    fn a_reference_has_every_kind_of_image_and_says_what_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check(folder.path()).unwrap_err().to_string().contains("no PNG image in"));
        assert!(check(&folder.path().join("nowhere")).is_err());
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        for name in ["a.png", "b.JPG", "c.jpeg", "inner/d.webp", "notes.txt"] {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        let (Reference::Pictures(pictures), others) = open(folder.path()).unwrap() else { panic!("no statistics") };
        assert_eq!(pictures, ["a.png", "b.JPG", "c.jpeg", "inner/d.webp"].map(|name| folder.path().join(name)));
        assert_eq!(others, [folder.path().join("notes.txt")]);
    }
}
