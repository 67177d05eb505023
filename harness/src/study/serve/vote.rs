//! A vote: idempotent, and "saved" only when it is on the disk.

use std::collections::HashMap;

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::app::App;
use super::pages::{self, View};
use crate::store::digest;
use crate::study::event::{Choice, Event};
use crate::study::words::ENGLISH;
use crate::study::writer::Draft;

/// How a vote went.
enum Cast {
    /// It is in, or was before.
    Saved(String),
    /// The ballot is not this rater's, or there is none.
    NotYours,
    /// The ballot has another answer, which stays.
    Answered,
    /// The study has ended.
    Closed,
}

/// Answers a ballot.
pub async fn vote(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let scripted = headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
    let Some(answers) = pages::answers(&app.writer.study, &form) else {
        return reply(scripted, StatusCode::UNPROCESSABLE_ENTITY, "please answer every question");
    };
    let hash = digest::of_bytes(token.as_bytes());
    let ticket = form.get("ticket").cloned().unwrap_or_default();
    let (given, name) = (answers.clone(), ticket.clone());
    match app.writer.change(move |draft| cast(draft, &hash, &name, given)).await {
        Ok(Cast::Saved(receipt)) if scripted => json(StatusCode::OK, "saved", &receipt),
        Ok(Cast::Saved(_)) => Redirect::to(&format!("/r/{token}")).into_response(),
        Ok(Cast::NotYours) => reply(scripted, StatusCode::NOT_FOUND, "this pair is not yours"),
        Ok(Cast::Answered) => {
            reply(scripted, StatusCode::CONFLICT, "this pair has another answer already, which stays")
        }
        Ok(Cast::Closed) => reply(scripted, StatusCode::GONE, ENGLISH.closed),
        Err(_) if scripted => reply(true, StatusCode::SERVICE_UNAVAILABLE, ENGLISH.not_saved),
        Err(_) => unsaved(&app, &token, &ticket, &answers, &form),
    }
}

fn cast(draft: &mut Draft<'_>, hash: &str, ticket: &str, answers: Vec<Choice>) -> Cast {
    let Some(rater) = draft.state.rater(hash) else { return Cast::NotYours };
    let Some(index) = draft.state.ballot(ticket) else { return Cast::NotYours };
    let ballot = &draft.state.ballots[index];
    if ballot.rater != rater {
        return Cast::NotYours;
    }
    match &ballot.answers {
        Some(given) if *given == answers => return Cast::Saved(ballot.receipt.clone()),
        Some(_) => return Cast::Answered,
        None if draft.state.closed => return Cast::Closed,
        None => {}
    }
    let revision = ballot.revision;
    draft.push(Event::Voted { ballot: index, revision, answers });
    Cast::Saved(draft.state.ballots[index].receipt.clone())
}

/// Takes the last answer back; the pair is shown again.
pub async fn undo(State(app): State<App>, Path(token): Path<String>) -> Response {
    let hash = digest::of_bytes(token.as_bytes());
    let undone = app.writer.change(move |draft| {
        let Some(rater) = draft.state.rater(&hash) else { return };
        if let (Some(ballot), false) = (pages::undoable(draft, rater), draft.state.closed) {
            // The pair in hand, not answered yet, goes back; it may come again.
            if let Some(current) = draft.state.raters[rater].current {
                draft.push(Event::Returned { ballot: current });
            }
            draft.push(Event::Undone { ballot });
        }
    });
    match undone.await {
        Ok(()) => Redirect::to(&format!("/r/{token}")).into_response(),
        Err(_) => pages::unavailable(&app),
    }
}

/// Without JavaScript the answer must survive in the page: the same pair, the same answers, and a button.
fn unsaved(app: &App, token: &str, ticket: &str, answers: &[Choice], form: &HashMap<String, String>) -> Response {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let view = View::Pair {
        prompt: field("prompt"),
        pictures: [field("one"), field("two")],
        ticket: ticket.to_owned(),
        done: field("done").parse().unwrap_or(0),
        undo: false,
    };
    pages::show(app, token, &view, Some(answers))
}

fn reply(scripted: bool, status: StatusCode, text: &'static str) -> Response {
    if scripted { json(status, "error", text) } else { (status, text).into_response() }
}

fn json(status: StatusCode, name: &str, value: &str) -> Response {
    let body = serde_json::json!({ name: value }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
