//! What the tagger sees of a token: words, endings and earlier decisions around it, each as a hash.

/// A text's words as the features need them.
pub(super) struct Window<'a> {
    words: &'a [&'a str],
    lower: Vec<String>,
}

impl<'a> Window<'a> {
    pub fn new(words: &'a [&'a str]) -> Self {
        Self { words, lower: words.iter().map(|word| word.to_lowercase()).collect() }
    }

    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The lower-case word `by` places away.
    fn word(&self, at: usize, by: isize) -> &str {
        match at.checked_add_signed(by) {
            None => "<s>",
            Some(at) => self.lower.get(at).map_or("</s>", String::as_str),
        }
    }

    fn shape(&self, at: usize) -> String {
        let word = self.words[at];
        let mut shape = String::new();
        if word.chars().any(|c| c.is_ascii_digit()) {
            shape.push('D');
        }
        if word.chars().next().is_some_and(char::is_uppercase) {
            shape.push('U');
        }
        if word.contains('-') {
            shape.push('-');
        }
        if at == 0 {
            shape.push('0');
        }
        shape
    }
}

/// 32-bit FNV-1a over the parts, each after a byte that no UTF-8 text contains; the first part names the kind of
/// feature.
fn hash(parts: &[&str]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    let mut eat = |byte: u8| hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    for part in parts {
        part.bytes().for_each(&mut eat);
        eat(0xff);
    }
    hash
}

/// The last `count` characters.
fn ending(word: &str, count: usize) -> &str {
    let begin = word.char_indices().rev().nth(count - 1).map_or(0, |(at, _)| at);
    &word[begin..]
}

/// Of the first model; `tags` are its decisions so far.
pub(super) fn class_features(window: &Window<'_>, tags: &[&str], at: usize) -> Vec<u32> {
    let before = |back: usize| at.checked_sub(back).map_or("<s>", |at| tags[at]);
    let (one, two) = (before(1), before(2));
    let word = window.word(at, 0);
    let (left, right) = (window.word(at, -1), window.word(at, 1));
    let first = word.chars().next().map(String::from).unwrap_or_default();
    vec![
        hash(&["b"]),
        hash(&["w", word]),
        hash(&["s3", ending(word, 3)]),
        hash(&["s2", ending(word, 2)]),
        hash(&["s1", ending(word, 1)]),
        hash(&["pr", &first]),
        hash(&["sh", &window.shape(at)]),
        hash(&["p1", one]),
        hash(&["p12", one, two]),
        hash(&["p1w", one, word]),
        hash(&["l", left]),
        hash(&["ls", ending(left, 3)]),
        hash(&["r", right]),
        hash(&["rs", ending(right, 3)]),
        hash(&["ll", window.word(at, -2)]),
        hash(&["rr", window.word(at, 2)]),
        hash(&["lw", left, word]),
        hash(&["wr", word, right]),
    ]
}

/// Of the second model; `tags` are those of all tokens, `before` its last two decisions, the last first.
pub(super) fn chunk_features(window: &Window<'_>, tags: &[&str], before: [&str; 2], at: usize) -> Vec<u32> {
    let [one, two] = before;
    let tag = |by: isize| at.checked_add_signed(by).and_then(|at| tags.get(at)).copied().unwrap_or("-");
    let word = window.word(at, 0);
    let (left, right) = (window.word(at, -1), window.word(at, 1));
    let here = tag(0);
    vec![
        hash(&["b"]),
        hash(&["w", word]),
        hash(&["c1", one]),
        hash(&["c12", one, two]),
        hash(&["t", here]),
        hash(&["tc", here, one]),
        hash(&["tl", tag(-1), here, one]),
        hash(&["tr", here, tag(1), one]),
        hash(&["tlr", tag(-1), here, tag(1)]),
        hash(&["trr", here, tag(1), tag(2)]),
        hash(&["tll", tag(-2), tag(-1), here]),
        hash(&["trrr", here, tag(1), tag(2), tag(3)]),
        hash(&["wc", word, one]),
        hash(&["r", right]),
        hash(&["l", left]),
        hash(&["rt", right, tag(2)]),
        hash(&["lt", left, here]),
        hash(&["wr", word, right]),
        hash(&["lw", left, word]),
    ]
}
