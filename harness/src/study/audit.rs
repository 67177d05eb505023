//! The study attacked by itself: can a program that sees what raters get tell the arms apart?
//!
//! Bytes must say nothing: one length, one set of chunks, one size. Pixels always say something, because arms draw differently; how much
//! is measured with the statistics of colour and sharpness, and with the embeddings of a CLIP where there is one: for each prompt, an
//! attacker who knows all other prompts' answers guesses which picture is whose, by the nearest centroid.

use gentron_metrics::frechet::ImageFeatures;
use gentron_reports::preference::wilson;
use image::RgbImage;
use rayon::prelude::*;
use serde::Serialize;

use super::folder::Folder;
use super::picture;

/// What the attack found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// Different lengths among the pictures; 1 is blind.
    pub lengths: usize,
    /// Different sequences of chunks; 1 is blind.
    pub chunks: Vec<String>,
    /// Different sizes in pixels; 1 is blind.
    pub sizes: usize,
    /// Different numbers of frames; 1 is blind.
    pub frames: usize,
    /// The CLIP that looked, too.
    pub clip: Option<String>,
    /// Each two arms by their pixels.
    pub leaks: Vec<Leak>,
}

/// What an attacker looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// Statistics of colour and sharpness.
    Statistics,
    /// A CLIP's embedding.
    Embedding,
}

impl Look {
    /// What tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Statistics => "colour, sharpness",
            Self::Embedding => "embedding",
        }
    }
}

/// How well pixels give two arms away.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leak {
    /// Ids of the arms.
    pub arms: [String; 2],
    /// What was looked at.
    pub look: Look,
    /// Share of prompts guessed right; ½ is luck.
    pub accuracy: f64,
    /// Its 95 % interval.
    pub low: f64,
    /// Its 95 % interval.
    pub high: f64,
    /// Prompts.
    pub prompts: usize,
    /// Prompts whose pictures give the arms away most clearly.
    pub telling: Vec<String>,
}

impl Audit {
    /// Nothing but the pixels differs.
    pub fn is_blind(&self) -> bool {
        self.lengths == 1 && self.sizes == 1 && self.frames == 1 && self.chunks.len() == 1
    }
}

/// Attacks, with the eyes of a CLIP, too, where one is given.
///
/// # Errors
/// A picture is missing or altered, or the CLIP fails.
pub fn audit(folder: &Folder, clip: Option<&dyn ImageFeatures>) -> anyhow::Result<Audit> {
    let bytes = folder.pictures()?;
    let mut lengths: Vec<usize> = bytes.iter().map(Vec::len).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let mut chunks: Vec<String> = bytes.iter().map(|bytes| kinds(bytes)).collect();
    chunks.sort();
    chunks.dedup();
    let images: Vec<Vec<RgbImage>> =
        bytes.iter().map(|bytes| picture::decode(bytes, None)).collect::<anyhow::Result<_>>()?;
    let mut sizes: Vec<(u32, u32)> = images.iter().flatten().map(RgbImage::dimensions).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut frames: Vec<usize> = images.iter().map(Vec::len).collect();
    frames.sort_unstable();
    frames.dedup();
    let mut looks = vec![(Look::Statistics, images.iter().map(|frames| mean(frames, features)).collect::<Vec<_>>())];
    if let Some(clip) = clip {
        looks.push((Look::Embedding, embeddings(&images, clip)?));
    }
    let study = &folder.study;
    let mut leaks = Vec::new();
    for first in 0..study.arms.len() {
        for second in first + 1..study.arms.len() {
            for (look, seen) in &looks {
                let of = study.items.iter().filter(|item| item.arms == [first, second]);
                let pairs: Vec<(usize, [&[f64]; 2])> =
                    of.map(|item| (item.prompt, item.pictures.map(|picture| seen[picture].as_slice()))).collect();
                let arms = [study.arms[first].id.clone(), study.arms[second].id.clone()];
                leaks.extend(leak((arms, *look), &pairs, |prompt| study.prompts[prompt].text.clone()));
            }
        }
    }
    let clip = clip.map(|clip| clip.id().to_owned());
    Ok(Audit { lengths: lengths.len(), chunks, sizes: sizes.len(), frames: frames.len(), clip, leaks })
}

/// The kinds of a PNG's chunks, each once in a row.
fn kinds(bytes: &[u8]) -> String {
    let mut kinds: Vec<String> = Vec::new();
    let mut at = 8;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        kinds.push(String::from_utf8_lossy(&head[4..]).into_owned());
        at += length + 12;
        if kinds.last().is_some_and(|kind| kind == "IEND") {
            break;
        }
    }
    kinds.dedup();
    let zeros = bytes.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == 0));
    kinds.join(" ") + if zeros { "" } else { " and more" }
}

/// What is seen of each frame of a clip, averaged.
fn mean(frames: &[RgbImage], see: impl Fn(&RgbImage) -> Vec<f64>) -> Vec<f64> {
    let mut sum: Vec<f64> = Vec::new();
    for frame in frames {
        let seen = see(frame);
        sum.resize(seen.len(), 0.0);
        sum.iter_mut().zip(seen).for_each(|(sum, value)| *sum += value);
    }
    sum.into_iter().map(|sum| sum / frames.len() as f64).collect()
}

