//! Verdicts, effects, comparisons and exports, on a clearly fake run and on small ones whose answer is known.

mod schema;
mod support;

use std::fs;
use std::path::Path;

use gentron_reports::statistics::{Reading, student_t_quantile, t_test};
use gentron_reports::{
    ArmInfo, ObservationRow, PairedBy, RunInfo, SCHEMA, SamplerInfo, Word, analyse, analyse_with, compare, export,
    latex_table, markdown_table, terminal_table, write_observations, write_report,
};
use support::{Wanted, write_run};

/// A run of color and shape with arms of these settings, whose score is a function of arm, prompt and image.
fn small(folder: &Path, arms: &[(&str, &str, f64)], score: impl Fn(usize, u32, u32) -> f64) -> RunInfo {
    let mut info = write_run(folder, Wanted { prompts: 1, images: 1, ..Wanted::default() });
    let template = info.arms[0].clone();
    info.arms = arms
        .iter()
        .map(|(conditioning, encoder, guidance)| ArmInfo {
            id: format!("{conditioning}-{encoder}-{guidance}"),
            label: format!("{conditioning} {encoder} {guidance}"),
            conditioning: (*conditioning).into(),
            text_encoders: vec![(*encoder).into()],
            sampler: Some(SamplerInfo { kind: "ddim".into(), steps: 20, guidance: *guidance, motion_guidance: None }),
            paper_row: None,
            ..template.clone()
        })
        .collect();
    info.baseline = info.arms[0].id.clone();
    info.categories.truncate(2);
    let mut rows = Vec::new();
    for (index, arm) in info.arms.iter().enumerate() {
        for category in &info.categories {
            for (prompt, k) in (0..40).flat_map(|prompt| [(prompt, 0), (prompt, 1)]) {
                rows.push(ObservationRow {
                    task: format!("{}{}{prompt}{k}", arm.id, category.id),
                    arm: arm.id.clone(),
                    suite: category.suite.clone(),
                    category: category.id.clone(),
                    split: "unsplit".into(),
                    prompt_id: format!("{}-{prompt:02}", category.id),
                    prompt: "a thing".into(),
                    things: 1,
                    k,
                    seed: u64::from(prompt * 2 + k),
                    metric: category.headline_metric.clone(),
                    headline: true,
                    value: Ok(score(index, prompt, k)),
                    reasons: "[]".into(),
                    image: "images/none.png".into(),
                });
            }
        }
    }
    write_observations(folder, rows).unwrap();
    info
}

/// Something that scatters, the same for everyone who asks again.
fn scatter(a: u32, b: u32) -> f64 {
    f64::from(a * 37 + b * 11) * 0.618_034 % 1.0 - 0.5
}

#[test]
fn a_verdict_is_the_t_test_of_the_prompts_corrected_for_the_grid() {
    let folder = tempfile::tempdir().unwrap();
    write_run(folder.path(), Wanted::default());
    let analysis = analyse(folder.path()).unwrap();
    assert_eq!(analysis.verdicts.len(), 4 * 10, "4 arms x (8 headline metrics, one more metric, the Mean)");
    let color = &analysis.categories[0];
    let verdict = &analysis.verdict("cross-clip", Some(color)).unwrap().judged;
    let plain = analysis.difference("cross-clip", color).unwrap();
    assert_eq!(verdict.difference, plain.difference);
    let half = plain.interval.unwrap().half_width();
    let error = half / student_t_quantile(0.975, 11.0).unwrap();
    assert!((verdict.standard_error.unwrap() - error).abs() < 1e-12);
    let p = t_test(plain.difference.unwrap() / error, 11.0).unwrap();
    assert!((verdict.p.unwrap() - p).abs() < 1e-12);
    // The bootstrap of 12 prompts is narrower than t, but not by much.
    let ratio = verdict.interval.unwrap().half_width() / half;
    assert!((0.7..1.05).contains(&ratio), "{ratio}");
    for verdict in &analysis.verdicts {
        let (p, holm, bh) = (verdict.judged.p.unwrap(), verdict.judged.p_holm.unwrap(), verdict.judged.p_bh.unwrap());
        assert!(p <= bh && bh <= holm && holm <= 1.0);
        assert_eq!(verdict.judged.word == Word::Undecided, holm >= 0.05, "{verdict:?}");
        assert_eq!(verdict.judged.settle.is_some(), verdict.judged.word == Word::Undecided);
    }
    // The strongest arm of the fake run is better, and the words agree everywhere.
    let last = analysis.verdict("cross-clip-t5-large", None).unwrap();
    assert_eq!(last.judged.word, Word::Better);
    assert!(terminal_table(&analysis).contains("better") && analysis.summary.iter().any(|s| s.contains("Mean better")));
}

