//! Names in a sentence.

/// Names that a sentence has before it only counts.
const MOST: usize = 20;

/// The first of `names`, and how many more there are.
pub fn few<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_names_twenty_and_counts_the_rest() {
        let names: Vec<String> = (0..22).map(|index| index.to_string()).collect();
        assert_eq!(few(&names[..2]), "0, 1");
        assert!(few(&names[..20]).ends_with("18, 19"));
        assert!(few(&names).ends_with("18, 19 and 2 more"));
    }
}
