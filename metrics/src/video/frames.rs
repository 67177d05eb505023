//! What frames have in common with their neighbours and with the text.

use image::RgbImage;

/// VBench's *temporal flickering*: 1 minus the mean absolute difference of neighbouring frames in shares of 255; 1 is a still.
///
/// `None` for fewer than two frames or frames of different sizes. VBench applies it to clips of static scenes: motion lowers it too.
#[must_use]
pub fn flicker(frames: &[RgbImage]) -> Option<f64> {
    let mut sum = 0.0;
    for pair in frames.windows(2) {
        let (a, b) = (pair[0].as_raw(), pair[1].as_raw());
        if a.len() != b.len() || a.is_empty() {
            return None;
        }
        let difference: u64 = a.iter().zip(b).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
        sum += difference as f64 / a.len() as f64 / 255.0;
    }
    (frames.len() > 1).then(|| 1.0 - sum / (frames.len() - 1) as f64)
}

/// VBench's *consistency* of subject or background, by whose embeddings are given: the mean over frames from the second on of the cosines
/// with the frame before and with the first frame, negative ones counted as 0.
///
/// `None` for fewer than two frames, or where an embedding is of another length or zero.
#[must_use]
pub fn consistency(embeddings: &[Vec<f32>]) -> Option<f64> {
    let first = embeddings.first()?;
    let mut sum = 0.0;
    for pair in embeddings.windows(2) {
        let [before, start] = [cosine(&pair[1], &pair[0])?, cosine(&pair[1], first)?].map(|cosine| cosine.max(0.0));
        sum += (before + start) / 2.0;
    }
    (embeddings.len() > 1).then(|| sum / (embeddings.len() - 1) as f64)
}

/// CLIPSIM: the mean cosine of the frames' embeddings with the text's.
///
/// `None` without frames, or where an embedding is of another length or zero.
#[must_use]
pub fn clipsim(cosines: &[f64]) -> Option<f64> {
    (!cosines.is_empty()).then(|| cosines.iter().sum::<f64>() / cosines.len() as f64)
}

fn cosine(a: &[f32], b: &[f32]) -> Option<f64> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    (a.len() == b.len() && norms > 0.0).then(|| dot(a, b) / norms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn flicker_is_one_minus_the_mean_difference() {
        let plain = |level: u8| RgbImage::from_pixel(4, 4, Rgb([level, level, 0]));
        assert_eq!(flicker(&[plain(7), plain(7), plain(7)]), Some(1.0));
        // Two of three channels differ by 51 = 255 / 5 between the first two frames, and by nothing between the last two.
        let got = flicker(&[plain(0), plain(51), plain(51)]).unwrap();
        assert!((got - (1.0 - (2.0 / 3.0) * 0.2 / 2.0)).abs() < 1e-12, "{got}");
        assert_eq!(flicker(&[plain(0)]), None);
        assert_eq!(flicker(&[plain(0), RgbImage::new(5, 5)]), None);
    }

    #[test]
    fn consistency_weighs_the_frame_before_and_the_first_alike() {
        let (x, y) = (vec![1.0, 0.0], vec![0.0, 1.0]);
        assert_eq!(consistency(&[x.clone(), x.clone()]), Some(1.0));
        // The second frame is nothing like the first; the third is like the second and not like the first.
        assert_eq!(consistency(&[x.clone(), y.clone(), y.clone()]), Some(0.25));
        assert_eq!(consistency(&[x.clone(), vec![-1.0, 0.0]]), Some(0.0));
        assert_eq!(consistency(std::slice::from_ref(&x)), None);
        assert_eq!(consistency(&[x, vec![0.0, 0.0]]), None);
    }

    #[test]
    fn clipsim_is_a_mean_of_cosines() {
        let cosines: Vec<f64> = [[3.0, 0.0], [1.0, 1.0]].iter().map(|f| cosine(&[1.0, 0.0], f).unwrap()).collect();
        let got = clipsim(&cosines).unwrap();
        assert!((got - (1.0 + 0.5f64.sqrt()) / 2.0).abs() < 1e-12, "{got}");
        assert_eq!(clipsim(&[]), None);
        assert_eq!(cosine(&[1.0, 0.0], &[1.0]), None);
    }
}
