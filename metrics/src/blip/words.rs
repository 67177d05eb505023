//! From a phrase to token ids, as BLIP does it.

use std::path::Path;

use sha2::{Digest, Sha256};
use tokenizers::Tokenizer;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;

use crate::error::MetricError;

/// Most ids of a question, `[CLS]` and `[SEP]` included.
const LONGEST: usize = 35;

const CLS: u32 = 101;
const SEP: u32 = 102;

/// BERT's WordPiece over `bert-base-uncased`'s vocabulary.
pub struct Words {
    tokenizer: Tokenizer,
    sha256: String,
}

impl Words {
    /// Lines of `bert-base-uncased`'s vocabulary.
    pub const LINES: usize = 30522;

    /// A few of its words that the networks know by number.
    pub const KNOWN: [(&str, u32); 5] = [("[UNK]", 100), ("[CLS]", CLS), ("[SEP]", SEP), ("no", 2053), ("yes", 2748)];

    /// Reads `vocab.txt`, one piece a line.
    ///
    /// # Errors
    /// [`MetricError::Vocabulary`] where the file cannot be read or is not that of `bert-base-uncased`.
    pub fn open(path: &Path) -> Result<Self, MetricError> {
        let refuse = |why: String| MetricError::Vocabulary { path: path.to_owned(), why };
        let bytes = std::fs::read(path).map_err(|e| refuse(e.to_string()))?;
        let vocabulary = WordPiece::read_bytes(&bytes).map_err(|e| refuse(e.to_string()))?;
        if vocabulary.len() != Self::LINES {
            return Err(refuse(format!("it has {} different lines, not {}", vocabulary.len(), Self::LINES)));
        }
        if let Some((word, id)) = Self::KNOWN.into_iter().find(|(word, id)| vocabulary.get(*word) != Some(id)) {
            return Err(refuse(format!("\"{word}\" is not on line {}", id + 1)));
        }
        Self::new(&bytes).map_err(|e| refuse(e.to_string()))
    }

    /// Of any lines, which are the ids.
    pub(crate) fn new(bytes: &[u8]) -> tokenizers::Result<Self> {
        let vocabulary = WordPiece::read_bytes(bytes)?;
        let model = WordPiece::builder().vocab(vocabulary).unk_token("[UNK]".to_owned()).build()?;
        let mut tokenizer = Tokenizer::new(model);
        // Accents are stripped because the case is: HuggingFace's rule of `None`.
        tokenizer.with_normalizer(Some(BertNormalizer::new(true, true, None, true)))?;
        tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
        let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { tokenizer, sha256 })
    }

    /// Digest of the vocabulary file, lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// `[CLS] … [SEP]`, at most 35 ids, of a question as the user wrote it.
    ///
    /// # Errors
    /// [`MetricError::NotAPhrase`] where the tokenizer refuses.
    pub fn ids(&self, question: &str) -> Result<Vec<u32>, MetricError> {
        self.ids_of_text(&pre_question(question))
    }

    /// The same of a text that is not cleaned before.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn ids_of_text(&self, text: &str) -> Result<Vec<u32>, MetricError> {
        let encoding = self.tokenizer.encode(text, false).map_err(|e| MetricError::NotAPhrase {
            backend: "wordpiece".to_owned(),
            phrase: text.to_owned(),
            why: e.to_string(),
        })?;
        let pieces = encoding.get_ids().iter().copied().take(LONGEST - 2);
        Ok(std::iter::once(CLS).chain(pieces).chain([SEP]).collect())
    }
}

/// BLIP's cleaning of a question: lower case, without `. ! " ( ) * # : ; ~` and blanks at the end, at most 50 words.
#[must_use]
pub fn pre_question(question: &str) -> String {
    const DELETED: &[char] = &['.', '!', '"', '(', ')', '*', '#', ':', ';', '~'];
    let clean: String = question.to_lowercase().chars().filter(|c| !DELETED.contains(c)).collect();
    clean.trim_end_matches(' ').split(' ').take(50).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_cleaned_as_officially() {
        assert_eq!(pre_question("A \"Red\" (car)!? "), "a red car?");
        assert_eq!(pre_question("the dog's ball-game, mid?"), "the dog's ball-game, mid?");
        assert_eq!(pre_question(&"a ".repeat(60)).split(' ').count(), 50);
        assert_eq!(pre_question(""), "");
    }

    #[test]
    fn pieces_are_words_first_then_their_parts() {
        let lines = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nred\ncar\n##port\n?\n-";
        let words = Words::new(lines.as_bytes()).unwrap();
        assert_eq!(words.ids("A réd carport-?").unwrap(), [CLS, 4, 5, 6, 7, 9, 8, SEP]);
        assert_eq!(words.ids("blue?").unwrap(), [CLS, 1, 8, SEP]);
        assert_eq!(words.ids(&"car ".repeat(49)).unwrap().len(), LONGEST);
    }

    #[test]
    fn another_vocabulary_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vocab.txt");
        std::fs::write(&path, "yes\nno\n").unwrap();
        assert!(Words::open(&path).is_err_and(|e| e.to_string().contains("2 different lines")));
        assert!(Words::open(&folder.path().join("absent")).is_err());
    }
}
