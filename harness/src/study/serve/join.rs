//! Coming in: what the study is, consent, and a personal link.

use std::collections::HashMap;

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::app::App;
use super::pages;
use crate::store::digest;
use crate::study::event::Event;
use crate::study::secret;
use crate::study::words::ENGLISH;

/// The address without an invitation.
pub async fn landing(State(app): State<App>) -> Response {
    if !app.writer.study.plan.open {
        return pages::message(&app, StatusCode::OK, ENGLISH.by_invitation);
    }
    match secret::token() {
        Ok(start) => pages::consent(&app, &start, ""),
        Err(_) => pages::unavailable(&app),
    }
}

/// The address with one.
pub async fn invited(State(app): State<App>, Path(invitation): Path<String>) -> Response {
    match app.secret.invited(&invitation) {
        None => pages::message(&app, StatusCode::NOT_FOUND, ENGLISH.by_invitation),
        Some(name) => {
            // Whoever comes again goes on.
            let token = app.secret.rater(name);
            let hash = digest::of_bytes(token.as_bytes());
            if app.writer.owners.read().is_ok_and(|owners| owners.contains_key(&hash)) {
                return Redirect::to(&format!("/r/{token}")).into_response();
            }
            pages::consent(&app, "", &invitation)
        }
    }
}

/// Somebody agreed. The personal link follows from the invitation, or from the page's own number: to send the form twice is to send it once.
pub async fn join(State(app): State<App>, Form(form): Form<HashMap<String, String>>) -> Response {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let invited = app.secret.invited(field("invitation")).map(str::to_owned);
    let open = app.writer.study.plan.open && secret::is_token(field("start"));
    let Some(name) = invited.clone().or_else(|| open.then(|| field("start").to_owned())) else {
        return pages::message(&app, StatusCode::FORBIDDEN, ENGLISH.by_invitation);
    };
    if field("agree") != "yes" {
        return pages::consent(&app, field("start"), field("invitation"));
    }
    let token = app.secret.rater(&name);
    let hash = digest::of_bytes(token.as_bytes());
    let joined = app.writer.change(move |draft| {
        if draft.state.rater(&hash).is_some() {
            return Ok(());
        }
        if draft.state.closed || draft.state.raters.len() >= draft.state.study.plan.most_raters as usize {
            return Err(());
        }
        let rater = draft.state.raters.len();
        draft.push(Event::Joined { rater, token: hash, invitation: invited });
        draft.push(Event::Consented { rater, text: ENGLISH.consent_version.into() });
        Ok(())
    });
    match joined.await {
        Ok(Ok(())) => Redirect::to(&format!("/r/{token}")).into_response(),
        Ok(Err(())) => pages::message(&app, StatusCode::OK, ENGLISH.closed),
        Err(_) => pages::unavailable(&app),
    }
}
