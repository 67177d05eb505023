//! What sections and figures have in common.

use askama::Template;

use super::ArmView;
use super::table::Table;
use crate::error::Result;
use crate::figures::Panel;

/// A section of the page: its address, its heading and its rendered content.
pub(super) struct Section {
    pub id: &'static str,
    pub title: &'static str,
    pub body: String,
}

/// Panels, a key of arms where letters alone name them, a caption, and the data.
#[derive(Default, Template)]
#[template(path = "figure.html")]
pub(super) struct Figure<'a> {
    pub intro: String,
    /// What the numbers say, a sentence each.
    pub sentences: Vec<String>,
    pub legend: Vec<ArmView<'a>>,
    pub panels: Vec<Panel>,
    pub tables: Vec<Table>,
    /// How many of the tables, from the first, are shown without a click.
    pub open_tables: usize,
}

impl Figure<'_> {
    /// Whether the table at this place is shown without a click.
    fn is_open(&self, table: &usize) -> bool {
        *table < self.open_tables
    }

    /// The section that holds nothing but this figure.
    pub fn section(self, id: &'static str, title: &'static str) -> Result<Option<Section>> {
        Ok(Some(Section { id, title, body: self.render()? }))
    }
}
