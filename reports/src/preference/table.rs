//! Votes as a table for data frames.

use polars::prelude::*;

/// One answered ballot.
#[derive(Clone, Debug, PartialEq)]
pub struct VoteRow {
    /// Number of the rater.
    pub rater: u64,
    /// Suite of the prompt.
    pub suite: String,
    /// Its category.
    pub category: String,
    /// Its id.
    pub prompt_id: String,
    /// Its text.
    pub prompt: String,
    /// `pair`, `repeat`, or which kind of gold.
    pub kind: &'static str,
    /// Id of the arm on the left.
    pub left: String,
    /// Id of the arm on the right.
    pub right: String,
    /// The answer to each question: `left`, `tie`, `right`.
    pub answers: Vec<&'static str>,
    /// Whether a pair whose answer is known was answered so.
    pub as_expected: Option<bool>,
    /// When it was shown, in milliseconds since 1970.
    pub shown_at_ms: u64,
    /// When it was answered.
    pub answered_at_ms: u64,
    /// How often it was taken back before.
    pub revision: u32,
    /// Hash of its record.
    pub receipt: String,
}

impl VoteRow {
    /// Seconds that the rater looked.
    pub fn seconds(&self) -> f64 {
        self.answered_at_ms.saturating_sub(self.shown_at_ms) as f64 / 1000.0
    }
}

/// The rows as Parquet, a column for each question.
///
/// # Errors
/// Two questions are of one name.
pub fn votes_parquet(questions: &[String], rows: &[VoteRow], simulated: bool) -> PolarsResult<Vec<u8>> {
    let text = |name: &str, get: &dyn Fn(&VoteRow) -> &str| {
        Column::new(name.into(), rows.iter().map(get).collect::<Vec<&str>>())
    };
    let mut columns = vec![
        Column::new("rater".into(), rows.iter().map(|row| row.rater).collect::<Vec<_>>()),
        text("suite", &|row| &row.suite),
        text("category", &|row| &row.category),
        text("prompt_id", &|row| &row.prompt_id),
        text("prompt", &|row| &row.prompt),
        text("kind", &|row| row.kind),
        text("left", &|row| &row.left),
        text("right", &|row| &row.right),
    ];
    for (at, question) in questions.iter().enumerate() {
        let answers: Vec<Option<&str>> = rows.iter().map(|row| row.answers.get(at).copied()).collect();
        columns.push(Column::new(question.as_str().into(), answers));
    }
    columns.extend([
        Column::new("as_expected".into(), rows.iter().map(|row| row.as_expected).collect::<Vec<_>>()),
        Column::new("shown_at_ms".into(), rows.iter().map(|row| row.shown_at_ms).collect::<Vec<_>>()),
        Column::new("answered_at_ms".into(), rows.iter().map(|row| row.answered_at_ms).collect::<Vec<_>>()),
        Column::new("seconds".into(), rows.iter().map(VoteRow::seconds).collect::<Vec<_>>()),
        Column::new("revision".into(), rows.iter().map(|row| row.revision).collect::<Vec<_>>()),
        text("receipt", &|row| &row.receipt),
        Column::new("simulated".into(), vec![simulated; rows.len()]),
    ]);
    crate::export::parquet(&mut DataFrame::new(rows.len(), columns)?)
}
