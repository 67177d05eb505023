//! What can go wrong in this crate.

/// Every failure of this crate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuitesError {
    /// A word stands where only the words of the shapes world are known.
    #[error("`{got}` is not a {what} of the shapes world (known: {known})")]
    UnknownWord {
        /// What was expected: `shape`, `color` or `texture`.
        what: &'static str,
        /// The word found.
        got: String,
        /// The words that would have been right, separated by blanks.
        known: String,
    },
    /// A noun phrase that this world cannot draw.
    #[error("`{phrase}` is not a noun phrase of the shapes world, such as `a striped red circle`")]
    UnknownPhrase {
        /// The phrase found.
        phrase: String,
    },
    /// A relation or action speaks of something that the prompt's phrases do not mention exactly once.
    #[error("the relation's `{name}` is not exactly one of the things in `{text}`")]
    UnboundName {
        /// The noun or phrase of the relation.
        name: String,
        /// The prompt.
        text: String,
    },
    /// A prompt whose annotation names nothing that can be drawn.
    #[error("prompt `{text}` has neither phrases nor counts")]
    Empty {
        /// The prompt.
        text: String,
    },
    /// More objects than a picture of 64 x 64 pixels can hold.
    #[error("a picture of the shapes world holds at most {most} objects, not {wanted}")]
    TooMany {
        /// How many the prompt asks for.
        wanted: u64,
        /// How many there can be.
        most: u64,
    },
}
