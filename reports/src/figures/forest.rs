//! Paired differences to the baseline: one panel per arm, categories as rows, the Mean as a diamond at the foot.

use super::Panel;
use super::canvas::{Ink, Mark, draw};
use super::row::Rows;
use super::scale::round_step;
use crate::analysis::{Analysis, ArmKey, Word};
use crate::error::Result;
use crate::statistics::Interval;
use crate::text::{ABSENT, signed};

struct Line<'a> {
    label: &'a str,
    difference: Option<f64>,
    interval: Option<Interval>,
    word: Word,
}

/// One panel per arm but the baseline, all on one symmetric scale.
pub(crate) fn forest(analysis: &Analysis) -> Result<Vec<Panel>> {
    let arms: Vec<(&ArmKey, Vec<Line>)> = analysis.challengers().map(|arm| (arm, lines(analysis, arm))).collect();
    let ends = arms.iter().flat_map(|(_, lines)| lines).flat_map(|line| {
        let interval = line.interval.map(|i| i.low.abs().max(i.high.abs()));
        [line.difference.map(f64::abs), interval].into_iter().flatten()
    });
    let widest = ends.fold(0.02, f64::max);
    let reach = round_step(widest / 2.0) * 2.0;
    arms.into_iter().map(|(arm, lines)| panel(analysis, arm, &lines, reach)).collect()
}

fn lines<'a>(analysis: &'a Analysis, arm: &ArmKey) -> Vec<Line<'a>> {
    let places = analysis.categories.iter().map(|c| (c.label.as_str(), Some(c))).chain([("Mean", None)]);
    let line = |(label, category)| {
        let judged = analysis.verdict(&arm.id, category).map(|verdict| &verdict.judged);
        Line {
            label,
            difference: judged.and_then(|j| j.difference),
            interval: judged.and_then(|j| j.interval),
            word: judged.map_or(Word::Undecided, |j| j.word),
        }
    };
    places.map(line).collect()
}

fn panel(analysis: &Analysis, arm: &ArmKey, lines: &[Line], reach: f64) -> Result<Panel> {
    let index = analysis.arms.iter().position(|a| a.id == arm.id).unwrap_or(0);
    let rows = Rows::with_labels_left(lines.len());
    let scale = rows.scale((-reach, reach));
    let description =
        format!("Paired differences of {} to the baseline; the numbers are in the table below", arm.label);
    let svg = draw(rows.size(), &description, |canvas| {
        rows.axis(canvas, &scale, |v| signed(v).replace(".0", ""))?;
        let zero = scale.at(0.0);
        rows.vertical(canvas, zero, Ink::Guide, 1.5)?;
        for (place, line) in lines.iter().enumerate() {
            let middle = rows.middle(place);
            rows.label(canvas, place, line.label, &line.difference.map_or(ABSENT.to_owned(), signed))?;
            if let Some(difference) = line.difference {
                canvas.whisker(line.interval, |v| scale.at(v), middle, Ink::Arm(index))?;
                let mark = if place + 1 == lines.len() { Mark::Diamond } else { Mark::Square };
                let decided = line.word != Word::Undecided;
                canvas.mark(mark, (scale.at(difference), middle), 5.5, Ink::Arm(index), decided)?;
            }
        }
        Ok(())
    })?;
    Ok(Panel { title: format!("{}  {}", arm.letter, arm.label), svg })
}
