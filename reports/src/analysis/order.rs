//! The paper's order of arms, pair by pair, against ours. Only the order can be compared, not the numbers.

use super::types::{MeanDifference, PaperPair, Standing};
use crate::error::{ReportError, Result};
use crate::paper::{self, PublishedRow};
use crate::run_info::RunInfo;
use crate::statistics::Reading;

/// Every pair of arms that have rows of different Mean in the paper's Tables 2 and 3.
///
/// # Errors
/// An arm names a row that the tables do not have.
pub(super) fn paper_pairs(info: &RunInfo, differences: &[MeanDifference]) -> Result<Vec<PaperPair>> {
    let mut rows: Vec<(usize, PublishedRow)> = Vec::new();
    for (index, arm) in info.arms.iter().enumerate() {
        if let Some(id) = &arm.paper_row {
            let row = paper::row(id).ok_or_else(|| ReportError::UnknownPaperRow {
                arm: arm.id.clone(),
                row: id.clone(),
                known: paper::rows().iter().map(|row| row.id.to_owned()).collect(),
            })?;
            rows.push((index, row));
        }
    }
    let mut found = Vec::new();
    for (position, (later, later_row)) in rows.iter().enumerate() {
        for (earlier, earlier_row) in &rows[..position] {
            if later_row.mean == earlier_row.mean {
                continue;
            }
            let (arm, against) = (&info.arms[*later].id, &info.arms[*earlier].id);
            let ours = differences.iter().find(|d| &d.arm == arm && &d.against == against);
            let rises = later_row.mean > earlier_row.mean;
            let standing = match ours.map_or(Reading::Undecided, |d| d.reading) {
                Reading::Undecided => Standing::Undecided,
                Reading::Higher if rises => Standing::Same,
                Reading::Lower if !rises => Standing::Same,
                _ => Standing::Reversed,
            };
            let (higher, lower) = if rises { (arm, against) } else { (against, arm) };
            found.push(PaperPair { higher: higher.clone(), lower: lower.clone(), standing });
        }
    }
    Ok(found)
}
