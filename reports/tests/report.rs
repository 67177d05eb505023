//! From a run folder to its report, on a clearly fake run.

mod support;
mod well_formed;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gentron_reports::observations::read_observations;
use gentron_reports::statistics::{Reading, student_t_quantile};
use gentron_reports::{Analysis, ReportError, RunInfo, analyse, analyse_with, terminal_table, write_report};
use sha2::{Digest as _, Sha256};
use support::{NASTY, Wanted, write_run};

fn run(wanted: Wanted) -> (tempfile::TempDir, RunInfo, Analysis) {
    let folder = tempfile::tempdir().unwrap();
    let info = write_run(folder.path(), wanted);
    let analysis = analyse(folder.path()).unwrap();
    (folder, info, analysis)
}

fn report(run_dir: &Path, info: &RunInfo, analysis: &Analysis) -> String {
    write_report(run_dir, info, analysis).unwrap();
    fs::read_to_string(run_dir.join("report.html")).unwrap()
}

/// The scores of one arm's headline metric in one category: prompt → scores of its images.
fn scores(run_dir: &Path, arm: &str, category: &str, metric: &str) -> BTreeMap<String, Vec<f64>> {
    let observations = read_observations(run_dir).unwrap();
    let text = |name| observations.names.text(name);
    let mut found = BTreeMap::<String, Vec<f64>>::new();
    for row in &observations.rows {
        if text(row.arm) == arm && text(row.category) == category && text(row.metric) == metric {
            found.entry(text(row.prompt).to_owned()).or_default().extend(row.value.ok());
        }
    }
    found
}

fn prompt_means(scores: &BTreeMap<String, Vec<f64>>) -> Vec<f64> {
    scores.values().map(|s| s.iter().sum::<f64>() / s.len() as f64).collect()
}

/// With equal clusters the cluster-robust interval is the t interval of the prompts' means, computed here the plain way.
fn t_interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    (mean, student_t_quantile(0.975, n - 1.0).unwrap() * sd / n.sqrt())
}

#[test]
fn estimates_and_paired_differences_match_a_plain_computation() {
    let (folder, _, analysis) = run(Wanted::default());
    let color = &analysis.categories[0];
    let base = prompt_means(&scores(folder.path(), "adaln-clip", "color", "b-vqa"));
    let arm = prompt_means(&scores(folder.path(), "cross-clip", "color", "b-vqa"));

    let (mean, half) = t_interval(&arm);
    let estimate = analysis.headline("cross-clip", color).unwrap();
    assert!((estimate.mean.unwrap() - mean).abs() < 1e-12);
    assert!((estimate.interval.unwrap().high - (mean + half)).abs() < 1e-12);
    assert_eq!((estimate.prompts, estimate.scored, estimate.missing), (12, 24, 0));

    let paired: Vec<f64> = arm.iter().zip(&base).map(|(a, b)| a - b).collect();
    let (mean, half) = t_interval(&paired);
    let difference = analysis.difference("cross-clip", color).unwrap();
    assert!((difference.difference.unwrap() - mean).abs() < 1e-12);
    assert!((difference.interval.unwrap().low - (mean - half)).abs() < 1e-12);
    assert_eq!((difference.prompts, difference.pairs, difference.unpaired), (12, 24, 0));
}

#[test]
fn the_mean_is_plain_over_the_papers_six_categories() {
    let (_folder, _, analysis) = run(Wanted::default());
    for arm in &analysis.arms {
        let six = analysis.categories.iter().filter(|c| c.in_mean);
        let scores: Vec<f64> = six.map(|c| analysis.headline(&arm.id, c).unwrap().mean.unwrap()).collect();
        assert_eq!(scores.len(), 6);
        let mean = analysis.mean(&arm.id).unwrap();
        assert!((mean.mean.unwrap() - scores.iter().sum::<f64>() / 6.0).abs() < 1e-12);
        let interval = mean.interval.unwrap();
        assert!(interval.low < mean.mean.unwrap() && mean.mean.unwrap() < interval.high);
    }
    let forth = analysis.mean_difference("cross-clip", "adaln-clip").unwrap();
    let back = analysis.mean_difference("adaln-clip", "cross-clip").unwrap();
    assert_eq!((forth.reading, back.reading), (Reading::Higher, Reading::Lower));
    assert_eq!(forth.difference, back.difference.map(|d| -d));
    assert_eq!(analysis.paper_pairs.len(), 10);
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let bytes = || {
        let (folder, info, analysis) = run(Wanted { gaps: true, ..Wanted::default() });
        write_report(folder.path(), &info, &analysis).unwrap();
        ["observations.parquet", "analysis.json", "report.html"].map(|f| fs::read(folder.path().join(f)).unwrap())
    };
    let (first, second) = (bytes(), bytes());
    assert!(first == second);
    assert!(first.iter().all(|file| !file.is_empty()));
}

