//! PartiPrompts: Yu et al., arXiv 2206.10789; `google-research/parti` at `5a65797`.

use std::path::Path;

use crate::files::{Origin, Table, Text};
use crate::listed::{Draft, ListedSuite, Listing, slug};
use crate::phrases::{Parse, SpacyModel};
use crate::{Annotation, Split, SuitesError};

/// The suite's registry key.
pub const ID: &str = "parti";

/// The official file's name.
pub const FILE: &str = "PartiPrompts.tsv";

/// Reads `PartiPrompts.tsv`, or the file itself if `path` is not a folder.
///
/// Prompts are kept to the letter: one begins with a quote, ten begin or end with a blank. A prompt's category is that
/// of the file as a user types it (`food_beverage`); its attributes are `category` and `challenge` as the file spells
/// them, and `note`.
///
/// # Errors
/// The file is missing, cannot be read, lacks a column, or has a row without prompt, category or challenge.
pub fn load(path: &Path, model: SpacyModel) -> Result<ListedSuite, SuitesError> {
    let text = Text::read(&if path.is_dir() { path.join(FILE) } else { path.to_owned() })?;
    let table = Table::tsv(&text)?;
    let [prompt, category, challenge] =
        [table.column(&["prompt"])?, table.column(&["category"])?, table.column(&["challenge"])?];
    let mut listing = Listing::new(ID);
    for row in &table.rows {
        let prompt_text = table.filled(row, prompt)?;
        table.filled(row, challenge)?;
        listing.push(Draft {
            category: slug(table.filled(row, category)?),
            split: Split::Unsplit,
            text: prompt_text.to_owned(),
            annotation: described(prompt_text, table.attributes(row, prompt), model),
        });
    }
    listing.source(text.source(Some(Origin::Parti), table.rows.len()));
    Ok(listing.finish())
}

/// An annotation of phrases and attributes: all that is known of a prompt outside T2I-CompBench.
pub(crate) fn described(
    text: &str,
    attributes: std::collections::BTreeMap<String, String>,
    model: SpacyModel,
) -> Annotation {
    let parse = Parse::of(text, model);
    Annotation {
        phrases: parse.phrases().into_iter().map(str::to_owned).collect(),
        phrase_source: Some(parse.source),
        attributes,
        ..Annotation::default()
    }
}
