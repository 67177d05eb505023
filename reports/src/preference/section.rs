//! The result as a piece of HTML: bars, intervals, prompts. It brings no style that a page must have, and escapes all text.

use askama::Template;

use super::analyse::{PairResult, Preference};
use super::net::Net;
use crate::text::{percent, signed, signed_range};

/// GenTron against SDXL as published (arXiv 2312.04557, figure 5): win, tie, lose.
const PUBLISHED: [(&str, [f64; 3]); 2] = [("quality", [0.511, 0.198, 0.291]), ("alignment", [0.423, 0.429, 0.148])];

#[derive(Template)]
#[template(path = "preference.html")]
struct Section<'a> {
    result: &'a Preference,
    pairs: Vec<View<'a>>,
    published: Vec<(&'static str, Bar)>,
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
    fn of(shares: [f64; 3]) -> Self {
        let [win, tie, lose] = shares;
        let label = format!("win {} %, tie {} %, lose {} %", percent(win), percent(tie), percent(lose));
        Self { win: win * 100.0, tie: tie * 100.0, lose: lose * 100.0, label }
    }

    /// Where the tie begins, and where the loss does.
    fn starts(&self) -> [f64; 2] {
        [self.win, self.win + self.tie]
    }
}

/// The section; empty where there is no vote. The caller puts it between `<section>` and `</section>`.
pub fn section(result: &Preference) -> String {
    let view = |pair| -> View<'_> {
        let pair: &PairResult = pair;
        let net = &pair.all;
        let all = net.votes() as f64;
        View {
            bar: Bar::of([net.wins as f64 / all, net.ties as f64 / all, net.losses as f64 / all]),
            sentence: sentence(net, &pair.first, &pair.second),
            without: pair.without_flagged.as_ref().map(|net| sentence(net, &pair.first, &pair.second)),
            fragile: fragile(pair),
            pair,
        }
    };
    if result.pairs.is_empty() {
        return String::new();
    }
    let published = PUBLISHED.iter().map(|(question, shares)| (*question, Bar::of(*shares))).collect();
    let section = Section { pairs: result.pairs.iter().map(view).collect(), result, published };
    // Rendering into a string fails only where a value's own formatting does, which none here can.
    section.render().unwrap_or_default()
}

fn sentence(net: &Net, first: &str, second: &str) -> String {
    let count = format!("{} votes of {} raters on {} prompts", net.votes(), net.raters, net.prompts);
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
    let part = |count: Option<usize>, what: &str| {
        count.map(|count| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
    };
    let parts = [
        part(pair.fragility.votes, "vote"),
        part(pair.fragility.prompts, "prompt"),
        part(pair.fragility.raters, "rater"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "no removal of votes, prompts or raters turns it round".into()
    } else {
        format!("turned round by leaving out {}", parts.join(", or "))
    }
}
