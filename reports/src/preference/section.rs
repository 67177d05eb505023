//! The result as a piece of HTML: the paper's figure, ours and the published one, worlds named. It brings no style that a page must
//! have, and escapes all text.

use askama::Template;

use super::analyse::{PairResult, Preference};
use super::net::Net;
use crate::paper::{HUMAN, HUMAN_SOURCE};
use crate::text::{counted, list, percent, signed, signed_range};

#[derive(Template)]
#[template(path = "preference.html")]
struct Section<'a> {
    result: &'a Preference,
    questions: Vec<Asked<'a>>,
    /// Where our pictures come from.
    world: String,
    source: &'static str,
}

/// A question with each two arms, and what was published on it.
struct Asked<'a> {
    text: &'a str,
    pairs: Vec<View<'a>>,
    published: Option<Bar>,
}

struct View<'a> {
    pair: &'a PairResult,
    bar: Bar,
    sentence: String,
    without: Option<String>,
    fragile: String,
}

/// Three shares on a bar of width 100.
struct Bar {
    win: f64,
    tie: f64,
    lose: f64,
    label: String,
}

impl Bar {
    fn of(shares: [f64; 3], names: [&str; 2]) -> Self {
        let [win, tie, lose] = shares;
        let [first, second] = names;
        let label = format!("{first} {} %, tie {} %, {second} {} %", percent(win), percent(tie), percent(lose));
        Self { win: win * 100.0, tie: tie * 100.0, lose: lose * 100.0, label }
    }

    /// Where the tie begins, and where the loss does.
    fn starts(&self) -> [f64; 2] {
        [self.win, self.win + self.tie]
    }
}

/// What the paper's figure says on a question of this id.
fn published(question: &str) -> Option<Bar> {
    let row = HUMAN.get(["quality", "alignment"].iter().position(|id| *id == question)?)?;
    Some(Bar::of(row.votes.map(|percent| percent / 100.0), ["GenTron", "SDXL"]))
}

/// The result, a heading of the third level for each question; empty where there is no vote.
pub fn section(result: &Preference) -> String {
    let mut questions: Vec<Asked<'_>> = Vec::new();
    for pair in &result.pairs {
        let view = view(pair);
        match questions.iter_mut().find(|asked| asked.text == pair.asked) {
            Some(asked) => asked.pairs.push(view),
            None => {
                questions.push(Asked { text: &pair.asked, pairs: vec![view], published: published(&pair.question) })
            }
        }
    }
    if questions.is_empty() {
        return String::new();
    }
    let section = Section { result, questions, world: list(&result.suites), source: HUMAN_SOURCE };
    // Rendering into a string fails only where a value's own formatting does, which none here can.
    section.render().unwrap_or_default()
}

fn view(pair: &PairResult) -> View<'_> {
    let net = &pair.all;
    let all = net.votes() as f64;
    let shares = [net.wins as f64 / all, net.ties as f64 / all, net.losses as f64 / all];
    View {
        bar: Bar::of(shares, [&pair.first, &pair.second]),
        sentence: sentence(net, &pair.first, &pair.second),
        without: pair.without_flagged.as_ref().map(|net| sentence(net, &pair.first, &pair.second)),
        fragile: fragile(pair),
        pair,
    }
}

fn sentence(net: &Net, first: &str, second: &str) -> String {
    let count = format!(
        "{} of {} on {}",
        counted(net.votes(), "vote"),
        counted(net.raters as u64, "rater"),
        counted(net.prompts as u64, "prompt")
    );
    let verdict = match net.interval {
        Some(interval) if interval.low > 0.0 => format!("{first} is preferred"),
        Some(interval) if interval.high < 0.0 => format!("{second} is preferred"),
        Some(_) => "undecided".to_owned(),
        None => "too few prompts or raters to say".to_owned(),
    };
    let interval = net.interval.map_or(String::new(), |interval| format!(" ({})", signed_range(interval)));
    format!("{verdict}: net {} points{interval}, {count}", signed(net.net))
}

fn fragile(pair: &PairResult) -> String {
    let part = |count: Option<usize>, what: &str| count.map(|count| counted(count as u64, what));
    let parts = [
        part(pair.fragility.votes, "vote"),
        part(pair.fragility.prompts, "prompt"),
        part(pair.fragility.raters, "rater"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if pair.fragility.votes == Some(0) {
        "a draw as it stands".into()
    } else if parts.is_empty() {
        "no removal of votes, prompts or raters turns it round".into()
    } else {
        format!("turned round by leaving out {}", parts.join(", or "))
    }
}