#[test]
fn effects_and_interactions_are_found_where_they_were_put() {
    let folder = tempfile::tempdir().unwrap();
    let arms = [
        ("adaLN-Zero", "CLIP", 3.0),
        ("cross-attention", "CLIP", 3.0),
        ("adaLN-Zero", "T5", 3.0),
        ("cross-attention", "T5", 3.0),
    ];
    // cross-attention: +0.2; T5: nothing; both together: +0.1 more.
    let gain = [0.0, 0.2, 0.0, 0.3];
    let info = small(folder.path(), &arms, |arm, prompt, k| {
        0.4 + gain[arm] + 0.1 * scatter(prompt, k) + 0.02 * scatter(prompt * 4 + arm as u32, k + 9)
    });
    let analysis = analyse_with(folder.path(), &info).unwrap();
    let effect = |name: &str| analysis.effects.iter().find(|e| e.name() == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(analysis.effects.len(), 3);
    let conditioning = effect("adaLN-Zero → cross-attention");
    assert!((conditioning.mean.difference.unwrap() - 0.25).abs() < 0.01 && conditioning.mean.word == Word::Better);
    assert_eq!(conditioning.surroundings, 2);
    assert!(
        conditioning.sentence.contains("raises the Mean by +2") && conditioning.sentence.contains("2 pairs of arms")
    );
    let encoder = effect("CLIP → T5");
    assert!((encoder.mean.difference.unwrap() - 0.05).abs() < 0.01);
    let both = effect("adaLN-Zero → cross-attention × CLIP → T5");
    assert!((both.mean.difference.unwrap() - 0.1).abs() < 0.01 && both.mean.word == Word::Better);
    assert!(both.sentence.contains("with T5 instead of CLIP does more for the Mean"), "{}", both.sentence);
    assert_eq!(both.arms.len(), 4);
}

/// One interval alone would put the last arm above three others; among all comparisons of the run none of them is sure.
#[test]
fn the_first_sentence_judges_every_arm_by_the_standard_of_the_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    let arms = [1.0, 2.0, 3.0, 4.0, 5.0].map(|guidance| ("cross-attention", "CLIP", guidance));
    let info = small(folder.path(), &arms, |arm, prompt, k| {
        let lead = if arm == 4 { 0.017 } else { 0.0 };
        let noise = scatter(prompt * 7 + arm as u32 * 13, k + 9 + arm as u32);
        0.4 + lead + 0.1 * scatter(prompt, k) + 0.3 * noise
    });
    let analysis = analyse_with(folder.path(), &info).unwrap();
    let top = &info.arms[4].id;
    for other in &info.arms[1..4] {
        let difference = analysis.mean_difference(top, &other.id).unwrap();
        assert_eq!((difference.reading, difference.word), (Reading::Higher, Word::Undecided), "{difference:?}");
    }
    let lead = &analysis.summary[0];
    assert!(lead.starts_with("E ") && lead.contains("no other arm can be told apart from it"), "{lead}");
    assert!(lead.contains("by Holm at 5 % over all comparisons"), "{lead}");
    // Against the baseline the word is the verdict's, whichever way round.
    let verdict = analysis.verdict(top, None).unwrap().judged.word;
    assert_eq!(analysis.mean_difference(top, &info.baseline).unwrap().word, verdict);
    assert_eq!(analysis.mean_difference(&info.baseline, top).unwrap().word, verdict.reversed());
}

#[test]
fn what_no_two_arms_can_tell_apart_gets_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let arms = [("adaLN-Zero", "CLIP", 3.0), ("cross-attention", "T5", 3.0)];
    let info = small(folder.path(), &arms, |arm, prompt, k| 0.3 + 0.1 * arm as f64 + 0.1 * scatter(prompt, k));
    assert_eq!(analyse_with(folder.path(), &info).unwrap().effects, vec![]);
}

