//! Which knob made the difference.

use super::section::{Figure, Section};
use super::table::{Row, Table};
use super::verdicts::judged;
use crate::analysis::{Analysis, Effect, Word};
use crate::error::Result;
use crate::figures;

/// The section; none where no two arms differ in exactly one setting.
pub(super) fn section(analysis: &Analysis) -> Result<Option<Section>> {
    if analysis.effects.is_empty() {
        return Ok(None);
    }
    let decided: Vec<&Effect> = analysis.effects.iter().filter(|e| e.mean.word != Word::Undecided).collect();
    let intro = format!(
        "What each setting changes while all others stay the same, on the same prompts and noise: {} of {} effects on the Mean \
         are decided, judged as one grid. Each arm is one set of weights, so a difference between two trainings of one arm would \
         show here too.",
        decided.len(),
        analysis.effects.len(),
    );
    let mut columns = vec!["Effect".to_owned(), "Mean".to_owned()];
    columns.extend(analysis.categories.iter().map(|c| c.label.clone()));
    let rows = analysis.effects.iter().map(|effect| {
        let mut cells = vec![judged(&effect.mean)];
        cells.extend(effect.categories.iter().map(|c| judged(&c.judged)));
        Row { head: effect.name(), cells }
    });
    let table = Table {
        caption: "Effects: verdict, points, 95 % interval; an interaction says how much more the first step does"
            .into(),
        columns,
        rows: rows.collect(),
    };
    let sentences = analysis.effects.iter().map(|effect| effect.sentence.clone()).collect();
    let figure =
        Figure { intro, sentences, panels: figures::effects(analysis)?, tables: vec![table], ..Figure::default() };
    figure.section("attribution", "Which knob made the difference")
}
