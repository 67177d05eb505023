//! Routes of the raters' form.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::{guard, join, pages, vote};
use crate::store::digest;
use crate::study::folder::Folder;
use crate::study::secret::{self, Secret};
use crate::study::writer::Writer;

/// Bytes of a form at most.
const BODY: usize = 8 * 1024;

/// What every request can use.
#[derive(Clone)]
pub struct App {
    /// Hands jobs to the thread that writes.
    pub writer: Writer,
    /// The pictures' bytes, in the order of the design.
    pub pictures: Arc<Vec<axum::body::Bytes>>,
    /// The study's key.
    pub secret: Arc<Secret>,
    /// Where people reach the form, if not at the address that it listens on.
    pub origin: Option<Arc<str>>,
}

impl App {
    /// Opens the votes of a study and loads its pictures.
    ///
    /// # Errors
    /// The study is damaged, or another process writes its votes.
    pub fn open(folder: &Folder, database: Option<&str>, origin: Option<String>) -> anyhow::Result<Self> {
        Ok(Self {
            pictures: Arc::new(folder.pictures()?.into_iter().map(Into::into).collect()),
            secret: Arc::new(Secret::read(&folder.path)?),
            writer: Writer::open(folder, database)?,
            origin: origin.map(Into::into),
        })
    }
}

/// The raters' form.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(join::landing))
        .route("/join/{invitation}", get(join::invited))
        .route("/join", post(join::join))
        .route("/r/{token}", get(pages::rater))
        .route("/r/{token}/practice", post(pages::practised))
        .route("/r/{token}/vote", post(vote::vote))
        .route("/r/{token}/undo", post(vote::undo))
        .route("/r/{token}/p/{name}", get(picture))
        .route("/static/study.css", get(css))
        .route("/static/study.js", get(javascript))
        .fallback(|| async { pages::not_found() })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

/// A picture, by a name that is good for one rater and one ballot. From memory; nothing in the answer tells one from another.
async fn picture(State(app): State<App>, Path((token, name)): Path<(String, String)>) -> Response {
    let named = || app.writer.names.read().ok().and_then(|names| names.get(&name).copied());
    let mut found = named();
    if found.is_none() && secret::is_token(&name) {
        app.writer.catch_up().await;
        found = named();
    }
    let index = match (found, name.as_str()) {
        (Some((rater, index)), _) => {
            let hash = digest::of_bytes(token.as_bytes());
            let owner = app.writer.owners.read().ok().and_then(|owners| owners.get(&hash).copied());
            (owner == Some(rater)).then_some(index)
        }
        // The practice pair is everybody's.
        (None, "a") if secret::is_token(&token) => Some(app.writer.study.practice()[0]),
        (None, "b") if secret::is_token(&token) => Some(app.writer.study.practice()[1]),
        _ => None,
    };
    match index.and_then(|index| app.pictures.get(index)) {
        Some(bytes) => ([(header::CONTENT_TYPE, "image/png")], bytes.clone()).into_response(),
        None => (StatusCode::NOT_FOUND, "not here").into_response(),
    }
}

/// The style, shared with the operator's page.
pub async fn css() -> Response {
    let css = include_str!("../../../templates/study/study.css");
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], css).into_response()
}

async fn javascript() -> Response {
    let javascript = include_str!("../../../templates/study/study.js");
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], javascript).into_response()
}
