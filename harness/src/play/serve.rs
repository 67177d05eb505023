//! Routes of the page.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::Company;
use super::company::LONGEST;
use crate::study::serve::same_origin;

/// Bytes of a question at most.
const BODY: usize = 16 * 1024;

/// Only our own resources, pictures as data; no inline script or style, no frames.
const POLICY: &str = "default-src 'none'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; connect-src 'self'; \
form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

#[derive(Clone)]
struct App {
    company: Arc<Company>,
    /// So many draw at once; the others wait.
    places: Arc<Semaphore>,
    /// The page is for whoever sits at this machine: no other name leads to it, or a foreign page could read it by one.
    local: bool,
}

/// What the page asks.
#[derive(Debug, Deserialize)]
struct Asked {
    prompt: String,
    /// Which arm; none is the small world itself.
    arm: Option<usize>,
    #[serde(default)]
    seed: u64,
}

/// The page. `threads` draw at once; `local` says that it listens on this machine alone.
pub fn router(company: Company, threads: usize, local: bool) -> Router {
    let app = App { company: Arc::new(company), places: Arc::new(Semaphore::new(threads)), local };
    let page = || async { Html(include_str!("../../templates/play/play.html")) };
    let style = || async {
        ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/play/play.css"))
    };
    let script = || async {
        ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../../templates/play/play.js"))
    };
    Router::new()
        .route("/", get(page))
        .route("/play.css", get(style))
        .route("/play.js", get(script))
        .route("/about", get(about))
        .route("/read", post(read))
        .route("/draw", post(draw))
        .fallback(|| async { (StatusCode::NOT_FOUND, "not here") })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

/// Refuses requests that other pages make, and adds the headers.
async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let foreign = *request.method() == Method::POST && !same_origin(request.headers(), None);
    let mut response = if foreign || (app.local && !is_local(request.headers())) {
        (StatusCode::FORBIDDEN, "this page is for whoever sits at this machine").into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether the host that was asked for is this machine.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(
        host,
        |(name, port)| {
            if port.chars().all(|c| c.is_ascii_digit()) { name } else { host }
        },
    );
    name == "localhost" || name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

async fn about(State(app): State<App>) -> Response {
    json(&app.company.about)
}

async fn read(State(app): State<App>, Form(asked): Form<Asked>) -> Response {
    answer(app, asked, |company, asked| company.read(&asked.prompt)).await
}

async fn draw(State(app): State<App>, Form(asked): Form<Asked>) -> Response {
    answer(app, asked, |company, asked| match asked.arm {
        Some(arm) => company.draw(arm, &asked.prompt, asked.seed),
        None => company.truth(&asked.prompt, asked.seed),
    })
    .await
}

/// Computes on a thread that may take its time.
async fn answer<T: Serialize + Send + 'static>(
    app: App,
    asked: Asked,
    compute: impl FnOnce(&Company, &Asked) -> anyhow::Result<T> + Send + 'static,
) -> Response {
    if asked.prompt.chars().count() > LONGEST {
        return (StatusCode::PAYLOAD_TOO_LARGE, format!("a prompt has {LONGEST} characters at most")).into_response();
    }
    let Ok(place) = Arc::clone(&app.places).acquire_owned().await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping").into_response();
    };
    let computed = tokio::task::spawn_blocking(move || {
        let _place = place;
        compute(&app.company, &asked)
    });
    match computed.await {
        Ok(Ok(found)) => json(&found),
        Ok(Err(error)) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{error:#}")).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "drawing broke off").into_response(),
    }
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "this cannot be told").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_names_lead_here() {
        let local =
            |host: &'static str| is_local(&[(header::HOST, HeaderValue::from_static(host))].into_iter().collect());
        assert!(["127.0.0.1:8082", "localhost", "localhost:1", "[::1]:8082", "127.0.0.2"].into_iter().all(local));
        assert!(!["example.org:8082", "localhost.example.org", "192.168.0.1:8082", ""].into_iter().any(local));
    }
}
