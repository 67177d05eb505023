//! What can go wrong in this crate.

use std::path::PathBuf;

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
    /// A file or folder cannot be read or written.
    #[error("{}: cannot {doing}: {why}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was attempted: `read`, `write`, `list`.
        doing: &'static str,
        /// What the system says.
        why: String,
    },
    /// A suite's folder lacks a file.
    #[error("{} has no {file}; `gentron suites fetch` brings it", folder.display())]
    MissingFile {
        /// Where it was looked for.
        folder: PathBuf,
        /// Its name.
        file: String,
    },
    /// The folder's copy of an official file is of another revision than the one asked for.
    #[error("{} is not the revision {wanted} (its sha256 is {got})", path.display())]
    OtherRevision {
        /// The file.
        path: PathBuf,
        /// The revision asked for.
        wanted: &'static str,
        /// The file's digest.
        got: String,
    },
    /// A file's name or ending says nothing about its format.
    #[error("{}: not a kind of prompt file that is known ({known})", path.display())]
    UnknownFile {
        /// The file.
        path: PathBuf,
        /// What would have been right.
        known: &'static str,
    },
    /// Bytes that are not UTF-8.
    #[error("{}:{line}: not UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
    },
    /// A header without the column that is needed.
    #[error("{}:{line}: no column `{column}` (found: {found})", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// The column wanted, or several separated by `|`.
        column: String,
        /// The columns of the header, separated by commas.
        found: String,
    },
    /// A header, or a line of JSON, that says the same name twice; which of the two is meant, nobody can know.
    #[error("{}:{line}: column `{column}` is there twice", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// The column or JSON member, as it is first written.
        column: String,
    },
    /// A row with more or fewer cells than the header.
    #[error("{}:{line}: {got} cells, the header has {expected}", path.display())]
    CellCount {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// Cells of the header.
        expected: usize,
        /// Cells of the row.
        got: usize,
    },
    /// A quoted CSV cell that never ends, or goes on after its closing quote.
    #[error("{}:{line}: column `{column}`: the quotes do not match", path.display())]
    Quotes {
        /// The file.
        path: PathBuf,
        /// Where the row begins, from 1.
        line: u64,
        /// The column, by name, or by number from 1 in the header.
        column: String,
    },
    /// A cell or member that is not what it must be.
    #[error("{}:{line}: column `{column}` is {got}, not {expected}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// The column or JSON member.
        column: String,
        /// What stands there.
        got: String,
        /// What must stand there.
        expected: &'static str,
    },
    /// A line that is not a JSON object.
    #[error("{}:{line}: column {column}: {why}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// Character of the line, from 1.
        column: usize,
        /// What the parser expected.
        why: String,
    },
    /// A file without a single prompt.
    #[error("{}:{line}: no prompts from here on", path.display())]
    NoPrompts {
        /// The file.
        path: PathBuf,
        /// Where the first prompt was expected, from 1: behind the header, where there is one.
        line: u64,
    },
    /// A file that could not be fetched.
    #[error("{url}: {why}")]
    Fetch {
        /// Where it was asked for.
        url: String,
        /// What went wrong.
        why: String,
    },
    /// What came is not what was asked for.
    #[error("{url}: sha256 {got}, expected {expected}")]
    Digest {
        /// Where it came from.
        url: String,
        /// The digest that is known.
        expected: &'static str,
        /// The digest of what came.
        got: String,
    },
    /// A file of the same name with other content is in the way.
    #[error("{} exists and is not the official file (sha256 {got}); move it away first", path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
        /// Its digest.
        got: String,
    },
    /// Text that should name a number of prompts of a suite, as in `parti:100`.
    #[error("`{got}` does not name a subset; write SUITE:COUNT or SUITE:COUNT@SEED, as in parti:100")]
    Subset {
        /// The text.
        got: String,
    },
    /// More prompts are asked for than there are.
    #[error("{wanted} prompts are asked for, there are {there}")]
    TooFew {
        /// How many are asked for.
        wanted: usize,
        /// How many there are.
        there: usize,
    },
}
