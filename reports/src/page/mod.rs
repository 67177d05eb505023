//! The report: one HTML file without network, with one script and no inline style attribute.
//!
//! Every section is a struct with its own template; askama escapes whatever it prints, and the only things printed as they are
//! (`safe`) are other templates of this module, SVG from [`crate::figures`], the style sheet and the viewer's script.

mod attribution;
mod cost;
mod embed;
mod figures;
mod gallery;
mod motion;
mod people;
mod policy;
mod provenance;
mod published;
mod script;
mod section;
mod table;
mod verdicts;
mod worlds;

use std::path::Path;

use askama::Template;

use crate::analysis::Analysis;
use crate::error::Result;
use crate::run_info::RunInfo;
use crate::text::grouped;

/// An arm in keys and legends.
pub(crate) struct ArmView<'a> {
    letter: &'a str,
    label: &'a str,
    /// Number of its colour.
    colour: usize,
    baseline: bool,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    run: &'a str,
    policy: String,
    style: &'a str,
    script: &'a str,
    unfinished: Option<String>,
    /// Seconds until a browser loads the page again.
    refresh: Option<u32>,
    lead: &'a str,
    findings: &'a [String],
    arms: Vec<ArmView<'a>>,
    sections: Vec<section::Section>,
    version: &'a str,
}

/// Renders the whole page; with `refresh` it asks to be loaded again every so many seconds.
pub(crate) fn render(run_dir: &Path, info: &RunInfo, analysis: &Analysis, refresh: Option<u32>) -> Result<String> {
    let mut images = embed::Embedder::new(run_dir);
    let sections = vec![
        verdicts::section(analysis)?,
        attribution::section(analysis)?,
        figures::scores(analysis, info)?,
        worlds::section(info, analysis)?,
        people::section(analysis, &mut images)?,
        figures::breakdown(analysis)?,
        figures::things(analysis)?,
        figures::challenges(analysis)?,
        motion::section(analysis)?,
        cost::section(analysis, info)?,
        gallery::section(analysis, info, &mut images)?,
        figures::training(analysis, info)?,
        provenance::section(info, analysis)?,
        provenance::missing(analysis, &images)?,
    ];
    let style = policy::style(analysis.categories.len(), &info.arms.iter().filter_map(|arm| arm.frames).collect());
    let (lead, findings) = analysis.summary.split_first().map_or(("", &[][..]), |(l, f)| (l.as_str(), f));
    let page = Page {
        run: &analysis.run,
        policy: policy::content_security_policy(&style, script::VIEWER),
        style: &style,
        script: script::VIEWER,
        unfinished: analysis.is_unfinished().then(|| {
            let share = 100 * analysis.finished_tasks / analysis.planned_tasks.max(1);
            format!(
                "{} of {} images are drawn and scored ({share} %).",
                grouped(analysis.finished_tasks),
                grouped(analysis.planned_tasks)
            )
        }),
        refresh,
        lead,
        findings,
        arms: arm_views(analysis),
        sections: sections.into_iter().flatten().collect(),
        version: &info.code.version,
    };
    Ok(page.render()?)
}

/// The arms as legends show them.
fn arm_views(analysis: &Analysis) -> Vec<ArmView<'_>> {
    let view = |(index, arm)| {
        let arm: &crate::ArmKey = arm;
        ArmView { letter: &arm.letter, label: &arm.label, colour: index % 8, baseline: arm.id == analysis.baseline }
    };
    analysis.arms.iter().enumerate().map(view).collect()
}
