//! Main effects and interactions on the Mean, with their intervals.

use super::Panel;
use super::canvas::{Ink, Mark, draw};
use super::row::Rows;
use super::scale::round_step;
use crate::analysis::{Analysis, Word};
use crate::error::Result;
use crate::text::{ABSENT, signed};

/// One panel; none without an effect that has a number.
pub(crate) fn effects(analysis: &Analysis) -> Result<Vec<Panel>> {
    let known: Vec<_> = analysis.effects.iter().filter(|e| e.mean.difference.is_some()).collect();
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let ends = known.iter().flat_map(|e| {
        let interval = e.mean.interval.map(|i| i.low.abs().max(i.high.abs()));
        [e.mean.difference.map(f64::abs), interval].into_iter().flatten()
    });
    let reach = round_step(ends.fold(0.02, f64::max) / 2.0) * 2.0;
    let rows = Rows::with_labels_above(known.len());
    let scale = rows.scale((-reach, reach));
    let svg = draw(rows.size(), "Effects on the Mean in points; the numbers are in the table below", |canvas| {
        rows.axis(canvas, &scale, |v| signed(v).replace(".0", ""))?;
        rows.vertical(canvas, scale.at(0.0), Ink::Guide, 1.5)?;
        for (place, effect) in known.iter().enumerate() {
            let middle = rows.middle(place);
            rows.label(canvas, place, &effect.name(), &effect.mean.difference.map_or(ABSENT.to_owned(), signed))?;
            canvas.whisker(effect.mean.interval, |v| scale.at(v), middle, Ink::Text)?;
            if let Some(difference) = effect.mean.difference {
                let mark = if effect.across.is_some() { Mark::Diamond } else { Mark::Circle };
                let decided = effect.mean.word != Word::Undecided;
                canvas.mark(mark, (scale.at(difference), middle), 5.5, Ink::Arm(0), decided)?;
            }
        }
        Ok(())
    })?;
    Ok(vec![Panel { title: "On the Mean, points (hollow: undecided; diamond: interaction)".into(), svg }])
}
