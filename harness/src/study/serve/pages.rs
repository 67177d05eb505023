//! The pages that a rater sees.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Redirect, Response};

use super::app::App;
use crate::store::digest;
use crate::study::assign::{self, Next};
use crate::study::design::{Question, Study};
use crate::study::event::{Choice, Event};
use crate::study::picture::PRACTICE_PROMPT;
use crate::study::words::{ENGLISH, Words};
use crate::study::writer::Draft;

#[derive(Template)]
#[template(path = "study/consent.html")]
struct Consent<'a> {
    words: Words,
    study: &'a Study,
    start: &'a str,
    invitation: &'a str,
}

#[derive(Template)]
#[template(path = "study/message.html")]
struct Message<'a> {
    words: Words,
    study: &'a Study,
    text: &'a str,
}

#[derive(Template)]
#[template(path = "study/pair.html")]
struct Pair<'a> {
    words: Words,
    study: &'a Study,
    token: &'a str,
    prompt: &'a str,
    pictures: [&'a str; 2],
    ticket: &'a str,
    questions: Vec<Asked<'a>>,
    practice: bool,
    done: usize,
    of: usize,
    undo: bool,
    small: bool,
    unsaved: bool,
}

struct Asked<'a> {
    question: &'a Question,
    chosen: &'a str,
    keys: [usize; 3],
}

#[derive(Template)]
#[template(path = "study/feedback.html")]
struct Feedback<'a> {
    words: Words,
    study: &'a Study,
    token: &'a str,
    right: bool,
}

#[derive(Template)]
#[template(path = "study/thanks.html")]
struct Thanks<'a> {
    words: Words,
    study: &'a Study,
    token: &'a str,
    text: &'a str,
    answered: usize,
    undo: bool,
    receipt: &'a str,
}

/// What a rater is to see.
pub enum View {
    /// Nobody has this link.
    Unknown,
    /// The practice pair.
    Practice,
    /// A pair.
    Pair { prompt: String, pictures: [String; 2], ticket: String, done: usize, undo: bool },
    /// Nothing more.
    End { text: &'static str, answered: usize, undo: bool, receipt: String },
}

fn render(template: &impl Template, status: StatusCode) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            eprintln!("serve: a page cannot be rendered: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, "this page cannot be shown").into_response()
        }
    }
}

/// Nothing is at this address.
pub fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "not here").into_response()
}

/// What the study is, and consent.
pub fn consent(app: &App, start: &str, invitation: &str) -> Response {
    render(&Consent { words: ENGLISH, study: &app.writer.study, start, invitation }, StatusCode::OK)
}

/// One sentence.
pub fn message(app: &App, status: StatusCode, text: &str) -> Response {
    render(&Message { words: ENGLISH, study: &app.writer.study, text }, status)
}

/// The votes cannot be written right now.
pub fn unavailable(app: &App) -> Response {
    message(app, StatusCode::SERVICE_UNAVAILABLE, ENGLISH.not_saved)
}

/// Where a rater stands; a pair is given out if none is in hand.
pub fn view(draft: &mut Draft<'_>, hash: &str) -> View {
    let Some(rater) = draft.state.rater(hash) else { return View::Unknown };
    if !draft.state.closed && !draft.state.raters[rater].practised {
        return View::Practice;
    }
    let undo = undoable(draft, rater).is_some() && !draft.state.closed;
    let done = draft.state.answered(rater);
    let end = |draft: &Draft<'_>, text| {
        let last = draft.state.raters[rater].ballots.last().map(|&ballot| draft.state.ballots[ballot].receipt.clone());
        View::End { text, answered: done, undo, receipt: last.unwrap_or_default() }
    };
    if draft.state.closed {
        return end(draft, ENGLISH.closed);
    }
    let ballot = match assign::next(draft.state, rater) {
        Ok(Next::InHand(ballot)) => ballot,
        Ok(Next::Assign(event)) => {
            draft.push(event);
            draft.state.ballots.len() - 1
        }
        Ok(Next::Enough) => return end(draft, ENGLISH.enough),
        Ok(Next::NothingLeft) | Err(_) => return end(draft, ENGLISH.nothing_left),
    };
    let ballot = &draft.state.ballots[ballot];
    let (_, prompt) = draft.state.pair(ballot.shown);
    View::Pair {
        prompt: draft.state.study.prompts[prompt].text.clone(),
        pictures: ballot.pictures.clone(),
        ticket: ballot.ticket.clone(),
        done,
        undo,
    }
}

