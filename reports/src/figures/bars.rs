//! Bars of arms with intervals: one panel for the Mean, one for each category, all from 0 to 100 percent.

use super::Panel;
use super::canvas::{Ink, Mark, draw};
use super::row::{Rows, tick};
use crate::analysis::{Analysis, CategoryKey};
use crate::error::Result;
use crate::paper;
use crate::protocol::locked_by;
use crate::run_info::{ArmInfo, RunInfo};
use crate::statistics::Interval;
use crate::text::{ABSENT, percent};

/// The panels: the Mean first.
pub(crate) fn bars(analysis: &Analysis, info: &RunInfo) -> Result<Vec<Panel>> {
    let means = analysis.arms.iter().map(|arm| analysis.mean(&arm.id).map(|m| (m.mean, m.interval)));
    let mut panels = vec![panel(analysis, "Mean", means.collect(), &published(info, None), None)?];
    for category in &analysis.categories {
        let scores = analysis.arms.iter().map(|arm| analysis.headline(&arm.id, category).map(|e| (e.mean, e.interval)));
        let published = published(info, Some(category));
        panels.push(panel(analysis, &category.label, scores.collect(), &published, Some(category))?);
    }
    Ok(panels)
}

/// The paper's score of each arm's row in its Tables 2 and 3; none unless every field that is known of its protocol is that of the run.
fn published(info: &RunInfo, category: Option<&CategoryKey>) -> Vec<Option<f64>> {
    let locked = !locked_by(&paper::COMPBENCH_CARD, &info.protocol).is_empty();
    let of = |arm: &ArmInfo| {
        let row = paper::row(arm.paper_row.as_ref().filter(|_| !locked)?)?;
        let percent = match category {
            None => row.mean,
            Some(category) => row.scores[paper::COLUMNS.iter().position(|column| column.is(&category.id))?],
        };
        Some(percent / 100.0)
    };
    info.arms.iter().map(of).collect()
}

type Score = Option<(Option<f64>, Option<Interval>)>;

fn panel(
    analysis: &Analysis,
    title: &str,
    scores: Vec<Score>,
    published: &[Option<f64>],
    category: Option<&CategoryKey>,
) -> Result<Panel> {
    let rows = Rows::with_labels_above(analysis.arms.len());
    // A cosine can be negative; then the axis begins at the next round number below. An interval of a score that cannot be ends at zero.
    let negative = scores.iter().flatten().filter(|(mean, _)| mean.is_some_and(|mean| mean < 0.0));
    let lowest = negative.filter_map(|(mean, i)| i.map(|i| i.low).or(*mean)).fold(0.0, f64::min);
    let scale = rows.scale(((lowest * 10.0).floor() / 10.0, 1.0));
    let description = format!("Bars of {title} in percent for each arm; the numbers are in the table below the figure");
    let svg = draw(rows.size(), &description, |canvas| {
        rows.axis(canvas, &scale, tick)?;
        let guides = category.map(|c| [c.chance, c.ceiling]).into_iter().flatten().flatten();
        let guides: Vec<f64> = guides.map(|guide| scale.at(guide)).collect();
        for (index, (arm, score)) in analysis.arms.iter().zip(&scores).enumerate() {
            let (mean, interval) = score.unwrap_or_default();
            let middle = rows.middle(index);
            rows.arm(canvas, index, arm, &mean.map_or(ABSENT.to_owned(), percent))?;
            if let Some(mean) = mean {
                let (from, to) = (scale.at(0.0), scale.at(mean));
                canvas.bar((from.min(to), middle - 6.5), (from.max(to), middle + 6.5), Ink::Arm(index))?;
                for x in &guides {
                    canvas.line((*x, middle - 9.0), (*x, middle + 9.0), Ink::Page, 4.0)?;
                    canvas.line((*x, middle - 9.0), (*x, middle + 9.0), Ink::Guide, 2.0)?;
                }
                canvas.whisker(interval, |v| scale.at(v), middle, Ink::Text)?;
            }
            if let Some(published) = published[index] {
                canvas.mark(Mark::Diamond, (scale.at(published), middle), 5.0, Ink::Guide, false)?;
            }
        }
        Ok(())
    })?;
    Ok(Panel { title: title.to_owned(), svg })
}
