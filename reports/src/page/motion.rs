//! Motion-free guidance: what it does to each metric of clips.

use super::arm_views;
use super::section::{Figure, Section};
use super::table::{Cell, Row, Table};
use crate::analysis::{Analysis, MotionChange, SPOKEN, motion_claim, motion_sentences};
use crate::error::Result;
use crate::figures;
use crate::text::short;

/// The section; none where no arm draws clips.
pub(super) fn section(analysis: &Analysis) -> Result<Option<Section>> {
    if analysis.motion.is_empty() {
        return Ok(None);
    }
    let arms: Vec<&crate::ArmKey> =
        analysis.arms.iter().filter(|arm| analysis.motion.iter().any(|point| point.arm == arm.id)).collect();
    let point = |arm: &str, metric: &str| analysis.motion.iter().find(|p| p.arm == arm && p.metric == metric);
    let rows = |of: &dyn Fn(&str, &str) -> Cell| -> Vec<Row> {
        let row = |arm: &&crate::ArmKey| {
            let weight = analysis.motion.iter().find(|p| p.arm == arm.id).map_or(String::new(), |p| short(p.weight));
            let cells = SPOKEN.iter().map(|(metric, _)| of(&arm.id, metric));
            Row { head: arm.named(), cells: std::iter::once(Cell::number(weight)).chain(cells).collect() }
        };
        arms.iter().map(row).collect()
    };
    let mean = |arm: &str, metric: &str| {
        let point = point(arm, metric);
        Cell::score(point.and_then(|p| p.mean), point.and_then(|p| p.interval))
    };
    let score =
        |change: Option<&MotionChange>| Cell::score(change.map(|c| c.difference), change.and_then(|c| c.interval));
    let guided = |arm: &str, metric: &str| score(point(arm, metric).and_then(|p| p.against_off.as_ref()));
    let trained = |arm: &str, metric: &str| score(point(arm, metric).and_then(|p| p.against_baseline.as_ref()));
    let mut columns = vec!["Arm".to_owned(), "λ_M".to_owned()];
    columns.extend(SPOKEN.iter().map(|(_, words)| (*words).to_owned()));
    let table = |caption: &str, rows: Vec<Row>| Table { caption: caption.into(), columns: columns.clone(), rows };
    let mut tables = vec![
        table("Metrics of clips, percent", rows(&mean)),
        table("Change by motion-free guidance of the same weights, points, paired", rows(&guided)),
    ];
    if analysis.motion.iter().any(|point| point.against_baseline.is_some()) {
        let caption = "Change from the baseline to other weights, neither with motion-free guidance, points, paired";
        tables.push(table(caption, rows(&trained)));
    }
    let figure = Figure {
        intro: "Means over all clips in percent (cosines times 100), whiskers are 95 % intervals with prompts as clusters; a line joins one \
                backbone. Motion-free guidance of weight 1 is classifier-free guidance alone. The paper shows by examples (figures 6 and 8) \
                that guidance makes the named thing larger and more central; nothing there is measured. Raised and lowered is what a 95 % \
                interval without 0 says, uncorrected: of twenty readings of nothing, one is such."
            .into(),
        sentences: motion_claim(analysis).into_iter().chain(motion_sentences(analysis, &analysis.motion)).collect(),
        legend: arm_views(analysis),
        panels: figures::motion(analysis)?,
        tables,
        open_tables: 1,
    };
    figure.section("motion", "Clips and motion-free guidance")
}
