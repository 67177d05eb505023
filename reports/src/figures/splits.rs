//! Seen and unseen side by side: a filled circle and a hollow diamond on one line per arm.

use super::canvas::{Ink, Mark, draw};
use super::{Panel, row};
use crate::analysis::{Analysis, CategoryKey, Estimate};
use crate::error::Result;
use crate::text::{ABSENT, percent};

/// One panel per category that has both splits.
pub(crate) fn splits(analysis: &Analysis) -> Result<Vec<Panel>> {
    let has = |category: &CategoryKey, split| {
        analysis.arms.iter().any(|arm| analysis.of_split(&arm.id, category, split).is_some_and(|e| e.scored > 0))
    };
    let both = analysis.categories.iter().filter(|c| has(c, "seen") && has(c, "unseen"));
    both.map(|category| panel(analysis, category)).collect()
}

fn panel(analysis: &Analysis, category: &CategoryKey) -> Result<Panel> {
    let rows = analysis.arms.len();
    let scale = row::scale((0.0, 1.0));
    let description =
        format!("Scores in {} on seen and unseen combinations; the numbers are in the table below", category.label);
    let svg = draw((row::WIDTH, row::height(rows)), &description, |canvas| {
        row::axis(canvas, &scale, rows, row::tick)?;
        for (index, arm) in analysis.arms.iter().enumerate() {
            let seen = analysis.of_split(&arm.id, category, "seen");
            let unseen = analysis.of_split(&arm.id, category, "unseen");
            let (_, middle) = row::row(index);
            let value = format!("{} | {}", whole(seen), whole(unseen));
            row::label(canvas, index, &format!("{}  {}", arm.letter, arm.label), &value)?;
            let marks = [(seen, Mark::Circle, true, -4.0), (unseen, Mark::Diamond, false, 4.0)];
            for (estimate, mark, filled, offset) in marks {
                if let Some((estimate, mean)) = estimate.and_then(|e| Some((e, e.mean?))) {
                    let y = middle + offset;
                    canvas.whisker(estimate.interval, |v| scale.at(v), y, Ink::Arm(index))?;
                    canvas.mark(mark, (scale.at(mean), y), 5.0, Ink::Arm(index), filled)?;
                }
            }
        }
        Ok(())
    })?;
    Ok(Panel { title: category.label.clone(), svg })
}

/// Whole percent, to fit two in the margin.
fn whole(estimate: Option<&Estimate>) -> String {
    estimate.and_then(|e| e.mean).map_or(ABSENT.to_owned(), |mean| {
        let text = percent((mean * 100.0).round() / 100.0);
        text.trim_end_matches(".0").to_owned()
    })
}
