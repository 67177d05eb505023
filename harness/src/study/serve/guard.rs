//! What every request passes: a time limit, where it comes from, and the headers of every answer.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::app::App;

/// A request with its body must be here, and answered, within this time.
const LIMIT: Duration = Duration::from_secs(15);

/// Only our own resources, no inline script or style, no frames.
const POLICY: &str = "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
base-uri 'none'; frame-ancestors 'none'";

/// Refuses forms of other sites and slow bodies; adds the headers.
pub async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = if *request.method() == Method::POST && !same_origin(request.headers(), app.origin.as_deref()) {
        (StatusCode::FORBIDDEN, "this form belongs to another site").into_response()
    } else {
        match tokio::time::timeout(LIMIT, next.run(request)).await {
            Ok(response) => response,
            Err(_) => (StatusCode::REQUEST_TIMEOUT, [(header::CONNECTION, "close")], "too slow").into_response(),
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // The personal link is in the address: no other site may learn it. Ours must, or a form's origin would be "null".
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store, no-transform"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}

/// Whether a form was sent from our own page: by Sec-Fetch-Site, which no page can forge, else by Origin. A client that sends neither
/// is no browser, and nobody's browser can be made to be one.
pub fn same_origin(headers: &HeaderMap, origin: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (text("origin"), origin, text("host")) {
        (None, ..) => true,
        (Some(sent), Some(ours), _) => sent == ours,
        (Some(sent), None, Some(host)) => sent.strip_prefix("http://").or(sent.strip_prefix("https://")) == Some(host),
        (Some(_), None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(pairs: &[(&'static str, &'static str)], origin: Option<&str>) -> bool {
        let headers =
            pairs.iter().map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        same_origin(&headers.collect(), origin)
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        assert!(accepts(&[("sec-fetch-site", "same-origin")], None));
        assert!(!accepts(&[("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")], None));
        assert!(!accepts(&[("sec-fetch-site", "same-site")], None));
        assert!(accepts(&[("origin", "http://a:1"), ("host", "a:1")], None));
        assert!(!accepts(&[("origin", "http://b:1"), ("host", "a:1")], None));
        assert!(!accepts(&[("origin", "null"), ("host", "a:1")], None));
        assert!(accepts(&[("origin", "https://s.org"), ("host", "127.0.0.1:1")], Some("https://s.org")));
        assert!(!accepts(&[("origin", "http://127.0.0.1:1"), ("host", "127.0.0.1:1")], Some("https://s.org")));
        assert!(accepts(&[("host", "a")], None));
    }
}
