//! Seen and unseen side by side: a filled circle and a hollow diamond on one line per arm.

use super::Panel;
use super::canvas::{Ink, Mark, draw};
use super::row::{Rows, tick};
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
    let rows = Rows::with_labels_above(analysis.arms.len());
    let scale = rows.scale((0.0, 1.0));
    let description =
        format!("Scores in {} on seen and unseen combinations; the numbers are in the table below", category.label);
    let svg = draw(rows.size(), &description, |canvas| {
        rows.axis(canvas, &scale, tick)?;
        for (index, arm) in analysis.arms.iter().enumerate() {
            let seen = analysis.of_split(&arm.id, category, "seen");
            let unseen = analysis.of_split(&arm.id, category, "unseen");
            let middle = rows.middle(index);
            let value = format!("{} | {}", whole(seen), whole(unseen));
            rows.arm(canvas, index, arm, &value)?;
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