#[test]
fn a_sweep_of_guidance_is_drawn_and_equal_arms_are_equivalent() {
    let folder = tempfile::tempdir().unwrap();
    let arms = [1.0, 2.0, 4.0].map(|guidance| ("cross-attention", "CLIP", guidance));
    let info = small(folder.path(), &arms, |arm, prompt, k| {
        0.4 + 0.1 * scatter(prompt, k) + 0.004 * scatter(prompt * 3 + arm as u32, k + 5)
    });
    let analysis = analyse_with(folder.path(), &info).unwrap();
    assert!(analysis.verdicts.iter().all(|v| v.judged.word == Word::Equivalent), "{:?}", analysis.verdicts);
    write_report(folder.path(), &info, &analysis).unwrap();
    let html = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(html.contains("Mean against guidance") && !html.contains("Mean against steps"));
}

#[test]
fn runs_compare_by_noise_or_by_prompt_and_say_what_differs() {
    let arms = [("adaLN-Zero", "CLIP", 3.0), ("cross-attention", "CLIP", 3.0)];
    let make = |worse: f64| {
        let folder = tempfile::tempdir().unwrap();
        let info = small(folder.path(), &arms, |arm, prompt, k| {
            0.5 - if arm == 1 { worse } else { 0.0 } + 0.1 * scatter(prompt, k) + worse * 0.2 * scatter(prompt, k + 3)
        });
        (folder, info)
    };
    let ((one, info), (two, other)) = (make(0.0), make(0.05));
    let found = compare(&[(one.path(), &info), (two.path(), &other)]).unwrap();
    assert_eq!((found.paired_by, found.cards[0].len(), found.changes.len()), (PairedBy::Noise, 0, 2 * 3));
    let worse =
        found.changes.iter().map(|c| &c.verdict).find(|v| v.arm.starts_with("cross") && v.category.is_none()).unwrap();
    assert_eq!(worse.judged.word, Word::Worse);
    assert!((worse.judged.difference.unwrap() + 0.05).abs() < 0.005);

    let mut reseeded = other.clone();
    reseeded.protocol.seed += 1;
    let found = compare(&[(one.path(), &info), (two.path(), &reseeded)]).unwrap();
    assert_eq!((found.paired_by, found.cards[0][0].field.as_str()), (PairedBy::Prompt, "seed"));
    assert_eq!(found.changes[0].verdict.judged.pairs, 40, "a pair a prompt");
    assert!(compare(&[(one.path(), &info)]).is_err());
}

#[test]
fn exports_escape_order_and_follow_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let mut info = write_run(folder.path(), Wanted { gaps: true, ..Wanted::default() });
    info.arms[1].label = "50% & <more>_|".into();
    info.arms[1].conditioning = "50%_cross".into();
    let analysis = analyse_with(folder.path(), &info).unwrap();
    let written = export(&folder.path().join("out"), &info, &analysis).unwrap();
    assert_eq!(written.len(), 8);

    let latex = latex_table(&info, &analysis);
    let heads = "Color & Shape & Texture & Spatial & Non-spatial & Complex & Mean & 3D-spatial & Numeracy";
    assert!(latex.contains(heads) && latex.contains("50\\%\\_cross"), "{latex}");
    assert_eq!(latex.matches("\\textbf{").count(), 9);
    assert_eq!(latex.lines().filter(|line| line.ends_with("\\\\")).count(), 6);
    let markdown = markdown_table(&info, &analysis);
    assert!(markdown.contains("50% & &lt;more>\\_\\|") && markdown.lines().count() > 8);

    let csv = fs::read_to_string(folder.path().join("out/verdicts.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + analysis.verdicts.len());
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("out/analysis.json")).unwrap()).unwrap();
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    schema::check(&schema, &json);
}

#[test]
fn published_numbers_are_struck_through_unless_the_cards_match() {
    let folder = tempfile::tempdir().unwrap();
    let mut info = write_run(folder.path(), Wanted { prompts: 2, ..Wanted::default() });
    let analysis = analyse(folder.path()).unwrap();
    let html = |info: &RunInfo| {
        write_report(folder.path(), info, &analysis).unwrap();
        fs::read_to_string(folder.path().join("report.html")).unwrap()
    };
    let locked = html(&info);
    assert!(locked.contains("<s>76.74</s>") && locked.contains("<s>42.3</s>") && locked.contains("<s>14.53</s>"));
    assert!(locked.contains("world: photographs there, drawn shapes here"));
    info.protocol.suites[0].id = "t2i-compbench".into();
    (info.protocol.suites[0].prompts, info.protocol.images_per_prompt, info.protocol.np_num) = (1800, 10, Some(2));
    let open = html(&info);
    assert!(!open.contains("<s>76.74</s>") && open.contains(">76.74<") && open.contains("<s>42.3</s>"));
}
