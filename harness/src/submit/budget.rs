//! Which part of a run keeps most of its power when not all can be paid for.
//!
//! The verdicts compare arms prompt by prompt. With P prompts of K images each, a difference has the variance (b + w / K) / P, b between
//! prompts and w within. For a given number P · K of images it is smallest with K = 1: so images per prompt go before prompts. Then
//! the largest categories are cut to one size, because the smallest decides what all can show, and each keeps its share of seen and unseen.

use gentron_reports::statistics::power::detectable;
use serde::Serialize;

/// What can be paid for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Subset {
    /// Images per prompt.
    pub images: u32,
    /// Most prompts of a category; none where all are kept.
    pub prompts: Option<u32>,
    /// Prompts of all categories together.
    pub kept_prompts: usize,
    /// The smallest detectable difference grows at least by this factor (all scatter between prompts), and
    pub factor_at_least: f64,
    /// at most by this one (all scatter between images).
    pub factor_at_most: f64,
    /// The smallest difference of two success rates that the smallest category finds with a power of 80 %, at worst; of 1.
    pub detectable: Option<f64>,
}

/// The subset for `seconds` in all, where each image costs `each` seconds in all arms together and nothing helps against `fixed`.
/// `categories` are their numbers of prompts. None where not one image a category can be paid for.
pub fn subset(categories: &[usize], images: u32, (seconds, fixed, each): (f64, f64, f64)) -> Option<Subset> {
    let all: usize = categories.iter().sum();
    let affordable = ((seconds - fixed) / each).floor();
    if affordable < categories.len() as f64 {
        return None;
    }
    let affordable = if affordable < 1e15 { affordable as usize } else { usize::MAX };
    let kept_images = u32::try_from(affordable / all).unwrap_or(u32::MAX).clamp(1, images);
    let total = |most: usize| categories.iter().map(|count| (*count).min(most)).sum::<usize>();
    let largest = categories.iter().copied().max().unwrap_or(0);
    let most = (1..=largest).take_while(|most| total(*most) <= affordable).last()?;
    let kept_prompts = total(most);
    // What the smallest category loses is what cannot be shown any more.
    let worst = |exponent: fn(f64, f64) -> f64| {
        let of = |count: &usize| {
            let kept = (*count).min(most) as f64;
            exponent(*count as f64 / kept, f64::from(images) / f64::from(kept_images)).sqrt()
        };
        categories.iter().map(of).fold(1.0, f64::max)
    };
    let smallest = categories.iter().map(|count| (*count).min(most)).min().unwrap_or(0) as f64;
    // Two success rates of a half, independent: no paired difference of 0/1 scores scatters more.
    let error = (0.5 / smallest).sqrt();
    Some(Subset {
        images: kept_images,
        prompts: (most < largest).then_some(most as u32),
        kept_prompts,
        factor_at_least: worst(|prompts, _| prompts),
        factor_at_most: worst(|prompts, images| prompts * images),
        detectable: (smallest > 1.0).then(|| detectable(error, smallest - 1.0, 0.05)).flatten(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_a_prompt_go_before_prompts_and_the_largest_categories_before_the_others() {
        // 60 + 60 + 20 prompts with 10 images each, 1 second an image.
        let of = |seconds| subset(&[60, 60, 20], 10, (seconds, 0.0, 1.0));
        let whole = of(1400.0).unwrap();
        assert_eq!((whole.images, whole.prompts, whole.factor_at_most), (10, None, 1.0));
        let fewer_images = of(300.0).unwrap();
        assert_eq!((fewer_images.images, fewer_images.prompts, fewer_images.kept_prompts), (2, None, 140));
        assert!((fewer_images.factor_at_least - 1.0).abs() < 1e-12);
        assert!((fewer_images.factor_at_most - 5.0f64.sqrt()).abs() < 1e-12);
        let fewer_prompts = of(100.0).unwrap();
        assert_eq!((fewer_prompts.images, fewer_prompts.prompts, fewer_prompts.kept_prompts), (1, Some(40), 100));
        assert!((fewer_prompts.factor_at_least - 1.5f64.sqrt()).abs() < 1e-12);
        assert!(of(2.0).is_none());
        assert_eq!(subset(&[4], 1, (10.0, 5.0, 2.0)).unwrap().prompts, Some(2));
    }
}
