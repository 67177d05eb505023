//! Category by challenge: the baseline's scores, then what each other arm adds or takes, cell by cell.

use super::Panel;
use super::canvas::{Anchor, Ink, draw};
use super::row::WIDTH;
use crate::analysis::{Analysis, ArmKey, ByChallenge, CategoryKey};
use crate::error::Result;
use crate::text::percent;

const LEFT: f64 = 112.0;
const RIGHT: f64 = WIDTH - 4.0;
const TOP: f64 = 146.0;
const ROW: f64 = 23.0;

/// Steps of colour on either side of none.
const STEPS: f64 = 4.0;

/// The challenges of a run, sorted.
pub(crate) fn challenges(analysis: &Analysis) -> Vec<&str> {
    let mut names: Vec<&str> = analysis.by_challenge.iter().map(|b| b.challenge.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The categories that have challenges, in the run's order.
pub(crate) fn challenged(analysis: &Analysis) -> Vec<&CategoryKey> {
    let has = |c: &&CategoryKey| analysis.by_challenge.iter().any(|b| b.suite == c.suite && b.category == c.id);
    analysis.categories.iter().filter(has).collect()
}

/// One arm's scores of a category and challenge.
pub(crate) fn at<'a>(
    analysis: &'a Analysis,
    arm: &str,
    category: &CategoryKey,
    challenge: &str,
) -> Option<&'a ByChallenge> {
    analysis
        .by_challenge
        .iter()
        .find(|b| b.arm == arm && b.suite == category.suite && b.category == category.id && b.challenge == challenge)
}

/// One panel an arm; none where no suite names challenges.
pub(crate) fn heat(analysis: &Analysis) -> Result<Vec<Panel>> {
    if analysis.by_challenge.is_empty() {
        return Ok(Vec::new());
    }
    let means = analysis.by_challenge.iter().filter(|b| b.arm == analysis.baseline).filter_map(|b| b.mean);
    let (low, high) = means.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), m| (l.min(m), h.max(m)));
    let widest = analysis.by_challenge.iter().filter_map(|b| b.difference).map(f64::abs).fold(0.0, f64::max);
    let panel = |arm: &ArmKey| {
        if arm.id == analysis.baseline {
            let shade = |b: &ByChallenge| Some((b.mean?, share(b.mean? - low, high - low)));
            let title = format!("{}  {}: score, {} to {}", arm.letter, arm.label, percent(low), percent(high));
            panel(analysis, arm, title, &shade, |value| whole(value).replace('+', ""))
        } else {
            let shade = |b: &ByChallenge| Some((b.difference?, share(b.difference?, widest)));
            let title = format!("{}  {}: points against the baseline", arm.letter, arm.label);
            panel(analysis, arm, title, &shade, whole)
        }
    };
    let baseline = analysis.arm(&analysis.baseline).into_iter();
    baseline.chain(analysis.challengers()).map(panel).collect()
}

/// Whole points with a sign: a cell has no room for more, and is few prompts.
fn whole(value: f64) -> String {
    let points = (100.0 * value).round();
    match points {
        p if p > 0.0 => format!("+{p}"),
        p if p < 0.0 => format!("−{}", -p),
        _ => "0".into(),
    }
}

/// A step of colour, from minus to plus [`STEPS`].
fn share(value: f64, of: f64) -> i8 {
    if of > 0.0 { (STEPS * value / of).round() as i8 } else { 0 }
}

fn panel(
    analysis: &Analysis,
    arm: &ArmKey,
    title: String,
    shade: &dyn Fn(&ByChallenge) -> Option<(f64, i8)>,
    text: fn(f64) -> String,
) -> Result<Panel> {
    let (categories, challenges) = (challenged(analysis), challenges(analysis));
    let width = (RIGHT - LEFT) / challenges.len() as f64;
    let height = TOP + ROW * categories.len() as f64 + 4.0;
    let description = format!("{title}, by category and challenge; the numbers are in the table below");
    let svg = draw((WIDTH, height), &description, |canvas| {
        for (column, challenge) in challenges.iter().enumerate() {
            let x = LEFT + width * (column as f64 + 0.5);
            canvas.text_upwards(challenge, (x, TOP - 6.0), 11.0, Ink::Text)?;
        }
        for (row, category) in categories.iter().enumerate() {
            let y = TOP + ROW * row as f64;
            canvas.text(&category.label, (LEFT - 6.0, y + ROW / 2.0), 11.0, Ink::Text, Anchor::End)?;
            for (column, challenge) in challenges.iter().enumerate() {
                let x = LEFT + width * column as f64;
                let found = at(analysis, &arm.id, category, challenge).and_then(shade);
                let Some((value, step)) = found else {
                    canvas.line(
                        (x + width * 0.35, y + ROW / 2.0),
                        (x + width * 0.65, y + ROW / 2.0),
                        Ink::Grid,
                        1.0,
                    )?;
                    continue;
                };
                canvas.bar((x + 0.5, y + 0.5), (x + width - 0.5, y + ROW - 0.5), Ink::Heat(step))?;
                canvas.text(&text(value), (x + width / 2.0, y + ROW / 2.0), 9.0, Ink::Text, Anchor::Middle)?;
            }
        }
        Ok(())
    })?;
    Ok(Panel { title, svg })
}
