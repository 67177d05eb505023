//! As raters we answer on a laptop and on a phone, by mouse, finger and keys, with JavaScript and without, and what we meant is what is stored.

use std::collections::BTreeMap;
use std::path::Path;

use super::served::{Served, frozen, verify};
use crate::browser::{Browser, DESK, Device, PHONE, Page};
use crate::support::folder;

/// Words of the two questions, as the form sends them.
const WORDS: [&str; 3] = ["left", "tie", "right"];
/// Pairs that each of the three raters gets.
const PAIRS: usize = 5;

/// Text that is hard to read: contrast below WCAG's 4.5 (3 where it is large).
const PALE: &str = "(() => {
  const parse = (colour) => { const all = colour.match(/[\\d.]+/g).map(Number); return all.length > 3 ? all : [...all, 1]; };
  const light = (colour) => { const [r, g, b] = colour.map((v) => (v /= 255, v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (element) => { for (let at = element; at; at = at.parentElement) { const colour = parse(getComputedStyle(at).backgroundColor); if (colour[3] > 0) return colour; } return [255, 255, 255, 1]; };
  return [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())).flatMap((element) => {
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const [one, other] = [light(parse(style.color)), light(ground(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05), least = size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5;
    return ratio < least ? [`${element.outerHTML.slice(0, 80)} ${ratio.toFixed(2)}`] : [];
  });
})()";

/// What a finger must hit and is smaller than 44 by 44 pixels.
const SMALL: &str = "[...document.querySelectorAll('button, .button, .choices label, .agree')].filter((element) => element.checkVisibility()).filter((element) => {
  const box = element.getBoundingClientRect(); return box.height < 44 || box.width < 44; }).map((element) => element.outerHTML)";

/// Whatever page it is: readable, within the window, quiet, and without a word of the arms.
fn check(page: &Page<'_>, arms: &[String]) {
    assert_eq!(page.complaints(), Vec::<String>::new());
    assert_eq!(page.value(PALE), serde_json::json!([]), "pale text");
    assert_eq!(page.value(SMALL), serde_json::json!([]), "too small for a finger");
    assert_eq!(page.value("document.documentElement.scrollWidth <= innerWidth"), true, "wider than the window");
    let html = page.html();
    for arm in arms {
        assert!(!html.contains(&format!(">{arm}<")) && !html.contains(&format!("\"{arm}\"")), "{arm} shows in {html}");
    }
}

/// The same, of a pair; its pictures have come, and a screen reader meets names for all there is to answer.
fn check_pair(page: &Page<'_>, arms: &[String]) {
    page.wait("[...document.images].every((image) => image.complete && image.naturalWidth > 0)");
    check(page, arms);
    let spoken = page.spoken();
    let names =
        |role: &str| -> Vec<&str> { spoken.iter().filter(|(of, _)| of == role).map(|(_, name)| name.trim()).collect() };
    assert_eq!(names("radio"), ["Left", "No difference", "Right", "Left", "No difference", "Right"]);
    assert_eq!(names("image"), ["Left", "Right"]);
    assert_eq!(names("group").len() + names("radiogroup").len(), 2, "{spoken:?}");
    assert!(names("heading").iter().any(|name| name.contains("The text that was to be drawn")), "{spoken:?}");
}

/// How a rater answers.
#[derive(Clone, Copy, PartialEq)]
enum Hand {
    /// The mouse, or a finger on a phone.
    Pointer,
    /// Keys that the form's script has.
    Digits,
    /// Keys that every browser has.
    Tab,
}

/// What one rater meant, by ticket.
type Meant = BTreeMap<String, [usize; 2]>;

/// Comes in, agrees, practises; what the address bar says then.
fn come(page: &Page<'_>, address: &str, arms: &[String], hand: Hand, name: &str) -> String {
    page.open(address);
    check(page, arms);
    page.screenshot(&format!("{name}-consent"));
    act(page, hand, "input[name=agree]", "Space");
    act(page, hand, "button", "Enter");
    page.wait_for("#ballot[data-practice]");
    check_pair(page, arms);
    page.screenshot(&format!("{name}-practice"));
    choose(page, hand, [1, 0]);
    save(page, hand);
    page.wait_for("a.button");
    assert!(page.text("[role=status]").contains("That is how it works"));
    check(page, arms);
    act(page, hand, "a.button", "Enter");
    page.wait_for("#ballot:not([data-practice])");
    page.value("location.href").as_str().unwrap().to_owned()
}

/// Presses something, or walks there and presses a key.
fn act(page: &Page<'_>, hand: Hand, selector: &str, key: &str) {
    if hand == Hand::Pointer {
        page.press(selector);
    } else {
        page.tab_to(selector);
        let outlined = "getComputedStyle(document.activeElement).outlineStyle !== 'none'";
        assert_eq!(page.value(outlined), true, "the focus on {selector} shows");
        page.key(key);
    }
}

