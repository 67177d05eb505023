//! Classifier-free guidance (Ho and Salimans 2022), and GenTron's motion-free guidance of clips.

/// `null + guidance (text - null)` for every element, hence for all latent channels (DiT guides three of four).
///
/// Guidance 1 is the text's prediction and 0 the null text's, to the bit.
///
/// # Panics
/// Where the lengths differ.
pub fn guide(null: &[f64], text: &[f64], guidance: f64) -> Vec<f64> {
    assert_eq!(null.len(), text.len(), "predictions with and without the text");
    if guidance == 1.0 {
        return text.to_vec();
    }
    null.iter().zip(text).map(|(null, text)| null + guidance * (text - null)).collect()
}

/// The three predictions that motion-free guidance mixes (paper, section 3.3).
#[derive(Clone, Copy, Debug)]
pub struct MotionFree<'a> {
    /// Null text, frames that do not see one another.
    pub null_free: &'a [f64],
    /// Null text, frames that see one another.
    pub null_motion: &'a [f64],
    /// The text, frames that see one another.
    pub text_motion: &'a [f64],
}

impl MotionFree<'_> {
    /// `null_free + text (text_motion - null_motion) + motion (null_motion - null_free)` for every element.
    ///
    /// `motion` 1 is classifier-free guidance of the clip by `text`, 0 guides a clip without motion.
    ///
    /// # Panics
    /// Where the lengths differ.
    pub fn guide(&self, text: f64, motion: f64) -> Vec<f64> {
        let Self { null_free, null_motion, text_motion } = *self;
        assert!(null_free.len() == null_motion.len() && null_free.len() == text_motion.len(), "three predictions");
        let three = null_free.iter().zip(null_motion).zip(text_motion);
        three.map(|((free, moving), told)| free + text * (told - moving) + motion * (moving - free)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{MotionFree, guide};

    #[test]
    fn motion_free_guidance_at_one_is_plain_guidance() {
        let (null_free, null_motion, text_motion) = ([0.3, -1.0, 2.0], [0.1, -2.0, 0.5], [0.7, 1.0, 0.25]);
        let three = MotionFree { null_free: &null_free, null_motion: &null_motion, text_motion: &text_motion };
        let plain = guide(&null_motion, &text_motion, 7.5);
        for (got, want) in three.guide(7.5, 1.0).iter().zip(&plain) {
            assert!((got - want).abs() < 1e-12, "{got} for {want}");
        }
        // The reference's formula, by hand, on the first element.
        let by_hand = 0.3 + 7.5 * (0.7 - 0.1) + 1.2 * (0.1 - 0.3);
        assert!((three.guide(7.5, 1.2)[0] - by_hand).abs() < 1e-12);
        assert_ne!(three.guide(7.5, 1.2), three.guide(7.5, 1.0));
    }

    #[test]
    fn guidance_goes_through_both_predictions_and_beyond() {
        let (null, text) = ([0.1, -2.0, 0.3], [0.7, 1.0, 0.3]);
        assert_eq!(guide(&null, &text, 0.0), null);
        assert_eq!(guide(&null, &text, 1.0), text);
        assert_eq!(guide(&null, &text, 3.0), [0.1 + 3.0 * (0.7 - 0.1), 7.0, 0.3]);
    }
}