/// The last answered ballot of a rater, if the one in hand came right after it.
pub fn undoable(draft: &Draft<'_>, rater: usize) -> Option<usize> {
    let state = &draft.state;
    let person = &state.raters[rater];
    let last = person
        .ballots
        .iter()
        .rev()
        .find(|&&ballot| Some(ballot) != person.current && !state.ballots[ballot].returned)?;
    state.ballots[*last].answers.is_some().then_some(*last)
}

/// The personal link.
pub async fn rater(State(app): State<App>, Path(token): Path<String>) -> Response {
    let hash = digest::of_bytes(token.as_bytes());
    match app.writer.change(move |draft| view(draft, &hash)).await {
        Ok(view) => show(&app, &token, &view, None),
        Err(_) => unavailable(&app),
    }
}

/// Renders a view; `kept` are answers that could not be saved.
pub fn show(app: &App, token: &str, view: &View, kept: Option<&[Choice]>) -> Response {
    let study: &Study = &app.writer.study;
    let asked = |index: usize, question| {
        let chosen = kept.and_then(|kept| kept.get(index)).map_or("", |choice| choice.word());
        Asked { question, chosen, keys: [index * 3 + 1, index * 3 + 2, index * 3 + 3] }
    };
    let questions = study.questions.iter().enumerate().map(|(index, question)| asked(index, question)).collect();
    let of = study.plan.pairs_per_rater as usize;
    let small = study.size[0] < 256;
    let (words, unsaved) = (ENGLISH, kept.is_some());
    let status = if unsaved { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    match view {
        View::Unknown => message(app, StatusCode::NOT_FOUND, ENGLISH.by_invitation),
        View::Practice => {
            let (prompt, pictures, ticket) = (PRACTICE_PROMPT, ["a", "b"], "practice");
            let pair = Pair {
                words,
                study,
                token,
                prompt,
                pictures,
                ticket,
                questions,
                practice: true,
                done: 0,
                of,
                undo: false,
                small,
                unsaved,
            };
            render(&pair, status)
        }
        View::Pair { prompt, pictures, ticket, done, undo } => {
            let pictures = [pictures[0].as_str(), pictures[1].as_str()];
            let (done, undo) = (*done, *undo && !unsaved);
            render(
                &Pair {
                    words,
                    study,
                    token,
                    prompt,
                    pictures,
                    ticket,
                    questions,
                    practice: false,
                    done,
                    of,
                    undo,
                    small,
                    unsaved,
                },
                status,
            )
        }
        View::End { text, answered, undo, receipt } => {
            let receipt = receipt.get(..16).unwrap_or_default();
            render(&Thanks { words, study, token, text, answered: *answered, undo: *undo, receipt }, StatusCode::OK)
        }
    }
}

/// The answers of a form, one to each question.
pub fn answers(study: &Study, form: &HashMap<String, String>) -> Option<Vec<Choice>> {
    study.questions.iter().map(|question| form.get(&question.id).and_then(|word| Choice::of(word))).collect()
}

/// The practice pair was answered.
pub async fn practised(
    State(app): State<App>,
    Path(token): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let Some(answers) = answers(&app.writer.study, &form) else {
        return Redirect::to(&format!("/r/{token}")).into_response();
    };
    let right = answers.last() == Some(&Choice::Left);
    let hash = digest::of_bytes(token.as_bytes());
    let changed = app.writer.change(move |draft| {
        let rater = draft.state.rater(&hash)?;
        if !draft.state.raters[rater].practised {
            draft.push(Event::Practised { rater, right });
        }
        Some(())
    });
    match changed.await {
        Ok(Some(())) => {
            render(&Feedback { words: ENGLISH, study: &app.writer.study, token: &token, right }, StatusCode::OK)
        }
        Ok(None) => message(&app, StatusCode::NOT_FOUND, ENGLISH.by_invitation),
        Err(_) => unavailable(&app),
    }
}