fn choose(page: &Page<'_>, hand: Hand, answers: [usize; 2]) {
    for (question, answer) in ["quality", "alignment"].into_iter().zip(answers) {
        let radio = format!("input[name={question}][value={}]", WORDS[answer]);
        match hand {
            Hand::Pointer => page.press(&format!("label:has({radio})")),
            Hand::Digits => page.key(&(1 + answer + if question == "alignment" { 3 } else { 0 }).to_string()),
            Hand::Tab => {
                page.tab_to(&format!("input[name={question}]"));
                page.key("Space");
                (0..answer).for_each(|_| page.key("ArrowRight"));
            }
        }
        assert_eq!(page.value(&format!("document.querySelector({radio:?}).checked")), true, "{radio}");
    }
}

fn save(page: &Page<'_>, hand: Hand) {
    match hand {
        Hand::Pointer => page.press("#save"),
        Hand::Digits | Hand::Tab => page.key("Enter"),
    }
}

fn ticket(page: &Page<'_>) -> String {
    page.attribute("input[name=ticket]", "value")
}

/// Waits until another page than that of this ticket is there.
fn next(page: &Page<'_>, ticket: &str) {
    page.wait(&format!(
        "document.readyState === 'complete' && document.querySelector('main') !== null && \
         document.querySelector('input[name=ticket]')?.value !== {ticket:?}"
    ));
}

/// Answers the pair in hand.
fn answer(page: &Page<'_>, arms: &[String], hand: Hand, answers: [usize; 2], meant: &mut Meant) {
    check_pair(page, arms);
    let ticket = ticket(page);
    choose(page, hand, answers);
    save(page, hand);
    next(page, &ticket);
    meant.insert(ticket, answers);
}

/// Different answers, all nine of them sooner or later.
fn answers(rater: usize, pair: usize) -> [usize; 2] {
    [(rater + pair) % 3, (rater + pair / 3 + 2 * pair) % 3]
}

/// Looks closely, takes an answer back, and is impatient.
fn by_mouse(browser: &Browser, address: &str, arms: &[String]) -> Meant {
    let page = browser.page(&DESK);
    come(&page, address, arms, Hand::Pointer, "desk");
    let mut meant = Meant::new();
    page.screenshot("desk-pair-light");
    page.dark(true);
    check_pair(&page, arms);
    page.screenshot("desk-pair-dark");
    page.dark(false);

    page.press("figure:first-child a");
    assert_eq!(page.value("document.querySelectorAll('img.large').length"), 1);
    page.key("Escape");
    assert_eq!(page.value("document.querySelectorAll('img.large').length"), 0);
    let [x, y] = page.middle("figure:last-child a");
    page.mouse(x, y, true);
    page.wait("document.querySelector('figure:last-child img.large') !== null");
    page.mouse(x, y, false);
    page.wait("document.querySelector('img.large') === null");
    let seen = "[...document.querySelectorAll('figure')].map((figure) => getComputedStyle(figure).visibility)";
    page.press("#flip");
    assert_eq!(page.value(seen), serde_json::json!(["visible", "hidden"]));
    page.screenshot("desk-flip");
    page.press("#flip");
    assert_eq!(page.value(seen), serde_json::json!(["hidden", "visible"]));
    page.key("f");
    assert_eq!(page.value(seen), serde_json::json!(["visible", "visible"]));

    // Without an answer to each question nothing is sent.
    let first = ticket(&page);
    page.press("#save");
    assert_eq!(ticket(&page), first);
    answer(&page, arms, Hand::Pointer, [2, 2], &mut meant);
    // Taken back, and given otherwise.
    page.press("#undo button");
    page.wait(&format!("document.querySelector('input[name=ticket]')?.value === {first:?}"));
    answer(&page, arms, Hand::Pointer, answers(0, 0), &mut meant);
    // A double click is one vote.
    let second = ticket(&page);
    choose(&page, Hand::Pointer, answers(0, 1));
    let [x, y] = page.middle("#save");
    [true, false, true, false].into_iter().for_each(|down| page.mouse(x, y, down));
    next(&page, &second);
    meant.insert(second, answers(0, 1));
    for pair in 2..PAIRS {
        answer(&page, arms, Hand::Digits, answers(0, pair), &mut meant);
    }
    assert_eq!(page.text("h1"), "Thank you!");
    check(&page, arms);
    page.screenshot("desk-thanks");
    meant
}