#[test]
fn a_nasty_prompt_stays_text() {
    let (folder, info, analysis) = run(Wanted::default());
    assert!(analysis.gallery.iter().all(|item| !item.prompt.is_empty()));
    let mut analysis = analysis;
    analysis.gallery[0].prompt = NASTY.to_owned();
    analysis.arms[0].label = "<b>\"bold\"</b> & co".to_owned();
    let html = report(folder.path(), &info, &analysis);
    assert!(html.matches("<script").count() == 1 && !html.contains("<b>\"bold"), "unescaped text");
    assert!(html.contains("alert(&#39;x&#39;)") && html.contains("עיגול אדום 🔴"));
    assert!(html.contains("dir=\"auto\""));
}

#[test]
fn missing_scores_are_counted_and_never_zero() {
    let (folder, info, analysis) = run(Wanted { gaps: true, ..Wanted::default() });
    let unscored: u64 = analysis.missing.iter().map(|m| m.count).sum();
    assert!(unscored > 0);
    let found = scores(folder.path(), "cross-t5", "color", "b-vqa");
    let all: Vec<f64> = found.values().flatten().copied().collect();
    let estimate = analysis.headline("cross-t5", &analysis.categories[0]).unwrap();
    assert_eq!(estimate.scored, all.len() as u64);
    assert_eq!(estimate.scored + estimate.missing, 24);
    assert!((estimate.mean.unwrap() - all.iter().sum::<f64>() / all.len() as f64).abs() < 1e-12);
    assert!(analysis.differences.iter().any(|d| d.unpaired > 0));
    // Between what a mean lies if each missing image scored 0, and if each scored 1.
    let holed: Vec<_> = analysis.estimates.iter().filter(|e| e.missing > 0 && e.metric == "b-vqa").collect();
    assert!(!holed.is_empty());
    for e in holed {
        let (bounds, all) = (e.bounds.unwrap(), (e.scored + e.missing) as f64);
        assert!((bounds.low - e.mean.unwrap() * e.scored as f64 / all).abs() < 1e-12, "{e:?}");
        assert!((bounds.high - bounds.low - e.missing as f64 / all).abs() < 1e-12, "{e:?}");
    }
    assert!(analysis.estimates.iter().all(|e| (e.missing > 0) == e.bounds.is_some()));
    let mean = analysis.means.iter().find(|m| m.bounds.is_some()).unwrap();
    let (bounds, letter) = (mean.bounds.unwrap(), &analysis.arm(&mean.arm).unwrap().letter);
    assert!(bounds.low < mean.mean.unwrap() && mean.mean.unwrap() < bounds.high);
    let said = format!("the Mean lies between {:.1} and {:.1} for {letter}", bounds.low * 100.0, bounds.high * 100.0);
    assert!(analysis.summary.iter().any(|s| s.contains(&said)), "{said}: {:?}", analysis.summary);
    assert!(terminal_table(&analysis).contains("Missing scores are in no mean."));

    let html = report(folder.path(), &info, &analysis);
    assert!(html.contains("the detector found &#60;nothing&#62; to compare"));
    assert!(terminal_table(&analysis).contains("missing"));
    assert!(analysis.summary.iter().any(|s| s.contains("never counted as 0")));
}

