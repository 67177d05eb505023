//! Classifier-free guidance (Ho and Salimans 2022).

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

#[cfg(test)]
mod tests {
    use super::guide;

    #[test]
    fn guidance_goes_through_both_predictions_and_beyond() {
        let (null, text) = ([0.1, -2.0, 0.3], [0.7, 1.0, 0.3]);
        assert_eq!(guide(&null, &text, 0.0), null);
        assert_eq!(guide(&null, &text, 1.0), text);
        assert_eq!(guide(&null, &text, 3.0), [0.1 + 3.0 * (0.7 - 0.1), 7.0, 0.3]);
    }
}
