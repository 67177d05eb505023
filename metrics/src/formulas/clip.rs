//! CLIPScore as T2I-CompBench uses it: the raw cosine.

/// `⟨image, text⟩ / (|image| |text|)`, in f64 over f32 features: not multiplied by 100, not by 2.5, not clipped at 0.
///
/// `None` where either vector is zero or the lengths differ.
#[must_use]
pub fn clipscore(image: &[f32], text: &[f32]) -> Option<f64> {
    if image.len() != text.len() {
        return None;
    }
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>();
    let scale = dot(image, image).sqrt() * dot(text, text).sqrt();
    (scale > 0.0).then(|| dot(image, text) / scale)
}

/// The text that the official script compares for complex prompts (`--complex True`): the prompt without its
/// adjectives.
///
/// Which words are adjectives is the caller's to say. Tokens are joined with single blanks, a comma or full stop
/// becoming a token of its own, as there: `The hat was on top of the coat rack .`
#[must_use]
pub fn clip_text(prompt: &str, is_adjective: impl Fn(&str) -> bool) -> String {
    let mut tokens = Vec::new();
    for word in prompt.split_whitespace() {
        let stem = word.trim_end_matches([',', '.']);
        if !stem.is_empty() && !is_adjective(&stem.to_lowercase()) {
            tokens.push(stem);
        }
        tokens.extend(word[stem.len()..].split_inclusive([',', '.']));
    }
    tokens.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parallel_is_one_and_orthogonal_is_zero() {
        assert_eq!(clipscore(&[3.0, 4.0], &[6.0, 8.0]), Some(1.0));
        assert_eq!(clipscore(&[1.0, 0.0], &[0.0, 2.0]), Some(0.0));
        assert_eq!(clipscore(&[1.0, 0.0], &[-2.0, 0.0]), Some(-1.0));
        assert_eq!(clipscore(&[0.0, 0.0], &[1.0, 0.0]), None);
        assert_eq!(clipscore(&[1.0], &[1.0, 0.0]), None);
    }

    #[test]
    fn adjectives_are_dropped_and_punctuation_stands_alone() {
        let text = clip_text("the red hat, and the brown rack.", |word| ["red", "brown"].contains(&word));
        assert_eq!(text, "the hat , and the rack .");
    }
}