/// A CLIP's embedding of each picture.
fn embeddings(images: &[Vec<RgbImage>], clip: &dyn ImageFeatures) -> anyhow::Result<Vec<Vec<f64>>> {
    let of_picture = |frames: &Vec<RgbImage>| -> anyhow::Result<Vec<f64>> {
        let rows = clip.features(&frames.iter().collect::<Vec<_>>())?;
        let width = clip.width();
        Ok((0..width)
            .map(|k| rows.iter().skip(k).step_by(width).map(|v| f64::from(*v)).sum::<f64>() / frames.len() as f64)
            .collect())
    };
    images.par_iter().map(of_picture).collect()
}

/// Mean and spread of each channel, saturation, and differences between neighbours.
fn features(image: &RgbImage) -> Vec<f64> {
    let count = f64::from(image.width()) * f64::from(image.height());
    let mut features = Vec::new();
    for channel in 0..3 {
        let values = || image.pixels().map(|pixel| f64::from(pixel[channel]));
        let mean = values().sum::<f64>() / count;
        features.push(mean);
        features.push((values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt());
    }
    let spread =
        |pixel: &image::Rgb<u8>| pixel.0.iter().max().zip(pixel.0.iter().min()).map_or(0, |(most, least)| most - least);
    features.push(image.pixels().map(|pixel| f64::from(spread(pixel))).sum::<f64>() / count);
    let green = |x, y| f64::from(image.get_pixel(x, y)[1]);
    let inner = |x: &u32| *x + 1 < image.width();
    let steps = |power: i32| {
        (0..image.height())
            .flat_map(|y| (0..image.width()).filter(inner).map(move |x| (x, y)))
            .map(|(x, y)| (green(x + 1, y) - green(x, y)).abs().powi(power))
            .sum::<f64>()
            / count
    };
    features.extend([steps(1), steps(2).sqrt()]);
    features
}

fn leak(
    (arms, look): ([String; 2], Look),
    pairs: &[(usize, [&[f64]; 2])],
    text: impl Fn(usize) -> String,
) -> Option<Leak> {
    let width = pairs.first()?.1[0].len();
    // Which picture is whose is asked within a pair, so only differences matter, each on the scale of its own spread.
    let differences: Vec<Vec<f64>> =
        pairs.iter().map(|(_, [a, b])| a.iter().zip(*b).map(|(a, b)| a - b).collect()).collect();
    let sum_of = |power: i32| -> Vec<f64> {
        (0..width).map(|k| differences.iter().map(|difference| difference[k].powi(power)).sum()).collect()
    };
    let (sums, squares) = (sum_of(1), sum_of(2));
    let score = |difference: &Vec<f64>| -> f64 {
        (0..width)
            .map(|k| {
                // Those of all other prompts.
                let (mean, scale) = (sums[k] - difference[k], squares[k] - difference[k].powi(2));
                if scale > squares[k] * 1e-12 { mean * difference[k] / scale } else { 0.0 }
            })
            .sum()
    };
    let mut scores: Vec<(f64, usize)> =
        differences.iter().map(score).zip(pairs.iter().map(|(prompt, _)| *prompt)).collect();
    let right = scores.iter().filter(|(score, _)| *score > 0.0).count();
    // No knowledge at all is a coin, not a wrong guess.
    let coins = scores.iter().filter(|(score, _)| *score == 0.0).count() / 2;
    let interval = wilson((right + coins) as u64, pairs.len() as u64, 0.95)?;
    scores.sort_by(|a, b| b.0.total_cmp(&a.0));
    Some(Leak {
        arms,
        look,
        accuracy: (right + coins) as f64 / pairs.len() as f64,
        low: interval.low,
        high: interval.high,
        prompts: pairs.len(),
        telling: scores.iter().take(3).filter(|(score, _)| *score > 0.0).map(|(_, prompt)| text(*prompt)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brightness_gives_an_arm_away_and_noise_does_not() {
        let noise = |i: usize, k: usize| {
            f64::from(gentron_reports::statistics::philox4x32([i as u32, k as u32, 0, 0], [1, 2])[0]) / 4e9
        };
        let rows = |shift: f64| -> Vec<[Vec<f64>; 2]> {
            (0..200).map(|i| [vec![noise(i, 0) + shift, noise(i, 1)], vec![noise(i, 2), noise(i, 3)]]).collect()
        };
        let accuracy = |rows: &[[Vec<f64>; 2]]| {
            let pairs: Vec<(usize, [&[f64]; 2])> =
                rows.iter().enumerate().map(|(i, [a, b])| (i, [a.as_slice(), b.as_slice()])).collect();
            leak(([String::new(), String::new()], Look::Statistics), &pairs, |_| String::new()).unwrap()
        };
        let told = accuracy(&rows(1.0));
        assert!(told.low > 0.8, "{told:?}");
        let luck = accuracy(&rows(0.0));
        assert!(luck.low < 0.5 && luck.high > 0.4, "{luck:?}");
    }
}
