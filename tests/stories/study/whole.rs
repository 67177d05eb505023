//! From freezing to the result.

use std::collections::BTreeSet;

use super::served::{Served, frozen, verify};
use super::wire::{Answer, ask, field, get, join, post, vote};
use crate::support::{folder, run_well};

#[test]
fn a_study_goes_from_freezing_to_its_result_and_names_no_arm_on_the_way() {
    let root = folder();
    let study = frozen(root.path(), &[]);
    let path = study.to_str().unwrap();
    let design: serde_json::Value = serde_json::from_slice(&std::fs::read(study.join("study.json")).unwrap()).unwrap();
    let arms: Vec<&str> = design["arms"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|arm| [arm["id"].as_str().unwrap(), arm["label"].as_str().unwrap()])
        .collect();
    assert!(run_well(root.path(), &["study", "audit", path]).contains("blind"));

    let served = Served::of(&study);
    for _ in 0..3 {
        let link = join(&served.form).unwrap();
        let (mut seen, mut again) = (BTreeSet::new(), 0);
        loop {
            let page = get(&served.form, &link);
            let html = page.text();
            for arm in &arms {
                assert!(!html.contains(&format!(">{arm}<")) && !page.head.contains(arm), "{arm} shows in {html}");
            }
            assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
            let Some(ticket) = field(&html, "ticket") else { break };
            again += usize::from(!seen.insert(field(&html, "prompt").unwrap()));
            let pictures =
                ["one", "two"].map(|side| get(&served.form, &format!("{link}/p/{}", field(&html, side).unwrap())));
            let strip = |answer: &Answer| {
                answer.head.lines().filter(|line| !line.starts_with("date")).collect::<Vec<_>>().join("\n")
            };
            assert_eq!(strip(&pictures[0]), strip(&pictures[1]), "headers tell pictures apart");
            assert_eq!(pictures[0].body.len(), pictures[1].body.len());
            for tell in ["etag", "last-modified", "content-disposition"] {
                assert!(!pictures[0].head.to_lowercase().contains(tell));
            }
            let saved =
                post(&served.form, &format!("{link}/vote"), &format!("ticket={ticket}&quality=left&alignment=right"))
                    .unwrap();
            assert_eq!(saved.status, 303);
        }
        // Every tenth pair is gold, and may be an earlier one mirrored; all others are of prompts not seen before.
        assert!(seen.len() >= 20 && again <= (seen.len() + again) / 10, "{again} of {} again", seen.len());
        assert!(get(&served.form, &link).text().contains("Thank you"));
    }
    // The last answer is taken back, given otherwise, and the chain holds both.
    let link = join(&served.form).unwrap();
    let first = vote(&served.form, &link).unwrap();
    assert_eq!(post(&served.form, &format!("{link}/undo"), "").unwrap().status, 303);
    assert_eq!(field(&get(&served.form, &link).text(), "ticket").unwrap(), first);
    let again =
        post(&served.form, &format!("{link}/vote"), &format!("ticket={first}&quality=right&alignment=right")).unwrap();
    assert_eq!(again.status, 303);

    // The operator closes; no vote comes any more, and the result has names.
    let (operator, key) = served.operator.split_once("/enter?key=").unwrap();
    assert_eq!(get(operator, "/").status, 404, "no key, no page");
    assert_eq!(get(operator, "/enter?key=00000000000000000000000000000000").status, 404);
    let cookie = format!("cookie: operator={key}\r\n");
    let page = ask(operator, "GET", "/", &cookie, "").unwrap().text();
    assert!(page.contains("Under way") && arms.iter().all(|arm| !page.contains(&format!("{arm} against"))), "{page}");
    assert_eq!(get(&served.form, "/enter").status, 404, "the form's address has no operator");
    assert_eq!(ask(operator, "POST", "/close", &cookie, "").unwrap().status, 303);
    assert!(get(&served.form, &link).text().contains("has ended"));
    drop(served);

    assert!(verify(&study).contains("whole"));
    let said = run_well(root.path(), &["votes", "analyse", path]);
    assert!(said.starts_with("SIMULATED"), "{said}");
    let csv = run_well(root.path(), &["votes", "export", path]);
    assert!(csv.lines().count() > 3 && csv.contains("pair"), "{csv}");
    let battles = run_well(root.path(), &["votes", "export", path, "--format", "battles"]);
    assert!(battles.contains("\"winner\":\"model_a\""), "{battles}");
}