#[test]
fn what_a_score_cannot_be_asked_of_is_outside_and_misses_nothing() {
    let (folder, info, analysis) = run(Wanted { gaps: true, ..Wanted::default() });
    let spatial = analysis.categories.iter().find(|c| c.id == "2d_spatial").unwrap();
    for arm in &analysis.arms {
        let estimate = analysis.headline(&arm.id, spatial).unwrap();
        assert_eq!((estimate.scored + estimate.missing, estimate.outside), (22, 2), "{estimate:?}");
    }
    let told: Vec<_> = analysis.outside.iter().map(|o| (o.category.as_str(), o.metric.as_str(), o.prompts)).collect();
    assert_eq!(told, [("2d_spatial", "unidet-2d", 1)], "once for all arms");
    let no_class = "the detector has no class for a wallet";
    assert!(analysis.missing.iter().all(|m| m.why.as_deref() != Some(no_class)));
    let html = report(folder.path(), &info, &analysis);
    assert!(html.contains("Prompts that a score cannot be asked of"));
    assert_eq!(html.matches(no_class).count(), 1);
}

#[test]
fn a_half_finished_run_says_so() {
    let (folder, info, analysis) = run(Wanted { unfinished: true, ..Wanted::default() });
    assert!(analysis.is_unfinished());
    assert_eq!((analysis.finished_tasks, analysis.planned_tasks), (960 - 3 * 24, 960));
    let last = analysis.mean("cross-clip-t5-large").unwrap();
    assert_eq!((last.mean, last.interval), (None, None));
    assert_eq!(last.without, ["non_spatial", "complex"]);
    let html = report(folder.path(), &info, &analysis);
    assert!(html.contains("This run is not finished.") && html.contains("888 of 960 images"));
    assert!(html.contains("not drawn yet"));
    assert!(terminal_table(&analysis).contains("NOT FINISHED"));
    assert!(analysis.summary[0].contains("provisional"));
}

#[test]
fn a_run_without_a_single_observation_still_makes_a_report() {
    let (folder, info, _) = run(Wanted { prompts: 0, ..Wanted::default() });
    let info = RunInfo { planned_tasks: 10, ..info };
    let analysis = analyse_with(folder.path(), &info).unwrap();
    let html = report(folder.path(), &info, &analysis);
    assert!(html.contains("0 of 10 images"));
    assert!(analysis.summary[0].contains("no Mean yet"));
}

