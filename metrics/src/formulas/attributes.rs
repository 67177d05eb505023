//! BLIP-VQA, "disentangled": the product over noun phrases.

/// How many noun phrases of a prompt the official script asks by default; it was 2 before 2023-12-02.
pub const NP_NUM: usize = 8;

/// How many it asked by default before 2023-12-02: the paper's tables were most likely made so.
pub const NP_NUM_PAPER: usize = 2;

/// A number as the official scripts write it into their result files and read it back: four decimals.
#[must_use]
pub fn round_as_printed(value: f32) -> f32 {
    // Both Rust and C's printf round the exact binary value half to even, so that the text is the same.
    format!("{value:.4}").parse().unwrap_or(value)
}

/// B-VQA: `Π P(yes | phrase_i)` over the first `np_num` phrases.
///
/// Each probability goes through four printed decimals, the product runs left to right in f32 and is printed with four
/// decimals again, as in
/// `BLIP_vqa.py`. So the value is a multiple of 1e-4, and 0 as soon as the product is below 5e-5. Without any phrase it
/// is 1, as there: a caller who wants "no phrase" to be no score has to say so.
#[must_use]
pub fn b_vqa(probabilities: &[f64], np_num: usize) -> f64 {
    let product =
        probabilities.iter().take(np_num).map(|&p| round_as_printed(p as f32)).fold(1.0_f32, |product, p| product * p);
    let text = format!("{product:.4}");
    text.parse().unwrap_or_else(|_| f64::from(product))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_printed_with_four_decimals() {
        assert_eq!(b_vqa(&[0.7204, 0.6578], NP_NUM), 0.4739);
        assert_eq!(b_vqa(&[0.006, 0.006], NP_NUM), 0.0);
        assert_eq!(b_vqa(&[], NP_NUM), 1.0);
    }

    #[test]
    fn phrases_beyond_np_num_are_ignored() {
        assert_eq!(b_vqa(&[0.5, 0.5, 0.1], 2), 0.25);
    }

    #[test]
    fn each_probability_is_rounded_before_it_is_multiplied() {
        // 0.99995 prints as 0.9999 or 1.0000; 0.99996 as 1.0000.
        assert_eq!(b_vqa(&[0.99996, 0.5], NP_NUM), 0.5);
    }
}