/// Loses the network, pauses, and goes on with the personal link.
fn by_finger(browser: &Browser, address: &str, arms: &[String]) -> Meant {
    let mut meant = Meant::new();
    let page = browser.page(&Device { dark: true, ..PHONE });
    let link = come(&page, address, arms, Hand::Pointer, "phone");
    page.screenshot("phone-pair-dark");
    page.dark(false);
    page.screenshot("phone-pair-light");
    answer(&page, arms, Hand::Pointer, answers(1, 0), &mut meant);
    let second = ticket(&page);
    choose(&page, Hand::Pointer, answers(1, 1));
    page.offline(true);
    page.press("#save");
    page.wait("document.querySelector('#status').innerText.includes('not saved yet')");
    assert_eq!(page.value("document.querySelectorAll('input:checked').length"), 2, "the answers stay in the page");
    page.screenshot("phone-offline");
    page.offline(false);
    next(&page, &second);
    meant.insert(second, answers(1, 1));
    // Paused on one device, taken up on another.
    let third = ticket(&page);
    let page = browser.page(&PHONE);
    page.open(&link);
    assert_eq!(ticket(&page), third, "the pair in hand is still that");
    for pair in 2..PAIRS {
        answer(&page, arms, Hand::Pointer, answers(1, pair), &mut meant);
    }
    assert_eq!(page.text("h1"), "Thank you!");
    meant
}

/// Has no JavaScript: keys on a laptop, then a finger on a phone.
fn without_scripts(browser: &Browser, address: &str, arms: &[String]) -> Meant {
    let mut meant = Meant::new();
    let page = browser.page(&Device { scripts: false, ..DESK });
    let link = come(&page, address, arms, Hand::Tab, "plain");
    assert_eq!(page.value("document.querySelector('.tools').checkVisibility()"), false, "no button without a use");
    page.screenshot("plain-pair");
    for pair in 0..3 {
        answer(&page, arms, Hand::Tab, answers(2, pair), &mut meant);
    }
    let page = browser.page(&Device { scripts: false, ..PHONE });
    page.open(&link);
    for pair in 3..PAIRS {
        answer(&page, arms, Hand::Pointer, answers(2, pair), &mut meant);
    }
    assert_eq!(page.text("h1"), "Thank you!");
    meant
}

/// The last answer to each ticket of each rater.
fn stored(study: &Path) -> Vec<Meant> {
    let (mut tickets, mut stored) = (Vec::new(), vec![Meant::new(); 3]);
    for line in std::fs::read_to_string(study.join("votes.jsonl")).unwrap().lines() {
        let event = &serde_json::from_str::<serde_json::Value>(line).unwrap()["event"];
        let number = |name: &str| event[name].as_u64().unwrap() as usize;
        match event["what"].as_str().unwrap() {
            "assigned" => tickets.push((number("rater"), event["ticket"].as_str().unwrap().to_owned())),
            "voted" => {
                let (rater, ticket) = &tickets[number("ballot")];
                let place = |at: usize| WORDS.iter().position(|word| event["answers"][at] == *word).unwrap();
                stored[*rater].insert(ticket.clone(), [place(0), place(1)]);
            }
            _ => {}
        }
    }
    stored
}

#[test]
pub fn three_raters_in_a_browser_do_a_whole_study() {
    let Some(browser) = Browser::start() else { return };
    let root = folder();
    let study = frozen(root.path(), &["--prompts", "5", "--gold-every", "0", "--votes-per-pair", "3"]);
    let design: serde_json::Value = serde_json::from_slice(&std::fs::read(study.join("study.json")).unwrap()).unwrap();
    let of = |arm: &serde_json::Value| ["id", "label"].map(|name| arm[name].as_str().unwrap().to_owned());
    let arms: Vec<String> = design["arms"].as_array().unwrap().iter().flat_map(of).collect();
    let served = Served::of(&study);
    let address = format!("http://{}/", served.form);
    let meant = [
        by_mouse(&browser, &address, &arms),
        by_finger(&browser, &address, &arms),
        without_scripts(&browser, &address, &arms),
    ];
    assert!(meant.iter().all(|meant| meant.len() == PAIRS));

    let operator = browser.page(&DESK);
    operator.open(&format!("http://{}", served.operator));
    operator.wait_for("progress");
    check(&operator, &arms);
    assert!(operator.text(".progress").contains("15 of 15 votes"), "{}", operator.text("main"));
    operator.screenshot("operator");
    operator.press("form button");
    operator.wait("document.body?.innerText.includes('What people prefer') ?? false");
    assert_eq!(operator.complaints(), Vec::<String>::new());
    assert!(operator.text("main").contains(arms[1].as_str()), "the result has names");
    operator.screenshot("operator-closed");
    drop(served);
    assert_eq!(stored(&study), meant);
    assert!(verify(&study).contains("whole"));
}
