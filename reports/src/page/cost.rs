//! Score against cost, and sweeps of guidance and steps.

use super::arm_views;
use super::section::{Figure, Section};
use super::table::{Cell, Row, Table};
use crate::analysis::Analysis;
use crate::error::Result;
use crate::figures;
use crate::run_info::RunInfo;
use crate::text::{ABSENT, short};

/// The section; none where no cost is known, or all arms cost the same.
pub(super) fn section(analysis: &Analysis, info: &RunInfo) -> Result<Option<Section>> {
    let mut panels = figures::costs(analysis, info)?;
    let sweeps = figures::sweeps(analysis, info)?;
    let swept = if sweeps.is_empty() { "" } else { " Sweeps join arms that differ in nothing but what is swept." };
    panels.extend(sweeps);
    if panels.is_empty() {
        return Ok(None);
    }
    let rows = analysis.arms.iter().zip(&info.arms).map(|(key, arm)| {
        let mean = analysis.mean(&arm.id);
        let mut cells = vec![Cell::score(mean.and_then(|m| m.mean), mean.and_then(|m| m.interval))];
        cells.extend(figures::COSTS.iter().map(|cost| Cell::number((cost.of)(arm).map_or(ABSENT.to_owned(), short))));
        let sampler = arm.sampler.as_ref().unwrap_or(&info.protocol.sampler);
        cells.push(Cell::number(short(sampler.guidance)));
        cells.push(Cell::number(sampler.steps.to_string()));
        Row { head: key.named(), cells }
    });
    let mut columns = vec!["Arm".to_owned(), "Mean".to_owned()];
    columns.extend(figures::COSTS.iter().map(|cost| cost.name.to_owned()));
    columns.extend(["Guidance", "Steps"].map(str::to_owned));
    let figure = Figure {
        intro: format!(
            "The Mean in percent against what an arm costs. The line joins the arms that no arm of the same or lower cost exceeds \
             (the Pareto front of the estimates; whiskers are 95 % intervals). Cost is that of the backbone.{swept}"
        ),
        legend: arm_views(analysis),
        panels,
        tables: vec![Table { caption: "Mean and cost".into(), columns, rows: rows.collect() }],
        ..Figure::default()
    };
    figure.section("cost", "Score against cost")
}
