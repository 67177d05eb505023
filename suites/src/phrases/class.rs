//! Parts of speech, as coarse as the official scorers need them.

/// A token's part of speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum WordClass {
    /// Anything else: determiners, verbs, adpositions, numbers, punctuation.
    Other = 0,
    /// spaCy's `NOUN`.
    Noun = 1,
    /// spaCy's `PROPN`.
    ProperNoun = 2,
    /// spaCy's `ADJ`.
    Adjective = 3,
}

impl WordClass {
    /// The class of a number's two lowest bits.
    pub(super) fn of_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Other,
            1 => Self::Noun,
            2 => Self::ProperNoun,
            _ => Self::Adjective,
        }
    }
}
