//! The operator's page, on an address of its own: how far the study is, who agrees, what is odd, and whether one may stop. Which arm leads
//! it does not say before the study is closed.

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use gentron_reports::preference::{self, Preference};

use super::app::{App, css};
use super::guard;
use crate::study::design::Study;
use crate::study::event::Event;
use crate::study::flags::{self, Flagged};
use crate::study::{results, secret};

#[derive(Template)]
#[template(path = "study/operator.html")]
struct Page<'a> {
    study: &'a Study,
    closed: bool,
    raters: usize,
    votes: u64,
    wanted: u64,
    out: usize,
    advice: Vec<(String, String)>,
    agreement: Vec<(String, String)>,
    flagged: Vec<Flagged>,
    results: String,
}

#[derive(serde::Deserialize)]
struct Key {
    key: Option<String>,
}

/// The operator's routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/close", post(close))
        .layer(middleware::from_fn_with_state(app.clone(), only_operator))
        .route("/enter", get(enter))
        .route("/static/study.css", get(css))
        .layer(DefaultBodyLimit::max(1024))
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

/// The key in the address becomes a cookie, so that it is not in every address of the history.
async fn enter(State(app): State<App>, Query(query): Query<Key>) -> Response {
    match query.key {
        Some(key) if secret::same(&key, &app.secret.operator) => {
            let cookie = format!("operator={key}; HttpOnly; SameSite=Strict; Path=/");
            ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
        }
        _ => (StatusCode::NOT_FOUND, "not here").into_response(),
    }
}

async fn only_operator(State(app): State<App>, headers: HeaderMap, request: Request, next: Next) -> Response {
    let cookies = headers.get(header::COOKIE).and_then(|cookie| cookie.to_str().ok()).unwrap_or_default();
    let key = cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix("operator="));
    if key.is_some_and(|key| secret::same(key, &app.secret.operator)) {
        next.run(request).await
    } else {
        (StatusCode::NOT_FOUND, "not here").into_response()
    }
}

async fn close(State(app): State<App>) -> Response {
    let closed = app.writer.change(|draft| {
        if !draft.state.closed {
            draft.push(Event::Closed);
        }
    });
    match closed.await {
        Ok(()) => Redirect::to("/").into_response(),
        Err(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "not closed: the votes cannot be written right now").into_response()
        }
    }
}

async fn page(State(app): State<App>) -> Response {
    let Ok(state) = app.writer.change(|draft| draft.state.clone()).await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the votes cannot be read right now").into_response();
    };
    // Statistics take a while; the form is not to wait for them.
    let html = tokio::task::spawn_blocking(move || {
        let flagged = flags::of(&state);
        let result = preference::analyse(&results::input(&state, &flagged), 200);
        let page = Page {
            study: &state.study,
            closed: state.closed,
            raters: state.raters.len(),
            votes: state.items.iter().map(|tally| u64::from(tally.answered)).sum(),
            wanted: u64::from(state.study.plan.votes_per_pair) * state.items.len() as u64,
            out: state.out.len(),
            advice: advice(&result),
            agreement: agreement(&result),
            results: if state.closed { preference::section(&result) } else { String::new() },
            flagged,
        };
        page.render()
    });
    match html.await {
        Ok(Ok(html)) => Html(html).into_response(),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "this page cannot be shown").into_response(),
    }
}

/// May one stop? Pairs of arms are numbered, not named, and no sign is shown.
fn advice(result: &Preference) -> Vec<(String, String)> {
    let line = |(number, pair): (usize, &preference::PairResult)| {
        let text = match (&pair.sequence, pair.more_votes) {
            (Some(sequence), _) if sequence.low > 0.0 || sequence.high < 0.0 => {
                "you may stop: the confidence sequence excludes no difference".to_owned()
            }
            (Some(_), Some(0)) => {
                "not decided, though a gap of 5 points would likely have shown: a larger one is unlikely".to_owned()
            }
            (Some(_), Some(more)) => format!("not decided; about {more} more votes would show a gap of 5 points"),
            _ => "too few raters or prompts yet".to_owned(),
        };
        (format!("{}, pair {}", pair.question, number + 1), text)
    };
    result.pairs.iter().enumerate().map(line).collect()
}

fn agreement(result: &Preference) -> Vec<(String, String)> {
    let line = |agreement: &preference::Agreement| {
        let text = match (agreement.alpha, agreement.interval) {
            (Some(alpha), Some(interval)) => format!("alpha {alpha:.2} ({:.2} to {:.2})", interval.low, interval.high),
            (Some(alpha), None) => format!("alpha {alpha:.2}"),
            _ => "no pair has two votes yet".to_owned(),
        };
        (agreement.question.clone(), text.replace('-', "−"))
    };
    result.agreement.iter().map(line).collect()
}
