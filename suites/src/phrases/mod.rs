//! What the official scorers learn from a parser: noun phrases, nouns, and words that are no adjectives.
//!
//! The official code parses with spaCy. What spaCy found in the official prompts is a table of facts here (`facts`):
//! offsets and word classes under the digest of the text, never the text. Any other text is parsed by a tagger and
//! chunker of our own (`tokens` → `tagger`).

mod class;
mod facts;
mod features;
mod learning;
mod linear;
mod parse;
mod source;
mod tagger;
mod tokens;

pub use class::WordClass;
pub use learning::{Example, learn};
pub use parse::{NOT_ASKED, Parse, Token};
pub use source::{PhraseSource, SpacyModel};