#[test]
fn the_page_is_well_formed_inert_and_self_contained() {
    let (folder, info, analysis) = run(Wanted { gaps: true, challenges: true, ..Wanted::default() });
    let html = report(folder.path(), &info, &analysis);
    well_formed::assert_well_formed(&html);
    for forbidden in ["http://", "https://", "<script ", " style=", "<link", "@import", "url(", "onload", "javascript:"]
    {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert!(html.contains("default-src &#39;none&#39;"));
    let images = html.matches("src=\"data:image/png;base64,").count();
    // All but the prompt that its score cannot be asked of.
    assert_eq!(images, (8 * 12 - 1) * 5);
    // The one script is the one that the policy admits.
    let script = html.split_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
    let hash = STANDARD.encode(Sha256::digest(script.as_bytes()));
    assert!(
        html.contains(&format!("script-src &#39;sha256-{}&#39;", hash.replace('+', "&#43;"))) || html.contains(&hash)
    );
    assert!(!html.contains("NaN") && !html.contains("inf "));
}

#[test]
fn challenges_are_means_over_their_prompts_and_paired_with_the_baseline() {
    let (folder, info, analysis) = run(Wanted { challenges: true, ..Wanted::default() });
    assert_eq!(analysis.by_challenge.len(), 5 * 8 * 4);
    let found = |arm: &str| {
        let is = |b: &&gentron_reports::ByChallenge| b.arm == arm && b.category == "color" && b.challenge == "Quantity";
        analysis.by_challenge.iter().find(is).unwrap()
    };
    let mean = |arm: &str| {
        let scores = scores(folder.path(), arm, "color", "b-vqa");
        let asked = |(id, _): &(&String, &Vec<f64>)| info.challenges[*id] == "Quantity";
        let values: Vec<f64> = scores.iter().filter(asked).flat_map(|(_, values)| values).copied().collect();
        assert_eq!(values.len(), 6);
        values.iter().sum::<f64>() / 6.0
    };
    let (base, cross) = (found("adaln-clip"), found("cross-clip"));
    assert!((cross.mean.unwrap() - mean("cross-clip")).abs() < 1e-12);
    assert!((cross.difference.unwrap() - (mean("cross-clip") - mean("adaln-clip"))).abs() < 1e-12);
    assert_eq!((base.difference, cross.prompts, cross.scored, cross.missing), (None, 3, 6, 0));
    let html = report(folder.path(), &info, &analysis);
    assert_eq!(html.matches("points against the baseline, by category and challenge").count(), 4);
    assert!(html.contains("class=\"f-heat0\"") || html.contains("class=\"f-heat8\""));
    let (folder, info, analysis) = run(Wanted { prompts: 2, ..Wanted::default() });
    assert!(!report(folder.path(), &info, &analysis).contains("Category by challenge"));
}

/// The first sentence and the verdicts below it say the same of an arm.
#[test]
fn the_first_sentence_says_what_the_verdicts_say() {
    let (_folder, _, analysis) = run(Wanted::default());
    let top = analysis.means.iter().max_by(|a, b| a.mean.unwrap().total_cmp(&b.mean.unwrap())).unwrap().arm.clone();
    let letter = analysis.arm(&analysis.baseline).unwrap().letter.clone();
    let verdict = analysis.verdict(&top, None).unwrap().judged.word;
    assert_eq!(verdict, gentron_reports::Word::Better);
    let lead = analysis.summary[0].clone();
    let (_, over) = lead.split_once("its lead over ").unwrap();
    let over = over.split(" is larger").next().unwrap();
    assert!(over.contains(&letter), "{lead}");
}

/// The paper's scores stand in the bars where every known field of its protocol is the run's, and nowhere else.
#[test]
fn the_papers_scores_are_marked_only_where_the_lock_is_open() {
    let (folder, mut info, analysis) = run(Wanted { prompts: 2, images: 1, ..Wanted::default() });
    let bars = |html: &str| {
        let section = html.split_once("id=\"scores\"").unwrap().1.split_once("</section>").unwrap().0.to_owned();
        section.matches("<polygon class=\"f-guide\"").count()
    };
    assert_eq!(bars(&report(folder.path(), &info, &analysis)), 0);
    info.protocol.suites[0].id = "t2i-compbench".into();
    info.protocol.suites[0].prompts = 1800;
    (info.protocol.images_per_prompt, info.protocol.np_num) = (10, Some(2));
    // Five arms, in the Mean and the six categories that the paper has.
    assert_eq!(bars(&report(folder.path(), &info, &analysis)), 5 * 7);
}

#[test]
fn broken_inputs_are_named() {
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(analyse(empty.path()), Err(ReportError::Read { .. })));

    let (folder, info, _) = run(Wanted { prompts: 2, images: 1, ..Wanted::default() });
    let with = |change: fn(&mut RunInfo)| {
        let mut info = info.clone();
        change(&mut info);
        analyse_with(folder.path(), &info)
    };
    assert!(matches!(with(|i| i.baseline = "nobody".into()), Err(ReportError::UnknownBaseline { .. })));
    assert!(matches!(with(|i| i.arms.truncate(3)), Err(ReportError::Unknown { what: "arm", .. })));
    assert!(matches!(with(|i| i.categories.truncate(3)), Err(ReportError::Unknown { what: "category", .. })));
    let wrong_row = with(|i| i.arms[1].paper_row = Some("table-9".into()));
    assert!(matches!(wrong_row, Err(ReportError::UnknownPaperRow { .. })));

    fs::write(folder.path().join("observations.parquet"), b"PAR1 and then nothing").unwrap();
    assert!(matches!(analyse(folder.path()), Err(ReportError::Parquet { .. })));
    fs::write(folder.path().join("manifest.json"), b"{}").unwrap();
    assert!(matches!(analyse(folder.path()), Err(ReportError::Manifest { .. })));
}

#[test]
fn a_lost_image_is_reported_and_not_fatal() {
    let (folder, info, analysis) = run(Wanted { prompts: 4, images: 1, ..Wanted::default() });
    fs::remove_dir_all(folder.path().join("images/cross-t5")).unwrap();
    let html = report(folder.path(), &info, &analysis);
    assert!(html.contains("not in the run folder") && html.contains("no image"));
}
